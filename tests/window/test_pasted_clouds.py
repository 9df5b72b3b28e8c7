"""What people have at hand for Azure, Google and OpenStack, recognised in the text alone."""

import json

import pytest

from gui.pasted import FIELDS, WAYS, PasteError, recognise, recognise_file
from storage_core import providers
from tests.window.test_pasted import SECRET, filled

pytestmark = pytest.mark.window

# -- Azure --

ACCOUNT_KEY = "YzRuYXJ5" * 11  # base64
SAS = "sv=2021-12-02&ss=b&srt=sco&sp=rwl&se=2099-01-01T00%3A00%3A00Z&sig=c4nary%2B%3D"
SERVICE_SAS = "sv=2021-12-02&sr=c&sp=rl&se=2099-01-01T00%3A00%3A00Z&sig=c4nary%2B%3D"
LOCAL = "http://127.0.0.1:10000/devstoreaccount1"


@pytest.mark.parametrize(
    ("text", "values"),
    [
        (
            f"DefaultEndpointsProtocol=https;AccountName=me;AccountKey={ACCOUNT_KEY};EndpointSuffix=core.windows.net",
            {"sign_in": "key", "key": "me", "cloud": "public"},
        ),
        (
            f"AccountName=me;AccountKey={ACCOUNT_KEY};EndpointSuffix=core.chinacloudapi.cn",
            {"sign_in": "key", "key": "me", "cloud": "china"},
        ),
        (
            f"AccountName=me;AccountKey={ACCOUNT_KEY};BlobEndpoint=https://blob.stack.example/me;",
            {"sign_in": "key", "key": "me", "endpoint": "https://blob.stack.example/me"},
        ),
        (
            f"AccountName=devstoreaccount1;AccountKey={ACCOUNT_KEY};BlobEndpoint={LOCAL};\n",
            {"sign_in": "key", "key": "devstoreaccount1", "endpoint": LOCAL},
        ),
    ],
    ids=["portal", "China", "own address", "Azurite"],
)
def test_an_azure_connection_string(text, values):
    found = filled(text)
    assert found.what == "Azure connection string"
    assert (found.provider, found.values, found.secrets) == ("azure_blobs", values, {"secret": ACCOUNT_KEY})
    providers.open_driver(found.provider, {**found.values, **found.secrets})


def test_an_azure_connection_string_with_a_signature_and_the_emulators_own():
    found = filled(f"BlobEndpoint=https://me.blob.core.windows.net/;SharedAccessSignature={SAS}")
    assert found.values == {"sign_in": "sas", "key": "me", "cloud": "public"}
    assert found.secrets == {"sas_token": SAS}
    found = filled("UseDevelopmentStorage=true")
    assert found.values == {"sign_in": "key", "key": "devstoreaccount1", "endpoint": LOCAL}


def test_an_azure_sas_url_of_the_account_and_of_one_container():
    found = filled(f"https://me.blob.core.windows.net/?{SAS}")
    assert found.values == {"sign_in": "sas", "key": "me", "cloud": "public"}
    assert found.secrets == {"sas_token": SAS}
    assert found.containers == ()
    found = filled(f"https://me.blob.core.windows.net/photos?{SERVICE_SAS}")
    assert found.values == {"sign_in": "sas", "key": "me", "cloud": "public", "container": "photos"}
    assert (found.containers, found.start) == (("photos",), "photos/")
    found = filled(f"https://me.blob.core.chinacloudapi.cn/photos?{SERVICE_SAS}")
    assert found.values["cloud"] == "china"
    found = filled(f"{LOCAL}/photos?{SERVICE_SAS}")
    assert found.values["endpoint"] == LOCAL
    assert found.values["container"] == "photos"
    for query in (SAS, f"?{SAS}"):
        found = filled(query)
        assert found.secrets == {"sas_token": SAS}
        assert "name" in found.note
    with pytest.raises(PasteError, match="one blob"):
        recognise(f"https://me.blob.core.windows.net/photos/a.jpg?{SERVICE_SAS.replace('sr=c', 'sr=b')}")


def test_an_azure_address_names_account_and_place():
    found = filled("https://me.blob.core.windows.net/photos/2026")
    assert found.values == {"key": "me", "cloud": "public"}
    assert found.start == "photos/2026/"
    found = filled("https://me.dfs.core.windows.net/photos")
    assert found.values == {"key": "me", "cloud": "public"}


# -- Google --

