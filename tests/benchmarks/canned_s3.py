"""A store that has its answers ready, so that what is measured is the client. Runs as a process of its own.

It lists --objects of them, 1,000 to a page and made beforehand, below the prefix `photos/` of any container;
it takes every PUT and forgets it, and says the same of every object. Large objects are in class Large. Prints
its port; ends when its input does.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import re
import socket
import sys
import threading
from collections.abc import Iterator
from email.utils import formatdate
from typing import TypeAlias

PREFIX = "photos/"
PAGE = 1000
CONTENT = b"0123456789abcdef" * 640  # 10 KiB: what every object holds
MD5 = hashlib.md5(CONTENT, usedforsecurity=False).hexdigest()
MIB = 1024 * 1024
PERIOD = 3_000_017  # bytes after which a large object repeats itself; a prime
_PATTERN = random.Random(7).randbytes(PERIOD) * 2
NO_UPLOADS = b"<ListMultipartUploadsResult><IsTruncated>false</IsTruncated></ListMultipartUploadsResult>"
Answer: TypeAlias = tuple[str, str, Iterator[bytes], int]  # status, headers, body, its length


def names(kind: str, count: int) -> list[str]:
    """In the order in which a service lists them: by bytes.

    "even": numbers padded with zeros, the order that people want too. "uneven": `image 2` comes behind
    `image 10`, and capitals before small letters, so that a list sorted for people has each page's rows
    everywhere.
    """
    if kind == "even":
        return [f"{PREFIX}IMG_{number:06}.jpg" for number in range(count)]
    first = ("Report", "image", "Zoom", "archive")
    return sorted(f"{PREFIX}{first[number % 4]} {number}.jpg" for number in range(count))


def pages(keys: list[str]) -> list[bytes]:
    """As Amazon writes them."""
    made = []
    for start in range(0, len(keys), PAGE):
        rows = "".join(
            f"<Contents><Key>{key.replace(' ', '+')}</Key>"
            f"<LastModified>2026-0{1 + at % 9}-{1 + at % 28:02}T{at % 24:02}:00:00.000Z</LastModified>"
            f"<ETag>&quot;{at:032x}&quot;</ETag><ChecksumAlgorithm>CRC64NVME</ChecksumAlgorithm>"
            f"<ChecksumType>FULL_OBJECT</ChecksumType><Size>{at * 7919 % 9_000_001}</Size>"
            f"<StorageClass>{'STANDARD' if at % 5 else 'STANDARD_IA'}</StorageClass></Contents>"
            for at, key in enumerate(keys[start : start + PAGE], start)
        )
        more = start + PAGE < len(keys)
        token = f"<NextContinuationToken>{start // PAGE + 1}</NextContinuationToken>" if more else ""
        made.append(
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            '<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>box</Name>'
            f"<Prefix>{PREFIX}</Prefix>{token}<KeyCount>{len(keys[start : start + PAGE])}</KeyCount>"
            f"<MaxKeys>{PAGE}</MaxKeys><Delimiter>/</Delimiter><EncodingType>url</EncodingType>"
            f"<IsTruncated>{str(more).lower()}</IsTruncated>{rows}</ListBucketResult>".encode()
        )
    return made


class Store:
    """One thread per connection."""

    def __init__(self, listing: list[bytes]) -> None:
        self._listing = listing
        self._large = Large()
        self._date = formatdate(usegmt=True)
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = self._listener.getsockname()[1]

    def serve(self) -> None:
        """For ever, in a daemon thread."""
        while True:
            client, _ = self._listener.accept()
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._talk, args=(client,), daemon=True).start()

    def _talk(self, client: socket.socket) -> None:
        held = b""
        try:
            while True:
                while (end := held.find(b"\r\n\r\n")) < 0:
                    data = client.recv(65536)
                    if not data:
                        return
                    held += data
                head, held = held[:end].decode("latin-1"), held[end + 4 :]
                found = re.search(r"(?i)\r\ncontent-length: *(\d+)", head)
                if re.search(r"(?i)\r\nexpect: 100-continue", head):
                    client.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
                want = int(found[1]) if found else 0
                pieces = [held[:want]]
                have, held = len(pieces[0]), held[want:]
                while have < want:
                    pieces.append(client.recv(min(want - have, 1 << 20)))
                    have += len(pieces[-1])
                for piece in self._answer(head, b"".join(pieces)):
                    client.sendall(piece)
        except OSError:
            client.close()  # it went away

    def _answer(self, head: str, body: bytes) -> Iterator[bytes]:
        method, target, _ = head.split("\r\n", 1)[0].split(" ", 2)
        path, _, query = target.partition("?")
        status, more, content, size = "200 OK", f'ETag: "{MD5}"\r\n', iter((CONTENT,)), len(CONTENT)
        if found := re.fullmatch(r"/[^/]+/large-(\d+)", path):
            status, more, content, size = self._large.answer(method, int(found[1]), query, head, body)
        elif "list-type=2" in query:
            token = re.search(r"continuation-token=(\d+)", query)
            page = self._listing[int(token[1]) if token else 0]
            more, content, size = "Content-Type: application/xml\r\n", iter((page,)), len(page)
        elif re.search(r"(^|&)uploads(=|&|$)", query):
            more, content, size = "", iter((NO_UPLOADS,)), len(NO_UPLOADS)
        elif method == "PUT":
            more, size = f'ETag: "{hashlib.md5(body, usedforsecurity=False).hexdigest()}"\r\n', 0
        elif method == "DELETE":
            status, more, size = "204 No Content", "", 0
        if status.startswith("20") and method in ("GET", "HEAD"):
            more += f"Last-Modified: {self._date}\r\nContent-Type: image/jpeg\r\nAccept-Ranges: bytes\r\n"
        top = f"HTTP/1.1 {status}\r\nDate: {self._date}\r\nx-amz-request-id: 1\r\n{more}"
        yield f"{top}Content-Length: {size}\r\n\r\n".encode()
        if size and method != "HEAD":
            yield from content


def large(start: int, size: int) -> Iterator[bytes]:
    """The bytes of every large object from `start`; no two MiB of it are the same."""
    while size:
        at = start % PERIOD
        piece = _PATTERN[at : at + min(size, MIB)]
        yield piece
        start, size = start + len(piece), size - len(piece)


class Large:
    """Objects `large-<bytes>`: in the container "full" they are there, into others they come in parts.

    Of a part only its size and MD5 are kept. `GET large-<bytes>?told` of the target gives both, as JSON.
    """

    def __init__(self) -> None:
        self._parts: dict[int, tuple[int, str]] = {}
        self._etags: dict[int, str] = {}
        self._whole = ""

    def answer(self, method: str, size: int, query: str, head: str, body: bytes) -> Answer:
        if re.match(r"[A-Z]+ /full/", head):
            return self._source(size, head)
        if query == "told":
            return _said(json.dumps([self._parts[number] for number in sorted(self._parts)]))
        if method == "POST" and "uploads" in query:
            return _said(
                "<InitiateMultipartUploadResult><UploadId>1</UploadId></InitiateMultipartUploadResult>"
            )
        if method == "PUT" and (found := re.search(r"partNumber=(\d+)", query)):
            digest = hashlib.md5(body, usedforsecurity=False).hexdigest()
            self._parts[int(found[1])] = len(body), digest
            return "200 OK", f'ETag: "{digest}"\r\n', iter(()), 0
        if method == "POST":
            digests = b"".join(bytes.fromhex(self._parts[number][1]) for number in sorted(self._parts))
            whole = hashlib.md5(digests, usedforsecurity=False).hexdigest()
            self._whole = f"{whole}-{len(self._parts)}"
            root = "CompleteMultipartUploadResult"
            return _said(f"<{root}><ETag>&quot;{self._whole}&quot;</ETag></{root}>")
        if method in ("HEAD", "GET") and self._whole:
            there = sum(part[0] for part in self._parts.values())
            return "200 OK", f'ETag: "{self._whole}"\r\n', iter(()), there
        return "404 Not Found", "", iter(()), 0

    def _source(self, size: int, head: str) -> Answer:
        if size not in self._etags:
            digest = hashlib.md5(usedforsecurity=False)
            for piece in large(0, size):
                digest.update(piece)
            self._etags[size] = digest.hexdigest()
        etag = f'ETag: "{self._etags[size]}"\r\n'
        if not (asked := re.search(r"(?i)\r\nrange: bytes=(\d+)-(\d*)", head)):
            return "200 OK", etag, large(0, size), size
        first, last = int(asked[1]), min(int(asked[2] or size), size - 1)
        named = f"Content-Range: bytes {first}-{last}/{size}\r\n"
        return "206 Partial Content", etag + named, large(first, last - first + 1), last - first + 1


def _said(text: str) -> Answer:
    return "200 OK", "", iter((text.encode(),)), len(text.encode())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--objects", type=int, default=PAGE)
    parser.add_argument("--names", choices=("even", "uneven"), default="even")
    options = parser.parse_args()
    store = Store(pages(names(options.names, options.objects)))
    threading.Thread(target=store.serve, daemon=True).start()
    print(store.port, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
