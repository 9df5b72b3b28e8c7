"""The row of Microsoft Azure."""

from __future__ import annotations

from storage_core.providers_rows import MORE, SIGN_IN, Field, ProviderRow
from storage_core.types import Provider

_ENTRA = ("browser", "client_secret", "managed_identity", "default")

_FIELDS = (
    Field(
        "sign_in",
        "Sign in with",
        kind="choice",
        default="key",
        choices=(
            *("key", "sas", "connection_string", "browser", "client_secret", "managed_identity"),
            *("default", "anonymous"),
        ),
        labels=(
            "Account key",
            "Shared access signature (SAS)",
            "Connection string",
            "Microsoft account, in the browser",
            "App registration (client secret)",
            "Identity of this machine",
            "This computer's own Azure sign-in",
            "Nothing: public containers only",
        ),
        section=SIGN_IN,
    ),
    Field(
        "key",
        "Storage account",
        when=("sign_in", ("key", "sas", *_ENTRA, "anonymous")),
        placeholder="mystorageaccount",
        help="The name of the storage account: what stands before .blob.core.windows.net.",
        section=SIGN_IN,
    ),
    Field(
        "secret",
        "Account key",
        secret=True,
        required=True,
        when=("sign_in", ("key",)),
        help="In the portal: Security + networking, Access keys. Either of the two.",
        section=SIGN_IN,
    ),
    Field(
        "sas_token",
        "SAS token or SAS URL",
        secret=True,
        required=True,
        when=("sign_in", ("sas",)),
        placeholder="https://mystorageaccount.blob.core.windows.net/container?sv=…&sig=…",
        help="Of the account or of one container, with at least the permissions to read and to list. A whole "
        "URL tells the account and the container as well.",
        section=SIGN_IN,
    ),
    Field(
        "container",
        "Container",
        when=("sign_in", ("sas", "anonymous")),
        help="The one that the signature opens, where it opens one alone; or a public one.",
        section=SIGN_IN,
    ),
    Field(
        "connection_string",
        "Connection string",
        kind="multiline",
        secret=True,
        required=True,
        when=("sign_in", ("connection_string",)),
        placeholder="DefaultEndpointsProtocol=https;AccountName=…;AccountKey=…;EndpointSuffix=…",
        help="In the portal: the storage account, Security + networking, Access keys. "
        "UseDevelopmentStorage=true opens an Azurite on this computer.",
        section=SIGN_IN,
    ),
    Field(
        "tenant_id",
        "Tenant",
        when=("sign_in", ("browser", "client_secret", "default")),
        placeholder="00000000-0000-0000-0000-000000000000",
        help="The directory (tenant) ID, or its domain.",
        section=SIGN_IN,
    ),
    Field(
        "client_id",
        "Client ID",
        when=("sign_in", ("client_secret", "managed_identity")),
        placeholder="00000000-0000-0000-0000-000000000000",
        help="The application (client) ID. A machine with one identity needs none.",
        section=SIGN_IN,
    ),
    Field(
        "client_secret",
        "Client secret",
        secret=True,
        required=True,
        when=("sign_in", ("client_secret",)),
        help="The secret's value, which the portal shows once, not its ID.",
        section=SIGN_IN,
    ),
    Field(
        "cloud",
        "Cloud",
        kind="choice",
        default="public",
        choices=("public", "china", "us_government", "germany"),
        labels=("Azure", "Azure China", "Azure US Government", "Azure Germany"),
        when=("sign_in", ("key", "sas", *_ENTRA, "anonymous")),
        section=SIGN_IN,
    ),
    Field(
        "endpoint",
        "Address",
        placeholder="https://mystorageaccount.blob.core.windows.net",
        help="Only for a domain of your own, Azure Stack or Azurite: the address of the blob service.",
        section=MORE,
    ),
)

ROWS: tuple[ProviderRow, ...] = (
    ProviderRow(
        Provider.AZURE_BLOBS,
        "Azure Blob Storage",
        "storage_core.drivers.azure_blobs:AzureBlobsStorageDriver",
        _FIELDS,
        "Microsoft",
        "azure",
        website="https://azure.microsoft.com/products/storage/blobs",
    ),
)
