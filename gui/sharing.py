"""Public and link: what they mean, in the same words for every service and in every place that says so.

Where services differ (whether names can be listed, which sites may lead there), the driver's own sentence
stands beside these.
"""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QCoreApplication

from storage_core.base.objects import PublicAccess

from .text import shown

DAY, HOUR = 24 * 3600, 3600


def state(name: str, access: PublicAccess | None) -> str:
    """Who can read a container, as a sentence; None: nobody has asked yet."""
    if access is None:
        return tr("Asking who can read {name}…").format(name=shown(name))
    if access.on is None:
        return access.why or tr("The service does not say who can read {name}.").format(name=shown(name))
    if access.on:
        return tr("Public: anyone on the internet can read {name}.").format(name=shown(name))
    text = tr("Private: only people with a key, or with a link that expires, can read {name}.")
    return text.format(name=shown(name))


def remark(access: PublicAccess | None) -> str:
    """What this service adds to it, or ""."""
    return access.why if access is not None and access.on is not None else ""


def turned(name: str, public: bool) -> str:
    """What has just been done."""
    if public:
        return tr("“{name}” is public now: anyone on the internet can read it.").format(name=shown(name))
    text = tr("“{name}” is private now: only people with a key, or with a link that expires, can read it.")
    return text.format(name=shown(name))


def about_links() -> str:
    """What a link that expires is."""
    return tr("A link that expires opens this object without a password until then, for whoever has it.")


def expiry(seconds: int) -> str:
    """How long such a link works, as a choice, with its mnemonic."""
    if seconds % DAY == 0:
        days = seconds // DAY
        return tr("Expires after one &day") if days == 1 else tr("Expires after {n} days").format(n=days)
    hours = max(1, seconds // HOUR)
    return tr("Expires after one &hour") if hours == 1 else tr("Expires after {n} hours").format(n=hours)


tr = partial(QCoreApplication.translate, "Sharing")
