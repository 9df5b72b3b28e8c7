"""Uploads in parts as Azure has them: blocks that wait under a name until a list of them is committed.

The service knows blocks and no uploads, so everything an upload is stands in its blocks' ids: `sky`, the
upload's own id (when it began, and chance, so that two programs never mix their blocks), the part's number,
when the part was sent, and its MD5. 39 bytes each, since all ids of a blob must be of one length.

Block number 0 says that the upload is open; it is never committed. Aborting deletes the blocks where nothing
else is under the name. Otherwise a second block number 0 says that the upload is over: its blocks wait for
the service, which removes them a week later or as soon as anything is stored under the name.
https://learn.microsoft.com/rest/api/storageservices/put-block
"""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from storage_core.attributes import Attributes
from storage_core.base.objects import Container, Part, Stored, Upload
from storage_core.body import Body, BytesBody
from storage_core.drivers import azure_blobs_xml
from storage_core.drivers.azure_blobs_containers import blob_page
from storage_core.drivers.azure_blobs_headers import etag_of, to_headers
from storage_core.drivers.azure_blobs_objects import look
from storage_core.drivers.azure_blobs_wire import Call, Query, Wire, blob_call
from storage_core.errors import (
    LibcloudError,
    ObjectChangedError,
    ObjectDoesNotExistError,
    ObjectError,
    SourceChangedError,
)
from storage_core.retrying import http_date
from storage_core.signing import azure

MARK = b"sky"
LATEST = 253_402_300_799_000
"""The last moment that Python knows, in milliseconds since 1970."""
OPEN, OVER = bytes(16), b"\xff" * 16
"""In the place of the MD5 of block number 0."""
IT: Query = (("comp", "blocklist"),)
MD5_OF_NOTHING = "d41d8cd98f00b204e9800998ecf8427e"


@dataclass(frozen=True, slots=True)
class Block:
    """What a block's id says."""

    upload: str  # 24 hex digits
    number: int
    sent: int  # milliseconds since 1970
    md5: bytes

    @property
    def id(self) -> str:
        """As the service knows it."""
        raw = MARK + bytes.fromhex(self.upload) + self.number.to_bytes(2, "big")
        return base64.b64encode(raw + self.sent.to_bytes(6, "big") + self.md5).decode()


def read_id(text: str) -> Block | None:
    """The block of an id; None for blocks of other programs."""
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    if len(raw) != 39 or not raw.startswith(MARK) or int.from_bytes(raw[3:9]) > LATEST:
        return None
    return Block(raw[3:15].hex(), int.from_bytes(raw[15:17]), int.from_bytes(raw[17:23]), raw[23:])


# -- the verbs --


def start(wire: Wire, container: Container, object_name: str, attributes: Attributes) -> Upload:
    """Put the block that says: open. The attributes wait here for the end."""
    now = _milliseconds()
    block = Block(now.to_bytes(6, "big").hex() + os.urandom(6).hex(), 0, now, OPEN)
    upload = Upload(container, object_name, block.upload, attributes, _began(block.upload))
    _put(wire, upload, block, BytesBody(b"0"))
    return upload


def send(wire: Wire, upload: Upload, number: int, body: Body) -> Part:
    """Put Block, its MD5 sent along and in its id when the bytes are in memory."""
    known = bytes.fromhex(body.md5) if isinstance(body, BytesBody) else bytes(16)
    block = Block(upload.id, number, _milliseconds(), known)
    _put(wire, upload, block, body)
    return Part(number, block.id, body.sent, _md5(block))


def fetch(wire: Wire, upload: Upload, number: int, source: Mapping[str, str], start: int, end: int) -> Part:
    """Put Block From URL: bytes `start` to `end` (excluded) of what the headers of `source` name."""
    block = Block(upload.id, number, _milliseconds(), bytes(16))
    headers = {**source, "x-ms-source-range": f"bytes={start}-{end - 1}"}
    query = (("comp", "block"), ("blockid", block.id))
    wire.run(_call("PUT", upload, query, headers=headers, good=(201,)))
    return Part(number, block.id, end - start)


def listed(wire: Wire, upload: Upload) -> list[Part]:
    """Get Block List: the last block of each number. ObjectDoesNotExistError when the upload is gone."""
    found: dict[int, tuple[Block, int]] = {}
    state = b""
    for block, size in _blocks(wire, upload.container, upload.object_name)[0]:
        if block.upload != upload.id:
            continue
        if not block.number:
            state = max(state, block.md5)
        elif block.number not in found or found[block.number][0].sent <= block.sent:
            found[block.number] = block, size
    if state != OPEN:
        raise ObjectDoesNotExistError(
            f"The service no longer knows the upload of {upload.object_name!r}: it was completed or removed.",
            wire.driver,
            upload.object_name,
        )
    return [Part(number, one.id, size, _md5(one)) for number, (one, size) in sorted(found.items())]


