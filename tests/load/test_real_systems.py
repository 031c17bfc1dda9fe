"""Bursts upon real auth servers with an API behind each: before and after the fix differ as the probe's rows say."""

from pathlib import Path

import pytest
from locustruns import ROOT, locust
from stacks import SERVERS, marked, running, tables

from race401.harness.judge import evidence, verdict
from race401.harness.judge.causal import before
from race401.harness.judge.findings import Value
from race401.harness.judge.graph import granted
from race401.harness.judge.losses import losses
from race401.harness.probe.evidence import load as load_probe
from race401.ledger.entry import Entry

pytestmark = pytest.mark.slow
WORK = ["--headless", "--skip-log-setup", "-u", "6", "-r", "6", "--pages", "8"]
PROBED = [
    "django-oauth-toolkit-unprotected",
    "django-oauth-toolkit",
    "oidc-provider-database",
    "oidc-provider-safe",
    "doorkeeper-instant",
]
OF_THE_TRIAL = 3  # refresh tokens: of two sign-ins, and a refresh


def system(folder: Path, name: str, url: str) -> Path:
    """The file that says how it is asked."""
    path = folder / f"{name}.toml"
    path.write_text(
        f"""
api = "{url}"
page = ["/me", "/me?part=2", "/me?part=3", "/me?part=4", "/me?part=5"]
token = "{url}{SERVERS[name].token}"
sign_in = "POST {url}/seed"
client = "app"
unauthorized = [401, 403, 400]
"""
    )
    return path


def used_late(told: evidence.Evidence, entries: list[Entry]) -> set[str | None]:
    """The sessions in which a token was refused that had been used before, and not at once: a second use."""
    exchanges = [e for e in entries if e.kind == "exchange"]
    grants = [e for e in exchanges if granted(e)]
    refused = [e for e in exchanges if not granted(e) and e.status]
    return {
        told.graph.session(e) for e in refused if any(g.presented == e.presented and before(g, e) for g in grants)
    }


@pytest.mark.parametrize("name", marked(PROBED))
def test_before_and_after_the_fix_differ_as_the_probe_says(tmp_path: Path, name: str) -> None:
    """
    Several exchanges of a token before the fix, one after it; and a second use that is refused ends the session, or
    does not, as its row says. The record knows of each token that the server's own tables have.
    """
    with running(SERVERS[name]) as url:
        with locust(tmp_path / "reports", *WORK, "--system", str(system(tmp_path, name, url))) as run:
            code = run.ended()
        stored = tables(url)["refresh_tokens"]
    assert code == 0, run.out
    told = evidence.load(run.folder)
    result = verdict.judge(told)
    assert result.value is Value.PASS
    rows = {row.role: row for row in result.rows}
    assert rows["control"].repeated_seqs
    assert not rows["subject"].repeated_seqs
    assert not rows["subject"].caller_401s
    assert rows["subject"].sessions_lost == 0
    control = [e for e in told.entries if e.client is not None and e.client.split("/")[2] == "control"]
    lives = load_probe(ROOT / f"reports/servers/{name}.json").card.row("second.lives")
    if lives.said == "always":
        assert rows["control"].sessions_lost == 0
    else:
        assert lives.said == "never"
        found = losses(control, told.graph)
        assert used_late(told, control) <= {told.graph.session(e) for e in (*found.lost, *found.undecided)}
    brought = {e.brought_refresh for e in told.entries if e.brought_refresh is not None}
    assert len(brought) == stored - OF_THE_TRIAL
