"""What people have at hand fills the form: recognised in the text alone, shown by the real dialog.

No secret of these tests works anywhere. None of them may turn up in an error, a `repr` or a saved account.
"""

import json
import random
import time

import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from gui.background import start, until, within
from gui.dialogs.account import AccountDialog
from gui.flows import connect
from gui.pasted import FIELDS, Found, PasteError, looks_pasted, path_in, recognise, recognise_file
from storage_core import providers
from tests.servers import canned
from tests.servers.canned import reply
from tests.window.loop import run
from tests.window.test_connect import (  # noqa: F401
    LISTING,
    app,
    click,
    dialog,
    everything_written,
    folders,
    home,
    seat,
    vault,
)

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
    for name in ("big", "binary", "missing", "."):
        with pytest.raises(PasteError, match=r"\.$"):
            recognise_file(str(tmp_path / name))


def test_every_field_that_a_fact_goes_to_is_in_its_row():
    for provider, names in FIELDS.items():
        row = providers.row(provider)
        if row.driver:
            assert set(names.values()) <= {field.name for field in row.fields}, provider


# -- in the dialog --


def on_clipboard(text):
    QGuiApplication.clipboard().setText(text)


async def adding(app, seat):  # noqa: F811
    task = start(connect.add_account(app, seat), seat.widget)
    return task, await dialog(AccountDialog)


async def said(opened, before=""):
    await until(lambda: opened.paste_bar.said() != before, 10, "an answer to what was pasted")
    return opened.paste_bar.said()


def test_a_button_fills_the_form_and_the_account_is_added_from_it(app, seat, vault, folders):  # noqa: F811
    with canned.running() as server:
        server.always("GET", reply(200, LISTING))
        text = (
            f"AWS_ACCESS_KEY_ID={KEY}\nAWS_SECRET_ACCESS_KEY={SECRET}\nAWS_ENDPOINT_URL={server.endpoint}\n"
        )

        @run
        async def _():
            task, opened = await adding(app, seat)
            invited = opened.paste_bar.said()
            assert "connection string" in invited
            on_clipboard(text)
            click(opened.paste_bar.button)
            assert "AWS variables" in await said(opened, invited)
            assert SECRET not in opened.paste_bar.said()
            assert opened.provider().constant == "s3_compatible"
            assert opened.input("endpoint").value() == server.endpoint
            assert opened.test.hasFocus()  # nothing is missing
            click(opened.submit)
            await within(20, task)

    [account] = app.accounts.all()[2:]
    assert account.values["key"] == KEY
    assert account.values["endpoint"].startswith("http://127.0.0.1:")
    assert json.loads(vault.items[account.id]) == {"secret": SECRET}
    assert SECRET.encode() not in everything_written(folders.config.parent)


def test_what_cannot_be_used_changes_nothing_and_says_why(app, seat):  # noqa: F811
    @run
    async def _():
        task, opened = await adding(app, seat)
        opened.providers.select("wasabi")
        opened.input("key").set_value("typed by hand")
        before = opened.paste_bar.said()
        for text in (HOSTILE["half a JSON"], HOSTILE["a YAML bomb"], "just a few words"):
            on_clipboard(text)
            click(opened.paste_bar.button)
            now = await said(opened, before)
            assert SECRET not in now
            assert opened.provider().constant == "wasabi"
            assert opened.input("key").value() == "typed by hand"
            opened.paste_bar.invite()
        QGuiApplication.clipboard().clear()
        click(opened.paste_bar.button)
        assert "neither a text nor a single file" in opened.paste_bar.said()
        opened.reject()
        await within(5, task)


