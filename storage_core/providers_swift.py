"""The rows of OpenStack Swift and its relatives."""

from __future__ import annotations

from storage_core.providers_rows import MORE, SIGN_IN, Field, ProviderRow
from storage_core.types import Provider

DRIVER = "storage_core.drivers.openstack_swift:OpenStackSwiftStorageDriver"
OPENSTACK = "OpenStack"
WEBSITE = "https://docs.openstack.org/swift/"

BY_NAME = ("password", "v2", "v1")
BY_KEYSTONE = ("password", "application_credential", "token", "v2")


_LINK_KEY = Field(
    "temp_url_key",
    "Key for links",
    secret=True,
    help="Only where the account has one that it does not show to you.",
    section=MORE,
)

# How to sign in, and as whom.
_WHO = (
    Field(
        "sign_in",
        "Sign in with",
        kind="choice",
        choices=("password", "application_credential", "token", "v2", "v1"),
        labels=(
            "User and password (Keystone v3)",
            "Application credential",
            "A token",
            "User and password (Keystone v2)",
            "User and key (TempAuth, v1)",
        ),
        default="password",
        section=SIGN_IN,
    ),
    Field(
        "auth_url",
        "Sign-in address",
        placeholder="https://keystone.example.com:5000/v3",
        help="OS_AUTH_URL of the RC file, auth_url of clouds.yaml. For TempAuth it ends with /auth/v1.0.",
        section=SIGN_IN,
    ),
    Field(
        "key",
        "User",
        required=True,
        help="With TempAuth often account:user.",
        when=("sign_in", BY_NAME),
        section=SIGN_IN,
    ),
    Field(
        "secret",
        "Password or key",
        required=True,
        secret=True,
        when=("sign_in", BY_NAME),
        section=SIGN_IN,
    ),
    Field(
        "credential_id",
        "ID of the credential",
        required=True,
        help="Made under Identity, Application Credentials; it opens the one project it was made in.",
        when=("sign_in", ("application_credential",)),
        section=SIGN_IN,
    ),
    Field(
        "credential_secret",
        "Secret of the credential",
        required=True,
        secret=True,
        when=("sign_in", ("application_credential",)),
        section=SIGN_IN,
    ),
    Field(
        "token",
        "Token",
        required=True,
        secret=True,
        help="It runs out after some hours, and nothing here can renew it.",
        when=("sign_in", ("token",)),
        section=SIGN_IN,
    ),
    Field(
        "project",
        "Project",
        help="Name or id. Each project has a storage account of its own.",
        when=("sign_in", ("password", "token", "v2")),
        section=SIGN_IN,
    ),
    Field(
        "user_domain",
        "Domain",
        default="Default",
        help="Of the user, and of the project where no other one is named. Name or id.",
        when=("sign_in", ("password",)),
        section=SIGN_IN,
    ),
)


# Which of the addresses that the catalog has.
_WHERE = (
    Field(
        "region",
        "Region",
        placeholder="RegionOne",
        help="Where the cloud has several; empty for the first one.",
        when=("sign_in", BY_KEYSTONE),
        section=SIGN_IN,
    ),
    Field(
        "project_domain",
        "Domain of the project",
        help="Only where it is not the user's.",
        when=("sign_in", ("password", "token")),
        section=MORE,
    ),
    Field(
        "interface",
        "Network",
        kind="choice",
        choices=("public", "internal", "admin"),
        labels=("Public", "Internal: from machines of the same cloud", "Admin"),
        default="public",
        when=("sign_in", BY_KEYSTONE),
        section=MORE,
    ),
    Field(
        "storage_url",
        "Address of the storage account",
        placeholder="https://swift.example.com/v1/AUTH_…",
        help="Only where the one that the sign-in tells is not the one to use. With it a token needs "
        "no sign-in address.",
        section=MORE,
    ),
    _LINK_KEY,
)


def _row(constant: str, title: str) -> ProviderRow:
    return ProviderRow(constant, title, DRIVER, (*_WHO, *_WHERE), OPENSTACK, "swift", website=WEBSITE)


ROWS: tuple[ProviderRow, ...] = (
    _row(Provider.OPENSTACK_SWIFT, "OpenStack Swift"),
    _row(Provider.CLOUDFILES_SWIFT, "OpenStack Swift (Libcloud's old name)"),
    ProviderRow(
        Provider.KTUCLOUD,
        "KT Cloud",
        DRIVER,
        (
            Field("key", "User", required=True),
            Field("secret", "Key", required=True, secret=True),
            Field(
                "auth_url",
                "Sign-in address",
                default="https://ssproxy.ucloudbiz.olleh.com/auth/v1.0",
                help="The provider has moved before: its pages tell the present one.",
                section=MORE,
            ),
            _LINK_KEY,
        ),
        OPENSTACK,
        "swift",
        preset={"sign_in": "v1", "auth_url": "https://ssproxy.ucloudbiz.olleh.com/auth/v1.0"},
        website="https://cloud.kt.com/",
    ),
)
