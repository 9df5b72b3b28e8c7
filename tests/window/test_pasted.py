"""What people have at hand, recognised in the text alone: keys and addresses of S3, and what means harm.

No secret of these tests works anywhere. None of them may turn up in an error or a `repr`.
"""

import json
import os
import random
import time

import pytest

from gui.pasted import Found, PasteError, looks_pasted, path_in, recognise, recognise_file
from storage_core import providers

pytestmark = pytest.mark.window

KEY, SECRET = "AKIAIOSFODNN7EXAMPLE", "c4nary+wJalrXUtnFEMI/K7MDENG="
R2 = "0123456789abcdef0123456789abcdef"


def filled(text):
    """Recognised, and everything in it goes into fields that the row has."""
    found = recognise(text)
    assert found is not None
    assert SECRET not in repr(found)
    fields = {one.name: one for one in providers.row(found.provider).fields}
    assert all(not fields[name].secret for name in found.values)
    assert all(fields[name].secret for name in found.secrets)
    return found


# -- S3 --


@pytest.mark.parametrize(
    ("address", "provider", "values", "start"),
    [
        ("https://s3.amazonaws.com", "s3", {}, ""),
        (
            "https://s3.eu-west-1.amazonaws.com/photos/2026/a.jpg",
            "s3",
            {"region": "eu-west-1"},
            "photos/2026/",
        ),
        ("https://my.photos.s3.eu-west-1.amazonaws.com/", "s3", {"region": "eu-west-1"}, "my.photos"),
        ("https://s3.dualstack.us-west-2.amazonaws.com", "s3", {"region": "us-west-2"}, ""),
        ("https://s3-us-west-2.amazonaws.com", "s3", {"region": "us-west-2"}, ""),
        ("https://s3.cn-north-1.amazonaws.com.cn", "s3", {"region": "cn-north-1"}, ""),
        (f"https://{R2}.r2.cloudflarestorage.com", "cloudflare_r2", {"account": R2}, ""),
        (f"https://{R2}.r2.cloudflarestorage.com/photos", "cloudflare_r2", {"account": R2}, "photos"),
        (
            f"https://{R2}.eu.r2.cloudflarestorage.com",
            "cloudflare_r2",
            {"account": R2, "endpoint": f"https://{R2}.eu.r2.cloudflarestorage.com"},
            "",
        ),
        ("fra1.digitaloceanspaces.com", "digitalocean_spaces", {"region": "fra1"}, ""),
        ("https://pics.fra1.digitaloceanspaces.com", "digitalocean_spaces", {"region": "fra1"}, "pics"),
        ("https://s3.us-west-004.backblazeb2.com", "backblaze_b2_s3", {"region": "us-west-004"}, ""),
        ("https://s3.eu-central-2.wasabisys.com", "wasabi", {"region": "eu-central-2"}, ""),
        ("https://s3.wasabisys.com", "wasabi", {"endpoint": "https://s3.wasabisys.com"}, ""),
        ("https://s3.fr-par.scw.cloud", "scaleway", {"region": "fr-par"}, ""),
        ("https://nbg1.your-objectstorage.com", "hetzner", {"region": "nbg1"}, ""),
        ("https://oss-eu-central-1.aliyuncs.com", "aliyun_oss_s3", {"region": "eu-central-1"}, ""),
        ("https://storage.googleapis.com", "google_storage_s3", {}, ""),
        ("http://127.0.0.1:9000", "s3_compatible", {"endpoint": "http://127.0.0.1:9000"}, ""),
        (
            "https://minio.example.org:9000",
            "s3_compatible",
            {"endpoint": "https://minio.example.org:9000"},
            "",
        ),
        ("s3://photos", "s3", {}, "photos"),
        ("s3://photos/2026/alps/", "s3", {}, "photos/2026/alps/"),
        ("s3://photos/2026/a.jpg", "s3", {}, "photos/2026/"),
    ],
)
def test_an_address_says_whose_it_is_and_where_to_begin(address, provider, values, start):
    found = filled(address)
    assert (found.provider, dict(found.values), found.start) == (provider, values, start)


@pytest.mark.parametrize("row", [row for row in providers.rows() if "{" in str(row.options.get("endpoint"))])
def test_the_address_of_every_service_leads_back_to_it(row):
    if row.constant == "s3_rgw_outscale":
        return  # Libcloud's second name for Outscale
    region = row.options["regions"][0]
    address = row.options["endpoint"].format(region=region, account="account1234")
    found = filled(address)
    assert found.provider == row.constant
    assert found.values.get("region", "auto") == region
    providers.open_driver(row.constant, {**found.values, "key": "k", "secret": "s"})


