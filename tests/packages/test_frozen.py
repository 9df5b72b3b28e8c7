"""The bundle in dist/skyferry: what is in it, that it starts anywhere, and signs in through every extra."""

from __future__ import annotations

import json
import re
import subprocess
import urllib.request
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from gui.accounts import Account
from storage_core import __version__
from tests.packages import tunnel
from tests.packages.frozen import Bundle, until
from tests.servers import canned, certificates
from tests.servers.azurite import Azurite
from tests.servers.canned import Reply, Request, reply
from tests.servers.google_standin import GoogleStandin
from tests.servers.keystone import Keystone
from tests.servers.moto import Moto
from tests.servers.swift import Swift

ROOT = Path(__file__).parents[2]

MB = 1_000_000
PLUGINS = "_internal/PySide6/Qt/plugins"
LIBRARIES = "_internal/PySide6/Qt/lib"
AUTHORITY = "login.microsoftonline.com"
TENANT, APP, APP_SECRET = "11111111-2222-3333-4444-555555555555", "app", "app~secret/that-nobody-may-see"


def binaries(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and path.read_bytes()[:4] == b"\x7fELF"]


def files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir())


# -- what is in it --


def test_the_folder_is_small(folder: Path) -> None:
    size = sum(path.lstat().st_size for path in folder.rglob("*") if path.is_file())
    assert size < 135 * MB, f"{size / MB:.0f} MB"


@pytest.mark.parametrize(
    "unwanted",
    [
        r"qgtk|libgtk|libgdk|libatk|libcairo|libpango|libepoxy",  # GTK's theme, and what only that needs
        r"Qt6?(Qml|Quick|Pdf|WebEngine|Multimedia|Designer|Test|Sql|VirtualKeyboard|OpenGL|EglF)",
        r"/(egldeviceintegrations|generic|networkinformation|sqldrivers|tls|xcbglintegrations)/",
        r"libq(eglfs|linuxfb|vnc|vkkhrdisplay|minimalegl|tiff|webp|jpeg|gif|icns|tga|wbmp)\.so",
        r"\.(qm|qml|a|h|pyi|pdb)$",
        r"/resources/(screenshots|desktop)/",
        r"/(tests?|boto3|moto|pytest|pip|setuptools|tkinter)/",
        # What speaks with the system, or must be of one piece with what does.
        r"/lib(X11|xcb|xkbcommon|wayland-.*|GL|EGL|stdc\+\+|gcc_s|glib-2.0|gio-2.0|dbus-1|systemd)\.so",
        r"/lib(fontconfig|freetype|ssl|crypto|z|zstd|krb5|gssapi_krb5|sqlite3|expat|ffi)\.so",
    ],
)
def test_nothing_is_in_it_that_nobody_needs(folder: Path, unwanted: str) -> None:
    assert [name for name in files(folder) if re.search(unwanted, f"/{name}")] == []


def test_of_botocore_there_is_the_data_of_the_services_that_sign_in(folder: Path) -> None:
    data = folder / "_internal" / "botocore" / "data"
    assert {one.name for one in data.iterdir() if one.is_dir()} == {"sso", "sso-oidc", "sts", "signin"}
    assert (data / "endpoints.json").is_file()


def test_the_program_finds_its_pictures_guides_and_licences_inside(folder: Path) -> None:
    inside = set(files(folder / "_internal" / "resources"))
    assert {"icons/skyferry.svg", "help/user-guide.md", "licences/THIRD-PARTY.txt", "BUILD.txt"} <= inside


def test_every_binary_is_stripped(folder: Path) -> None:
    found = binaries(folder)
    assert len(found) > 50
    said = subprocess.run(["readelf", "-S", "-W", *found], capture_output=True, text=True, check=True).stdout
    whole = re.split(r"^File: ", said, flags=re.MULTILINE)[1:]
    assert len(whole) == len(found)
    assert [one.partition("\n")[0] for one in whole if " .symtab " in one or " .debug_" in one] == []


