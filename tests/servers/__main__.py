"""Installs the servers of the tests ahead of them: python -m tests.servers"""

from __future__ import annotations

import sys

from tests.servers import azurite, keystone, swift
from tests.servers.processes import ServerFailed, logs_folder

if __name__ == "__main__":
    try:
        for server in (swift, keystone, azurite):
            server.install(logs_folder("install") / "install.log")
    except ServerFailed as problem:
        sys.exit(str(problem))
