"""What the demo cloud holds when the program starts, and whether somebody has put something beside it."""

from __future__ import annotations

from dataclasses import dataclass, field

from storage_core.base.driver import StorageDriver

WELCOME = """Welcome to Skyferry.

This cloud lives in the memory of this program. Drag files here, rename, copy, edit metadata:
everything behaves as in a real store, and everything is gone when you quit.

To keep something, drag it to "This computer" or add an account of your own.
"""
PICTURE = """<svg xmlns="http://www.w3.org/2000/svg" width="640" height="400" viewBox="0 0 640 400">
<rect width="640" height="400" fill="{sky}"/><circle cx="{x}" cy="110" r="46" fill="{sun}"/>
<path d="M0 300 L140 190 L250 270 L380 150 L640 310 V400 H0 Z" fill="{hills}"/>
<path d="M0 340 L200 260 L420 330 L640 280 V400 H0 Z" fill="{front}"/></svg>
"""
TABLE = "day,visitors,uploads\n" + "".join(
    f"2026-10-{day:02},{120 + day * 7 % 43},{9 + day * 5 % 11}\n" for day in range(1, 32)
)


@dataclass(frozen=True, slots=True)
class Sample:
    container: str
    name: str
    content: bytes
    type: str
    metadata: dict[str, str] = field(default_factory=dict)


def _picture(sky: str, sun: str, hills: str, front: str, x: int) -> bytes:
    return PICTURE.format(sky=sky, sun=sun, hills=hills, front=front, x=x).encode()


SAMPLES = (
    Sample("welcome", "Read me first.txt", WELCOME.encode(), "text/plain; charset=utf-8", {"language": "en"}),
    Sample("photos", "2026/alps/morning.svg",
           _picture("#cfe8ff", "#ffd166", "#6b8fb3", "#3d5a80", 480), "image/svg+xml", {"place": "Engadin"}),
    Sample("photos", "2026/alps/noon.svg",
           _picture("#9bd0ff", "#fff3b0", "#5f8a6b", "#386641", 320), "image/svg+xml", {"place": "Engadin"}),
    Sample("photos", "2026/alps/evening.svg",
           _picture("#f4a261", "#e76f51", "#5e548e", "#231942", 150), "image/svg+xml", {"place": "Engadin"}),
    Sample("photos", "2026/coast/dunes.svg",
           _picture("#d8f3dc", "#ffe8a1", "#e9c46a", "#dda15e", 540), "image/svg+xml", {"place": "Skagen"}),
    Sample("reports", "visitors 2026-10.csv", TABLE.encode(), "text/csv", {"source": "demo"}),
    Sample("reports", "summary.json", b'{"month": "2026-10", "busiest": "2026-10-06"}\n', "application/json"),
)  # fmt: skip
_KNOWN = {(sample.container, sample.name): len(sample.content) for sample in SAMPLES}


def fill(driver: StorageDriver) -> StorageDriver:
    """Put the samples into an empty demo cloud; one that holds something is left alone."""
    if not driver.list_containers():
        for name in dict.fromkeys(sample.container for sample in SAMPLES):
            driver.create_container(name)
        for sample in SAMPLES:
            driver.upload_object_via_stream(
                iter([sample.content]),
                driver.open_container(sample.container),
                sample.name,
                extra={"content_type": sample.type},
                ex_meta=sample.metadata,
            )
    return driver


def count_of_others(driver: StorageDriver) -> int:
    """How many objects are not the samples: what would be lost at quit."""
    return sum(
        _KNOWN.get((container.name, obj.name)) != obj.size
        for container in driver.iterate_containers()
        for obj in driver.iterate_container_objects(container)
    )
