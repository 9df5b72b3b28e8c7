"""Jobs from their beginning to one of the honest ends."""

from __future__ import annotations

import os
import socket
import threading
import time
from pathlib import Path

import pytest

from storage_core.attributes import Attributes
from storage_core.base import StorageDriver
from storage_core.body import BytesBody
from storage_core.transfers import Conflict, CopySpec, DownloadSpec, Engine, State, UploadSpec
from tests.transfers.conftest import World, content, names, ref, row, wait_end, wait_for, wait_state

MIB = 1024 * 1024


def test_a_file_goes_up_and_its_md5_is_on_the_receipt(world: World) -> None:
    box = world.memory()
    path = world.file("photo.jpg", b"picture" * 1000)
    engine = world.engine()
    job = engine.add(UploadSpec((str(path),), ref("in/")))
    end = wait_end(engine, job)
    assert (end.state, end.items_done, end.bytes_done) == (State.DONE, 1, 7000)
    assert content(box, "in/photo.jpg") == b"picture" * 1000
    assert box.driver.get_object("box", "in/photo.jpg").extra["content_type"] == "image/jpeg"
    [report] = engine.reports(job, only_problems=False)
    assert report.verified.startswith("md5 ")
    assert report.name == "in/photo.jpg"


def test_a_folder_goes_up_and_comes_back_the_same(world: World) -> None:
    box = world.memory()
    root = world.folder / "files" / "tree"
    for number in range(300):
        world.file(f"tree/{number % 7}/file {number}.txt", os.urandom(number * 11))
    world.file("tree/odd%20name.txt", b"x")
    world.file("tree/ leading.txt", b"y")
    (root / "empty" / "deep").mkdir(parents=True)
    engine = world.engine()
    up = engine.add(UploadSpec((str(root),), ref("")))
    assert wait_end(engine, up).state is State.DONE
    assert "tree/empty/deep/" in names(box)
    down = engine.add(DownloadSpec((ref("tree/"),), str(world.folder / "back")))
    end = wait_end(engine, down)
    assert end.state is State.DONE, engine.reports(down)
    back = world.folder / "back" / "tree"
    want = {p.relative_to(root): p.read_bytes() if p.is_file() else None for p in root.rglob("*")}
    have = {p.relative_to(back): p.read_bytes() if p.is_file() else None for p in back.rglob("*")}
    assert have == want


def test_what_is_no_file_is_reported_and_not_followed(world: World) -> None:
    box = world.memory()
    world.file("tree/real.txt", b"1")
    root = world.folder / "files" / "tree"
    (root / "loop").symlink_to(root)
    os.mkfifo(root / "pipe")
    with socket.socket(socket.AF_UNIX) as listener:
        here = os.getcwd()
        os.chdir(root)
        try:
            listener.bind("sock")
        finally:
            os.chdir(here)
        engine = world.engine()
        job = engine.add(UploadSpec((str(root),), ref("")))
        end = wait_end(engine, job)
    assert (end.state, end.items_done, end.items_skipped, end.items_total) == (State.DONE_WITH_SKIPS, 1, 3, 4)
    assert names(box) == {"tree/real.txt"}
    reasons = {report.name: report.reason for report in engine.reports(job)}
    assert "symbolic link" in reasons["tree/loop"]
    assert "named pipe" in reasons["tree/pipe"]
    assert "socket" in reasons["tree/sock"]


def test_a_large_file_goes_up_and_down_in_parts_and_is_verified(world: World) -> None:
    box = world.memory()
    data = os.urandom(50 * MIB + 3)
    path = world.file("big.bin", data)
    engine = world.engine()
    job = engine.add(UploadSpec((str(path),), ref("")))
    end = wait_end(engine, job)
    assert (end.state, end.bytes_done, end.bytes_total) == (State.DONE, len(data), len(data))
    assert content(box, "big.bin") == data
    job = engine.add(DownloadSpec((ref("big.bin"),), str(world.folder / "back")))
    end = wait_end(engine, job)
    assert (end.state, end.bytes_done) == (State.DONE, len(data))
    assert (world.folder / "back" / "big.bin").read_bytes() == data
    assert os.listdir(world.folder / "back") == ["big.bin"]