def test_it_says_what_it_was_made_of_and_how_old_a_system_may_be(folder: Path) -> None:
    told = (folder / "_internal" / "resources" / "BUILD.txt").read_text("utf-8")
    assert f"Skyferry: {__version__}\n" in told
    assert re.search(r"^Python: 3\.\d+\.\d+$", told, re.MULTILINE)
    assert re.search(r"^PySide6 and Qt: 6\.\d+\.\d+$", told, re.MULTILINE)
    oldest = re.search(r"^Runs on: Linux x86_64 with glibc (2\.\d+) or newer$", told, re.MULTILINE)
    assert oldest, told
    wanted = set()
    for path in binaries(folder):
        said = subprocess.run(["readelf", "-V", "-W", path], capture_output=True, text=True, check=True)
        wanted |= {int(minor) for minor in re.findall(r"Name: GLIBC_2\.(\d+)", said.stdout)}
    assert oldest[1] == f"2.{max(wanted)}"
    for page in ("README.md", "resources/help/user-guide.md"):
        [promised] = re.findall(r"glibc 2\.(\d+) or newer", (ROOT / page).read_text("utf-8"))
        assert int(promised) >= max(wanted), page


# -- it starts --


def test_it_says_its_version_and_its_options_and_needs_no_screen_for_that(bundle: Bundle) -> None:
    version = bundle.call("--version", DISPLAY="")
    assert (version.returncode, version.stdout, version.stderr) == (0, f"Skyferry {__version__}\n", "")
    helped = bundle.call("--help", DISPLAY="")
    assert (helped.returncode, helped.stderr) == (0, "")
    assert helped.stdout.startswith("usage: skyferry ")
    assert {"--version", "--tour", "--portable"} <= set(re.findall(r"--\w+", helped.stdout))


def test_what_it_does_not_know_is_said_and_ends_it(bundle: Bundle) -> None:
    odd = bundle.call("--no-such-option")
    assert (odd.returncode, odd.stdout) == (2, "")
    assert "--no-such-option" in odd.stderr


def test_a_portable_program_opens_its_window_ends_when_told_and_writes_nowhere_else(bundle: Bundle) -> None:
    with bundle.started() as running:
        until(lambda: bundle.shows_a_window("Demo cloud"), running, "the window")
        assert running.stop() == (0, "", "")
    assert files(bundle.home) == []
    assert files(bundle.scratch) == []
    assert {"config/settings.json", "logs/skyferry.log"} <= set(files(bundle.profile))


def test_a_home_that_cannot_be_written_keeps_nobody_out(bundle: Bundle) -> None:
    with bundle.started(HOME="/proc/nobody") as running:  # not even root can make it
        until(lambda: bundle.shows_a_window("Demo cloud"), running, "the window")
        assert running.stop() == (0, "", "")


def test_it_runs_from_a_folder_with_spaces_and_letters_of_the_world(bundle: Bundle, tmp_path: Path) -> None:
    moved = bundle.copied_to(tmp_path / "Fähre & 船, a copy")
    with moved.started() as running:
        until(lambda: moved.shows_a_window("Demo cloud"), running, "the window")
        running.look()
        assert running.stop() == (0, "", "")
    assert f"{moved.folder}/{LIBRARIES}/libQt6Core.so.6" in running.libraries


def test_its_qt_can_be_replaced_by_another_build(bundle: Bundle, tmp_path: Path) -> None:
    """What the LGPL wants: a library of the same version in the place of ours is the one that is used."""
    mine = bundle.copied_to(tmp_path / "mine")
    names = ["libQt6Core.so.6", "libQt6Gui.so.6", "libQt6Widgets.so.6"]
    for name in names:
        library = mine.folder / LIBRARIES / name
        content = library.read_bytes()
        library.unlink()  # a link to the file in dist/
        library.write_bytes(content + b"\0changed by its user")
    with mine.started() as running:
        until(lambda: mine.shows_a_window("Demo cloud"), running, "the window")
        running.look()
        assert running.stop() == (0, "", "")
    assert {f"{mine.folder}/{LIBRARIES}/{name}" for name in names} <= running.libraries


