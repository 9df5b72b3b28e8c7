"""Pictures of the sign-in forms, to look at: python -m tests.window.forms FOLDER [light|dark] [SERVICE …]

Every way of signing in of each service. QT_SCALE_FACTOR=2 is a dense screen, NARROW=1 a small one.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QApplication

from gui.dialogs.account import AccountDialog
from gui.theme import Theme
from storage_core import providers
from storage_core.providers import ProviderRow

SERVICES = ("azure_blobs", "google_storage", "openstack_swift", "s3_compatible", "cloudflare_r2", "s3")
SMALL = QSize(640, 480)


def ways(row: ProviderRow) -> Iterator[dict[str, str]]:
    """What to choose in turn, so that each way of signing in is seen."""
    first = next((field for field in row.fields if field.kind == "choice" and field.name == "sign_in"), None)
    for choice in first.choices if first is not None else ("",):
        yield {"sign_in": choice} if choice else {}


def main() -> None:
    folder, theme = Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else "light"
    folder.mkdir(parents=True, exist_ok=True)
    application = QApplication(sys.argv[:1])
    Theme(application, theme)
    rows = providers.rows(available=False)
    for constant in sys.argv[3:] or SERVICES:
        row = providers.row(constant)
        if not row.driver:
            continue
        for chosen in ways(row):
            dialog = AccountDialog(rows, None)
            if os.environ.get("NARROW"):
                dialog.resize(SMALL)
            dialog.show()
            if dialog.providers is None:
                raise LookupError("no list of services")
            dialog.providers.select(constant)
            dialog.form.fill(chosen)
            dialog.check()
            for _ in range(5):
                application.processEvents()
            way = chosen.get("sign_in", "form").replace(" ", "-")
            path = folder / f"{theme}-{constant}-{way}.png"
            dialog.grab().save(str(path))
            print(path)
            dialog.reject()
            dialog.deleteLater()


if __name__ == "__main__":
    main()
