"""What CI and the action run of other people's, what they may do, and what an input can reach."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]
from actions import ROOT, Job

FILES = sorted(
    [ROOT / "action.yml", *ROOT.glob(".github/workflows/*.y*ml"), *ROOT.glob("examples/*/.github/workflows/*.y*ml")]
)
USES = re.compile(r"^\s*(?:- )?uses: *(.*)$", re.MULTILINE)
PINNED = re.compile(r"[\w.-]+(/[\w.-]+)+@[0-9a-f]{40} # v\d+\.\d+\.\d+")
OTHERS_CODE = {"pull_request_target", "workflow_run", "issue_comment"}  # run with this repository's rights
PYTHON_IN_A_RECIPE = re.compile(r"^\t.*\$[({]PYTHON[)}]", re.MULTILINE)


def wrong(text: str) -> list[str]:
    """What a workflow or a composite action does that it must not."""
    parsed: dict[Any, Any] = yaml.safe_load(text)
    steps = [
        step for job in parsed.get("jobs", {"": parsed.get("runs")}).values() for step in job.get("steps", [job])
    ]
    named = USES.findall(text)
    found = [f"not pinned by commit, with its version: {name}" for name in named if not _pinned(name)]
    if len(named) != sum("uses" in step for step in steps):
        found.append("an action that stands on no line of its own")
    found += [f"an expression in a script: {step['run']}" for step in steps if "${{" in step.get("run", "")]
    return found + (list(_rights(parsed, steps)) if "jobs" in parsed else [])


def _pinned(name: str) -> bool:
    return name == "./" or PINNED.fullmatch(name) is not None


def _rights(workflow: dict[Any, Any], steps: list[dict[str, Any]]) -> Iterator[str]:
    """Yield where a workflow may do more than read this repository."""
    on = workflow[True]  # YAML's `on`
    yield from (
        f"runs others' code: {name}" for name in sorted(OTHERS_CODE & set([on] if isinstance(on, str) else on))
    )
    if workflow.get("permissions") != {}:
        yield "permissions that every job has"
    for name, job in workflow["jobs"].items():
        if job.get("permissions") not in ({}, {"contents": "read"}):
            yield f"more than reading, or permissions that are not said: {name}"
    for step in steps:
        is_checkout = step.get("uses", "").startswith("actions/checkout@")
        if is_checkout and step.get("with", {}).get("persist-credentials") is not False:
            yield "a checkout that leaves its token behind"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_ours_do_none_of_it(path: Path) -> None:
    """Actions are pinned by commit, jobs may read and no more, and no expression stands in a script."""
    assert wrong(path.read_text()) == []


def test_the_pages_show_pinned_actions_too() -> None:
    """What a reader copies is as safe as ours; ours itself comes from a checkout."""
    shown = [name for page in ROOT.glob("docs/*.md") for name in USES.findall(page.read_text())]
    assert [name for name in shown if not _pinned(name)] == ["./race401"]


SHA = "0123456789abcdef0123456789abcdef01234567"
WORKFLOW = f"""
on: [push]
permissions: {{}}
jobs:
  one:
    permissions:
      contents: read
    steps:
      - uses: actions/checkout@{SHA} # v1.2.3
        with:
          persist-credentials: false
      - uses: ./
        with:
          name: ${{{{ github.job }}}}
      - run: echo "$NAME"
        env:
          NAME: ${{{{ github.head_ref }}}}