@pytest.mark.parametrize("size", [0, 1, 1000, 16 * MIB, 40 * MIB])
@pytest.mark.parametrize("account", ["m", "other"])
def test_a_copy_is_the_same_in_bytes_and_attributes(world: World, size: int, account: str) -> None:
    box = world.memory()
    other = box if account == "m" else world.memory("other")
    data = os.urandom(size)
    attributes = Attributes(
        content_type="text/x-own", cache_control="no-cache", content_disposition="inline",
        content_encoding="br", content_language="de", metadata={"who": "me"},
    )  # fmt: skip
    box.driver.put_object(box, "a/b.txt", BytesBody(data), attributes)
    engine = world.engine()
    job = engine.add(CopySpec((ref("a/"),), ref("to/", account)))
    end = wait_end(engine, job)
    assert (end.state, end.bytes_done) == (State.DONE, size), engine.reports(job)
    assert content(other, "to/a/b.txt") == data
    assert other.driver.get_object("box", "to/a/b.txt").attributes == attributes


def test_base_is_cut_from_the_names(world: World) -> None:
    box = world.memory()
    box.driver.put_object(box, "photos/raw/a.txt", BytesBody(b"1"), Attributes())
    engine = world.engine()
    job = engine.add(DownloadSpec((ref("photos/raw/"),), str(world.folder / "back"), base="photos/"))
    assert wait_end(engine, job).state is State.DONE
    assert (world.folder / "back" / "raw" / "a.txt").read_bytes() == b"1"


def test_a_missing_file_is_a_failure_and_the_others_go_on(world: World) -> None:
    box = world.memory()
    path = world.file("there.txt", b"1")
    engine = world.engine()
    job = engine.add(UploadSpec((str(path), str(world.folder / "not there.txt")), ref("")))
    end = wait_end(engine, job)
    assert (end.state, end.items_done, end.items_failed) == (State.FAILED, 1, 1)
    assert "not there.txt" in end.error
    assert names(box) == {"there.txt"}
    world.file("../not there.txt", b"2")
    engine.retry(job)
    assert wait_state(engine, job, State.DONE).items_done == 2
    assert names(box) == {"there.txt", "not there.txt"}


def test_two_files_that_want_one_name_are_reported(world: World) -> None:
    box = world.memory()
    first, second = world.file("a/same.txt", b"1"), world.file("b/same.txt", b"2")
    engine = world.engine()
    job = engine.add(UploadSpec((str(first), str(second)), ref("")))
    end = wait_end(engine, job)
    assert (end.state, end.items_skipped) == (State.DONE_WITH_SKIPS, 1)
    assert content(box, "same.txt") == b"1"
    assert str(first) in engine.reports(job)[0].reason


# -- conflicts --


def _taken(world: World) -> tuple[Engine, int]:
    box = world.memory()
    box.driver.put_object(box, "a.txt", BytesBody(b"old"), Attributes())
    box.driver.put_object(box, "b.txt", BytesBody(b"old"), Attributes())
    paths = [world.file(name, b"new " + name.encode()) for name in ("a.txt", "b.txt", "c.txt")]
    engine = world.engine()
    return engine, engine.add(UploadSpec(tuple(map(str, paths)), ref("")))


def test_a_taken_name_asks_and_the_others_go_on(world: World) -> None:
    engine, job = _taken(world)
    asking = wait_state(engine, job, State.ASKING)
    wait_for(lambda: row(engine, job).items_done == 1)
    question = asking.question
    assert question is not None
    assert (question.source_size, question.target_size) == (9, 3)
    assert question.target_modified is not None
    engine.answer(job, question.id, Conflict.REPLACE, for_rest=False)
    wait_for(lambda: row(engine, job).items_done == 2)
    second = wait_state(engine, job, State.ASKING).question
    assert second is not None
    assert second.id != question.id
    engine.answer(job, second.id, Conflict.SKIP, for_rest=False)
    end = wait_end(engine, job)
    assert (end.state, end.items_done, end.items_skipped) == (State.DONE_WITH_SKIPS, 2, 1)
    box = world.drivers["m"].get_container("box")
    first_name, second_name = question.name, second.name
    assert content(box, first_name) == b"new " + first_name.encode()
    assert content(box, second_name) == b"old"


