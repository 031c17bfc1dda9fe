"""The verdict: every check with a planted violation and its clean twin, on runs of a few entries."""

import itertools
from collections.abc import Callable

import pytest
from ledgers import NO_HARM, PAGE, Run, manifest, reproduced

from race401.harness.judge import checks
from race401.harness.judge.check import Check
from race401.harness.judge.checks import Finding, Value
from race401.harness.judge.measure import measure
from race401.harness.judge.verdict import Verdict, judge, to_json, worst

BEFORE, AFTER = "run/rfc9700/control/1", "run/rfc9700/subject/1"


def findings(verdict: Verdict, check: str) -> list[Finding]:
    """What a check found that is not a PASS."""
    return [f for f in verdict.findings if f.check == check and f.value is not Value.PASS]


def test_the_clean_twin() -> None:
    """The race before, none after: PASS, exit 0, and no finding that is not one."""
    verdict = judge(reproduced().evidence())
    assert (verdict.value, verdict.exit_code) == (Value.PASS, 0)
    assert all(finding.value is Value.PASS for finding in verdict.findings)
    assert "4 401s in 5 requests and lost 1 session" in verdict.sentence


def needs_no_refresh(run: Run) -> None:
    """Let the manifest say lifetimes and margins, and what is expected: a refresh where one is due, and no other."""
    run.manifest["worlds"] = {"rfc9700": {"lifetime": 3600}}
    run.manifest["policies"]["subject"]["expiry_margin"] = 120.0
    run.manifest["conditions"]["rfc9700"]["expects"]["subject"] = NO_HARM | {"refreshes": "ideal"}
    for entry in run.entries:
        if entry.grant_outcome is not None:
            entry.token_left_s = 119.0


def refreshed_in_vain(run: Run) -> None:
    """Exchange a token that had its whole life before it."""
    needs_no_refresh(run)
    run.exchange(AFTER, generation=1, token_left_s=3600.0)


def signed_out_then_sent(run: Run) -> None:
    """Send a request with the session that was just signed out."""
    run.entry(AFTER, "/auth/v1/logout", 204, method="POST")
    run.attempt(AFTER, "2.1", PAGE[0], None)


PLANTED: dict[str, tuple[Callable[[Run], object], str, Value]] = {
    "a 401 that the subject's app saw": (
        lambda run: run.attempt(AFTER, "2.1", PAGE[0], "expired"),
        "caller-401s",
        Value.FAIL,
    ),
    "a second exchange of one generation": (
        lambda run: run.exchange(AFTER, "reuse_tolerated"),
        "exchanges-per-generation",
        Value.FAIL,
    ),
    "a session that the subject lost": (
        lambda run: run.exchange(AFTER, "reused", generation=7),
        "sessions-lost",
        Value.FAIL,
    ),
    "an attempt that the ledger lacks": (
        lambda run: run.attempt(AFTER, "2.1", PAGE[0], status=200),
        "witnesses",
        Value.UNKNOWN,
    ),
    "an attempt that no client reported": (
        lambda run: run.entry(AFTER, PAGE[0], 200, attempt=f"{AFTER}#2.1"),
        "witnesses",
        Value.UNKNOWN,
    ),
    "another answer in the ledger": (
        lambda run: run.attempt(AFTER, "2.1", PAGE[0], None, status=401),
        "witnesses",
        Value.UNKNOWN,
    ),
    "a transport error": (
        lambda run: run.attempt(AFTER, "2.1", PAGE[0], status=None, error="ConnectError"),
        "witnesses",
        Value.UNKNOWN,
    ),
    "a request that carried a session after its sign-out": (
        signed_out_then_sent,
        "after-sign-out",
        Value.FAIL,
    ),
    "a refresh that nobody needed": (
        refreshed_in_vain,
        "refreshes",
        Value.FAIL,
    ),
    "a worker that is missing": (
        lambda run: run.manifest.update(missing_witnesses=["worker-2"]),
        "witnesses",
        Value.UNKNOWN,
    ),
    "an unfinished run": (
        lambda run: run.manifest.update(finished=False, unfinished_because="stopped after 3 of 20 s"),
        "completeness",
        Value.UNKNOWN,
    ),
}


