"""Replies of an S3 service as tests script them, and drivers that hear them."""

from __future__ import annotations

from typing import Any

from storage_core.base import Container, Object
from storage_core.providers import get_driver
from storage_core.types import Provider
from tests.servers.canned import CannedServer

NS = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'
HELLO = "5d41402abc4b2a76b9719d911017c592"


def open_s3(server: CannedServer, constant: str = Provider.S3, **more: Any) -> Any:
    more.setdefault("endpoint", server.endpoint)
    return get_driver(constant)("AKID", "SECRET", **more)


def through_proxy(server: CannedServer, **more: Any) -> Any:
    """Amazon's own addresses, over plain http through a proxy that is our server."""
    return get_driver(Provider.S3)("AKID", "SECRET", secure=False, proxy_url=server.endpoint, **more)


def fault(code: str, *, region: str = "", message: str = "no") -> bytes:
    where = f"<Region>{region}</Region>" if region else ""
    said = f"<Code>{code}</Code><Message>{message}</Message>{where}<RequestId>R1</RequestId>"
    return f"<Error>{said}</Error>".encode()


def listing(rows: str, *, more: str = "", encoded: bool = False) -> bytes:
    coding = "<EncodingType>url</EncodingType>" if encoded else ""
    return f"<ListBucketResult {NS}>{coding}{rows}{more}</ListBucketResult>".encode()


def row(name: str) -> str:
    return f"<Contents><Key>{name}</Key><Size>3</Size><ETag>&quot;abc&quot;</ETag></Contents>"


def seen(box: Container, name: str = "a", size: int = 10, etag: str = "e1") -> Object:
    return Object(name, size, etag, None, None, box, box.driver, etag=etag)


def buckets(*names: str, token: str = "") -> bytes:
    rows = "".join(f"<Bucket><Name>{name}</Name></Bucket>" for name in names)
    more = f"<ContinuationToken>{token}</ContinuationToken>" if token else ""
    return f"<ListAllMyBucketsResult {NS}><Buckets>{rows}</Buckets>{more}</ListAllMyBucketsResult>".encode()
