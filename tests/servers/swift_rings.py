"""Writes Swift's three rings for one disk; runs under Swift's own Python: swift_rings.py FOLDER NAME:PORT...

A ring says which server holds what, with addresses and ports in it, so it is made anew for each start.
Swift's command needs nine processes and 5 s for that; its library does it in 0.3 s.
"""

from __future__ import annotations

import sys

from swift.common.ring import RingBuilder  # type: ignore[import-not-found]

PART_POWER, REPLICAS, MIN_PART_HOURS = 6, 1, 1


def main(folder: str, *names: str) -> None:
    for item in names:
        name, _, port = item.partition(":")
        builder = RingBuilder(PART_POWER, REPLICAS, MIN_PART_HOURS)
        address = {"ip": "127.0.0.1", "port": int(port)}
        same = {"replication_ip": "127.0.0.1", "replication_port": int(port)}
        disk = {"id": 0, "region": 1, "zone": 1, "device": "d1", "weight": 1.0, "meta": ""}
        builder.add_dev({**disk, **address, **same})
        builder.rebalance()
        builder.get_ring().save(f"{folder}/{name}.ring.gz")


if __name__ == "__main__":
    main(*sys.argv[1:])
