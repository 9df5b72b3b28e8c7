"""A memcached in one file, as much of its text protocol as Swift's sign-in tokens and caches need.

Swift keeps tempauth tokens in memcached and in nothing else. Debian has a memcached, other systems not;
this one needs only Python. Run as a script: `memcached.py PORT`.
Protocol: https://github.com/memcached/memcached/blob/master/doc/protocol.txt
"""

from __future__ import annotations

import socketserver
import sys
import threading
import time
from dataclasses import dataclass

MONTH = 30 * 24 * 3600  # an expiry above this is a date, not a number of seconds


@dataclass(slots=True)
class Item:
    flags: bytes
    value: bytes
    dies: float  # time.time(); 0 means never


class Store:
    """Items by key; every command holds the lock, so incr and add are atomic."""

    def __init__(self) -> None:
        self._items: dict[bytes, Item] = {}
        self._lock = threading.Lock()

    def get(self, key: bytes) -> Item | None:
        with self._lock:
            return self._live(key)

    def put(self, verb: bytes, key: bytes, item: Item) -> bool:
        with self._lock:
            exists = self._live(key) is not None
            if (verb == b"add" and exists) or (verb == b"replace" and not exists):
                return False
            self._items[key] = item
            return True

    def delete(self, key: bytes) -> bool:
        with self._lock:
            exists = self._live(key) is not None
            self._items.pop(key, None)
            return exists

    def touch(self, key: bytes, dies: float) -> bool:
        with self._lock:
            item = self._live(key)
            if item is not None:
                item.dies = dies
            return item is not None

    def add_to(self, key: bytes, amount: int) -> bytes | None:
        with self._lock:
            item = self._live(key)
            if item is None:
                return None
            item.value = b"%d" % max(0, int(item.value) + amount)  # memcached never goes below zero
            return item.value

    def clear(self) -> None:
        with self._lock:
            self._items.clear()

    def _live(self, key: bytes) -> Item | None:
        item = self._items.get(key)
        if item is not None and item.dies and item.dies <= time.time():
            del self._items[key]
            return None
        return item


def expiry(text: bytes) -> float:
    seconds = int(text)
    if seconds == 0:
        return 0.0
    if seconds < 0:
        return 1.0  # long past
    return float(seconds) if seconds > MONTH else time.time() + seconds


class Session(socketserver.StreamRequestHandler):
    """One client; commands are answered in order until it hangs up."""

    store = Store()

    def handle(self) -> None:
        try:
            while line := self.rfile.readline():
                words = line.split()
                answer = self.answer(words) if words else b"ERROR\r\n"
                if answer and words[-1] != b"noreply":
                    self.wfile.write(answer)
        except ConnectionError:
            return  # a client may hang up at any time

    def answer(self, words: list[bytes]) -> bytes:
        match words:
            case [b"get" | b"gets" as verb, *keys]:
                return self.found(keys, with_id=verb == b"gets")
            case [b"set" | b"add" | b"replace" as verb, key, flags, dies, size, *_]:
                value = self.rfile.read(int(size) + 2)[:-2]
                stored = self.store.put(verb, key, Item(flags, value, expiry(dies)))
                return b"STORED\r\n" if stored else b"NOT_STORED\r\n"
            case [b"delete", key, *_]:
                return b"DELETED\r\n" if self.store.delete(key) else b"NOT_FOUND\r\n"
            case [b"touch", key, dies, *_]:
                return b"TOUCHED\r\n" if self.store.touch(key, expiry(dies)) else b"NOT_FOUND\r\n"
            case [b"incr" | b"decr" as verb, key, amount, *_]:
                sign = 1 if verb == b"incr" else -1
                value_now = self.store.add_to(key, sign * int(amount))
                return b"NOT_FOUND\r\n" if value_now is None else value_now + b"\r\n"
            case [b"flush_all", *_]:
                self.store.clear()
                return b"OK\r\n"
            case [b"version"]:
                return b"VERSION 1.6.0\r\n"
        return b"ERROR\r\n"

    def found(self, keys: list[bytes], *, with_id: bool) -> bytes:
        parts = []
        for key in keys:
            if item := self.store.get(key):
                unique = b" 1" if with_id else b""
                parts.append(b"VALUE %s %s %d%s\r\n" % (key, item.flags, len(item.value), unique))
                parts.append(item.value + b"\r\n")
        return b"".join([*parts, b"END\r\n"])


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


if __name__ == "__main__":
    with Server(("127.0.0.1", int(sys.argv[1])), Session) as server:
        server.serve_forever()
