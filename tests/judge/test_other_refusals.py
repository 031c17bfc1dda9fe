"""Refusals that are no 401, as a dialect knows them: no sentence, table or headline calls them 401s."""

import pytest
from wires import Wire

from race401.harness.judge.evidence import from_ledger
from race401.harness.judge.verdict import judge
from race401.harness.reporting import console, markdown


def shown_as(status: int, *, refusal: bool) -> str:
    """All that is printed of a session whose token was refused so, and not made good."""
    wire = Wire()
    wire.sign_in("a1", "r1", at=0.0)
    wire.get("a1", at=0.1)
    wire.get("a1", status, at=1.0, refusal=refusal)
    wire.exchange("r1", "a2", "r2", at=2.0)
    wire.get("a2", at=3.0, target="/me")
    evidence = from_ledger(wire.entries, "ledger")
    result = judge(evidence)
    return console.render(result, evidence.manifest, width=100) + markdown.verdict(result, evidence.manifest)


@pytest.mark.parametrize("status", [403, 400, 419, 200])
def test_a_refusal_by_another_status_is_called_a_refusal(status: int) -> None:
    text = shown_as(status, refusal=True)
    assert "the app saw 1 refusal in" in text
    assert "refusals that the app saw" in text
    assert "401" not in text.replace("caller-401s", "").replace("race401", "")


def test_a_401_is_called_a_401() -> None:
    """Near miss."""
    text = shown_as(401, refusal=False)
    assert "the app saw 1 401 in" in text
    assert "refusal" not in text