def complete(wire: Wire, upload: Upload, parts: Sequence[Part], only_new: bool) -> Stored:
    """Put Block List. Receipts of parts that were sent again since are refused; a lost reply is made good."""
    if not parts:
        raise SourceChangedError(
            "An upload without parts cannot be completed.", wire.driver, upload.object_name
        )
    there = {part.number: part for part in listed(wire, upload)}
    for part in parts:
        known = there.get(part.number)
        if known is None or (known.etag, known.size) != (part.etag, part.size):
            raise ObjectChangedError(
                f"Part {part.number} of {upload.object_name!r} is not what was sent; send it again.",
                wire.driver,
                upload.object_name,
            )
    headers = {**to_headers(upload.attributes, wire.driver), "Content-Type": "application/xml"}
    if only_new:
        headers["If-None-Match"] = "*"
    ids = [part.etag for part in parts]
    call = _call("PUT", upload, IT, body=azure_blobs_xml.block_list_body(ids), headers=headers, good=(201,))
    try:
        told = wire.run(call)
    except ObjectChangedError:
        if not only_new or call.tries < 2 or _committed(wire, upload) != ids:
            raise
        told = look(wire, upload.container, upload.object_name)
    return Stored(
        etag=etag_of(told),
        size=sum(part.size for part in parts),
        version=told.get("x-ms-version-id", ""),
        modified=told.get("last-modified"),
        # A block's id carries the MD5 that was sent with it, and Azure takes no block that has another.
        parts_verified=all(part.md5 for part in parts),
    )


def abort(wire: Wire, upload: Upload) -> None:
    """Delete the blocks, or mark them as over: see the module."""
    try:
        found, date = _blocks(wire, upload.container, upload.object_name, foreign=True)
    except ObjectDoesNotExistError:
        return
    mine = [block for block, _ in found if block.upload == upload.id]
    over = {block.upload for block, _ in found if not block.number and block.md5 == OVER}
    if not mine or upload.id in over:
        return
    others = {block.upload for block, _ in found} - over - {upload.id}
    if others or not _delete_unborn(wire, upload, date):
        _put(wire, upload, Block(upload.id, 0, _milliseconds(), OVER), BytesBody(b"0"))


def uploads(wire: Wire, container: Container, prefix: str) -> Iterator[Upload]:
    """Uploads of ours that are open. Names with nothing committed are found by listing; a name that has an
    object already, only when it is asked for by the whole of it.
    """
    seen: set[str] = set()
    for name in _candidates(wire, container, prefix):
        if name in seen:
            continue
        seen.add(name)
        try:
            found = [block for block, _ in _blocks(wire, container, name)[0] if not block.number]
        except ObjectError:
            continue  # completed or removed meanwhile, or no block blob
        over = {block.upload for block in found if block.md5 == OVER}
        for upload in sorted({block.upload for block in found} - over):
            yield Upload(container, name, upload, started=_began(upload))


# -- helpers --


def _candidates(wire: Wire, container: Container, prefix: str) -> Iterator[str]:
    token = ""
    while True:
        page = blob_page(wire, container, prefix, "", token, 5000, "uncommittedblobs")
        # What was stored whole has an MD5, even of no bytes: it is an object, and costs no request.
        yield from (obj.name for obj in page.objects if not obj.size and obj.hash != MD5_OF_NOTHING)
        token = page.next_token
        if not token:
            break
    if prefix:
        yield prefix


def _blocks(
    wire: Wire, container: Container, object_name: str, *, foreign: bool = False
) -> tuple[list[tuple[Block, int]], str]:
    """Uncommitted blocks, and the service's date. With `foreign` those of other programs are among them, as
    blocks of the upload "".
    """
    call = blob_call("GET", container.name, object_name, (*IT, ("blocklisttype", "uncommitted")))
    found = []
    for name, size in azure_blobs_xml.blocks(wire.ask(call), "UncommittedBlocks"):
        block = read_id(name)
        if block is not None or foreign:
            found.append((block or Block("", 1, 0, b""), size))
    return found, call.told.get("date", "")


def _committed(wire: Wire, upload: Upload) -> list[str]:
    root = wire.ask(_call("GET", upload, (*IT, ("blocklisttype", "committed"))))
    return [name for name, _ in azure_blobs_xml.blocks(root, "CommittedBlocks")]


def _delete_unborn(wire: Wire, upload: Upload, date: str) -> bool:
    """Delete a name that has blocks and no object; False when an object is there, or came meanwhile."""
    moment = http_date(date)
    if moment is None:
        return False
    # An object that appears after we looked is newer than this, and the service keeps it.
    before = azure.http_date(datetime.fromtimestamp(moment - 1, UTC))
    try:
        wire.run(_call("HEAD", upload, ()))
        return False
    except ObjectDoesNotExistError:
        pass  # nothing but blocks
    except LibcloudError:
        return False
    try:
        wire.run(_call("DELETE", upload, (), headers={"If-Unmodified-Since": before}, good=(202,)))
    except LibcloudError:
        return False
    return True


def _put(wire: Wire, upload: Upload, block: Block, body: Body) -> None:
    wire.run(
        _call("PUT", upload, (("comp", "block"), ("blockid", block.id)), body=body, md5=True, good=(201,))
    )


def _call(method: str, upload: Upload, query: Query, **more: Any) -> Call:
    return blob_call(method, upload.container.name, upload.object_name, query, **more)


def _md5(block: Block) -> str:
    return block.md5.hex() if any(block.md5) else ""


def _milliseconds() -> int:
    return int(datetime.now(UTC).timestamp() * 1000)


def _began(upload: str) -> datetime:
    return datetime.fromtimestamp(int(upload[:12], 16) / 1000, UTC)