def test_one_answer_may_be_for_the_rest(world: World) -> None:
    engine, job = _taken(world)
    question = wait_state(engine, job, State.ASKING).question
    assert question is not None
    engine.answer(job, question.id, Conflict.KEEP_BOTH, for_rest=True)
    assert wait_end(engine, job).state is State.DONE
    box = world.drivers["m"].get_container("box")
    assert names(box) == {"a.txt", "a (2).txt", "b.txt", "b (2).txt", "c.txt"}
    assert content(box, "a.txt") == b"old"
    assert content(box, "a (2).txt") == b"new a.txt"


@pytest.mark.parametrize(
    "decision", [Conflict.REPLACE, Conflict.REPLACE_IF_DIFFERENT, Conflict.KEEP_BOTH, Conflict.SKIP]
)
def test_decisions_hold_for_downloads(world: World, decision: Conflict) -> None:
    box = world.memory()
    for name in ("same.txt", "other.txt"):
        box.driver.put_object(box, name, BytesBody(b"cloud"), Attributes())
    back = world.folder / "back"
    back.mkdir()
    (back / "same.txt").write_bytes(b"cloud")
    (back / "other.txt").write_bytes(b"local")
    before = (back / "same.txt").stat().st_ino
    engine = world.engine()
    job = engine.add(DownloadSpec((ref(),), str(back)), decision)
    end = wait_end(engine, job)
    have = {path.name: path.read_bytes() for path in back.iterdir()}
    both = {"same (2).txt": b"cloud", "other (2).txt": b"cloud"}
    if decision is Conflict.SKIP:
        assert (end.state, end.items_skipped) == (State.DONE_WITH_SKIPS, 2)
        assert have == {"same.txt": b"cloud", "other.txt": b"local"}
    elif decision is Conflict.KEEP_BOTH:
        assert have == {"same.txt": b"cloud", "other.txt": b"local"} | both
    else:
        assert end.state is State.DONE
        assert have == {"same.txt": b"cloud", "other.txt": b"cloud"}
        kept = (back / "same.txt").stat().st_ino == before
        assert kept is (decision is Conflict.REPLACE_IF_DIFFERENT)


# -- pause, cancel, restart --


def test_pause_stops_soon_and_resume_finishes(world: World) -> None:
    box = world.memory()
    path = world.file("big.bin", os.urandom(40 * MIB))
    engine = world.engine()
    engine.bytes_per_second_max = 8 * MIB
    job = engine.add(UploadSpec((str(path),), ref("")))
    wait_for(lambda: row(engine, job).bytes_done > 0)
    engine.pause(job)
    assert row(engine, job).state is State.PAUSED
    begin = time.monotonic()
    wait_for(lambda: not row(engine, job).current, 5, "rest")
    assert time.monotonic() - begin < 1.0
    before = row(engine, job).bytes_done
    engine.bytes_per_second_max = 0
    engine.resume(job)
    end = wait_end(engine, job)
    assert (end.state, end.bytes_done) == (State.DONE, 40 * MIB)
    assert before < 40 * MIB
    assert content(box, "big.bin") == path.read_bytes()


def test_a_cancelled_upload_leaves_no_parts(world: World) -> None:
    box = world.memory()
    path = world.file("big.bin", os.urandom(40 * MIB))
    engine = world.engine()
    engine.bytes_per_second_max = 10 * MIB
    job = engine.add(UploadSpec((str(path),), ref("")))
    wait_for(lambda: row(engine, job).bytes_done > 0)
    assert list(box.driver.iterate_uploads(box))
    engine.cancel(job)
    assert row(engine, job).state is State.CANCELLED
    wait_for(lambda: not list(box.driver.iterate_uploads(box)), 5, "the parts to go")
    assert names(box) == set()


def test_a_cancelled_download_leaves_no_part_file(world: World) -> None:
    box = world.memory()
    box.driver.put_object(box, "big.bin", BytesBody(os.urandom(40 * MIB)), Attributes())
    back = world.folder / "back"
    engine = world.engine()
    engine.bytes_per_second_max = 10 * MIB
    job = engine.add(DownloadSpec((ref("big.bin"),), str(back)))
    wait_for(lambda: row(engine, job).bytes_done > 0)
    assert os.listdir(back)
    engine.cancel(job)
    wait_for(lambda: not os.listdir(back), 5, "the part file to go")