@pytest.mark.parametrize(("plant", "check", "value"), PLANTED.values(), ids=PLANTED)
def test_a_planted_violation(plant: Callable[[Run], object], check: str, value: Value) -> None:
    """What is planted in the clean twin is found, by its check, with its value; a FAIL names its ledger entries."""
    run = reproduced()
    plant(run)
    verdict = judge(run.evidence())
    assert verdict.value is value
    (finding,) = findings(verdict, check)
    assert finding.value is value
    if value is Value.FAIL:
        assert finding.rows == [len(run.entries)]


def test_refreshes_that_were_due_are_no_waste() -> None:
    """The clean twin: one exchange, one margin that was crossed."""
    run = reproduced()
    needs_no_refresh(run)
    verdict = judge(run.evidence())
    assert verdict.value is Value.PASS, verdict.sentence
    assert verdict.rows[1].ideal_exchanges == [1, 1]


def test_a_token_may_live_a_second_less() -> None:
    """Its dates are whole seconds: of refreshes due every 6 s, three may be due in 10.4 s; a fourth is not."""
    run = reproduced()
    needs_no_refresh(run)
    run.manifest["worlds"]["rfc9700"]["lifetime"] = 126
    for generation, at in ((1, 5.2), (2, 10.4)):
        run.exchange(AFTER, generation=generation, received_at=at, answered_at=at, token_left_s=119.9)
    assert not findings(judge(run.evidence()), "refreshes")
    run.exchange(AFTER, generation=3, received_at=10.5, answered_at=10.5, token_left_s=126.0)
    assert findings(judge(run.evidence()), "refreshes")


def test_a_sign_out_that_nothing_follows_is_clean() -> None:
    """The clean twin: what was sent before the sign-out was answered is no violation."""
    run = reproduced()
    run.entry(AFTER, "/auth/v1/logout", 204, method="POST")
    assert judge(run.evidence()).value is Value.PASS


def test_a_race_that_did_not_show_proves_nothing() -> None:
    """A control as sound as the subject: UNKNOWN, not PASS."""
    run = Run()
    for client in (BEFORE, AFTER):
        run.exchange(client)
        run.page(client, 1, *[None] * 5)
    verdict = judge(run.evidence())
    assert verdict.value is Value.UNKNOWN
    assert {f.role for f in verdict.findings if f.value is not Value.PASS} == {"control"}


def test_a_race_that_had_no_chance_proves_nothing() -> None:
    """No token came within its margin: UNKNOWN by coverage, which says what to change."""
    run = reproduced()
    run.entries = [entry for entry in run.entries if entry.client != AFTER or entry.grant_outcome is None]
    (finding,) = findings(judge(run.evidence()), "coverage")
    assert (finding.value, finding.role) == (Value.UNKNOWN, "subject")
    assert "run longer" in finding.sentence


def test_a_control_that_breaks_its_own_expectation_fails() -> None:
    """Where the control should show no 401, one is a FAIL of the condition."""
    run = reproduced()
    run.manifest["conditions"]["rfc9700"]["expects"]["control"] = NO_HARM | {"exchanges_per_generation": "several"}
    verdict = judge(run.evidence())
    assert verdict.value is Value.FAIL
    assert {f.role for f in verdict.findings if f.value is Value.FAIL} == {"control"}


def test_a_401_that_was_recovered_is_a_cost() -> None:
    """The wire's 401 is counted, and the app saw none."""
    run = reproduced()
    run.attempt(AFTER, "2.1", PAGE[0], "expired", None)
    verdict = judge(run.evidence())
    assert verdict.value is Value.PASS
    subject = verdict.rows[1]
    assert (subject.wire_401s.total(), subject.caller_401s.total()) == (1, 0)


def test_another_callers_200_recovers_nothing() -> None:
    """A 200 of one caller leaves the 401 of another as it is, for the same target."""
    run = reproduced()
    run.attempt(AFTER, "2.2", PAGE[1], "expired")
    run.attempt(AFTER, "2.3", PAGE[1], None)
    assert judge(run.evidence()).value is Value.FAIL


