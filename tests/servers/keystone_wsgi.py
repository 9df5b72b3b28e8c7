"""Serves Keystone's API on loopback; runs under Keystone's own Python: keystone_wsgi.py PORT

Which configuration it reads is told by the environment (OS_KEYSTONE_CONFIG_FILES). Threads, no eventlet.
"""

from __future__ import annotations

import sys
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from keystone.server import wsgi  # type: ignore[import-not-found]


class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True
    request_queue_size = 64


class Handler(WSGIRequestHandler):
    def log_message(self, *_: Any) -> None:
        """Keystone has a log of its own."""

    def address_string(self) -> str:
        """Without asking a name server for the name of this computer."""
        return str(self.client_address[0])


if __name__ == "__main__":
    port = int(sys.argv.pop())  # Keystone reads the command line, too
    application = wsgi.initialize_public_application()
    make_server("127.0.0.1", port, application, Server, Handler).serve_forever()
