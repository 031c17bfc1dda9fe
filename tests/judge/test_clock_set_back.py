"""A recorder whose clock was set back: what needs the order of things is UNKNOWN, and the rest stays proven."""

import pytest
from wires import Wire, verdict

from race401.harness.judge.checks import CHECKS
from race401.harness.judge.findings import Value

PASS, FAIL, UNKNOWN = Value.PASS, Value.FAIL, Value.UNKNOWN


def set_back(by: float) -> Wire:
    """A 401 that a refresh makes good, and a clock that goes back between them; `by` s."""
    wire = Wire()
    wire.sign_in("a1", "r1", at=100.0)
    wire.get("a1", 401, at=110.0)
    wire.exchange("r1", "a2", "r2", at=110.1 - by)
    wire.get("a2", at=110.2 - by)
    wire.get("a2", at=111.0 - by, target="/other")
    return wire


def test_a_clock_that_went_back_fails_nobody_and_passes_nobody() -> None:
    """The retry is dated before what it made good."""
    result = verdict(set_back(60.0))
    assert result.value is UNKNOWN
    assert "the recorder's clock went back by 59.9 s or more before entry #3" in result.sentence
    assert not any(f.value is FAIL for f in result.findings)


def test_a_clock_that_went_on_is_not_spoken_of() -> None:
    """Clean; and a near miss, since a clock that is set right goes back by less than a second."""
    assert verdict(set_back(0.0)).value is PASS
    assert not any(f.check == "order" for f in verdict(set_back(0.9)).findings)


def test_a_mock_whose_clock_a_test_set_back_is_not_spoken_of() -> None:
    """Near miss: `set_clock(ahead=-90)`."""
    wire = set_back(60.0)
    wire.entries[0].family, wire.entries[0].generation = "f", 0
    assert not any(f.check == "order" for f in verdict(wire).findings)


def test_a_repeated_exchange_needs_no_clock() -> None:
    """Near miss: what is proven without the order stays proven."""
    wire = set_back(60.0)
    wire.exchange("r1", at=60.0, grant_outcome="refused")
    result = verdict(wire)
    assert (result.value, [f.check for f in result.findings if f.value is FAIL]) == (
        FAIL,
        ["exchanges-per-generation"],
    )


@pytest.mark.parametrize(("back", "value"), [(0.0, FAIL), (60.0, UNKNOWN)])
def test_what_is_told_by_instants_is_in_doubt(back: float, value: Value) -> None:
    """Here a sign-in for each call, of tokens that another clock may have seen expire; else it is a failure."""
    wire = Wire()
    for n in range(4):
        wire.sign_in(f"a{n}", None, at=100.0 + n, took=0.001, credentials="c")
        wire.get(f"a{n}", at=100.1 + n, token_left_s=299.9)
    wire.get("a3", at=105.0 - back, token_left_s=290.0)
    [finding] = [f for f in verdict(wire).findings if f.check == "sign-ins-anew"]
    assert finding.value is value


def test_what_needs_no_order_is_counted_by_tokens_and_answers_alone() -> None:
    """A burst whose clock went back by 60 s charged the fixed client with refreshes that no lifetime called for."""
    held_to = {check.name for check in CHECKS.values() if check.words is not None}
    assert held_to - {check.name for check in CHECKS.values() if check.by_order} == {
        "exchanges-per-generation",
        "reuse",
        "signature",
        "wire-401s",
    }


def test_an_answer_that_was_held_for_long_is_no_clock_that_went_back() -> None:
    """Near miss: a slow answer is decided early, and one without an answer has no instant of it."""
    wire = Wire()
    wire.get("a1", at=1.0, took=60.0)
    wire.get("a1", 0, at=1.5, took=-1.5)
    wire.get("a1", at=2.0)
    assert not any(f.check == "order" for f in verdict(wire).findings)