SERVICE_ACCOUNT = {
    "type": "service_account",
    "project_id": "ferry-1",
    "private_key": f"-----BEGIN PRIVATE KEY-----\n{SECRET}\n-----END PRIVATE KEY-----\n",
    "client_email": "me@ferry-1.iam.gserviceaccount.com",
}


def test_a_google_key_goes_into_the_keyring_whole(tmp_path):
    found = filled(json.dumps(SERVICE_ACCOUNT))
    assert found.values == {"sign_in": "key_text", "project": "ferry-1"}
    assert json.loads(found.secrets["secret"]) == SERVICE_ACCOUNT
    assert found.title == "ferry-1"
    file = tmp_path / "key.json"
    file.write_text(json.dumps(SERVICE_ACCOUNT))
    assert "not needed any more" in recognise_file(str(file)).note


def test_a_persons_google_sign_in_and_an_hmac_key():
    person = {
        "type": "authorized_user",
        "client_id": "c",
        "client_secret": SECRET,
        "refresh_token": SECRET[::-1],
    }
    found = filled(json.dumps(person))
    assert found.values == {"sign_in": "refresh_token", "client_id": "c"}
    assert found.secrets == {"client_secret": SECRET, "refresh_token": SECRET[::-1]}
    assert "project" in found.note
    hmac = {"metadata": {"accessId": "GOOG1E", "projectId": "p"}, "secret": SECRET}
    found = filled(json.dumps(hmac))
    assert (found.provider, found.values["key"]) == ("google_storage_s3", "GOOG1E")


WORKLOAD = {
    "type": "external_account",
    "audience": "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/q",
    "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
    "token_url": "https://sts.googleapis.com/v1/token",
    "credential_source": {"file": "/var/run/token"},
}


def test_a_google_workload_identity_signs_in_by_itself():
    found = filled(json.dumps(WORKLOAD))
    assert found.values == {"sign_in": "key_text"}
    assert json.loads(found.secrets["secret"]) == WORKLOAD
    assert "project" in found.note
    assert filled(json.dumps(WORKLOAD | {"quota_project_id": "ferry-1"})).values["project"] == "ferry-1"


@pytest.mark.parametrize(
    "url",
    [
        "https://sts.example.com/v1/token",
        "https://googleapis.com.example/",
        "https://a@b.example/.googleapis.com",
    ],
)
@pytest.mark.parametrize("name", ["token_url", "service_account_impersonation_url"])
def test_a_google_workload_identity_that_sends_files_elsewhere_is_refused(name, url):
    with pytest.raises(PasteError, match="not Google's"):
        recognise(json.dumps(WORKLOAD | {name: url}))


@pytest.mark.parametrize(
    ("text", "start"),
    [
        ("gs://photos", "photos"),
        ("gs://photos/2026/a.jpg", "photos/2026/"),
        ("https://console.cloud.google.com/storage/browser/photos/2026;tab=objects?project=p", "photos"),
        ("https://storage.googleapis.com/photos/a%20b/c.jpg", "photos/a b/"),
    ],
)
def test_a_google_address_says_where_to_begin(text, start):
    found = filled(text)
    assert (found.provider, found.start) == ("google_storage", start)


# -- OpenStack --

CLOUDS = f"""
# the clouds
clouds:
  harbour:
    auth:
      auth_url: https://keystone.example:5000/v3
      username: ferry
      password: {SECRET}
      project_name: boats
      user_domain_name: Harbour
    region_name: RegionOne
    interface: internalURL
    identity_api_version: 3
  digits:
    auth: {{auth_url: "https://k.example/v3", username: u, password: 0123, project_id: abc}}
  app:
    auth_type: v3applicationcredential
    auth:
      auth_url: https://k.example/v3
      application_credential_id: "42"
      application_credential_secret: {SECRET}
  old:
    auth_type: v1password
    auth: {{auth_url: "http://swift.example/auth/v1.0", username: "test:tester", password: testing}}
"""


def test_every_entry_of_a_clouds_yaml_is_found():
    found = filled(CLOUDS)
    harbour, digits, application, old = found.others
    assert found.title == "harbour"
    assert harbour.values == {
        "sign_in": "password",
        "auth_url": "https://keystone.example:5000/v3",
        "key": "ferry",
        "project": "boats",
        "user_domain": "Harbour",
        "region": "RegionOne",
        "interface": "internal",
    }
    assert harbour.secrets == {"secret": SECRET}
    assert digits.secrets == {"secret": "0123"}  # as it is written, not a number
    assert application.values["sign_in"] == "application_credential"
    assert application.values["credential_id"] == "42"
    assert application.secrets == {"credential_secret": SECRET}
    assert (old.values["sign_in"], old.values["key"]) == ("v1", "test:tester")
    for one in found.others:
        providers.open_driver(one.provider, {**one.values, **one.secrets})


