"""100,000 objects in one folder, from a canned store in another process into the real window.

    python -m tests.benchmarks.listing [--objects 100000] [--names even uneven] [--trace]

Everything between the socket and the painted row is the program's own: S3 driver, browse flow, model, panes;
the window stands on an Xvfb. "even" names arrive in the order in which they are shown; of "uneven" ones each
page has rows for everywhere in the list, the worst case. The peer is boto3's paginator in a process without
any window, which keeps the dicts it is given.

The time runs from "open this folder" until every row is in the list and nothing is left to sort. Then the
list is sorted by each column both ways, filtered letter by letter, scrolled, all selected, and refreshed. How
late the event loop was in each phase is measured as lateness.py says; goal: no gap above 50 ms up to 100,000
rows. What each phase claims to have done is checked behind it.
Bytes per row: growth of the resident set from the idle window to the full list, by rows.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from typing import Any

from tests.benchmarks.library import client
from tests.benchmarks.measure import MIB, ROOT, display, memory, options, say_where, server, table, timed

PREFIX = "photos/"


def main() -> None:
    parser = options(__doc__)
    parser.add_argument("--objects", type=int, default=100_000)
    parser.add_argument("--names", nargs="+", choices=("even", "uneven"), default=["even", "uneven"])
    parser.add_argument("--trace", action="store_true", help="tell where the GUI thread was when it was late")
    parser.add_argument("--peer", metavar="ENDPOINT", help=argparse.SUPPRESS)
    wanted = parser.parse_args()
    if wanted.peer:
        print(json.dumps(peer(wanted.peer)))
        return
    say_where()
    for names in wanted.names:
        with server("--objects", str(wanted.objects), "--names", names) as endpoint, display() as screen:
            theirs = child("tests.benchmarks.listing", ["--peer", endpoint], dict(os.environ))
            more = [endpoint, str(wanted.objects), *(["--trace"] if wanted.trace else [])]
            ours = child("tests.benchmarks.listing_window", more, screen)
        show(names, wanted.objects, ours, theirs)


def child(module: str, arguments: list[str], environment: dict[str, str]) -> Any:
    """What a process of ours says, as JSON in its last line."""
    with tempfile.TemporaryDirectory() as home:
        done = subprocess.run(
            [sys.executable, "-m", module, *arguments],
            cwd=ROOT, env={**environment, "HOME": home}, stdout=subprocess.PIPE, text=True, check=True,
        )  # fmt: skip
    return json.loads(done.stdout.splitlines()[-1])


def peer(endpoint: str) -> dict[str, float]:
    """boto3 alone."""
    one = client(endpoint)
    before = memory()
    with timed() as span:
        found = []
        for page in one.get_paginator("list_objects_v2").paginate(Bucket="box", Prefix=PREFIX, Delimiter="/"):
            found += page["Contents"]
    return {
        "rows": len(found),
        "seconds": span.wall,
        "cpu": span.cpu,
        "peak": memory("VmHWM"),
        "per_row": (memory() - before) / len(found),
    }


def show(names: str, count: int, ours: dict[str, Any], theirs: dict[str, float]) -> None:
    listing = next(phase for phase in ours["phases"] if phase["name"] == "list")
    table(
        f"{count:,} objects, {names} names",
        ["", "window", "boto3", "ratio"],
        [
            [what, f"{mine * by:{form}}", f"{peers * by:{form}}", f"{mine / peers:.2f}"]
            for what, mine, peers, by, form in (
                ("s until all are shown", listing["seconds"], theirs["seconds"], 1, ".2f"),
                ("s of CPU", ours["cpu"], theirs["cpu"], 1, ".2f"),
                ("bytes per row", ours["per_row"], theirs["per_row"], 1, ".0f"),
                ("MiB at the peak", ours["peak"], theirs["peak"], 1 / MIB, ".0f"),
            )
        ],
    )
    table(
        "The event loop meanwhile (ms)",
        ["phase", "took", "longest gap", "GUI thread's CPU in a gap", "longest collection", "gaps > 50"],
        [
            [phase["name"]]
            + [
                f"{phase[name] * 1000:.0f}"
                for name in ("seconds", "longest", "longest_cpu", "longest_collection")
            ]
            + [phase["over_goal"]]
            for phase in ours["phases"]
        ],
    )
    for stack, times in ours["stacks"]:
        print(f"  {times:4} {stack}")


if __name__ == "__main__":
    main()
