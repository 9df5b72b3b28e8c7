"""The process of the Google stand-in: python -m tests.servers.google_standin_process PORT FOLDER

FOLDER gets the files of its accounts, made anew: writer.json, reader.json, person.json.
"""

from __future__ import annotations

import io
import resource
import sys
from pathlib import Path

from tests.servers.google_standin_accounts import Accounts
from tests.servers.google_standin_resources import Shown
from tests.servers.google_standin_routes import Router
from tests.servers.google_standin_service import Service
from tests.servers.google_standin_state import State
from tests.servers.google_standin_wire import Server


def main(port: int, folder: Path) -> None:
    assert isinstance(sys.stdout, io.TextIOWrapper)
    sys.stdout.reconfigure(line_buffering=True)  # the log of a server that is ended by a signal is whole
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 20_000)), hard))
    endpoint = f"http://127.0.0.1:{port}"
    accounts = Accounts(f"{endpoint}/token")
    accounts.make(folder)
    service = Service(State(), accounts, Shown(endpoint))
    with Server(("127.0.0.1", port), Router(service).answer) as server:
        server.serve_forever()


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
