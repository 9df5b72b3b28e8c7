"""TLS: what is trusted, and what a server's certificate says about itself."""

from __future__ import annotations

import hashlib
import ssl
from collections.abc import Iterator
from dataclasses import dataclass

from storage_core.errors import CertificateError, LocalFileError

_NAMES = {b"\x55\x04\x03": "CN", b"\x55\x04\x0a": "O"}
_SEQUENCE, _SET, _OID, _VERSION, _BMP = 0x30, 0x31, 0x06, 0xA0, 0x1E


@dataclass(frozen=True, slots=True)
class ServerCertificate:
    """What a person needs to decide whether to pin it. `sha256` in hex, over the DER form."""

    sha256: str
    subject: str
    issuer: str


def context(bundle: str, ca_file: str = "") -> ssl.SSLContext:
    """Trusts the authorities of the PEM file `bundle`, and those of `ca_file` beside them.

    LocalFileError for a file that cannot be read, CertificateError for one without certificates.
    """
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    for path in (bundle, ca_file):
        if path:
            add_authorities(made, path)
    return made


def add_authorities(into: ssl.SSLContext, path: str) -> None:
    """Trust the authorities of a PEM file too; errors as in `context`."""
    try:
        into.load_verify_locations(path)
    except ssl.SSLError:
        raise CertificateError(f"{path} holds no certificates in PEM form.") from None
    except OSError as error:
        raise LocalFileError(
            f"The certificate file {path} could not be read: {error.strerror}.",
            path=path,
            errno=error.errno or 0,
        ) from None


def unverified() -> ssl.SSLContext:
    """Trusts everybody: only for a pin, which is checked instead, and for looking at a certificate."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    made.check_hostname = False
    made.verify_mode = ssl.CERT_NONE
    return made


def read_certificate(der: bytes) -> ServerCertificate:
    """Fingerprint and names of an X.509 certificate; names are "" where they cannot be read.

    The standard library parses only certificates that it trusts, hence these lines of DER (RFC 5280, 4.1).
    """
    try:
        certificate = next(_elements(der))[1]
        fields = [item for item in _elements(next(_elements(certificate))[1]) if item[0] != _VERSION]
        issuer, subject = _name(fields[2][1]), _name(fields[4][1])
    except (IndexError, StopIteration, UnicodeDecodeError):
        issuer = subject = ""
    return ServerCertificate(hashlib.sha256(der).hexdigest(), subject, issuer)


def _name(sequence: bytes) -> str:
    parts: dict[str, str] = {}
    for _, relative in _elements(sequence):
        for _, pair in _elements(relative):
            (_, oid), (kind, text) = list(_elements(pair))[:2]
            if label := _NAMES.get(oid):
                parts[label] = text.decode("utf-16-be" if kind == _BMP else "utf-8")
    return ", ".join(parts[label] for label in ("CN", "O") if label in parts)


def _elements(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at < len(data):
        kind, length, at = data[at], data[at + 1], at + 2
        if length & 0x80:
            size = length & 0x7F
            length, at = int.from_bytes(data[at : at + size], "big"), at + size
        if at + length > len(data):
            raise IndexError("a DER element is longer than what holds it")
        yield kind, data[at : at + length]
        at += length
