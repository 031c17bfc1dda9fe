"""The composite action and the workflow: their steps, run here as the runner would."""

import subprocess
from pathlib import Path
from typing import Any

import pytest
from actions import BASH, ROOT, Job, read
from runfolders import run_in, worse

WORKFLOW = ".github/workflows/ci.yml"


def judged(tmp_path: Path, **inputs: str) -> Job:
    """The judging step alone, on the run `gate` in the reports folder."""
    job = Job(tmp_path, inputs | {"reports": "."}, outputs={"burst": {"run": "gate"}})
    job.run(only="judge")
    return job


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The workspace of a job."""
    monkeypatch.chdir(tmp_path)


def test_a_run_as_good_as_its_baseline(tmp_path: Path) -> None:
    run_in("gate")
    run_in("baseline")
    job = judged(tmp_path, baseline="baseline")
    assert (job.code, job.outputs["judge"]) == (0, {"verdict": "PASS"}), job.out
    assert "compared with the baseline: ✅ PASS" in job.summary
    assert "### race401: ✅ PASS" in job.summary
    assert Path("compare.xml").exists()
    assert Path("judge.xml").exists()


def test_a_run_that_got_worse(tmp_path: Path) -> None:
    run_in("gate", worse())
    run_in("baseline")
    job = judged(tmp_path, baseline="baseline")
    assert (job.code, job.outputs["judge"]) == (1, {"verdict": "FAIL"})
    assert "::error title=race401 rfc9700 subject caller-401s::" in job.out
    assert "compared with the baseline: ❌ FAIL" in job.summary


def test_without_a_baseline_the_run_is_judged_alone(tmp_path: Path) -> None:
    run_in("gate", worse())
    job = judged(tmp_path)
    assert (job.code, job.outputs["judge"]) == (1, {"verdict": "FAIL"})
    assert "compared" not in job.summary


def test_thresholds_are_passed_on(tmp_path: Path) -> None:
    """Options of a line, and a file: both reach `race401 compare`."""
    run_in("gate")
    run_in("baseline")
    Path("mine.toml").write_text("nonsense = 1\n")
    assert "unknown setting 'nonsense'" in judged(tmp_path, baseline="baseline", config="mine.toml").out
    job = judged(tmp_path, baseline="baseline", thresholds="--caller-401s 1 --wire-401s many")
    assert (job.code, "wire-401s = 'many'" in job.out) == (2, True)


def test_an_unfinished_run_is_unknown(tmp_path: Path) -> None:
    run_in("gate", finished=False, unfinished_because="stopped")
    assert judged(tmp_path).outputs["judge"] == {"verdict": "UNKNOWN"}


def test_a_baseline_that_is_not_there_is_wrong_usage(tmp_path: Path) -> None:
    run_in("gate")
    job = judged(tmp_path, baseline="none.json")
    assert (job.code, job.outputs["judge"]) == (2, {})
    assert "race401: none.json: No such file" in job.out


@pytest.mark.slow
def test_the_whole_action_against_the_committed_baseline(tmp_path: Path) -> None:
    """Set up, load, judge, compare: PASS, with its evidence where it is uploaded from."""
    job = Job(tmp_path, {"baseline": str(ROOT / "reports/baseline.json")})
    assert job.run() == 0, job.out
    assert job.outputs["judge"] == {"verdict": "PASS"}
    assert "compared with the baseline: ✅ PASS" in job.summary
    assert (tmp_path / job.inputs["reports"] / "gate" / "ledger.jsonl").exists()


@pytest.mark.slow
def test_the_whole_action_with_the_single_flight_removed(tmp_path: Path) -> None:
    job = Job(
        tmp_path,
        {"baseline": str(ROOT / "reports/baseline.json"), "policies": "pre-fix,fixed:single_flight=false"},
    )
    assert job.run() == 1, job.out
    assert job.outputs["judge"] == {"verdict": "FAIL"}
    assert "policies.subject.single\\_flight: true in the baseline, false now" in job.summary


@pytest.mark.slow
def test_a_wrong_policy_ends_the_action_before_any_load(tmp_path: Path) -> None:
    job = Job(tmp_path, {"policies": "pre-fix,fxied"})
    assert job.run() == 2
    assert "race401: unknown policy 'fxied'" in job.out
    assert "judge" not in job.outputs


def scripts() -> list[Any]:
    """Every script of the workflow, by its job."""
    jobs = read(WORKFLOW)["jobs"]
    return [
        pytest.param(step["run"], id=f"{name}: {step.get('name', step['run'])}")
        for name, job in jobs.items()
        for step in job["steps"]
        if "run" in step
    ]


@pytest.mark.parametrize("script", scripts())
def test_the_workflows_scripts_are_bash(script: str) -> None:
    assert subprocess.run([*BASH, "-n"], input=script, text=True, check=False).returncode == 0


def test_the_workflow_uses_this_action_by_its_inputs() -> None:
    """With inputs that it has, and a baseline that is committed."""
    steps = [step for job in read(WORKFLOW)["jobs"].values() for step in job["steps"] if "uses" in step]
    (ours,) = [step for step in steps if step["uses"] == "./"]
    assert ours["with"].keys() <= read("action.yml")["inputs"].keys()
    assert (ROOT / ours["with"]["baseline"]).exists()


def test_the_workflows_verdict_is_told_as_the_runner_would(tmp_path: Path) -> None:
    """The step after the main job: summary, annotations and the exit code, from the stored run."""
    (step,) = [s for s in read(WORKFLOW)["jobs"]["check"]["steps"] if s.get("name") == "its verdict"]
    Path("reports").mkdir()
    run_in("reports/burst", worse())
    (tmp_path / ".venv").symlink_to(ROOT / ".venv")
    done = subprocess.run(
        [*BASH, "-c", step["run"]],
        env={"PATH": "/usr/bin:/bin", "GITHUB_STEP_SUMMARY": "summary"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    assert "::error title=race401 rfc9700 subject caller-401s::" in done.stdout
    assert Path("summary").read_text().startswith("### race401: ❌ FAIL")


def test_the_page_about_ci_has_every_input_and_output() -> None:
    """Word for word, with its default."""
    action, page = read("action.yml"), (ROOT / "docs" / "ci.md").read_text()
    for name, about in action["inputs"].items():
        default = f"`{about['default']}`" if about["default"] else "empty"
        assert f"| `{name}` | {default} | {about['description']} |\n" in page
    for name, about in action["outputs"].items():
        assert f"| `{name}` | {about['description']} |\n" in page
