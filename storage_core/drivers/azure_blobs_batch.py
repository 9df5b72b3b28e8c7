"""Many deletions in one request: Blob Batch, a multipart body in which each has its own signature.

https://learn.microsoft.com/rest/api/storageservices/blob-batch
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping, Sequence

from storage_core import http
from storage_core.base.objects import Container, DeleteFailure
from storage_core.drivers.azure_blobs_wire import Call, Wire
from storage_core.errors import ContainerDoesNotExistError, MalformedResponseError
from storage_core.wire import Headers

_COUNT, _STATUS = re.compile("[0-9]{1,3}"), re.compile(b"[0-9]{3}")


def delete(wire: Wire, container: Container, object_names: Sequence[str]) -> list[DeleteFailure]:
    """Delete up to 256 blobs. What could not be deleted comes back, and what the answer does not speak of."""
    object_names = [name for name in object_names if not wire.endpoint.why_impossible(name)]
    if not object_names:
        return []
    boundary = f"batch_{secrets.token_hex(16)}"
    parts = [_asked(wire, container, name, number) for number, name in enumerate(object_names)]
    body = b"".join(f"--{boundary}\r\n".encode() + part for part in parts) + f"--{boundary}--\r\n".encode()
    call = Call(
        method="POST", container=container.name, query=(("restype", "container"), ("comp", "batch")),
        headers={"Content-Type": f"multipart/mixed; boundary={boundary}"}, body=body, good=(202,),
    )  # fmt: skip
    content, told = wire.read(call)
    answers = _answers(wire, content, told)
    failures = []
    for number, name in enumerate(object_names):
        if number not in answers:
            failures.append(DeleteFailure(name, "The service did not say what became of it."))
            continue
        status, headers, text = answers[number]
        if status in (200, 202) or (status == 404 and headers.get("x-ms-error-code") != "ContainerNotFound"):
            continue  # a name that was not there is what was wanted
        error = wire.refused(status, headers, text, container.name, name)
        if isinstance(error, ContainerDoesNotExistError):
            raise error
        failures.append(DeleteFailure(name, str(error), error.code))
    return failures


def _asked(wire: Wire, container: Container, object_name: str, number: int) -> bytes:
    url = wire.url(container.name, object_name)
    request = http.Request("DELETE", url)
    wire.authorize(request)
    # The batch itself has the version; a part with one is refused.
    target = url.partition("://")[2].partition("/")[2]
    lines = [
        "Content-Type: application/http",
        "Content-Transfer-Encoding: binary",
        f"Content-ID: {number}",
        "",
        f"DELETE /{target} HTTP/1.1",
        *(f"{name}: {value}" for name, value in request.headers.items()),
        "Content-Length: 0",
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def _answers(
    wire: Wire, body: bytes, told: Mapping[str, str]
) -> dict[int, tuple[int, Mapping[str, str], bytes]]:
    """Status, headers and body of each part by its Content-ID."""
    boundary = told.get("content-type", "").partition("boundary=")[2].partition(";")[0].strip().strip('"')
    if not boundary:
        raise MalformedResponseError("The answer to a batch is not one.", body[:2000], wire.driver)
    found: dict[int, tuple[int, Mapping[str, str], bytes]] = {}
    for part in body.split(f"--{boundary}".encode())[1:]:
        outer, _, inner = part.partition(b"\r\n\r\n")
        number = _headers(outer).get("content-id", "")
        head, _, text = inner.partition(b"\r\n\r\n")
        line, _, rest = head.partition(b"\r\n")
        words = line.split()
        if _COUNT.fullmatch(number) and len(words) > 1 and _STATUS.fullmatch(words[1]):
            found[int(number)] = int(words[1]), _headers(rest), text.strip()
    if not found:
        # One answer for all of it: the batch itself was refused, after it had been taken.
        raise MalformedResponseError("The answer to a batch says nothing.", body[:2000], wire.driver)
    return found


def _headers(block: bytes) -> Headers:
    lines = (line.partition(b":") for line in block.strip().split(b"\r\n"))
    return Headers(
        (name.decode("latin-1").strip(), value.decode("latin-1").strip()) for name, _, value in lines
    )
