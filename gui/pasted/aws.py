"""Keys for S3: AWS profiles, variables, the console's CSV, what `aws` and `mc` print, s3cmd's file.

https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-files.html
https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-envvars.html
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from . import addresses
from .found import Found, found, several

PROVIDER = "s3"
OWN = "s3_compatible"
PROFILE = "AWS profile"
# What a profile has instead of keys: botocore gets them from it.
CHAINED = frozenset({"role_arn", "sso_session", "sso_start_url", "credential_process"})
ON_THIS_COMPUTER = "It holds no keys: this computer's own AWS configuration gives them when it is opened."


def variables(given: Mapping[str, str]) -> Found | None:
    """`AWS_ACCESS_KEY_ID=…` and the others."""
    facts = {
        "key": given.get("AWS_ACCESS_KEY_ID", ""),
        "secret": given.get("AWS_SECRET_ACCESS_KEY", ""),
        "token": given.get("AWS_SESSION_TOKEN", ""),
        "region": given.get("AWS_REGION", "") or given.get("AWS_DEFAULT_REGION", ""),
        "endpoint": given.get("AWS_ENDPOINT_URL_S3", "") or given.get("AWS_ENDPOINT_URL", ""),
    }
    return keys("AWS variables", facts) if facts["key"] or facts["secret"] else None


def profiles(read: Mapping[str, Mapping[str, str]]) -> Found | None:
    """Sections of `~/.aws/credentials` or `~/.aws/config`, and s3cmd's file."""
    founds = []
    for section, lines in read.items():
        name = section.removeprefix("profile ").strip()
        if "access_key" in lines and "secret_key" in lines:  # s3cmd
            host = lines.get("host_base", "")
            scheme = "http" if lines.get("use_https", "").lower() == "false" else "https"
            facts = {"key": lines["access_key"], "secret": lines["secret_key"], "region": _region(lines)}
            facts["endpoint"] = f"{scheme}://{host}" if host and "amazonaws.com" not in host else ""
            founds.append(keys("s3cmd configuration", facts))
        elif section and "aws_access_key_id" in lines:
            facts = {
                "key": lines["aws_access_key_id"],
                "secret": lines.get("aws_secret_access_key", ""),
                "token": lines.get("aws_session_token", ""),
                "region": lines.get("region", ""),
                "endpoint": lines.get("endpoint_url", ""),
            }
            founds.append(keys(f"{PROFILE} “{name}”", facts, name))
        elif section and not section.startswith("sso-session ") and not CHAINED.isdisjoint(lines):
            facts = {"sign_in": "chain", "profile": name, "region": lines.get("region", "")}
            founds.append(found(f"{PROFILE} “{name}”", PROVIDER, facts, title=name, note=ON_THIS_COMPUTER))
    return several(founds)


def console_csv(text: str) -> Found | None:
    """`Access key ID,Secret access key` and a line below it, as the AWS console lets one download it."""
    rows = [row for row in csv.reader(text.splitlines()[:50]) if any(cell.strip() for cell in row)]
    head = [cell.strip().lower() for cell in rows[0]] if rows else []
    if "access key id" not in head or "secret access key" not in head:
        return None
    founds = []
    for row in rows[1:]:
        line = dict(zip(head, (cell.strip() for cell in row), strict=False))
        facts = {"key": line.get("access key id", ""), "secret": line.get("secret access key", "")}
        if all(facts.values()):
            founds.append(keys("AWS access keys (CSV)", facts, line.get("user name", "")))
    return several(founds)


def printed(content: Mapping[str, Any]) -> Found | None:
    """What `aws iam create-access-key` and `aws sts …` print, and the file MinIO's console gives."""
    for name in ("AccessKey", "Credentials"):
        inner = content.get(name)
        if isinstance(inner, Mapping):
            content = inner
    texts = {str(key).lower(): str(value) for key, value in content.items() if isinstance(value, str)}
    facts = {
        "key": texts.get("accesskeyid") or texts.get("accesskey", ""),
        "secret": texts.get("secretaccesskey") or texts.get("secretkey", ""),
        "token": texts.get("sessiontoken", ""),
    }
    return keys("Access keys", facts) if facts["key"] and facts["secret"] else None


def keys(what: str, facts: Mapping[str, str], title: str = "") -> Found:
    """Keys, with the service that their endpoint belongs to. Without one they fit every S3 service."""
    endpoint = facts.get("endpoint", "")
    note = "" if facts.get("secret") else "The secret key was not in it: type it below."
    if not endpoint:
        return found(what, PROVIDER, facts, title=title, joins=True, note=note)
    url = endpoint if "://" in endpoint else f"https://{endpoint}"
    place = addresses.service(urlsplit(url))
    if place is None:
        return found(what, OWN, {**facts, "endpoint": url}, title=title, note=note)
    given = {name: text for name, text in facts.items() if text and name != "endpoint"}
    return found(what, place.provider, {**given, **place.values}, title=title or place.title, note=note)


def _region(lines: Mapping[str, str]) -> str:
    region = lines.get("bucket_location", "")
    return "" if region.upper() in ("US", "EU") else region