def test_control_v_fills_the_form_where_no_text_field_takes_it(app, seat):  # noqa: F811
    @run
    async def _():
        task, opened = await adding(app, seat)
        opened.activateWindow()
        await until(opened.isActiveWindow, 10, "the focus")
        on_clipboard("https://s3.eu-central-2.wasabisys.com")
        assert opened.providers.search.hasFocus()  # an address is nothing to search for
        QTest.keyClick(opened.providers.search, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
        await until(lambda: opened.provider() is not None, 10, "the form")
        assert opened.provider().constant == "wasabi"
        assert opened.providers.search.text() == ""
        on_clipboard("nyc3.digitaloceanspaces.com")
        opened.providers.list.setFocus()
        QTest.keyClick(opened.providers.list, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
        await until(lambda: opened.provider().constant == "digitalocean_spaces", 10, "the other form")
        on_clipboard("minio")
        opened.providers.search.setFocus()
        QTest.keyClick(opened.providers.search, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
        assert opened.providers.search.text() == "minio"  # a word is searched for
        on_clipboard("https://pasted.example")
        endpoint = opened.input("endpoint").control
        endpoint.setFocus()
        QTest.keyClick(endpoint, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
        assert endpoint.text() == "https://pasted.example"  # a field takes it
        assert opened.provider().constant == "minio"
        opened.reject()
        await within(5, task)


def dropped(widget, mime):
    """A drag that comes and is let go."""
    entering = QDragEnterEvent(
        widget.rect().center(),
        Qt.DropAction.CopyAction,
        mime,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    QApplication.sendEvent(widget, entering)
    assert entering.isAccepted()
    drop = QDropEvent(
        QPointF(widget.rect().center()),
        Qt.DropAction.CopyAction,
        mime,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    QApplication.sendEvent(widget, drop)


def test_a_file_can_be_dropped_on_the_dialog_and_on_its_fields(app, seat, tmp_path):  # noqa: F811
    file = tmp_path / "credentials"

    @run
    async def _():
        task, opened = await adding(app, seat)
        for key, onto in (("FIRST", lambda: opened), ("SECOND", lambda: opened.input("key").control)):
            file.write_text(f"[work]\naws_access_key_id={key}\naws_secret_access_key={SECRET}\n")
            mime = QMimeData()
            mime.setUrls([QUrl.fromLocalFile(str(file))])
            dropped(onto(), mime)
            await until(lambda: opened.provider() is not None, 10, "the form")
            await until(lambda key=key: opened.input("key").value() == key, 10, "the key")
            assert opened.input("secret").value() == SECRET
            assert opened.name.placeholderText() == "work"
        file.unlink()
        before = opened.paste_bar.said()
        dropped(opened, mime)
        assert "cannot be read" in await said(opened, before)
        opened.reject()
        await within(5, task)


def test_keys_join_the_s3_service_that_was_chosen(app, seat):  # noqa: F811
    @run
    async def _():
        task, opened = await adding(app, seat)
        opened.providers.select("minio")
        opened.input("endpoint").set_value("http://127.0.0.1:9000")
        on_clipboard(f"AWS_ACCESS_KEY_ID={KEY}\nAWS_SECRET_ACCESS_KEY={SECRET}")
        click(opened.paste_bar.button)
        await until(lambda: opened.input("key").value() == KEY, 10, "the key")
        assert opened.provider().constant == "minio"
        assert opened.input("endpoint").value() == "http://127.0.0.1:9000"
        opened.reject()
        await within(5, task)


def test_of_several_entries_one_is_chosen(app, seat):  # noqa: F811
    @run
    async def _():
        task, opened = await adding(app, seat)
        on_clipboard(f"[a]\naws_access_key_id=A\naws_secret_access_key={SECRET}\n[b]\naws_access_key_id=B\n")
        click(opened.paste_bar.button)
        await until(lambda: opened.paste_bar.entries.isVisible(), 10, "the entries")
        assert opened.input("key").value() == "A"
        QTest.keyClick(opened.paste_bar.entries, Qt.Key.Key_Down)
        assert opened.input("key").value() == "B"
        assert opened.input("secret").value() == ""  # the secret of the other entry is gone
        assert opened.input("secret").control.hasFocus() or opened.paste_bar.entries.hasFocus()
        opened.reject()
        await within(5, task)


def test_editing_an_account_offers_no_pasting_over_it(qapp):
    row = providers.row("wasabi")
    opened = AccountDialog([row], None, account=connect.Account("x", "X", "wasabi", {}), is_new=False)
    assert opened.paste_bar is None
    opened.deleteLater()
