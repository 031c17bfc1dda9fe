"""The page: it needs nothing else, its figures are the verdict's, its links lead somewhere, whatever the run was."""

import re
import webbrowser
from collections.abc import Callable
from pathlib import Path

import pytest
from ledgers import Run
from pages import ODD, crossed_by_a_pair, page
from runfolders import stored

from race401.harness.__main__ import main
from race401.harness.judge import evidence as evidence_module
from race401.harness.judge.evidence import Evidence
from race401.harness.judge.verdict import judge
from race401.harness.reporting import html

BEFORE, AFTER = "run/rfc9700/control/1", "run/rfc9700/subject/1"


def test_the_figures_are_the_verdicts() -> None:
    """What stands above the fold is what the verdict counted, for each condition and role."""
    evidence = crossed_by_a_pair().evidence()
    rows = {row.role: row for row in judge(evidence).rows}
    figures = page(evidence).figures
    for role, row in rows.items():
        saw = figures[f"rfc9700/{role}/401s that the app saw"].replace("▲", "")
        assert saw.split()[0] == str(row.caller_401s.total())
        lost = figures[f"rfc9700/{role}/sessions lost"].replace("▲", "")
        assert " ".join(lost.split()) == f"{row.sessions_lost} of {row.sessions}"
        each = figures[f"rfc9700/{role}/per refresh token (ideal 1.00)"].replace("▲", "")
        assert each.split()[0] == f"{row.exchanges_per_generation:.2f}"


def test_the_story_before_and_after() -> None:
    """The incident's sentences, from its own numbers, and the same burst after the fix."""
    text = page(crossed_by_a_pair().evidence()).text
    assert "Five requests leave within" in text
    assert "57 s left, within the margin of 60 s, so a refresh is due" in text
    assert "Five refreshes are sent, all with the same refresh token." in text
    assert "One request answered 200, and four 401 (sent without a token). The session is lost" in text
    assert "One refresh is sent for all of them. It returns a new pair" in text
    assert "All five are answered 200: the app notices nothing." in text


def test_knobs_have_units_and_what_differs_is_marked() -> None:
    """Seconds are said to be seconds; yes, none and a share are none. The first policy has no mark."""
    run = crossed_by_a_pair()
    run.manifest["policies"]["control"] |= {"jitter": 0.0, "mandatory_margin": None, "margin_share": 0.25}
    run.manifest["policies"]["subject"] |= {"jitter": 0.0, "mandatory_margin": 30.0, "margin_share": 0.25}
    source = page(run.evidence()).source
    cells = {
        "expiry margin": '<td>60 s</td><td class="differs">120 s</td>',
        "jitter": "<td>0 s</td><td>0 s</td>",
        "mandatory margin": '<td>none</td><td class="differs">30 s</td>',
        "margin share": "<td>0.25</td><td>0.25</td>",
    }
    for name, values in cells.items():
        assert f'<th scope="row">{name}</th>{values}' in source


def test_the_same_evidence_gives_the_same_page() -> None:
    """Byte for byte."""
    one, two = (html.render(judge(e), e) for e in (crossed_by_a_pair().evidence(), crossed_by_a_pair().evidence()))
    assert one == two


def test_what_others_wrote_is_text_and_never_markup() -> None:
    """A target, a client or a reason that is markup is shown as it was written."""
    run = crossed_by_a_pair()
    run.entry(BEFORE, '/x"><script>alert(1)</script>', 401, attempt=f"{BEFORE}#1.6", cause="<b>odd</b>")
    run.manifest["unfinished_because"], run.manifest["finished"] = "<img src=x>", False
    built = page(run.evidence())
    assert "<script>alert(1)" in built.text
    assert "<img src=x>" in built.text
    assert built.source.count("<script") == 1


@pytest.mark.parametrize(("odd", "says"), ODD.values(), ids=ODD)
def test_a_page_of_an_odd_run_makes_sense(odd: Callable[[Run], Evidence], says: str) -> None:
    """It is whole, and it says what is missing."""
    assert says in " ".join(page(odd(crossed_by_a_pair())).text.split())


