"""python-swiftclient as the oracle of the Swift driver, with TempAuth and with Keystone."""

from __future__ import annotations

import hashlib
import http.client
import json
import re
from contextlib import closing
from math import ceil
from typing import Any
from urllib.parse import quote, urlsplit

import swiftclient
from keystoneauth1.identity import v3
from keystoneauth1.session import Session
from swiftclient.exceptions import ClientException

from storage_core.drivers.openstack_swift import OpenStackSwiftStorageDriver
from tests.oracles import Found

QUIRKS = (
    # What python-swiftclient cannot do by itself, and why; those names go by http.client, with its token.
    (re.compile(r"(^|/)\.{1,2}(/|$)"), "urllib3 resolves . and .. in the path"),
)
HEADERS = {
    "content_type": "content-type",
    "content_encoding": "content-encoding",
    "content_disposition": "content-disposition",
    "content_language": "content-language",
    "cache_control": "cache-control",
    "expires": "expires",
}
META = "x-object-meta-"


def quirk(name: str) -> str:
    """Why python-swiftclient does not reach an object of this name; "" when it does."""
    return next((reason for pattern, reason in QUIRKS if pattern.search(name)), "")


class SwiftClient:
    """An account at a proxy; signs in when it is first asked."""

    sdk = "python-swiftclient"
    folds_keys = True

    def __init__(self, users: set[str], auth_url: str | None, **options: Any) -> None:
        """`users`: all names and ids that lead into the account; `options` as of swiftclient.Connection."""
        self._users, self._auth_url, self._options = users, auth_url, options

    def serves(self, driver: Any) -> bool:
        """By who signs in: between a driver and its server may be a gateway."""
        if not isinstance(driver, OpenStackSwiftStorageDriver):
            return False
        one = driver.sign_in.identity
        return bool({one.user, one.user_id} & self._users)

    def read(self, container: str, name: str) -> Found | None:
        """See Oracle."""
        try:
            if quirk(name):
                told, data = self._as_it_is("GET", container, name)
            else:
                with closing(self._connection()) as connection:
                    told, data = connection.get_object(container, name)
        except ClientException as error:
            if error.http_status == 404:
                return None
            raise
        # The SDK decodes percent codes in all headers; only in metadata is that what they are there for.
        raw = self._raw_headers(container, name)
        values: dict[str, Any] = {field: raw.get(header, "") for field, header in HEADERS.items()}
        metadata = {key[len(META) :]: value for key, value in told.items() if key.startswith(META)}
        return Found(data=data, size=int(told["content-length"]), metadata=metadata, **values)

    def write(self, container: str, name: str, data: bytes, *, parts: int = 0, **attributes: Any) -> None:
        """See Oracle. Parts are an SLO as the SDK's own uploader makes it."""
        headers = {header: attributes[field] for field, header in HEADERS.items() if attributes.get(field)}
        for key, value in attributes.get("metadata", {}).items():
            # The server drops a header with an underscore; percent codes are what the SDK reads as one.
            headers[META + key.replace("_", "%5F")] = value
        if quirk(name):
            self._as_it_is("PUT", container, name, data, headers)
            return
        with closing(self._connection()) as connection:
            if not parts:
                connection.put_object(container, name, data, headers=headers)
                return
            connection.put_container(f"{container}_segments")
            step = ceil(len(data) / parts)
            rows = []
            for number in range(parts):
                piece = data[number * step : (number + 1) * step]
                segment = f"{name}/slo/1.0/{len(data)}/{step}/{number:08d}"
                connection.put_object(f"{container}_segments", segment, piece)
                path, etag = f"/{container}_segments/{segment}", hashlib.md5(piece).hexdigest()
                rows.append({"path": path, "etag": etag, "size_bytes": len(piece)})
            query = "multipart-manifest=put"
            connection.put_object(container, name, json.dumps(rows), headers=headers, query_string=query)

    def names(self, container: str) -> list[str]:
        """See Oracle."""
        try:
            with closing(self._connection()) as connection:
                return [row["name"] for row in connection.get_container(container, full_listing=True)[1]]
        except ClientException as error:
            if error.http_status == 404:
                return []
            raise

    def delete(self, container: str, name: str) -> None:
        """See Oracle."""
        if quirk(name):
            self._as_it_is("DELETE", container, name)
            return
        with closing(self._connection()) as connection:
            connection.delete_object(container, name)

    def keep_versions(self, container: str) -> None:
        """See Oracle."""
        with closing(self._connection()) as connection:
            connection.post_container(container, {"X-Versions-Enabled": "true"})

    def close(self) -> None:
        """See Oracle: each connection is closed where it was made."""

    # -- helpers --

    def _where(self) -> tuple[str, str]:
        """Account and token; signs in once."""
        if not hasattr(self, "_known"):
            options = {"authurl": self._auth_url, **self._options}
            with closing(swiftclient.Connection(**options, retries=1)) as connection:
                self._known: tuple[str, str] = connection.get_auth()
        return self._known

    def _connection(self) -> Any:
        url, token = self._where()
        return swiftclient.Connection(preauthurl=url, preauthtoken=token, retries=1)

    def _raw_headers(self, container: str, name: str) -> dict[str, str]:
        return self._as_it_is("HEAD", container, name)[0]

    def _as_it_is(
        self,
        method: str,
        container: str,
        name: str,
        data: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> tuple[dict[str, str], bytes]:
        account, token = self._where()
        url = urlsplit(account)
        wire = http.client.HTTPConnection(url.hostname or "", url.port or 80, timeout=30)
        sent = {key: value.encode() for key, value in (headers or {}).items()}
        try:
            path = f"{url.path}/{quote(container)}/{quote(name)}"
            wire.request(method, path, data, {"X-Auth-Token": token, **sent})
            reply = wire.getresponse()
            body = reply.read()
            if reply.status >= 300:
                raise ClientException(f"{reply.status} for {name!r}", http_status=reply.status)
            told = {key.lower(): _utf8(value) for key, value in reply.getheaders()}
            return told, body
        finally:
            wire.close()


def _utf8(value: str) -> str:
    return value.encode("latin-1").decode("utf-8", "replace")


def with_tempauth(server: Any) -> SwiftClient:
    """For the running Swift."""
    who = {"user": server.access_key, "key": server.secret_key}
    return SwiftClient({server.access_key}, server.auth_url, **who, auth_version="1")


def with_keystone(server: Any) -> SwiftClient:
    """For its second proxy; the SDK takes keystoneauth1's session for its own."""
    who = {"username": server.user, "password": server.password, "user_domain_name": server.domain}
    where = {"project_name": server.project, "project_domain_name": server.domain}
    session = Session(v3.Password(server.auth_url, **who, **where))
    users = {server.user, server.user_id, server.credential_id}
    return SwiftClient(users, None, session=session, os_options={"region_name": server.region})
