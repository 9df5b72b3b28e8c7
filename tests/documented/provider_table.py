"""The README's table of services and what each can do, made from the rows and their capabilities:

python -m tests.documented.provider_table     writes it into README.md between its two marks
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from storage_core.base import StorageDriver
from storage_core.providers import ProviderRow, open_driver, rows

README = Path(__file__).parents[2] / "README.md"
BEGIN = "<!-- begin: services, written by `python -m tests.documented.provider_table` -->"
END = "<!-- end: services -->"

COLUMNS = {
    "parts": "parts",
    "server_copy": "server copy",
    "set_attributes": "edit metadata",
    "signed_urls": "links",
    "public_containers": "public",
    "public_objects": "public objects",
    "cdn": "CDN",
    "versions": "versions",
    "storage_classes": "classes",
    "encryption": "encryption",
    "tags": "tags",
    "delete_many": "bulk delete",
    "create_only": "no overwrite",
}
STAND_INS = {"endpoint": "https://objects.example", "auth_url": "https://objects.example/v3"}


def table() -> str:
    """Markdown: a line per service; Amazon's regions share one."""
    head = ["service", "constant", *COLUMNS.values()]
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * 2}{':-:|' * len(COLUMNS)}"]
    lines += [f"| {' | '.join(cells)} |" for cells in _lines()]
    return "\n".join(lines)


def readme(text: str) -> str:
    """The README with the table as it is now between its marks."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError("README.md has lost the marks of its table of services")
    return f"{before}{BEGIN}\n{table()}\n{END}{after}"


def opened(row: ProviderRow) -> StorageDriver:
    """A driver of the row, with made-up values where the form demands some. No request."""
    values = {
        one.name: one.choices[0] if one.kind == "choice" else STAND_INS.get(one.name, "made-up")
        for one in row.fields
        if (one.required or one.name == "key") and not one.default
    }
    return open_driver(row.constant, values)


def _lines() -> Iterator[list[str]]:
    for row in rows():
        if row.group == "Amazon" and row.constant != "s3":
            continue
        able = opened(row).capabilities
        marks = ["●" if able.has(flag) else "" for flag in COLUMNS]
        yield [row.title, f"`{row.constant}`", *marks]


def main() -> None:
    README.write_text(readme(README.read_text("utf-8")), "utf-8")


if __name__ == "__main__":
    main()