def test_a_page_is_bounded_and_says_that_it_samples() -> None:
    """Of a great many 401s the first few are shown, with how many there are."""
    run = crossed_by_a_pair()
    for number in range(2, 400):
        run.page(BEFORE, number, *["expired"] * 5)
    built = page(run.evidence())
    assert "401s that the app saw, rfc9700, before: 1994 rows, the first 12" in built.text
    assert len(built.source) < 200_000


def test_rebuilding_writes_the_verdict_and_the_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`race401 report RUN` leaves both, says where, and exits by the verdict."""
    assert main(["report", str(stored(tmp_path))]) == 0
    said = capsys.readouterr().out
    assert f"report: {tmp_path / 'report.html'}" in said
    assert said.startswith("PASS: The fix holds")
    told = evidence_module.load(tmp_path)
    assert (tmp_path / "report.html").read_text() == html.render(judge(told), told)
    assert (tmp_path / "verdict.json").exists()


def test_a_page_is_shown_and_put_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`--out` says where it goes, `--open` hands it to the browser."""
    shown: list[str] = []

    def show(address: str) -> bool:
        shown.append(address)
        return True

    monkeypatch.setattr(webbrowser, "open", show)
    out = tmp_path / "elsewhere.html"
    (tmp_path / "run").mkdir()
    assert main(["report", str(stored(tmp_path / "run")), "--out", str(out), "--open"]) == 0
    assert shown == [out.as_uri()]
    assert not (tmp_path / "run" / "report.html").exists()


def test_no_browser_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The page is there all the same, and the exit code is the verdict's."""
    monkeypatch.setattr(webbrowser, "open", lambda _: False)
    assert main(["report", str(stored(tmp_path)), "--open"]) == 0
    assert "no browser could be opened here; open the page yourself" in capsys.readouterr().out
    assert (tmp_path / "report.html").exists()


def test_a_ledger_alone_needs_a_place(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It has no folder of its own; with --out it is reported."""
    ledger = stored(tmp_path) / "ledger.jsonl"
    assert main(["report", str(ledger)]) == 2
    assert capsys.readouterr().err.endswith("say --out FILE\n")
    assert main(["report", str(ledger), "--out", str(tmp_path / "page.html")]) in {0, 1, 3}
    assert "a ledger alone" in (tmp_path / "page.html").read_text()


def test_the_incident_is_drawn_small(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--picture` writes an SVG that loads nothing, runs nothing and says itself what it shows."""
    out = tmp_path / "race.svg"
    assert main(["report", str(stored(tmp_path, crossed_by_a_pair())), "--picture", str(out)]) == 0
    assert f"picture: {out}" in capsys.readouterr().out
    drawn = out.read_text()
    said = "Before the fix: five refreshes: one 200 and four 401. After the fix: one refresh: five 200."
    assert f'<title id="says">{said}</title>' in drawn
    assert not re.search(r"<script|<a |<image|href|url\(|@import", drawn)
    assert "prefers-color-scheme: dark" in drawn


def test_what_others_wrote_is_text_in_the_picture_too(tmp_path: Path) -> None:
    """A target that is markup is shown as it was written."""
    run = crossed_by_a_pair()
    for entry in run.entries:
        entry.target = entry.target.replace("/messages", "/x<script>")
    assert main(["report", str(stored(tmp_path, run)), "--picture", str(tmp_path / "race.svg")]) in {0, 3}
    assert "<script" not in (tmp_path / "race.svg").read_text()


def test_without_an_incident_there_is_no_picture(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One line says so, and no file is left."""
    run = Run()
    run.page(BEFORE, 1, *[None] * 5)
    assert main(["report", str(stored(tmp_path, run)), "--picture", str(tmp_path / "race.svg")]) == 2
    assert "has no incident to draw" in capsys.readouterr().err
    assert not (tmp_path / "race.svg").exists()


def test_the_templates_are_packed() -> None:
    """They lie within the package, so that a wheel holds them."""
    assert {path.name for path in html.TEMPLATES.iterdir()} == {
        "diagnosis.html",
        "picture.svg",
        "probe.html",
        "report.html",
        "drawings.html",
        "live.css",
        "live.html",
        "live.js",
        "scoreboard.html",
        "servers.html",
        "style.css",
        "script.js",
    }
    assert html.TEMPLATES.parent == Path(html.__file__).parent