NAMES = ("AWS_ACCESS_KEY_ID={key}", "AWS_SECRET_ACCESS_KEY={secret}", "AWS_REGION=eu-west-1")
QUOTED = tuple(name.replace("=", "='") + "'" for name in NAMES)
PROFILE = "aws_access_key_id = {key}\naws_secret_access_key = {secret}\nregion = eu-west-1\n"
LINES = {
    "exports": "\n".join(f"export {name}" for name in QUOTED),
    "windows": "\r\n".join(f"SET {name}" for name in NAMES).replace("AWS_REGION", "AWS_DEFAULT_REGION"),
    "powershell": "\n".join(f"$Env:{name}" for name in QUOTED),
    "dotenv": "# keys\n" + "\n".join(NAMES),
    "profile": f"[work]\n{PROFILE}",
    "config": f"[profile work]\noutput=json\n{PROFILE}",
}


@pytest.mark.parametrize("lines", LINES.values(), ids=LINES)
def test_aws_keys_are_read_however_they_are_written(lines):
    found = filled(lines.format(key=KEY, secret=SECRET))
    assert found.provider == "s3"
    assert found.values == {"key": KEY, "region": "eu-west-1"}
    assert found.secrets == {"secret": SECRET}


def test_a_session_token_and_an_endpoint_come_along():
    text = (
        f"AWS_ACCESS_KEY_ID={KEY}\nAWS_SECRET_ACCESS_KEY={SECRET}\nAWS_SESSION_TOKEN=tok\n"
        "AWS_ENDPOINT_URL=https://s3.eu-central-2.wasabisys.com\n"
    )
    found = filled(text)
    assert found.provider == "wasabi"
    assert found.values == {"key": KEY, "region": "eu-central-2"}
    assert found.secrets == {"secret": SECRET, "token": "tok"}


@pytest.mark.parametrize(
    "text",
    [
        f"\ufeffAccess key ID,Secret access key\r\n{KEY},{SECRET}\r\n",
        f"User name,Password,Access key ID,Secret access key,Console login link\nme,,{KEY},{SECRET},https://x\n",
        json.dumps({"AccessKey": {"UserName": "me", "AccessKeyId": KEY, "SecretAccessKey": SECRET}}),
        json.dumps({"Credentials": {"AccessKeyId": KEY, "SecretAccessKey": SECRET, "SessionToken": ""}}),
        json.dumps({"url": "http://x:9001", "accessKey": KEY, "secretKey": SECRET, "api": "s3v4"}),
        f"[default]\naccess_key = {KEY}\nsecret_key = {SECRET}\nhost_base = s3.amazonaws.com\n",
    ],
    ids=["csv", "csv of a user", "create-access-key", "sts", "minio", "s3cmd"],
)
def test_keys_are_read_as_tools_and_consoles_give_them(text):
    found = filled(text)
    assert found.values["key"] == KEY
    assert found.secrets["secret"] == SECRET


@pytest.mark.parametrize(
    "line",
    [
        "role_arn = arn:aws:iam::123456789012:role/lab\nsource_profile = base",
        "sso_session = team\n[sso-session team]\nsso_start_url = https://team.awsapps.com/start",
        "sso_start_url = https://team.awsapps.com/start",
        "credential_process = /opt/keys",
    ],
)
def test_a_profile_without_keys_is_the_computers_own_sign_in(line):
    found = recognise(f"[profile lab]\nregion = eu-west-1\n{line}\n")
    assert found is not None
    assert (found.provider, dict(found.secrets)) == ("s3", {})
    assert found.values == {"sign_in": "chain", "profile": "lab", "region": "eu-west-1"}
    assert "holds no keys" in found.note


def test_several_profiles_are_all_found_and_the_first_is_taken():
    text = f"[a]\naws_access_key_id=A\naws_secret_access_key={SECRET}\n[b]\naws_access_key_id=B\n"
    found = filled(text)
    assert found.values["key"] == "A"
    assert [one.title for one in found.others] == ["a", "b"]
    assert "missing" in found.others[1].note or "not in it" in found.others[1].note


@pytest.mark.parametrize(
    ("lines", "provider", "values"),
    [
        ("provider = AWS\nregion = eu-west-1", "s3", {"region": "eu-west-1"}),
        (
            f"provider = Cloudflare\nendpoint = https://{R2}.r2.cloudflarestorage.com",
            "cloudflare_r2",
            {"account": R2},
        ),
        (
            "provider = Minio\nendpoint = http://127.0.0.1:9000",
            "minio",
            {"endpoint": "http://127.0.0.1:9000"},
        ),
        (
            "provider = Other\nendpoint = s3.example.org",
            "s3_compatible",
            {"endpoint": "https://s3.example.org"},
        ),
        ("provider = Wasabi\nendpoint = s3.eu-west-1.wasabisys.com", "wasabi", {"region": "eu-west-1"}),
        ("provider = Other", "s3_compatible", {}),
    ],
)
def test_an_rclone_remote_opens_the_service_it_was_for(lines, provider, values):
    mine = f"[mine]\ntype = s3\naccess_key_id = {KEY}\nsecret_access_key = {SECRET}\n{lines}\n\n"
    found = filled(f"{mine}[other]\ntype = sftp\n")
    assert (found.provider, found.title) == (provider, "mine")
    assert found.values == {"key": KEY, **values}
    assert found.secrets == {"secret": SECRET}