def test_names_of_entries_are_cut_and_their_number_is_bounded():
    entry = "{auth: {auth_url: 'https://k.example/v3', username: u, password: p}}"
    found = filled("clouds:\n" + "".join(f"  {'x' * 300}{number}: {entry}\n" for number in range(150)))
    assert len(found.title) <= 80
    assert len(found.what) <= 80
    lines = "".join(f"[p{number}]\naws_access_key_id=K\n" for number in range(1000))
    assert len(filled(lines).others) == 200


def test_an_rc_file_and_what_it_does_not_hold():
    text = (
        '#!/usr/bin/env bash\nexport OS_AUTH_URL=https://k.example:5000/v3\nexport OS_PROJECT_NAME="boats"\n'
        'export OS_USER_DOMAIN_NAME="Harbour"\nif [ -z "$OS_USER_DOMAIN_NAME" ]; then unset X; fi\n'
        'export OS_USERNAME="ferry"\nread -sr OS_PASSWORD_INPUT\nexport OS_PASSWORD=$OS_PASSWORD_INPUT\n'
        'export OS_REGION_NAME="RegionOne"\nexport OS_INTERFACE=public\nexport OS_IDENTITY_API_VERSION=3\n'
    )
    found = filled(text)
    assert found.values["project"] == "boats"
    assert found.secrets == {}
    assert "password" in found.note
    found = filled(f"ST_AUTH=http://127.0.0.1:8080/auth/v1.0\nST_USER=test:tester\nST_KEY={SECRET}\n")
    assert (found.values["sign_in"], found.values["key"]) == ("v1", "test:tester")
    assert found.secrets == {"secret": SECRET}


@pytest.mark.parametrize(
    ("address", "way"),
    [
        ("https://k.example:5000/v3", None),
        ("https://k.example/v2.0", "v2"),
        ("http://s.example/auth/v1.0", "v1"),
    ],
)
def test_an_address_to_sign_in_at(address, way):
    found = filled(address)
    assert (found.provider, found.values["auth_url"]) == ("openstack_swift", address)
    assert found.values.get("sign_in") == way


@pytest.mark.parametrize(
    ("lines", "provider", "values", "secrets"),
    [
        (
            f"type = azureblob\naccount = me\nkey = {ACCOUNT_KEY}",
            "azure_blobs",
            {"sign_in": "key", "key": "me"},
            {"secret": ACCOUNT_KEY},
        ),
        (
            f"type = azureblob\nsas_url = https://me.blob.core.windows.net/photos?{SERVICE_SAS}",
            "azure_blobs",
            {"sign_in": "sas", "key": "me", "cloud": "public", "container": "photos"},
            {"sas_token": SERVICE_SAS},
        ),
        (
            f"type = azureblob\naccount = me\ntenant = t\nclient_id = c\nclient_secret = {SECRET}",
            "azure_blobs",
            {"sign_in": "client_secret", "key": "me", "tenant_id": "t", "client_id": "c"},
            {"client_secret": SECRET},
        ),
        (
            "type = google cloud storage\nservice_account_file = /keys/a.json\nproject_number = 12",
            "google_storage",
            {"sign_in": "key_file", "key_file": "/keys/a.json", "project": "12"},
            {},
        ),
        (
            f"type = swift\nuser = ferry\nkey = {SECRET}\nauth = https://k.example/v3\ntenant = boats\n"
            "domain = H",
            "openstack_swift",
            {
                "sign_in": "password",
                "key": "ferry",
                "auth_url": "https://k.example/v3",
                "project": "boats",
                "user_domain": "H",
            },
            {"secret": SECRET},
        ),
    ],
)
def test_other_rclone_remotes(lines, provider, values, secrets):
    found = filled(f"[mine]\n{lines}\n")
    assert (found.provider, found.values, found.secrets) == (provider, values, secrets)
    assert found.title == "mine"


def test_every_field_that_a_fact_goes_to_is_in_its_row():
    for provider, names in FIELDS.items():
        row = providers.row(provider)
        assert set(names.values()) <= {field.name for field in row.fields}, provider
    for provider, ways in WAYS.items():
        [sign_in] = [field for field in providers.row(provider).fields if field.name == "sign_in"]
        assert set(ways.values()) <= set(sign_in.choices), provider
