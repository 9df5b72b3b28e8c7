"""The rows of Google Cloud."""

from __future__ import annotations

from storage_core.providers_rows import MORE, SIGN_IN, Field, ProviderRow
from storage_core.types import Provider

DRIVER = "storage_core.drivers.google_storage:GoogleStorageDriver"

_FIELDS = (
    Field(
        "sign_in",
        "Sign in with",
        kind="choice",
        default="key_file",
        choices=("key_file", "key_text", "refresh_token", "default", "token", "anonymous"),
        labels=(
            "Service account: key file",
            "Service account: key pasted as text",
            "Refresh token of a person",
            "This computer's own Google sign-in",
            "Access token",
            "Nothing: public containers only",
        ),
        section=SIGN_IN,
    ),
    Field(
        "key_file",
        "Key file",
        kind="path",
        required=True,
        when=("sign_in", ("key_file",)),
        placeholder="/home/you/project-1a2b3c.json",
        help="The JSON file that the Cloud console gives for a service account: IAM & Admin, Service "
        "Accounts, Keys. A workload identity file will do as well.",
        section=SIGN_IN,
    ),
    Field(
        "secret",
        "Key",
        kind="multiline",
        secret=True,
        required=True,
        when=("sign_in", ("key_text",)),
        placeholder='{"type": "service_account", …}',
        help="All of the text of the JSON key file; it goes into the keyring and no file is needed.",
        section=SIGN_IN,
    ),
    Field(
        "client_id",
        "Client ID",
        required=True,
        when=("sign_in", ("refresh_token",)),
        placeholder="1234-abcd.apps.googleusercontent.com",
        help="Of the OAuth client for which the refresh token was made.",
        section=SIGN_IN,
    ),
    Field(
        "client_secret",
        "Client secret",
        secret=True,
        required=True,
        when=("sign_in", ("refresh_token",)),
        section=SIGN_IN,
    ),
    Field(
        "refresh_token",
        "Refresh token",
        secret=True,
        required=True,
        when=("sign_in", ("refresh_token",)),
        help="In the file of gcloud auth application-default login all three stand together.",
        section=SIGN_IN,
    ),
    Field(
        "token",
        "Access token",
        secret=True,
        required=True,
        when=("sign_in", ("token",)),
        help="From gcloud auth print-access-token; it is good for an hour.",
        section=SIGN_IN,
    ),
    Field(
        "project",
        "Project",
        placeholder="my-project-123",
        help="Its ID. Needed to list and to create containers; a service account's key names it.",
        section=SIGN_IN,
        when=("sign_in", ("key_file", "key_text", "refresh_token", "default", "token")),
    ),
    Field(
        "endpoint",
        "Address",
        placeholder="https://storage.googleapis.com",
        help="Only for an address of your own, such as Private Service Connect or an emulator.",
        section=MORE,
    ),
    Field(
        "user_project",
        "Project to charge",
        help="For containers whose owner lets the requester pay: the project that pays.",
        section=MORE,
    ),
)

ROWS: tuple[ProviderRow, ...] = (
    ProviderRow(
        Provider.GOOGLE_STORAGE,
        "Google Cloud Storage",
        DRIVER,
        _FIELDS,
        "Google",
        "google",
        website="https://cloud.google.com/storage",
    ),
)
