"""The user guide's table of keyboard shortcuts, made from the command table:

python -m tests.documented.guide_tables     writes it into the guide
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from gui.actions import COMMANDS, MENUS

GUIDE = Path(__file__).parents[2] / "resources" / "help" / "user-guide.md"
HEAD = "| command | keys |\n|---|---|\n"
PANES = {"": "", "objects": ", in the list"}  # where a shortcut works, by the command's scope


def table() -> str:
    """Markdown: a line for each command that has keys, by its place in the menus."""
    return HEAD + "".join(_lines())


def guide(text: str) -> str:
    """The guide with the table as it is now."""
    before, head, rest = text.partition(HEAD)
    if not head:
        raise ValueError("the user guide has lost its table of shortcuts")
    return before + table() + re.sub(r"\A(\|.*\n)*", "", rest)


def plain(text: str) -> str:
    """A label without its mnemonic."""
    return text.replace("&&", "\0").replace("&", "").replace("\0", "&")


def _lines() -> Iterator[str]:
    for command in COMMANDS.values():
        if command.shortcuts:
            path = f"*{plain(MENUS[command.menu])} › {plain(command.text)}*"
            yield f"| {path} | {' or '.join(command.shortcuts)}{PANES[command.scope]} |\n"


def main() -> None:
    GUIDE.write_text(guide(GUIDE.read_text("utf-8")), "utf-8")


if __name__ == "__main__":
    main()
