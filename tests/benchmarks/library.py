"""What one request, one page, one object and one signature cost, beside boto3 and botocore.

    python -m tests.benchmarks.library [--requests 300] [--runs 5]

Requests go to a canned store in another process, one after the other over one kept connection, so that what
is counted is the client's own work: CPU of this process per request (median of the runs), and the time on
the wall, in which the store works too. put and get move 10 KiB; boto3's integrity extras (a CRC of every put)
are left as they are by default, and switched off in the columns "plain". Pages are parsed from memory. An
object's bytes are the growth of the heap (tracemalloc) for a list of them.
"""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import boto3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.model import ServiceModel
from botocore.parsers import create_parser

from storage_core.attributes import Attributes
from storage_core.base.objects import Container
from storage_core.body import BytesBody
from storage_core.drivers import s3_xml
from storage_core.drivers.s3 import S3StorageDriver
from storage_core.http import Request
from storage_core.signing import aws4
from tests.benchmarks import canned_s3, cloud_pages
from tests.benchmarks.measure import Span, best, options, say_where, server, table

REGION = "us-east-1"


def client(endpoint: str, access: str = "key", secret: str = "secret", **more: Any) -> Any:
    """boto3, as its users get it; path style, or it would look for `box.127.0.0.1`."""
    return boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name=REGION,
        aws_access_key_id=access,
        aws_secret_access_key=secret,
        config=Config(s3={"addressing_style": "path"}, **more),
    )


def driver(endpoint: str) -> S3StorageDriver:
    return S3StorageDriver("key", "secret", endpoint=endpoint, region=REGION, addressing="path")


def requests(endpoint: str, count: int, runs: int) -> None:
    ours, theirs = driver(endpoint), client(endpoint)
    plain = client(
        endpoint, request_checksum_calculation="when_required", response_checksum_validation="when_required"
    )
    box, data = Container("box", {}, ours), canned_s3.CONTENT
    attributes = Attributes(content_type="image/jpeg")

    listed = ours.list_page(box, canned_s3.PREFIX).objects[0]
    name = listed.name
    actions: dict[str, tuple[Callable[[], Any], Callable[[Any], Any]]] = {
        "put": (
            lambda: ours.put_object(box, name, BytesBody(data), attributes),
            lambda peer: peer.put_object(Bucket="box", Key=name, Body=data, ContentType="image/jpeg"),
        ),
        "head": (lambda: ours.head_object(listed), lambda peer: peer.head_object(Bucket="box", Key=name)),
        "get": (
            lambda: b"".join(ours.download_object_as_stream(listed)),
            lambda peer: peer.get_object(Bucket="box", Key=name)["Body"].read(),
        ),
    }
    rows = []
    for verb, (mine, peers) in actions.items():
        figures = [each(count, runs, mine)]
        figures += [each(count, runs, lambda one=one, peers=peers: peers(one)) for one in (theirs, plain)]
        own, boto, bare = figures
        rows.append(
            [verb]
            + [f"{one.cpu * 1e6:.0f}" for one in figures]
            + [f"{own.cpu / boto.cpu:.2f}", f"{own.cpu / bare.cpu:.2f}"]
            + [f"{one.wall * 1e6:.0f}" for one in figures]
        )
    head = ["us of CPU per request", "driver", "boto3", "plain", "driver/boto3", "/plain"]
    table("One request", [*head, "wall: driver", "boto3", "plain"], rows)


def each(count: int, runs: int, action: Callable[[], object]) -> Span:
    """The cost of one of `count`."""

    def many() -> None:
        for _ in range(count):
            action()

    action()  # connects
    span = best(runs, many)
    return Span(span.wall / count, span.cpu / count)


def pages(runs: int) -> None:
    [body] = canned_s3.pages(canned_s3.names("even", canned_s3.PAGE))
    one = driver("http://127.0.0.1:1")
    box = Container("box", {}, one)
    model = ServiceModel(boto3.session.Session()._session.get_service_data("s3"), "s3")
    shape = model.operation_model("ListObjectsV2").output_shape
    parser = create_parser("rest-xml")
    reply = {"body": body, "headers": {}, "status_code": 200}
    mine = each(20, runs, lambda: s3_xml.object_page(body, box, one, 2))
    theirs = each(3, runs, lambda: parser.parse(reply, shape))
    size = heap(lambda: s3_xml.object_page(body, box, one, 2).objects) / canned_s3.PAGE
    their_size = heap(lambda: parser.parse(reply, shape)["Contents"]) / canned_s3.PAGE
    table(
        "One page of 1,000 keys",
        ["", "driver", "botocore", "ratio", "goal"],
        [
            [what, f"{own:.{digits}f}", f"{boto:.{digits}f}", f"{own / boto:.2f}", goal]
            for what, own, boto, digits, goal in (
                ("ms to parse", mine.cpu * 1e3, theirs.cpu * 1e3, 2, "<= 5"),
                ("bytes per object", size, their_size, 0, "<= 450"),
            )
        ],
    )


def other_pages(runs: int) -> None:
    """The same for the services that have no SDK beside them here."""
    rows = [
        [service, f"{each(20, runs, parse).cpu * 1e3:.2f}", f"{heap(parse) / canned_s3.PAGE:.0f}"]
        for service, parse in cloud_pages.parsers().items()
    ]
    table(
        "One page of 1,000 keys (names of 30 letters)",
        ["", "ms to parse, <= 5", "bytes per object, <= 450"],
        rows,
    )


def heap(make: Callable[[], object]) -> int:
    """Bytes that the result holds."""
    make()
    gc.collect()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    kept = make()
    gc.collect()
    after = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    del kept
    return after - before


def signatures(runs: int) -> None:
    keys, now = aws4.Keys("AKIDEXAMPLE", "secret"), datetime.now(UTC)
    url = "https://box.s3.us-east-1.amazonaws.com/photos/IMG_000001.jpg"
    signer = SigV4Auth(Credentials("AKIDEXAMPLE", "secret"), "s3", REGION)

    def mine() -> None:
        request = Request("PUT", url, {"Content-Type": "image/jpeg", "x-amz-meta-who": "me"})
        aws4.sign(request, keys, REGION, "s3", aws4.UNSIGNED, now)

    def theirs() -> None:
        headers = {"Content-Type": "image/jpeg", "x-amz-meta-who": "me"}
        headers["X-Amz-Content-SHA256"] = aws4.UNSIGNED
        signer.add_auth(AWSRequest("PUT", url, headers))

    own, boto = each(2000, runs, mine), each(500, runs, theirs)
    ratio = f"{own.cpu / boto.cpu:.2f}"
    table(
        "One signature",
        ["", "driver", "botocore", "ratio"],
        [["us", f"{own.cpu * 1e6:.1f}", f"{boto.cpu * 1e6:.1f}", ratio]],
    )


def main() -> None:
    parser = options(__doc__)
    parser.add_argument("--requests", type=int, default=300)
    parser.add_argument("--runs", type=int, default=5)
    wanted = parser.parse_args()
    say_where()
    signatures(wanted.runs)
    pages(wanted.runs)
    other_pages(wanted.runs)
    with server() as endpoint:
        requests(endpoint, wanted.requests, wanted.runs)


if __name__ == "__main__":
    main()
