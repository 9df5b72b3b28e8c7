"""The shape of a provider's row, and of a field in its sign-in form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field
from typing import Any

# Headings that fields stand under; what is below the last of them hardly anybody needs.
SIGN_IN, MORE = "Sign-in", "More options"


@dataclass(frozen=True, slots=True)
class Field:
    """One thing to ask for. `name` is the argument of the driver's constructor."""

    name: str
    label: str  # what a form calls it
    _: KW_ONLY
    secret: bool = False  # never shown, kept in the keyring
    required: bool = False  # while it is asked
    default: str = ""  # what an empty text means
    choices: tuple[str, ...] = ()  # all there are for kind "choice"; suggestions for a text
    help: str = ""  # a sentence below the field
    placeholder: str = ""  # an example, in grey
    kind: str = "text"  # "text", "choice", "path", "bool", "multiline"
    labels: tuple[str, ...] = ()  # what to call the choices, one for each
    when: tuple[str, tuple[str, ...]] = ("", ())  # asked only while that other field has one of these values
    section: str = ""  # a heading to stand under: SIGN_IN, MORE, or "" for none

    def is_asked(self, values: Mapping[str, str]) -> bool:
        """Whether the field counts, given the values of all (defaults included)."""
        name, wanted = self.when
        return not name or values.get(name, "") in wanted


@dataclass(frozen=True, slots=True)
class ProviderRow:
    """One service."""

    constant: str
    title: str  # the service's name, for people
    driver: str = ""  # dotted path "package.module:Class"; "" while it is not written
    fields: tuple[Field, ...] = ()  # of the sign-in form, in its order
    group: str = ""  # the heading that it stands under
    icon: str = "cloud"  # a file of resources/icons, without its ending
    status: str = ""  # "" or "defunct"
    options: Mapping[str, Any] = field(default_factory=dict)  # the driver's own data
    preset: Mapping[str, Any] = field(default_factory=dict)  # constructor arguments that the row decides
    website: str = ""
    arrives: str = ""  # why it cannot be opened, when `driver` is ""

    def asked(self, values: Mapping[str, str]) -> tuple[Field, ...]:
        """The fields that count, given what was typed (name to text, "" is the default).

        What is not asked has no value, so nothing that hangs on it is asked either.
        """
        given: dict[str, str] = {}
        counting: list[Field] = []
        for one in self.fields:
            if one.is_asked(given):
                given[one.name] = values.get(one.name, "") or one.default
                counting.append(one)
        return tuple(counting)


OTHERS = "Other clouds"


def later(constant: str, title: str, what: str, website: str) -> ProviderRow:
    """A row whose driver is still to come."""
    return ProviderRow(constant, title, group=OTHERS, website=website, arrives=f"it arrives with {what}.")
