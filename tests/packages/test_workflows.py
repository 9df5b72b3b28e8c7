"""The workflows for GitHub, held by what can be read of them here: they have not run yet."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

import dev

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / ".github" / "workflows"
FILES = sorted(FOLDER.glob("*.yml"))
ANYWHERE = ROOT / ".github" / "tests-anywhere.txt"
EACH = pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
TOOLS = Path(sys.executable).parent
# Servers and systems that only Linux has, by the names of what a test asks for.
SERVER = re.compile(r"SETUP +S (\w*(?:server|display|desktop)\w*)")


def workflow(file: Path) -> dict[Any, Any]:
    found: dict[Any, Any] = yaml.safe_load(file.read_text("utf-8"))
    return found


def steps(file: Path) -> Iterator[dict[str, Any]]:
    for job in workflow(file)["jobs"].values():
        yield from job["steps"]


def passes(*argv: str) -> None:
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_workflows_are_what_github_reads() -> None:
    passes(
        str(TOOLS / "check-jsonschema"), "--builtin-schema", "vendor.github-workflows", *map(str, FILES)
    )  # fmt: skip


def test_the_updates_of_actions_are_what_github_reads() -> None:
    passes(str(TOOLS / "check-jsonschema"), "--builtin-schema", "vendor.dependabot", ".github/dependabot.yml")


def test_zizmor_finds_nothing_at_its_strictest() -> None:
    # Findings end it with 11 to 14; the auditor's persona takes smells for findings.
    passes(str(TOOLS / "zizmor"), "--offline", "--no-progress", "--persona=auditor", ".github")


@EACH
def test_nothing_is_allowed_that_a_job_does_not_ask_for(file: Path) -> None:
    assert workflow(file)["permissions"] == {}
    for job in workflow(file)["jobs"].values():
        assert set(job["permissions"]) <= {"contents", "id-token", "attestations"}
        assert job["timeout-minutes"] <= 90


@EACH
def test_every_action_is_a_commit_with_its_version_beside_it(file: Path) -> None:
    used = re.findall(r"uses: (\S+)(.*)", file.read_text("utf-8"))
    assert used
    for action, version in used:
        assert re.fullmatch(r"[\w.-]+/[\w.-]+@[0-9a-f]{40}", action), action
        assert re.fullmatch(r" # v\d+\.\d+\.\d+", version), action


def test_an_action_is_the_same_commit_wherever_it_is_used() -> None:
    used = {action for file in FILES for action in re.findall(r"uses: (\S+)", file.read_text("utf-8"))}
    assert len({action.partition("@")[0] for action in used}) == len(used)


@EACH
def test_a_checkout_leaves_no_password_behind(file: Path) -> None:
    for step in steps(file):
        if "actions/checkout@" in step.get("uses", ""):
            assert step["with"]["persist-credentials"] is False


def test_the_tests_run_on_three_systems_and_four_pythons() -> None:
    matrix = workflow(FOLDER / "ci.yml")["jobs"]["test"]["strategy"]["matrix"]
    assert [name.partition("-")[0] for name in matrix["os"]] == ["ubuntu", "windows", "macos"]
    assert matrix["python"] == ["3.11", "3.12", "3.13", "3.14"]


@EACH
def test_what_a_step_runs_is_there(file: Path) -> None:
    for step in steps(file):
        line = step.get("run", "")
        for command in re.findall(r"\bdev\.py (\w+)", line):
            assert command in dev.COMMANDS
        for script in re.findall(r"python (packaging/\S+)", line):
            assert (ROOT / script).is_file()
        for arguments in re.findall(r'"@([^"]+)"', line):
            assert (ROOT / arguments).is_file()


@EACH
def test_no_step_pastes_what_others_wrote_into_a_shell(file: Path) -> None:
    assert not [step["run"] for step in steps(file) if "${{" in step.get("run", "")]


def test_packages_are_made_on_three_systems_and_tried_before_and_after_they_are_installed() -> None:
    jobs = workflow(FOLDER / "release.yml")["jobs"]
    said = {name: "\n".join(step.get("run", "") for step in job["steps"]) for name, job in jobs.items()}
    assert "python dev.py package\n" in said["linux"] + "\n"
    assert said["windows"].index("dev.py package --no-tests") < said["windows"].index("try_installer.py")
    assert said["macos"].index("dev.py package --no-tests") < said["macos"].index("try_image.py")
    for build in ("windows/build.py", "macos/build.py"):
        text = (ROOT / "packaging" / build).read_text("utf-8")
        steps_of_main = text[text.index("def main") : text.index("return 0")]
        made = re.search(r"make_installer\(|make_image\(", steps_of_main)
        assert made, build
        assert steps_of_main.index('"tour.py"') < made.start()
    assert "SHA256SUMS" in said["draft"]
    assert "--draft" in said["draft"]


def test_only_a_tag_makes_a_release_and_only_then_has_a_job_the_right_to() -> None:
    jobs = workflow(FOLDER / "release.yml")["jobs"]
    for name, job in jobs.items():
        if "write" in job["permissions"].values():
            assert job["if"] == "github.ref_type == 'tag'", name
    assert jobs["library"]["environment"]["name"] == "pypi"
    assert set(jobs["draft"]["needs"]) == {"linux", "windows", "macos"}


def test_the_tests_for_all_systems_are_there_and_need_no_server_and_no_display() -> None:
    lines = ANYWHERE.read_text("utf-8").splitlines()
    assert [line for line in lines if not (ROOT / line).exists()] == []
    # What would be set up, without doing it. The guard against X11: two libraries that only Linux installs.
    code = (
        "import sys, pytest; sys.modules.update({'Xlib': None, 'jeepney': None}); "
        "sys.exit(pytest.main(sys.argv[1:]))"
    )
    plan = subprocess.run(
        [sys.executable, "-c", code, "--setup-plan", "-q", "-p", "no:cacheprovider", f"@{ANYWHERE}"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert plan.returncode == 0, plan.stdout[-3000:] + plan.stderr
    assert set(SERVER.findall(plan.stdout)) == set()
    assert "SETUP    S qapp" in plan.stdout  # the plan is one