def test_an_upgrade_while_it_runs_takes_nothing_away(bundle: Bundle, tmp_path: Path) -> None:
    """Most commands are loaded when they are first wanted; by then another program has its name."""
    mine = bundle.copied_to(tmp_path / "mine")
    with mine.started() as running:
        until(lambda: mine.shows_a_window("Demo cloud"), running, "the window")
        mine.program.unlink()
        mine.program.write_bytes(b"the next version " * 1_000_000)
        keys = ["xdotool", "search", "--onlyvisible", "--name", "Demo cloud", "windowfocus", "key", "F1"]

        def pressed() -> bool:  # a window that goes while xdotool looks through all of them ends its search
            return subprocess.run(keys, env=mine.env, capture_output=True, timeout=60).returncode == 0

        until(pressed, running, "the key")
        until(lambda: mine.shows_a_window("Skyferry user guide"), running, "the guide")
        assert running.stop() == (0, "", "")


def test_programs_that_it_starts_find_their_own_libraries(bundle: Bundle) -> None:
    """Signing in to Azure in the browser starts one: here a script that writes down what it was given."""
    seen = bundle.scratch / "seen"
    browser = bundle.scratch / "browser"
    browser.write_text(f'#!/bin/sh\nenv > "{seen}.part" && mv "{seen}.part" "{seen}"\n')
    browser.chmod(0o755)
    values = {"sign_in": "browser", "key": "account", "tenant_id": TENANT}
    bundle.add(Account("browser", "In the browser", "azure_blobs", values), {})
    made = certificates.make(bundle.scratch, names=(AUTHORITY,))
    with canned.running(tls=made.server_context()) as server, tunnel.running({AUTHORITY: server.port}) as way:
        entra(server)
        saved = json.loads((bundle.profile / "config" / "accounts.json").read_text("utf-8"))
        saved["accounts"][0]["proxy"] = way.url
        (bundle.profile / "config" / "accounts.json").write_text(json.dumps(saved))
        env = {"BROWSER": f"{browser} %s", "SSL_CERT_FILE": str(made.file), "LD_LIBRARY_PATH": "/opt/mine"}
        with bundle.started("--tour", "In the browser", **env) as running:
            until(seen.exists, running, "the browser")
    told = dict(line.partition("=")[::2] for line in seen.read_text("utf-8").splitlines())
    assert told["LD_LIBRARY_PATH"] == "/opt/mine"
    ours = [name for name, value in told.items() if str(bundle.folder) in value]
    assert [name for name in ours if name.startswith(("LD_", "QT_", "QML"))] == []


# -- it signs in --


def test_the_demo_cloud_needs_nothing(bundle: Bundle) -> None:
    """The tour pastes a clouds.yaml, too: PyYAML."""
    bundle.tour("Demo cloud")


def test_google_auth_signs_a_service_account_in(bundle: Bundle, google_standin: GoogleStandin) -> None:
    values = {"sign_in": "key_text", "endpoint": google_standin.endpoint}
    key = google_standin.key_file.read_text("utf-8")
    bundle.add(Account("google", "A Google project", "google_storage", values), {"secret": key})
    seen = bundle.tour("A Google project")
    assert [one for one in google_standin.requests if one["target"].startswith("/token")]
    # What went up in parts has no MD5 at Google: it came back with its CRC32C checked.
    assert [name for name in seen if "libcrc32c" in name]


def test_botocore_finds_the_keys_of_a_profile(bundle: Bundle, swift_server: Swift) -> None:
    """Swift checks each signature."""
    keys = (
        f"aws_access_key_id = {swift_server.access_key}\naws_secret_access_key = {swift_server.secret_key}\n"
    )
    aws = bundle.home / ".aws"
    aws.mkdir()
    (aws / "credentials").write_text(
        f"[default]\naws_access_key_id = wrong\naws_secret_access_key = wrong\n[lab]\n{keys}"
    )
    values = {
        "sign_in": "chain", "profile": "lab", "endpoint": swift_server.endpoint,
        "region": swift_server.region, "addressing": "path",
    }  # fmt: skip
    bundle.add(Account("aws", "A profile of AWS", "s3", values), {})
    bundle.tour("A profile of AWS")