"""


def test_a_workflow_that_does_none_of_it_is_clean() -> None:
    """An expression in `with` or `env` is data, and no near miss either."""
    assert wrong(WORKFLOW) == []
    assert wrong(WORKFLOW.replace("      contents: read\n", "      {}\n")) == []


@pytest.mark.parametrize(
    ("clean", "planted", "said"),
    [
        (f"@{SHA} # v1.2.3", "@v1.2.3", "not pinned by commit"),
        (f"@{SHA} # v1.2.3", f"@{SHA}", "not pinned by commit, with its version"),
        (f"@{SHA} # v1.2.3", f"@{SHA} # v1", "not pinned by commit, with its version"),
        (f"@{SHA} # v1.2.3", f"@{SHA[:7]} # v1.2.3", "not pinned by commit"),
        ("uses: ./", "uses: docker://alpine:3", "not pinned by commit"),
        ("- uses: ./\n", "- {uses: a/b@v1}\n      - uses: ./\n", "on no line of its own"),
        ('echo "$NAME"', 'echo "${{ github.head_ref }}"', "an expression in a script"),
        ("permissions: {}", "permissions: read-all", "permissions that every job has"),
        ("permissions: {}\n", "", "permissions that every job has"),
        ("contents: read", "contents: write", "more than reading"),
        ("    permissions:\n      contents: read\n", "", "permissions that are not said: one"),
        ("persist-credentials: false", "persist-credentials: true", "leaves its token behind"),
        ("on: [push]", "on: [pull_request_target]", "runs others' code: pull_request_target"),
        ("on: [push]", "on: {workflow_run: {}}", "runs others' code: workflow_run"),
    ],
)
def test_a_planted_violation_is_found(clean: str, planted: str, said: str) -> None:
    """Each by itself, in a workflow that is clean but for it."""
    assert clean in WORKFLOW
    (found,) = wrong(WORKFLOW.replace(clean, planted))
    assert said in found


def test_an_expression_in_an_actions_script_is_found() -> None:
    """A composite action has steps as a job has, and no rights of its own."""
    action = 'runs: {using: composite, steps: [{run: "make PYTHON=%s"}]}'
    assert wrong(action % "python3") == []
    assert wrong(action % "${{ inputs.python }}") == ["an expression in a script: make PYTHON=${{ inputs.python }}"]


HOSTILE = [
    "$(touch planted)",
    "`touch planted`",
    "x; touch planted; #",
    "x' ; touch planted ; '",
    'x" ; touch planted ; "',
    "x && touch planted",
    "$(shell touch planted)",  # make's own
    "*",
]
RECORDS = """#!/bin/sh
printf '%s\\0' "$@" >> "$(dirname "$0")/words"
"""


@pytest.fixture
def action(tmp_path: Path) -> Path:
    """The action's folder, its programs replaced by one that records its words."""
    programs = tmp_path / "action" / ".venv" / "bin"
    programs.mkdir(parents=True)
    for name in ("locust", "race401"):
        (programs / name).write_text(RECORDS)
        (programs / name).chmod(0o755)
    (tmp_path / "action" / "Makefile").write_text("setup:\n\t@true\n")
    (tmp_path / "workspace").mkdir()
    return tmp_path / "action"


def words(action: Path) -> list[str]:
    """What the action's programs were called with."""
    return (action / ".venv" / "bin" / "words").read_text().split("\0")


@pytest.mark.parametrize("text", HOSTILE)
def test_an_input_of_the_action_is_data(tmp_path: Path, action: Path, text: str) -> None:
    """Whatever it holds, the programs get it as it is, and no shell reads it."""
    given = ("baseline", "policies", "conditions", "pages", "users", "seed", "config", "reports")
    job = Job(tmp_path / "workspace", dict.fromkeys(given, text) | {"thresholds": "--x " + text}, action=action)
    assert job.run() == 0, job.out
    said = words(action)
    assert said.count(text) >= len(given), said
    after = said[said.index("--x") + 1 :]
    assert after[: len(text.split())] == text.split()
    assert not list(tmp_path.rglob("planted"))


@pytest.mark.parametrize("text", HOSTILE)
def test_an_input_that_is_no_python_ends_the_action_with_one_line(tmp_path: Path, action: Path, text: str) -> None:
    """Before make hears of it."""
    job = Job(tmp_path / "workspace", {"python": text}, action=action)
    assert job.run() == 2
    assert job.out.startswith("race401: python: there is no program ")
    assert len(job.out.splitlines()) == 1
    assert not list(tmp_path.rglob("planted"))


def test_thresholds_may_take_several_lines(tmp_path: Path, action: Path) -> None:
    job = Job(tmp_path / "workspace", {"baseline": "b", "thresholds": "--x 1\n--y 2\n"}, action=action)
    assert job.run() == 0, job.out
    assert words(action)[-5:-1] == ["--x", "1", "--y", "2"]


def test_a_folder_of_two_lines_is_refused(tmp_path: Path, action: Path) -> None:
    """Else the second would be another output of the step, or another folder that is uploaded."""
    job = Job(tmp_path / "workspace", {"reports": "reports\nrun=elsewhere"}, action=action)
    assert job.run() == 2
    assert job.out == "race401: reports: a folder's name is one line\n"
    assert job.outputs["burst"] == {}


@pytest.mark.parametrize("text", HOSTILE)
def test_make_runs_a_python_by_its_name_alone(tmp_path: Path, text: str) -> None:
    """`PYTHON` from the environment is one word to the shell of each recipe, and nothing to make."""
    for name in ("Makefile", "pyproject.toml", "requirements.lock", "requirements-uv.lock"):
        shutil.copy(ROOT / name, tmp_path)
    done = subprocess.run(
        ["make", "setup"],
        cwd=tmp_path,
        env=os.environ | {"PYTHON": text},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert f"race401 needs Python 3.11 or newer; {text} is not." in done.stderr
    assert not list(tmp_path.rglob("planted"))
    assert not PYTHON_IN_A_RECIPE.search((ROOT / "Makefile").read_text())
