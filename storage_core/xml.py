"""XML replies, read with the standard library and with suspicion.

Namespaces are taken off at the parse: services put them, leave them out or misspell them. Names that XML
cannot hold (control characters) fail a whole listing: ask for `encoding-type=url` wherever it is offered.
"""

from __future__ import annotations

import re
from xml.etree.ElementTree import Element, ParseError, fromstring
from xml.parsers.expat import errors as expat

from storage_core.errors import MalformedResponseError
from storage_core.redaction import redact

SIZE_CAP = 16 * 1024 * 1024
DEPTH_CAP = 32
ELEMENTS_CAP = 500_000
"""What a page of a listing never reaches; it bounds what a hostile reply can take to some 60 MB of memory."""

SHOWN = 2000
"""Characters of a bad reply that its error keeps."""

_DECLARED = re.compile(rb"""<\?xml[^>]*\sencoding\s*=\s*["']([^"']*)["']""")
# Others could spell a DOCTYPE so that it is not found.
_ENCODINGS = frozenset({b"utf-8", b"us-ascii", b"ascii", b"iso-8859-1"})
_CUT = frozenset(
    expat.codes[text]
    for text in (
        expat.XML_ERROR_NO_ELEMENTS,
        expat.XML_ERROR_UNCLOSED_TOKEN,
        expat.XML_ERROR_PARTIAL_CHAR,
        expat.XML_ERROR_UNCLOSED_CDATA_SECTION,
    )
)


def parse(body: bytes) -> Element:
    """The root element; tags carry no namespace.

    MalformedResponseError for what is no XML, has a DOCTYPE, is too large or too deep. Where the reply merely
    ends early its `retryable` is true.
    """
    root = parse_page(body)
    root.tag = root.tag.rpartition("}")[2]
    if not _tidy(root, DEPTH_CAP - 1):
        raise _malformed("is nested too deeply", body)
    return root


def parse_page(body: bytes) -> Element:
    """As `parse`, in half the time: tags keep their namespace, and nobody has looked how deep it goes.

    For the page of a listing, whose reader looks at two levels and no further.
    """
    if len(body) > SIZE_CAP or body.count(b"<") > ELEMENTS_CAP:
        raise _malformed("is too large", body)
    declared = _DECLARED.match(body)
    if (declared and declared[1].lower() not in _ENCODINGS) or b"\0" in body[:4]:
        raise _malformed("is in an encoding that is not used here", body)
    if b"<!DOCTYPE" in body:
        raise _malformed("declares a document type, which no service does", body)
    try:
        return fromstring(body)  # noqa: S314 - the checks above are what the rule asks for
    except ParseError as problem:
        error = _malformed(f"is not valid XML ({problem})", body)
        error.retryable = problem.code in _CUT
        raise error from None


def text(element: Element, path: str, default: str = "") -> str:
    """The text of the first element at `path` ("Owner/ID"), "" for an empty one, `default` for none."""
    return element.findtext(path, default)


def rows(parent: Element, name: str) -> list[dict[str, str]]:
    """For each child called `name` the texts of its own children by their names; nested ones give "".

    The fast way through a page of a listing.
    """
    return [
        {item.tag: item.text or "" if not len(item) else "" for item in child}
        for child in parent
        if child.tag == name
    ]


def _tidy(element: Element, depth: int) -> bool:
    """Take the namespaces off; False when it goes deeper than `depth`."""
    if not depth and len(element):
        return False
    for child in element:
        tag = child.tag
        if tag[0] == "{":
            child.tag = tag[tag.index("}") + 1 :]
        if len(child) and not _tidy(child, depth - 1):
            return False
    return True


def _malformed(what: str, body: bytes) -> MalformedResponseError:
    return MalformedResponseError(
        f"The reply {what}.", redact(body[:SHOWN].decode("utf-8", errors="replace"))
    )