def test_botocore_assumes_a_role(bundle: Bundle, moto_server: Moto) -> None:
    """Its data of the service STS is in the bundle; those of the other 400 are not."""
    aws = bundle.home / ".aws"
    aws.mkdir()
    (aws / "credentials").write_text("[base]\naws_access_key_id = testing\naws_secret_access_key = testing\n")
    (aws / "config").write_text(
        "[profile role]\nrole_arn = arn:aws:iam::123456789012:role/lab\nsource_profile = base\n"
        "region = us-east-1\n"
    )
    values = {"sign_in": "chain", "profile": "role", "endpoint": moto_server.endpoint, "addressing": "path"}
    bundle.add(Account("role", "A role of AWS", "s3", values), {})
    with canned.running() as sts:
        asked: list[str] = []

        def assume(request: Request) -> Reply:
            """A notice of what is asked; moto answers it."""
            asked.append(parse_qs(request.body.decode())["Action"][0])
            # By its signature's scope moto knows which service is asked.
            headers = {"Authorization": request.header("Authorization")}
            onward = urllib.request.Request(moto_server.endpoint, request.body, headers)
            with urllib.request.urlopen(onward, timeout=30) as answer:
                return reply(200, answer.read(), content_type="text/xml")

        sts.always("POST", assume)
        bundle.tour("A role of AWS", AWS_ENDPOINT_URL_STS=sts.endpoint)
    assert set(asked) == {"AssumeRole"}


def test_keystoneauth1_signs_a_user_of_openstack_in(bundle: Bundle, keystone_server: Keystone) -> None:
    values = {
        "sign_in": "password",
        "auth_url": keystone_server.auth_url,
        "key": keystone_server.user,
        "project": keystone_server.project,
        "user_domain": keystone_server.domain,
        "region": keystone_server.region,
    }
    bundle.add(Account("swift", "OpenStack", "openstack_swift", values), {"secret": keystone_server.password})
    bundle.tour("OpenStack")


def test_azure_identity_signs_an_app_in_and_truststore_trusts_what_the_system_trusts(
    bundle: Bundle, azurite_oauth_server: Azurite, tmp_path: Path
) -> None:
    store = azurite_oauth_server
    made = certificates.make(tmp_path, names=(AUTHORITY,))
    trusted = tmp_path / "trusted.pem"
    trusted.write_bytes(made.file.read_bytes() + Path(store.ca_file).read_bytes())
    values = {
        "sign_in": "client_secret", "key": store.account, "endpoint": store.endpoint, "tenant_id": TENANT,
        "client_id": APP,
    }  # fmt: skip
    with canned.running(tls=made.server_context()) as server, tunnel.running({AUTHORITY: server.port}) as way:
        heard = entra(server, store.token())
        account = Account("azure", "An Azure app", "azure_blobs", values, proxy=way.url)
        bundle.add(account, {"client_secret": APP_SECRET})
        bundle.tour("An Azure app", SSL_CERT_FILE=str(trusted))
    assert heard == [("client_credentials", APP, APP_SECRET)]
    assert f"{AUTHORITY}:443" in way.asked


# -- helpers --


def entra(server: canned.CannedServer, token: str = "") -> list[tuple[str, str, str]]:
    """A stand-in of login.microsoftonline.com for apps with a secret. What it heard: grant, app, secret.

    https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow
    """
    heard: list[tuple[str, str, str]] = []
    base = f"https://{AUTHORITY}/{TENANT}"
    told = {
        "token_endpoint": f"{base}/oauth2/v2.0/token",
        "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
        "issuer": f"{base}/v2.0",
    }

    def answer(request: Request) -> Reply:
        form = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
        heard.append((form.get("grant_type", ""), form.get("client_id", ""), form.get("client_secret", "")))
        if heard[-1] != ("client_credentials", APP, APP_SECRET) or not token:
            said = {"error": "invalid_client", "error_description": "AADSTS7000215: Invalid client secret."}
            return reply(401, json.dumps(said).encode(), content_type="application/json")
        said = {"token_type": "Bearer", "expires_in": "3599", "access_token": token}
        return reply(200, json.dumps(said).encode(), content_type="application/json")

    server.always("GET", reply(200, json.dumps(told).encode(), content_type="application/json"))
    server.always("POST", answer)
    return heard
