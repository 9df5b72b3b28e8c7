"""What to transfer: plain frozen data, also as the journal keeps it. No credentials, no addresses: account
ids only.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


@dataclass(frozen=True, slots=True)
class Ref:
    """An object, a folder or a whole container of an account.

    `key` is an object's name, a prefix ending with "/" (a folder), or "" (the whole container).
    """

    account: str
    container: str
    key: str

    @property
    def is_folder(self) -> bool:
        """Whether it means everything below, not one object."""
        return not self.key or self.key.endswith("/")

    @property
    def text(self) -> str:
        """container/key, for people."""
        return f"{self.container}/{self.key}"


@dataclass(frozen=True, slots=True)
class UploadSpec:
    """Files and folders of this computer into `target` (its key is a prefix). Folders go in with their own
    name.
    """

    paths: tuple[str, ...]
    target: Ref


@dataclass(frozen=True, slots=True)
class DownloadSpec:
    """Objects, folders or containers into a local folder. `base` is cut from the names: photos/raw/a with
    base photos/ becomes folder/raw/a."""

    sources: tuple[Ref, ...]
    folder: str
    base: str = ""


@dataclass(frozen=True, slots=True)
class CopySpec:
    """Objects, folders or containers into `target` (its key is a prefix), of any account."""

    sources: tuple[Ref, ...]
    target: Ref
    base: str = ""


Spec = UploadSpec | DownloadSpec | CopySpec


class Conflict(StrEnum):
    """What to do when the target's name is taken."""

    ASK = "ask"  # the job's row has a question; the other items go on
    REPLACE = "replace"  # when the new content is complete
    REPLACE_IF_DIFFERENT = "replace if different"  # by hash, else by size and date
    KEEP_BOTH = "keep both"  # the new one gets a number in its name
    SKIP = "skip"  # and say so in the receipt


def kind_of(spec: Spec) -> str:
    """ "upload", "download" or "copy"."""
    return {UploadSpec: "upload", DownloadSpec: "download", CopySpec: "copy"}[type(spec)]


def accounts_of(spec: Spec) -> tuple[str, ...]:
    """Ids of the accounts that the transfer needs, each once."""
    refs = () if isinstance(spec, UploadSpec) else spec.sources
    targets = () if isinstance(spec, DownloadSpec) else (spec.target,)
    return tuple(dict.fromkeys(ref.account for ref in (*refs, *targets)))


def to_json(spec: Spec) -> str:
    """One line of ASCII; names that are not valid Unicode survive as escapes."""
    return json.dumps({"kind": kind_of(spec), **asdict(spec)})


def from_json(text: str) -> Spec:
    """The spec again. KeyError or ValueError for a text that `to_json` did not write."""
    data: dict[str, Any] = json.loads(text)
    kind = data.pop("kind")
    if "target" in data:
        data["target"] = Ref(**data["target"])
    if "sources" in data:
        data["sources"] = tuple(Ref(**ref) for ref in data["sources"])
    if kind == "upload":
        return UploadSpec(paths=tuple(data["paths"]), target=data["target"])
    return DownloadSpec(**data) if kind == "download" else CopySpec(**data)