def test_the_next_page_recovers_nothing() -> None:
    """A 401 of one page load is not made good by the next."""
    run = reproduced()
    run.attempt(AFTER, "2.1", PAGE[0], "expired")
    run.attempt(AFTER, "3.1", PAGE[0], None)
    assert judge(run.evidence()).value is Value.FAIL


def test_an_attempt_that_was_cut_off_is_left_out_on_both_sides() -> None:
    """A caller that was killed is neither a 401 nor a mismatch."""
    run = reproduced()
    run.attempt(AFTER, "2.1", PAGE[0], "expired", cut_off=True, status=None)
    run.attempt(AFTER, "2.2", PAGE[1], cut_off=True, status=None)
    assert judge(run.evidence()).value is Value.PASS


def test_a_session_that_was_signed_out_is_not_lost() -> None:
    """A refused exchange after sign-out is no loss."""
    run = reproduced()
    run.entry(AFTER, "/auth/v1/logout", 204)
    run.exchange(AFTER, "not_found", generation=1)
    assert judge(run.evidence()).rows[1].sessions_lost == 0


@pytest.mark.parametrize(
    ("causes", "late", "signatures"),
    [
        ([None, *["missing_token"] * 4], 0.0, 1),
        ([None, None, *["missing_token"] * 3], 0.0, 0),
        (["missing_token"] * 5, 0.0, 0),
        ([None, *["missing_token"] * 4], 1.5, 0),
    ],
    ids=["the incident", "only three 401s", "no 200", "too late"],
)
def test_the_incidents_signature(causes: list[str | None], late: float, signatures: int) -> None:
    """A 200 on the first target and, within a second, 401s on the other four."""
    run = Run()
    run.page(BEFORE, 1, *causes)
    run.entries[-1].answered_at += late
    assert measure(run.evidence())[0].signatures.total() == signatures


def test_a_torn_ledger_proves_no_absence() -> None:
    """What is proven stays FAIL; the rest is UNKNOWN and says where the ledger ends."""
    run = reproduced()
    (finding,) = findings(judge(run.evidence(torn=True)), "completeness")
    assert f"after entry #{len(run.entries)}" in finding.sentence
    run.attempt(AFTER, "2.1", PAGE[0], "expired")
    assert judge(run.evidence(torn=True)).value is Value.FAIL


def test_a_check_that_breaks_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    """Never green, never a crash: the reason is told."""

    def broken(*_: object) -> list[Finding]:
        raise ZeroDivisionError("planted")

    monkeypatch.setitem(checks.CHECKS, "caller-401s", Check("caller-401s", broken))
    verdict = judge(reproduced().evidence())
    assert verdict.value is Value.UNKNOWN
    assert "ZeroDivisionError: planted" in verdict.sentence


def test_an_empty_run_is_unknown() -> None:
    """No entries, no verdict."""
    assert judge(Run().evidence()).value is Value.UNKNOWN


def test_a_run_of_one_client_needs_no_control() -> None:
    """The subject alone, covered and clean: PASS."""
    run = reproduced()
    run.manifest = manifest(policies={"subject": {"name": "fixed"}})
    del run.manifest["conditions"]["rfc9700"]["expects"]["control"]
    run.entries = [entry for entry in run.entries if "subject" in str(entry.client)]
    run.samples = [sample for sample in run.samples if "subject" in sample.client]
    verdict = judge(run.evidence())
    assert verdict.value is Value.PASS, verdict.sentence
    assert verdict.sentence.startswith("PASS: fixed showed no 401 and no lost session")


@pytest.mark.parametrize("values", list(itertools.product(Value, repeat=3)))
def test_fail_beats_unknown_beats_pass(values: tuple[Value, ...]) -> None:
    """The worst wins, in whatever order."""
    order = [Value.FAIL, Value.UNKNOWN, Value.PASS]
    assert worst(list(values)) is next(value for value in order if value in values)


def test_judged_twice_is_byte_identical() -> None:
    """The same evidence, the same bytes."""
    assert to_json(judge(reproduced().evidence())) == to_json(judge(reproduced().evidence()))
