"""Remotes of `rclone.conf`. https://rclone.org/docs/#configure"""

from __future__ import annotations

import json
from collections.abc import Mapping
from urllib.parse import urlsplit

from . import aws, azure, google, openstack
from .found import Found, PasteError, found, several

KINDS = ("s3", "azureblob", "google cloud storage", "swift")
ENCRYPTED = "RCLONE_ENCRYPT_V0"
# rclone's `provider` where neither the endpoint nor the name of a row says which service it is.
SERVICES: Mapping[str, str] = {
    "aws": "s3",
    "alibaba": "aliyun_oss_s3",
    "cloudflare": "cloudflare_r2",
    "digitalocean": "digitalocean_spaces",
    "ibmcos": "ibm_cos",
    "ceph": "ceph_rgw",
    "gcs": "google_storage_s3",
    "huaweiobs": "huawei_obs",
    "ionos": "ionos",
    "linode": "linode",
    "minio": "minio",
    "scaleway": "scaleway",
    "seaweedfs": "seaweedfs",
    "storj": "storj",
    "tencentcos": "tencent_cos",
    "wasabi": "wasabi",
}


def remotes(read: Mapping[str, Mapping[str, str]]) -> Found | None:
    """The sections that speak a protocol of ours."""
    founds = []
    for name, lines in read.items():
        kind = lines.get("type", "").lower()
        if name and kind in KINDS:
            made = _remote(kind, lines)
            founds.append(_named(made, name))
    return several(founds)


# -- helpers --


def _named(made: Found, name: str) -> Found:
    return Found(
        f"rclone remote “{name}”", made.provider, made.values, made.secrets, name,
        made.containers, made.start, made.ca_file, made.note,
    )  # fmt: skip


def _remote(kind: str, lines: Mapping[str, str]) -> Found:
    if kind == "s3":
        return _s3(lines)
    if kind == "azureblob":
        return _azure(lines)
    if kind == "swift":
        return _swift(lines)
    return _google(lines)


def _s3(lines: Mapping[str, str]) -> Found:
    facts = {
        "key": lines.get("access_key_id", ""),
        "secret": lines.get("secret_access_key", ""),
        "token": lines.get("session_token", ""),
        "region": lines.get("region", ""),
        "endpoint": lines.get("endpoint", ""),
    }
    made = aws.keys("rclone remote", facts)
    wanted = SERVICES.get(lines.get("provider", "").lower(), "")
    if wanted and made.provider == aws.OWN:
        return found(made.what, wanted, facts, note=made.note)
    if not wanted and made.provider == aws.PROVIDER and not facts["endpoint"]:
        return found(made.what, aws.OWN, facts, note="The address is missing: this remote names none.")
    if wanted and not facts["endpoint"]:
        return found(made.what, wanted, facts, note=made.note)
    return made


def _azure(lines: Mapping[str, str]) -> Found:
    if lines.get("connection_string"):
        if made := azure.connection_string(lines["connection_string"]):
            return made
        raise PasteError("The connection string of this remote cannot be read.")
    if lines.get("use_emulator", "").lower() == "true":
        made = azure.connection_string("UseDevelopmentStorage=true")
        if made:
            return made
    signature = lines.get("sas_url", "").partition("?")[2]
    facts = {"account": lines.get("account", ""), "endpoint": lines.get("endpoint", "")}
    if signature:
        made = azure.address(urlsplit(lines["sas_url"]))
        if made is not None:
            return made
    elif lines.get("key"):
        facts |= {"sign_in": "key", "key": lines["key"]}
    elif lines.get("client_secret"):
        facts |= {"sign_in": "client secret", "tenant": lines.get("tenant", "")}
        facts |= {name: lines.get(name, "") for name in ("client_id", "client_secret")}
    return found("rclone remote", azure.PROVIDER, facts)


def _google(lines: Mapping[str, str]) -> Found:
    text = lines.get("service_account_credentials", "")
    if text:
        try:
            content = json.loads(text)
        except (ValueError, RecursionError):
            content = None
        if not isinstance(content, dict):
            raise PasteError("The service-account key of this remote cannot be read.")
        made = google.key(content)
        if made:
            return made
    facts = {"project": lines.get("project_number", "")}
    if lines.get("service_account_file"):
        facts |= {"sign_in": "file", "key_file": lines["service_account_file"]}
        return found("rclone remote", google.PROVIDER, facts)
    if lines.get("anonymous", "").lower() == "true":
        facts["sign_in"] = "anonymous"
        return found("rclone remote", google.PROVIDER, facts)
    try:
        token = json.loads(lines.get("token", "") or "{}")
        refresh = str(token.get("refresh_token", ""))
    except (ValueError, RecursionError, AttributeError):
        refresh = ""
    if refresh and lines.get("client_id") and lines.get("client_secret"):
        facts |= {"sign_in": "user", "refresh_token": refresh}
        facts |= {name: lines[name] for name in ("client_id", "client_secret")}
        return found("rclone remote", google.PROVIDER, facts)
    note = "rclone signed in through the browser, by a client of its own; choose here how to sign in."
    return found("rclone remote", google.PROVIDER, facts, note=note)


def _swift(lines: Mapping[str, str]) -> Found:
    facts = {
        "auth_url": lines.get("auth", ""),
        "username": lines.get("user", "") or lines.get("user_id", ""),
        "password": lines.get("key", ""),
        "user_domain": lines.get("domain", ""),
        "project": lines.get("tenant", "") or lines.get("tenant_id", ""),
        "project_domain": lines.get("tenant_domain", ""),
        "region": lines.get("region", ""),
        "interface": lines.get("endpoint_type", ""),
        "token": lines.get("auth_token", ""),
        "app_id": lines.get("application_credential_id", ""),
        "app_name": lines.get("application_credential_name", ""),
        "app_secret": lines.get("application_credential_secret", ""),
        "version": "" if lines.get("auth_version", "0") == "0" else lines["auth_version"],
    }
    return found("rclone remote", openstack.PROVIDER, openstack.sign_in(facts))
