"""The README's quick start runs as it is written; only credentials and the endpoint are replaced."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.documented import provider_table

README = Path(__file__).resolve().parents[2] / "README.md"


@pytest.fixture
def _in_a_folder_with_a_photo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("IMG_0001.jpg").write_bytes(b"\xff\xd8\xff" + bytes(5000))


@pytest.mark.usefixtures("_in_a_folder_with_a_photo")
def test_the_quick_start_of_the_readme_runs(moto_server: Any, capsys: Any) -> None:
    found = re.search(r"test_readme.py -->\n```python\n(.*?)```", README.read_text("utf-8"), re.S)
    assert found is not None
    host, port = moto_server.endpoint.removeprefix("http://").split(":")
    text = found[1].replace(
        '"access_key", "secret_key", region="eu-central-1"',
        f"{moto_server.access_key!r}, {moto_server.secret_key!r}, host={host!r}, port={port}, secure=False",
    )
    exec(compile(text, "README.md", "exec"), {})
    assert "{'place': 'Lisbon'}" in capsys.readouterr().out
    assert Path("copy-of-IMG_0001.jpg").read_bytes() == Path("IMG_0001.jpg").read_bytes()


def test_the_table_of_services_is_what_the_code_says() -> None:
    text = README.read_text("utf-8")
    assert provider_table.readme(text) == text, "python -m tests.documented.provider_table writes it anew"
