"""What the tests of the Google stand-in share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from google.auth import _regional_access_boundary_utils
from google.cloud import storage
from google.oauth2.service_account import Credentials

from tests.servers.google_standin import GoogleStandin
from tests.servers.google_standin_clients import Api, sdk, token


@pytest.fixture(autouse=True)
def _google_auth_stays_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """It asks iamcredentials.googleapis.com in the background, wherever it signs in."""
    manager = _regional_access_boundary_utils._RegionalAccessBoundaryManager
    monkeypatch.setattr(manager, "maybe_start_refresh", lambda *_: None)


@pytest.fixture
def client(google_standin: GoogleStandin) -> Iterator[storage.Client]:
    with sdk(google_standin, Credentials.from_service_account_file(str(google_standin.key_file))) as made:
        yield made


@pytest.fixture
def reader(google_standin: GoogleStandin) -> Iterator[storage.Client]:
    with sdk(
        google_standin, Credentials.from_service_account_file(str(google_standin.reader_key_file))
    ) as made:
        yield made


@pytest.fixture
def bucket(client: storage.Client) -> storage.Bucket:
    return client.create_bucket("holidays")


@pytest.fixture
def api(google_standin: GoogleStandin) -> Iterator[Api]:
    """Whoever owns the project, by hand; there is a bucket `holidays`."""
    made = Api(google_standin, token(google_standin))
    project = google_standin.project
    assert made("POST", f"/storage/v1/b?project={project}", json={"name": "holidays"}).status_code == 200
    yield made
    made.session.close()
