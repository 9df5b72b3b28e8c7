"""Addresses: whose they are, told from the patterns in the providers' rows. Pure."""

from __future__ import annotations

import re
from functools import cache
from urllib.parse import SplitResult, unquote

from storage_core import providers

from .found import Found, PasteError, found

OWN, AMAZON, SWIFT = "s3_compatible", "s3", "openstack_swift"
GOOGLE, GOOGLE_S3 = "google_storage", "google_storage_s3"
LABELS = {"region": r"(?P<region>[a-z0-9-]+)", "account": r"(?P<account>[a-z0-9_-]{8,})"}
BUCKET = r"(?:(?P<bucket>[a-z0-9][a-z0-9.-]*)\.)?"
ON_AMAZON = re.compile(
    BUCKET + r"s3(?:-fips)?(?:[.-](?:dualstack\.)?(?P<region>[a-z]{2,}(?:-[a-z]+)+-\d))?"
    r"\.amazonaws\.(?:com(?:\.cn)?|eu)"
)
TEMPORARY = ("X-Amz-Signature=", "X-Goog-Signature=", "&Signature=", "temp_url_sig=")


def scheme(text: str) -> Found | None:
    """`s3://bucket/prefix` and `gs://bucket/prefix`."""
    kind, _, rest = text.partition("://")
    provider = {"s3": AMAZON, "s3a": AMAZON, "s3n": AMAZON, "gs": GOOGLE}.get(kind.lower())
    bucket = rest.partition("/")[0]
    if provider is None or not bucket or "?" in rest:
        return None
    return found(
        f"{kind.lower()}:// address", provider, {}, title=bucket, start=_start(rest), joins=kind[0] == "s"
    )


def web(split: SplitResult) -> Found | None:
    """An http(s) address of a service, or of a place in it. PasteError for a link to one object."""
    if any(mark in split.query for mark in TEMPORARY):
        raise PasteError("This is a temporary link to one object. It holds no keys to sign in with.")
    host, path = split.hostname or "", split.path.strip("/")
    if host == "console.cloud.google.com":
        place = path.partition("storage/browser/")[2].partition(";")[0]
        return found("Google console address", GOOGLE, {}, start=_start(place)) if place else None
    if host == "storage.googleapis.com" and path and not split.query:
        return found("Google address", GOOGLE, {}, start=_start(unquote(path)))
    if re.search(r"(^|/)(v3|v2\.0|auth/v1(\.0)?|v1\.0|identity)$", path) or split.port in (5000, 35357):
        return _sign_in_address(split, path)
    known = service(split)
    if known is not None:
        return known
    if split.query or split.fragment or ("." not in host and not split.port):
        return None
    endpoint = f"{split.scheme}://{split.netloc}"
    note = "Taken as the address of an S3-compatible service; choose another one if it is not."
    return found("Address", OWN, {"endpoint": endpoint}, title=host, start=_start(unquote(path)), note=note)


def bare_host(text: str) -> Found | None:
    """A host without https:// where a row knows it."""
    if not re.fullmatch(r"[a-z0-9][a-z0-9.-]*\.[a-z]{2,}", text, re.IGNORECASE):
        return None
    return service(SplitResult("https", text.lower(), "", "", ""))


def service(split: SplitResult) -> Found | None:
    """The row whose pattern the host fits, with its region and account."""
    host = (split.hostname or "").lower()
    if match := ON_AMAZON.fullmatch(host):
        return _of_row(AMAZON, match, split)
    for pattern, constant in _patterns():
        if match := pattern.fullmatch(host):
            return _of_row(constant, match, split)
    for tail, constant in _tails():
        if host.endswith(tail):
            row = providers.row(constant)
            facts = {"endpoint": f"{split.scheme}://{split.netloc}"}
            if any(field.name == "account" for field in row.fields):
                facts["account"] = host.partition(".")[0]
            return found(f"{row.title} address", constant, facts, start=_start(unquote(split.path)))
    return None


# -- helpers --


def _sign_in_address(split: SplitResult, path: str) -> Found:
    facts = {"auth_url": f"{split.scheme}://{split.netloc}/{path}".rstrip("/")}
    if path.endswith(("v1", "v1.0")):
        facts["sign_in"] = "tempauth"
    elif path.endswith("v2.0"):
        facts["sign_in"] = "keystone 2"
    return found("OpenStack sign-in address", SWIFT, facts, title=split.hostname or "")


def _of_row(constant: str, match: re.Match[str], split: SplitResult) -> Found:
    row = providers.row(constant)
    parts = match.groupdict()
    facts = {name: parts.get(name) or "" for name in ("region", "account")}
    place = f"{parts.get('bucket') or ''}/{split.path.strip('/')}".strip("/")
    title = f"{row.title} ({parts['bucket']})" if parts.get("bucket") else ""
    return found(f"{row.title} address", constant, facts, title=title, start=_start(unquote(place)))


def _start(place: str) -> str:
    """`bucket` or `bucket/folder/`: what does not end with a slash may be an object; its folder is meant."""
    bucket, mark, rest = place.strip().lstrip("/").partition("/")
    folder = rest.rpartition("/")[0]
    return f"{bucket}/{folder}/" if mark and folder else bucket


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], str], ...]:
    """Hosts of the rows as patterns, those without a bucket before them first."""
    exact, below = [], []
    for row in providers.rows():
        if host := _host(row):
            text = re.escape(host).replace(r"\{", "{").replace(r"\}", "}")
            for name, label in LABELS.items():
                text = text.replace(f"{{{name}}}", label)
            exact.append((re.compile(text), row.constant))
            below.append((re.compile(BUCKET + text), row.constant))
    return (*exact, *below)


@cache
def _tails() -> tuple[tuple[str, str], ...]:
    """What all hosts of a service end with."""
    tails = []
    for row in providers.rows():
        tail = _host(row).rpartition("}")[2].lstrip(".-")
        if tail.count("."):
            tails.append((f".{tail}", row.constant))
    return tuple(tails)


def _host(row: providers.ProviderRow) -> str:
    host = str(row.options.get("endpoint", "")).partition("://")[2]
    return "" if row.constant.endswith(("_outscale",)) else host
