"""What can be said about typed addresses before anything is sent. Pure; no Qt widgets, no network."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import SplitResult, parse_qs, urlsplit

from PySide6.QtCore import QCoreApplication

PROXY_SCHEMES = ("http", "https", "socks5", "socks5h")
_HOST_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)\Z")


@dataclass(frozen=True, slots=True)
class Checked:
    """What was typed as it will be used; `problem` stops it, `warning` does not."""

    value: str
    problem: str = ""
    warning: str = ""


def endpoint(text: str, *, has_path: bool = False) -> Checked:
    """The URL of a service; without a scheme it is https.

    A name or password in it is refused; plain http to another computer is warned of, and so is a path where
    this kind of address seldom has one.
    """
    text = text.strip()
    if not text:
        return Checked("")
    split = _split(text if "://" in text else f"https://{text}")
    if isinstance(split, str):
        return Checked(text, split)
    if split.scheme not in ("http", "https"):
        return Checked(text, tr("The address starts with https:// (or http://)."))
    if split.username is not None or split.password is not None:
        return Checked(text, tr("No name or password belongs in the address; type them in their own fields."))
    if split.query or split.fragment:
        return Checked(text, tr("The address ends with the host (and port): leave out “?” and “#”."))
    host, problem = _ascii_host(split.hostname or "")
    if problem:
        return Checked(text, problem)
    path = split.path.rstrip("/")
    value = f"{split.scheme}://{_with_port(host, split.port)}{path}"
    warning = ""
    if split.scheme == "http" and not is_this_computer(host):
        warning = tr("Not encrypted: whoever is on the way can read and change your objects.")
    elif path and not has_path:
        warning = tr("An address seldom has a path. Is “{path}” a container? Then leave it out here.").format(
            path=path
        )
    return Checked(value, warning=warning)


def proxy(text: str) -> Checked:
    """A proxy's URL; without a scheme it is http. A name and password in it go to the keyring."""
    text = text.strip()
    if not text:
        return Checked("", tr("Type the proxy's address, as http://proxy.example.org:3128."))
    split = _split(text if "://" in text else f"http://{text}")
    if isinstance(split, str):
        return Checked(text, split)
    if split.scheme not in PROXY_SCHEMES:
        return Checked(text, tr("A proxy's address starts with http://, https:// or socks5://."))
    host, problem = _ascii_host(split.hostname or "")
    if problem:
        return Checked(text, problem)
    if split.path.strip("/") or split.query or split.fragment:
        return Checked(text, tr("A proxy's address ends with its port."))
    login = split.netloc.rpartition("@")[0]
    return Checked(f"{split.scheme}://{login + '@' if login else ''}{_with_port(host, split.port)}")


def without_login(url: str) -> tuple[str, str]:
    """A URL and the `name:password` that stood in it: the one may be written to a file, the other may not."""
    scheme, mark, rest = url.partition("://")
    login, at, host = rest.rpartition("@")
    return (f"{scheme}{mark}{host}", login) if at else (url, "")


def container_names(text: str) -> tuple[str, ...]:
    """Names separated by commas, spaces or lines, each once."""
    return tuple(dict.fromkeys(re.split(r"[,;\s]+", text.strip()))) if text.strip() else ()


@dataclass(frozen=True, slots=True)
class Signature:
    """What a shared access signature tells by itself; `is_narrow`: it is for less than the account."""

    problem: str = ""
    is_narrow: bool = False


def signature(text: str, *, lists: bool = True, now: datetime | None = None) -> Signature:
    """Why Azure will refuse it, told from its own words. `lists`: it has to list the account's containers.

    https://learn.microsoft.com/rest/api/storageservices/create-account-sas
    """
    query = text.partition("?")[2] or text
    told = {name: values[0] for name, values in parse_qs(query.strip()).items()}
    if not {"sig", "sv"} <= told.keys():
        return Signature()
    now = now or datetime.now(UTC)
    begin, end = _moment(told.get("st", "")), _moment(told.get("se", ""))
    if end is not None and end <= now:
        return Signature(tr("The signature ran out on {when}: ask for a new one.").format(when=_when(end)))
    if begin is not None and begin > now:
        text = tr("The signature begins on {when}: wait, or set the clock of this computer right.")
        return Signature(text.format(when=_when(begin)))
    if "ss" in told and "b" not in told["ss"]:
        return Signature(tr("The signature is not for blobs (ss={value}).").format(value=told["ss"][:9]))
    if "sp" in told and "l" not in told["sp"]:
        return Signature(tr("The signature does not allow listing: it needs an “l” in sp."))
    narrow = told.get("sr", "") in ("c", "d") or ("srt" in told and "s" not in told["srt"])
    names_it = "://" in text and bool(urlsplit(text.strip()).path.strip("/"))  # a URL of the container
    if lists and narrow and not names_it:
        text = tr("The signature is not for the whole account: name the container that it opens.")
        return Signature(text, is_narrow=True)
    return Signature()


def is_this_computer(host: str) -> bool:
    """Whether traffic to this host never leaves the computer."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def fingerprint(pin: str) -> str:
    """A SHA-256 as people compare it: 32 pairs of capitals with colons."""
    return ":".join(pin[at : at + 2] for at in range(0, len(pin), 2)).upper()


# -- helpers --


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _when(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _split(url: str) -> SplitResult | str:
    """The parts, or the sentence that says why it has none."""
    try:
        split = urlsplit(url)
        _ = split.port  # raises for a port that is none
    except ValueError:
        return tr("This is not an address: check its host and port.")
    if not split.hostname or re.search(r"[\s\\<>\"{}|^`\x00-\x1f\x7f]", url):
        return tr("This is not an address: check its host and port.")
    return split


def _ascii_host(host: str) -> tuple[str, str]:
    """The host as the network knows it, and "" or what is wrong with it."""
    wrong = tr("“{host}” cannot be the name of a host.").format(host=host)
    if ":" in host:
        try:
            return f"[{ipaddress.IPv6Address(host)}]", ""
        except ValueError:
            return host, wrong
    try:
        ascii_host = host.encode("idna").decode() if not host.isascii() else host.lower()
    except UnicodeError:
        return host, wrong
    labels = ascii_host.removesuffix(".").split(".")
    if not all(_HOST_LABEL.match(label) for label in labels) or len(ascii_host) > 253:
        return host, wrong
    if all(label.isdigit() for label in labels):
        try:
            ipaddress.IPv4Address(ascii_host)
        except ValueError:
            return host, wrong
    return ascii_host, ""


def _with_port(host: str, port: int | None) -> str:
    return host if port is None else f"{host}:{port}"


def tr(text: str) -> str:
    return QCoreApplication.translate("Checks", text)
