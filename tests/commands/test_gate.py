"""The gate from the command line: compare and bless, their settings and refusals, and the forms a job takes."""

import io
import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from runfolders import run_in, worse

from race401.harness.__main__ import main
from race401.harness.judge.checks import Finding, Value
from race401.harness.reporting import annotations, junit, markdown

Said = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no pyproject.toml sets thresholds."""
    monkeypatch.chdir(tmp_path)


def refused(capsys: Said, *words: str) -> str:
    """Run the command: exit 2 and one line, without a traceback."""
    assert main([*words]) == 2
    said = capsys.readouterr().err
    assert said.startswith("race401: ")
    assert said.count("\n") == 1
    return said


def test_equal_runs_pass(capsys: Said) -> None:
    assert main(["compare", run_in("a"), run_in("b")]) == 0
    out = capsys.readouterr().out
    assert "PASS: no worse than the baseline" in out
    assert "\x1b" not in out, "plain when piped"


def test_a_401_that_came_back_fails(capsys: Said) -> None:
    assert main(["compare", run_in("a"), run_in("b", worse())]) == 1
    assert "FAIL: [rfc9700] caller-401s: fixed: 1 of 1 session" in capsys.readouterr().out


def test_an_unfinished_run_proves_nothing() -> None:
    unfinished = run_in("b", finished=False, unfinished_because="stopped after 3 of 20 s")
    assert main(["compare", run_in("a"), unfinished]) == 3


def test_other_runs_are_refused_by_field(capsys: Said) -> None:
    said = refused(capsys, "compare", run_in("a"), run_in("b", users=18))
    assert said == "race401: not comparable: users: 12 in the baseline, 18 now\n"


def test_a_line_does_not_name_every_field(capsys: Said) -> None:
    worlds = {"rfc9700": dict.fromkeys("abcdefg", 1)}
    others = {"rfc9700": dict.fromkeys("abcdefg", 2)}
    said = refused(capsys, "compare", run_in("a", worlds=others), run_in("b", worlds=worlds))
    assert "worlds.rfc9700.e: 2 in the baseline, 1 now; and 2 fields more" in said


def test_what_is_no_run_is_refused(capsys: Said, tmp_path: Path) -> None:
    Path("empty").mkdir()
    Path("bad.json").write_text("{}")
    ledger = Path(run_in("a"), "ledger.jsonl")
    assert "No such file" in refused(capsys, "compare", "none", "a")
    assert "contains no run" in refused(capsys, "compare", "empty", "a")
    assert "bad.json is no baseline" in refused(capsys, "compare", "bad.json", "a")
    assert "is a ledger alone" in refused(capsys, "compare", "a", str(ledger))


def test_settings_the_command_line_beats_the_file(capsys: Said) -> None:
    Path("mine.toml").write_text("caller-401s = 1\nwire-401s = 1\nstore-reads-per-request = 9\n")
    Path("pyproject.toml").write_text("[tool.race401]\nwire-401s = 5\n")
    a, b = run_in("a"), run_in("b", worse())
    main(["compare", a, b, "--config", "mine.toml", "--wire-401s", "0"])
    out = capsys.readouterr().out
    assert "[rfc9700] wire-401s" in out
    assert "1 more are allowed" in out
    main(["compare", a, b])
    assert "5 more are allowed" in capsys.readouterr().out


def test_wrong_settings_are_refused(capsys: Said) -> None:
    a = run_in("a")
    assert "the command line: caller-401s = 'many'" in refused(capsys, "compare", a, a, "--caller-401s", "many")
    Path("pyproject.toml").write_text("[tool.race401]\ncaller401 = 5\n")
    assert "pyproject.toml [tool.race401]: unknown setting 'caller401'" in refused(capsys, "compare", a, a)


def test_blessed_then_compared(capsys: Said) -> None:
    a = run_in("a")
    assert main(["bless", a, "--yes"]) == 0
    baseline = Path("reports/baseline.json")
    first = baseline.read_bytes()
    assert main(["compare", str(baseline), a]) == 0
    assert main(["compare", str(baseline), run_in("b", worse())]) == 1
    capsys.readouterr()
    assert main(["bless", a, "--yes"]) == 0
    assert "PASS: no worse than the baseline" in capsys.readouterr().out, "the difference is shown"
    assert baseline.read_bytes() == first, "the same run, the same bytes"
    assert not {"host", "url", "folder", "access_token"} & set(json.loads(first))


@pytest.mark.parametrize(("answer", "code", "written"), [("y\n", 0, True), ("\n", 3, False), ("no\n", 3, False)])
def test_blessing_asks(monkeypatch: pytest.MonkeyPatch, answer: str, code: int, written: bool) -> None:
    terminal = io.StringIO(answer)
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr("sys.stdin", terminal)
    assert main(["bless", run_in("a"), "--baseline", "kept.json"]) == code
    assert Path("kept.json").exists() is written


def test_blessing_does_not_ask_nobody(capsys: Said, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    assert "say --yes" in refused(capsys, "bless", run_in("a"))


def test_only_a_run_that_passed_is_blessed(capsys: Said) -> None:
    said = refused(capsys, "bless", run_in("a", worse()), "--yes")
    assert "only a run that passed can be a baseline; this one: FAIL: [rfc9700]" in said
    assert not Path("reports").exists()


def test_a_timed_run_is_not_blessed(capsys: Said) -> None:
    assert "run with --pages" in refused(capsys, "bless", run_in("a", pages=None), "--yes")


def test_blessing_over_a_baseline_of_another_shape_says_so(capsys: Said) -> None:
    assert main(["bless", run_in("a"), "--yes"]) == 0
    assert main(["bless", run_in("b", users=18), "--yes"]) == 0
    assert "users: 12 in the baseline, 18 now" in capsys.readouterr().out


SUITE = {"name", "tests", "failures", "errors", "skipped", "time", "timestamp"}
CASE_CHILDREN = [[], ["system-out"], ["failure", "system-out"], ["error", "system-out"]]


def read_junit(document: bytes) -> list[ET.Element]:
    """Hold a document against the shape that JUnit's readers share; return its cases."""
    root = ET.fromstring(document)  # noqa: S314 - our own
    assert root.tag == "testsuites"
    for suite in root:
        assert (suite.tag, set(suite.attrib) - SUITE) == ("testsuite", set())
        cases = list(suite)
        for case in cases:
            assert (case.tag, set(case.attrib)) == ("testcase", {"classname", "name", "time"})
            assert [child.tag for child in case] in CASE_CHILDREN
        counted = {
            "tests": len(cases),
            "failures": len(suite.findall("*/failure")),
            "errors": len(suite.findall("*/error")),
        }
        assert {name: int(suite.attrib[name]) for name in counted} == counted
        names = [(case.attrib["classname"], case.attrib["name"]) for case in cases]
        assert len(names) == len(set(names)), "a case's name says which one it is"
    assert [int(root.attrib[name]) for name in ("tests", "failures", "errors")] == [
        sum(int(suite.attrib[name]) for suite in root) for name in ("tests", "failures", "errors")
    ]
    return root.findall("*/testcase")


