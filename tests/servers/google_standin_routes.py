"""Which address of the Google stand-in leads where, what every request goes through, and tests' orders."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

from tests.servers import google_standin_access as access
from tests.servers import google_standin_batch as batch
from tests.servers import google_standin_buckets as buckets
from tests.servers import google_standin_copies as copies
from tests.servers import google_standin_listing as listing
from tests.servers import google_standin_objects as objects
from tests.servers import google_standin_uploads as uploads
from tests.servers import google_standin_xml as xml
from tests.servers.google_standin_accounts import Caller
from tests.servers.google_standin_service import Call, Fault, Service
from tests.servers.google_standin_state import Bucket
from tests.servers.google_standin_wire import (
    Cut,
    Refused,
    Reply,
    Request,
    decoded,
    invalid,
    json_reply,
    not_here,
)

Handler = Callable[[Call], Reply]
CONTROL = "/_standin/"  # no bucket can be called so
API = "storage/v1"
CUSTOMER_KEYS = ("x-goog-encryption-", "x-goog-copy-source-encryption-")
UPLOAD = f"upload/{API}/b/*/o"
API_ROOTS = (f"/{API}/", f"/upload/{API}/", f"/download/{API}/", "/batch/")

ROUTES: dict[tuple[str, str], Handler] = {
    ("GET", f"{API}/b"): buckets.list_buckets,
    ("POST", f"{API}/b"): buckets.insert_bucket,
    ("GET", f"{API}/b/*"): buckets.get_bucket,
    ("PATCH", f"{API}/b/*"): buckets.patch_bucket,
    ("PUT", f"{API}/b/*"): buckets.update_bucket,
    ("DELETE", f"{API}/b/*"): buckets.delete_bucket,
    ("GET", f"{API}/projects/*/serviceAccount"): buckets.service_account,
    ("GET", f"{API}/b/*/iam"): access.get_policy,
    ("PUT", f"{API}/b/*/iam"): access.set_policy,
    ("GET", f"{API}/b/*/iam/testPermissions"): access.test_permissions,
    ("GET", f"{API}/b/*/o"): listing.list_objects,
    ("GET", f"{API}/b/*/o/*"): objects.get_object,
    ("GET", f"download/{API}/b/*/o/*"): objects.get_object,
    ("PATCH", f"{API}/b/*/o/*"): objects.patch_object,
    ("PUT", f"{API}/b/*/o/*"): objects.update_object,
    ("DELETE", f"{API}/b/*/o/*"): objects.delete_object,
    ("POST", f"{API}/b/*/o/*/compose"): copies.compose,
    ("POST", f"{API}/b/*/o/*/rewriteTo/b/*/o/*"): copies.rewrite,
    ("POST", f"{API}/b/*/o/*/copyTo/b/*/o/*"): copies.copy_object,
    ("POST", f"{API}/b/*/o/*/moveTo/o/*"): copies.move_object,
}
for base in (f"{API}/b/*/acl", f"{API}/b/*/defaultObjectAcl", f"{API}/b/*/o/*/acl"):
    ROUTES["GET", base] = access.list_entries
    ROUTES["POST", base] = access.insert_entry
    ROUTES["GET", f"{base}/*"] = access.get_entry
    ROUTES["PUT", f"{base}/*"] = access.update_entry
    ROUTES["PATCH", f"{base}/*"] = access.update_entry
    ROUTES["DELETE", f"{base}/*"] = access.delete_entry
STREAMED: dict[tuple[str, str], Handler] = {
    ("POST", UPLOAD): uploads.insert_object,
    ("PUT", UPLOAD): uploads.put_chunk,
    ("DELETE", UPLOAD): uploads.cancel,
}
"""They read their bodies while these come, and take the lock themselves."""


def shapes() -> dict[tuple[int, str], list[tuple[str, list[str]]]]:
    """Routes by length and first word, so that finding one takes a few comparisons."""
    found: dict[tuple[int, str], list[tuple[str, list[str]]]] = {}
    for _, pattern in (*ROUTES, *STREAMED):
        words = pattern.split("/")
        entry = (pattern, words)
        known = found.setdefault((len(words), words[0]), [])
        if entry not in known:
            known.append(entry)
    return found


class Router:
    def __init__(self, service: Service) -> None:
        self.service = service
        self._shapes = shapes()

    def answer(self, request: Request) -> Reply:
        """A reply to any request. What a fault asks for comes first."""
        if request.path.startswith(CONTROL):
            return control(self.service, request)
        began = time.perf_counter()
        fault = self.service.fault(request)
        if fault is not None and fault.kind == "status":
            request.body.drain()
            refusal = faulty(fault)
            xml_wanted = not request.path.startswith((*API_ROOTS, "/token"))
            reply = refusal.as_xml() if xml_wanted else refusal.json()
        else:
            try:
                if fault is not None and fault.kind == "cut" and not request.query.get("upload_id"):
                    raise Cut
                reply = self._served(request, fault)
            except (Cut, ConnectionError):
                self._remember(request, 0, began)
                raise
        self._remember(request, reply.status, began)
        if fault is not None and fault.kind == "lost":
            request.body.drain()
            raise Cut
        if fault is not None and fault.kind == "short":
            reply.cut_after = fault.bytes
        if fault is not None and fault.kind == "corrupt":
            flip(reply, fault.bytes)
        return reply

    def _served(self, request: Request, fault: Fault | None) -> Reply:
        method = request.method
        if method == "POST" and request.header("x-http-method-override"):
            method = request.header("x-http-method-override").upper()
        try:
            if any(name.startswith(CUSTOMER_KEYS) for name in request.folded):
                raise not_here("This stand-in knows no customer-supplied keys.")
            if request.path == "/token":
                return self.service.accounts.answer(request)
            if request.path == batch.PATH:
                return batch.batch(self.service, request, lambda one: self._served(one, None))
            pattern, names = self.match(request.path)
            if not pattern and not request.path.startswith(API_ROOTS):
                return xml.answer(self.service, request, fault)
            return self.call(method, pattern, names, request, fault)
        except Refused as refusal:
            return refusal.json()

    def call(
        self, method: str, pattern: str, names: list[str], request: Request, fault: Fault | None
    ) -> Reply:
        if method == "HEAD":
            method = "GET"
        if (handler := STREAMED.get((method, pattern))) is not None:
            by_session = bool(request.query.get("upload_id"))
            caller = Caller() if by_session else self.service.accounts.caller(request)
            return handler(Call(self.service, request, caller, names, fault))
        if (handler := ROUTES.get((method, pattern))) is None:
            raise Refused(405 if pattern else 404, "notFound", "Not Found")
        caller = self.service.accounts.caller(request)
        request.bytes  # noqa: B018  read before the lock is taken
        with self.service.state.lock:
            return handler(Call(self.service, request, caller, names, fault))

    def match(self, path: str) -> tuple[str, list[str]]:
        """The route, and the names in it, each decoded once. No route: empty."""
        words = path[1:].split("/")
        for pattern, shape in self._shapes.get((len(words), words[0]), ()):
            if all(want in ("*", word) for want, word in zip(shape, words, strict=True)):
                return pattern, [
                    decoded(word) for want, word in zip(shape, words, strict=True) if want == "*"
                ]
        return "", []

    def _remember(self, request: Request, status: int, began: float) -> None:
        secret = {"authorization", "proxy-authorization"}
        self.service.heard.append(
            {
                "method": request.method,
                "target": request.target,
                "headers": {name: value for name, value in request.folded.items() if name not in secret},
                "authorized": "authorization" in request.folded,
                "size": request.body.size,
                "status": status,
            }
        )
        print(
            f"{request.method} {request.path} {status} {(time.perf_counter() - began) * 1000:.1f} ms",
            flush=False,
        )


def faulty(fault: Fault) -> Refused:
    reasons = {429: "rateLimitExceeded", 401: "authError", 408: "requestTimeout"}
    return Refused(
        fault.status,
        reasons.get(fault.status, "backendError"),
        "A fault that a test ordered.",
        headers=list(fault.headers.items()),
    )


def flip(reply: Reply, at: int) -> None:
    """One wrong bit in the body, as of a bad memory on the way."""
    if isinstance(reply.body, bytes):
        reply.body = damaged(reply.body, at)
        return
    pieces = iter(reply.body)

    def wrong() -> Iterator[bytes]:
        seen = 0
        for piece in pieces:
            here = at - seen
            seen += len(piece)
            yield damaged(piece, here) if 0 <= here < len(piece) else piece

    reply.body = wrong()


def damaged(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :] if at < len(data) else data


# -- for the tests --


def control(service: Service, request: Request) -> Reply:
    """POST /_standin/WHAT with JSON: what no client of the real service could do."""
    what = request.path.removeprefix(CONTROL)
    try:
        if what == "requests":
            return json_reply(list(service.heard))
        with service.state.lock:
            return json_reply(ORDERS[what](service, request.json) or {})
    except Refused as refusal:
        return refusal.json()
    except KeyError as missing:
        return invalid(f"No such order: {missing}").json()


def order_fault(service: Service, asked: dict[str, Any]) -> None:
    service.faults.append(Fault(**asked))


def order_settings(service: Service, asked: dict[str, Any]) -> None:
    for name, value in asked.items():
        if name == "token_seconds":
            service.accounts.token_seconds = value
        elif hasattr(service.settings, name):
            setattr(service.settings, name, value)
        else:
            raise invalid(f"No such setting: {name}")


def order_account(service: Service, asked: dict[str, Any]) -> None:
    service.accounts.known[asked["email"]].disabled = asked["disabled"]


def order_sessions(service: Service, asked: dict[str, Any]) -> dict[str, int]:
    """Ends every upload session that is under way, with this status from now on."""
    ended = [one for one in service.sessions.values() if one.finished is None and not one.ended]
    for one in ended:
        one.ended = asked.get("status", 410)
    return {"ended": len(ended)}


def order_revoke(service: Service, asked: dict[str, Any]) -> None:
    service.accounts.refresh_revoked = True


def order_foreign(service: Service, asked: dict[str, Any]) -> None:
    """A bucket of somebody else, whose name is taken and whose contents nobody here may see."""
    bucket = Bucket(asked["name"], "somebody-else", {"location": "US", "storageClass": "STANDARD"}, [], [])
    service.state.buckets[bucket.name] = bucket


ORDERS: dict[str, Callable[[Service, dict[str, Any]], Any]] = {
    "reset": lambda service, asked: service.reset(),
    "fault": order_fault,
    "settings": order_settings,
    "expire-tokens": lambda service, asked: service.accounts.expire_tokens(),
    "account": order_account,
    "end-sessions": order_sessions,
    "revoke": order_revoke,
    "foreign-bucket": order_foreign,
    "faults": lambda service, asked: {"left": [vars(one) for one in service.faults]},
}