def test_jobs_come_back_paused_and_finish(world: World) -> None:
    box = world.memory()
    path = world.file("big.bin", os.urandom(60 * MIB))
    engine = world.engine()
    engine.bytes_per_second_max = 20 * MIB
    job = engine.add(UploadSpec((str(path),), ref("")))
    [upload] = _wait_uploads(box)
    wait_for(lambda: len(box.driver.list_parts(upload)) >= 1)
    world.stop(engine)
    sent = box.driver.list_parts(upload)
    again = world.engine()
    assert row(again, job).state is State.PAUSED
    assert row(again, job).title == "big.bin"
    counted = _count_parts(box)
    again.resume(job)
    assert wait_end(again, job).state is State.DONE
    assert content(box, "big.bin") == path.read_bytes()
    assert len(counted) == 4 - len(sent)


def _wait_uploads(box: object) -> list[object]:
    wait_for(lambda: list(box.driver.iterate_uploads(box)))  # type: ignore[attr-defined]
    return list(box.driver.iterate_uploads(box))  # type: ignore[attr-defined]


def _count_parts(box: object) -> list[int]:
    counted: list[int] = []
    send = box.driver._upload_part  # type: ignore[attr-defined]

    def counting(upload: object, number: int, body: object) -> object:
        counted.append(number)
        return send(upload, number, body)

    box.driver._upload_part = counting  # type: ignore[attr-defined]
    return counted


def test_a_source_that_changed_while_paused_is_sent_again_with_a_note(world: World) -> None:
    box = world.memory()
    path = world.file("big.bin", os.urandom(60 * MIB))
    engine = world.engine()
    engine.bytes_per_second_max = 20 * MIB
    job = engine.add(UploadSpec((str(path),), ref("")))
    [upload] = _wait_uploads(box)
    wait_for(lambda: len(box.driver.list_parts(upload)) >= 1)
    engine.pause(job)
    wait_for(lambda: not row(engine, job).current)
    new = os.urandom(50 * MIB)
    path.write_bytes(new)
    engine.bytes_per_second_max = 0
    engine.resume(job)
    assert wait_end(engine, job).state is State.DONE
    assert content(box, "big.bin") == new
    [report] = engine.reports(job)
    assert "changed" in report.reason
    assert not list(box.driver.iterate_uploads(box))


def test_a_job_whose_account_nobody_opened_needs_sign_in(world: World) -> None:
    world.memory()
    path = world.file("a.txt", b"1")
    driver = world.drivers.pop("m")
    engine = world.engine()
    job = engine.add(UploadSpec((str(path),), ref("")))
    wait_state(engine, job, State.NEEDS_SIGN_IN)
    world.stop(engine)
    again = world.engine()
    assert row(again, job).state is State.NEEDS_SIGN_IN
    world.drivers["m"] = driver
    again.resume(job)
    assert wait_end(again, job).state is State.DONE


def test_a_removed_job_is_gone_with_its_receipt(world: World, tmp_path: Path) -> None:
    world.memory()
    engine = world.engine()
    job = engine.add(UploadSpec((str(world.file("a.txt", b"1")),), ref("")))
    wait_end(engine, job)
    stamp = engine.changes(0).stamp
    engine.clear_done()
    changes = engine.changes(stamp)
    assert changes.removed == (job,)
    assert changes.rows == ()
    world.stop(engine)
    assert world.engine().changes(0).rows == ()


def test_an_engine_that_was_stopped_while_it_started_leaves_no_thread(world: World) -> None:
    slow, go = threading.Event(), threading.Event()

    def asked(account: str) -> StorageDriver | None:
        slow.set()
        assert go.wait(20)
        return world.drivers.get(account)

    box = world.memory()
    engine = world.engine()
    engine.pause(engine.add(UploadSpec((str(world.file("a.txt", b"a")),), ref(container=box.name))))
    world.stop(engine)
    again = Engine(world.journal, asked)
    starting = threading.Thread(target=again.start)
    starting.start()
    assert slow.wait(20)  # it reads the journal
    stopping = threading.Thread(target=again.stop)
    stopping.start()
    go.set()
    starting.join(20)
    stopping.join(20)
    again.start()  # too late
    assert [one.name for one in threading.enumerate() if one.name.startswith("skyferry")] == []