def test_junit_of_a_verdict(capsys: Said) -> None:
    """A case for each check, condition and role: FAIL a failure, UNKNOWN an error."""
    run = worse()
    run.manifest["missing_witnesses"] = ["worker-2"]
    assert main(["judge", run_in("a", run, started_at=1_759_614_660.0), "--junit", "out/junit.xml"]) == 1
    document = Path("out/junit.xml").read_bytes()
    cases = {(case.attrib["classname"], case.attrib["name"]): case for case in read_junit(document)}
    failed = cases["burst.rfc9700.subject", "caller-401s"].find("failure")
    assert failed is not None
    assert failed.attrib["message"].startswith("fixed: the app saw 1 401 in 6 requests")
    assert "(ledger #17)" in (failed.text or "")
    assert cases["burst", "witnesses"].find("error") is not None
    assert [child.tag for child in cases["burst.rfc9700.control", "caller-401s"]] == ["system-out"]
    assert b'timestamp="2025-10-04T21:51:00"' in document


def test_junit_of_a_comparison() -> None:
    assert main(["compare", run_in("a"), run_in("b", worse()), "--junit", "junit.xml"]) == 1
    cases = read_junit(Path("junit.xml").read_bytes())
    failed = {case.attrib["name"] for case in cases if case.find("failure") is not None}
    assert failed == {"caller-401s", "wire-401s", "verdict"}


def test_junit_takes_any_text() -> None:
    """What XML cannot hold is left out, what it would read as its own is escaped."""
    finding = Finding("check", Value.UNKNOWN, 'a\x00b \x1b[31m <c> & "d" ✅', "<&>", "subject")
    (case,) = read_junit(junit.render({"suite": [finding]}))
    error = case.find("error")
    assert error is not None
    assert error.attrib["message"] == 'ab [31m <c> & "d" ✅'


def test_annotations(capsys: Said) -> None:
    """A line for each finding that is not a PASS, in GitHub's form."""
    assert main(["judge", run_in("a", worse()), "--annotations"]) == 1
    (line,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("::")]
    assert line == (
        "::error title=race401 rfc9700 subject caller-401s::fixed: the app saw 1 401 in 6 requests (1 expired); "
        "expected none"
    )


def test_annotations_cannot_be_broken_out_of() -> None:
    line = annotations.render([Finding("a:b,c", Value.UNKNOWN, "50 %\n::error::x\r", "x")])
    assert line == "::warning title=race401 x a%3Ab%2Cc::50 %25%0A::error::x%0D\n"


def test_markdown_of_a_verdict() -> None:
    assert main(["judge", run_in("a", worse()), "--markdown", "summary.md"]) == 1
    told = Path("summary.md").read_text()
    assert told.startswith("### race401: ❌ FAIL\n\nfixed fails: 1 401\n\n[rfc9700] fixed: the app saw 1 401")
    assert "| rfc9700 | pre-fix | 5 | 4 (80.0%) | 4 (80.0%) | 1 of 1 | 5 | 5.00 |" in told
    assert "* ❌ **rfc9700 caller-401s**: fixed: the app saw 1 401" in told


def test_markdown_of_a_comparison() -> None:
    assert main(["compare", run_in("a"), run_in("b", worse()), "--markdown", "summary.md"]) == 1
    told = Path("summary.md").read_text()
    assert (
        "| rfc9700 | fixed | caller-401s | 0 of 1 session | 1 of 1 session, 1 of 6 answers (16.7%) | ❌ worse |"
        in told
    )
    assert "measures that did not change</summary>" in told


def test_markdown_cannot_be_broken_out_of() -> None:
    assert markdown._cell("a | b <img> *x* `y`\nz") == "a \\| b &lt;img> \\*x\\* \\`y\\` z"


def test_a_file_that_cannot_be_written_is_refused(capsys: Said) -> None:
    assert main(["judge", run_in("a"), "--junit", "a/manifest.json/x.xml"]) == 2
    assert "race401: a/manifest.json/x.xml: " in capsys.readouterr().err


def test_the_checks_are_listed(capsys: Said) -> None:
    """Every check by name, with what it finds."""
    assert main(["judge", "--checks"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "caller-401s" in {line.split()[0] for line in lines}
    assert all(len(line.split()) > 4 for line in lines)


def test_nothing_to_judge_is_refused(capsys: Said) -> None:
    assert "nothing to judge" in refused(capsys, "judge")