# -- what is nothing, and what means harm --


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   \n ",
        "hello",
        "hello world",
        "a.b",
        "key=value",
        "[x]\ny=1",
        "{}",
        "[1, 2]",
        '"x"',
        "ftp://host/x",
        "ä=ö",
    ],
)
def test_what_is_nothing_is_nothing(text):
    assert recognise(text) is None


BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{chr(98 + n)}: &{chr(98 + n)} [{','.join(['*' + chr(97 + n)] * 9)}]\n" for n in range(20)
)
HOSTILE = {
    "huge": "x" * 10_000_000,
    "control characters": f"AWS_ACCESS_KEY_ID={KEY}\x00\nAWS_SECRET_ACCESS_KEY={SECRET}",
    "an escape": f"\x1b[31m{SECRET}",
    "half a JSON": '{"type": "service_account", "private_key": "' + SECRET,
    "deep JSON": '{"a":' * 100_000,
    "a huge number": '{"a": ' + "9" * 10_000 + "}",
    "a YAML bomb": f"clouds:\n  x: 1\n{BOMB}",
    "merged bombs": "clouds:\n  a: &a {x: 1}\n  b: {<<: [*a, *a]}\n",
    "deep YAML": "clouds:\n  a: " + "[" * 20_000,
    "broken YAML": "clouds:\n  a: {auth: [}\n",
    "tabs in YAML": "clouds:\n\ta:\n\t\tb: 1\n",
    "YAML with code": "clouds:\n  a: !!python/object/apply:os.system ['true']\n",
    "YAML without clouds": "clouds:\n  - a\n",
    "long YAML": "clouds:\n" + "  a: 1\n" * 40_000,
    "a name in the address": f"https://me:{SECRET.replace('/', '')}@s3.amazonaws.com/",
    "a port that is none": "https://host:99999/",
    "a temporary link": f"https://b.s3.amazonaws.com/a?X-Amz-Signature={SECRET}&X-Amz-Credential={KEY}",
    "an encrypted rclone.conf": f"# Encrypted\n\nRCLONE_ENCRYPT_V0:\n{SECRET}\n",
    "an OAuth client": json.dumps({"installed": {"client_id": "x", "client_secret": SECRET}}),
    "half a service account": json.dumps(
        {"type": "service_account", "client_email": "a@b", "private_key": SECRET}
    ),
    "a connection string without a key": "AccountName=me;EndpointSuffix=core.windows.net",
    "a connection string without an account": f"BlobEndpoint=;AccountKey={SECRET}",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_or_half_a_text_gets_one_sentence_quickly(text):
    before = time.perf_counter()
    with pytest.raises(PasteError) as caught:
        recognise(text)
    assert time.perf_counter() - before < 5
    said = str(caught.value)
    assert said.endswith((".", "?"))
    assert len(said) < 250
    assert SECRET not in said
    assert SECRET not in repr(caught.value.__cause__)


def test_noise_never_breaks_it():
    dice = random.Random(7)
    seeds = [*HOSTILE.values(), *LINES.values(), "https://a.b/c?d=e", "clouds:\n  a: {auth: {auth_url: x}}"]
    for _ in range(600):
        seed = dice.choice(seeds)[:2000]
        cut = seed[dice.randrange(len(seed)) :] + dice.choice(
            ["", "\n", "=", "{", "[", ";", "\ud800", "\u202e"]
        )
        try:
            found = recognise(cut)
        except PasteError:
            continue
        assert found is None or isinstance(found, Found)


def test_a_path_is_a_path_and_nothing_else_is(tmp_path):
    assert path_in("/home/me/key.json") == "/home/me/key.json"
    assert path_in(" '~/key file.json' \n") == "~/key file.json"
    assert path_in("file:///home/me/my%20key.json") == "/home/me/my key.json"
    assert path_in("C:\\keys\\key.json") == "C:\\keys\\key.json"
    for text in ("s3://x", "https://x", "key.json", "/a\n/b", "", "x" * 5000):
        assert path_in(text) == ""
    for text in ("wasabi", "google cloud", "", "S3-compatible"):
        assert not looks_pasted(text)


def test_a_file_is_read_or_the_reason_is_said(tmp_path):
    good = tmp_path / "credentials"
    good.write_text(f"[work]\naws_access_key_id={KEY}\naws_secret_access_key={SECRET}\n")
    assert recognise_file(str(good)).values["key"] == KEY
    (tmp_path / "big").write_bytes(b"x" * 1_000_000)
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00\x01")
    os.mkfifo(tmp_path / "pipe")
    for name in ("big", "binary", "missing", ".", "pipe"):
        with pytest.raises(PasteError, match=r"\.$"):
            recognise_file(str(tmp_path / name))
