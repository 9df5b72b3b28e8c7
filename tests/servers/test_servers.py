"""Each server is alive, refuses what it should refuse, and is gone afterwards."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.servers import moto
from tests.servers.moto import Moto
from tests.servers.processes import Command, ServerFailed, answers, free_ports, logs_folder, wait_until
from tests.servers.processes import running as processes_running
from tests.servers.swift import Swift


def client(server: Swift | Moto, secret: str = "") -> Any:
    return boto3.client(
        "s3",
        endpoint_url=server.endpoint,
        region_name=server.region,
        aws_access_key_id=server.access_key,
        aws_secret_access_key=secret or server.secret_key,
        config=Config(retries={"max_attempts": 1}, s3={"addressing_style": "path"}),
    )


def test_swift_keeps_what_was_written_with_its_metadata(swift_server):
    s3 = client(swift_server)
    s3.create_bucket(Bucket="alive")
    s3.put_object(Bucket="alive", Key="a/b c+d", Body=b"bytes", ContentType="x/y", Metadata={"who": "me"})
    found = s3.get_object(Bucket="alive", Key="a/b c+d")
    assert (found["Body"].read(), found["ContentType"], found["Metadata"]) == (b"bytes", "x/y", {"who": "me"})


def test_swift_refuses_a_wrong_secret_with_403(swift_server):
    with pytest.raises(ClientError) as refused:
        client(swift_server, secret="wrong").list_buckets()
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


def test_swift_signs_in_its_own_way_too(swift_server):
    headers = {"X-Auth-User": swift_server.access_key, "X-Auth-Key": swift_server.secret_key}
    with urllib.request.urlopen(urllib.request.Request(swift_server.auth_url, headers=headers)) as reply:
        assert reply.headers["X-Auth-Token"]


def test_swift_takes_parts_of_one_mebibyte(swift_server):
    s3 = client(swift_server)
    s3.create_bucket(Bucket="parts")
    upload = s3.create_multipart_upload(Bucket="parts", Key="big")["UploadId"]
    parts = []
    for number, body in enumerate((b"a" * 2**20, b"tail"), 1):
        reply = s3.upload_part(Bucket="parts", Key="big", UploadId=upload, PartNumber=number, Body=body)
        parts.append({"PartNumber": number, "ETag": reply["ETag"]})
    s3.complete_multipart_upload(Bucket="parts", Key="big", UploadId=upload, MultipartUpload={"Parts": parts})
    assert s3.head_object(Bucket="parts", Key="big")["ContentLength"] == 2**20 + 4


def test_moto_lists_and_forgets(moto_server):
    s3 = client(moto_server)
    s3.create_bucket(Bucket="short-lived")
    assert "short-lived" in [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]
    moto_server.reset()
    assert s3.list_buckets()["Buckets"] == []


def test_a_server_that_cannot_start_fails_with_its_last_words():
    logs = logs_folder("broken")
    argv = [sys.executable, "-c", "raise SystemExit('no licence to serve')"]
    with (
        pytest.raises(ServerFailed, match="no licence to serve"),
        processes_running([Command("broken", argv)], logs) as group,
    ):
        wait_until(lambda: False, 20, group, "broken")


def test_a_server_that_never_answers_fails_at_its_limit():
    logs = logs_folder("mute")
    argv = [sys.executable, "-c", "import time; time.sleep(600)"]
    with (
        pytest.raises(ServerFailed, match=r"did not answer within 0\.3 s"),
        processes_running([Command("mute", argv)], logs) as group,
    ):
        wait_until(lambda: False, 0.3, group, "mute")


def test_a_server_ends_with_its_block():
    with moto.running() as server:
        port = int(server.endpoint.rpartition(":")[2])
        assert answers(port)
    assert not answers(port)


@pytest.mark.skipif(os.name != "posix", reason="kill -9 is for POSIX systems")
def test_no_server_outlives_a_test_run_that_was_killed(tmp_path):
    [port] = free_ports(1)
    code = (
        "import sys, time; from pathlib import Path\n"
        "from tests.servers.processes import Command, running\n"
        "serve = [sys.executable, '-m', 'http.server', '--bind', '127.0.0.1', sys.argv[1]]\n"
        "with running([Command('http', serve)], Path(sys.argv[2])):\n"
        "    print('up', flush=True); time.sleep(600)\n"
    )
    root = Path(__file__).parents[2]
    argv = [sys.executable, "-c", code, str(port), str(tmp_path)]
    with subprocess.Popen(argv, cwd=root, stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        assert run.stdout.readline() == "up\n"
        _wait(lambda: answers(port), 30)
        run.kill()
    _wait(lambda: not answers(port), 30)


def _wait(check, seconds):
    deadline = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(0.02)
