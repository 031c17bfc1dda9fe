"""What each check says, word for word, of a clean run and of a spoilt one: value, numbers, ledger rows."""

from typing import Any

import pytest
from ledgers import PAGE, Run, reproduced
from planting import (
    AFTER,
    FAIL,
    HERE,
    IDEAL,
    PASS,
    UNKNOWN,
    Plant,
    doing,
    exchanged,
    expecting,
    findings_of,
    left,
    manifest_says,
    sent,
)

from race401.harness.judge.checks import CHECKS, Finding, Value, described
from race401.harness.judge.verdict import judge

CLEAN_RUN: list[Any] = [
    ("witnesses", "", "clients and ledger agree on 10 attempts", []),
    ("caller-401s", "subject", "fixed: the app saw 0 401s in 5 requests", []),
    ("exchanges-per-generation", "subject", "fixed: 1 exchange of 1 refresh token, 1.00 each", []),
    ("sessions-lost", "subject", "fixed: 0 of 1 session lost (at most 95.0%, at 95 %)", []),
    ("after-sign-out", "subject", "fixed: 0 requests carried a session that had been signed out", []),
    ("needless-exchanges", "subject", "fixed: 0 exchanges of tokens neither refused nor near their end", []),
    ("coverage", "subject", "1 times a token came within the margin under a burst", []),
    ("reuse", "subject", "fixed: 0 of 1 exchange presented a refresh token that had been used", []),
    ("wire-401s", "subject", "fixed: 0 of 5 answers were 401", []),
    ("signature", "subject", "fixed: 0 pages looked like the incident", []),
]
THE_RACE: list[Any] = [
    ("witnesses", "", "clients and ledger agree on 10 attempts", []),
    ("caller-401s", "control", "pre-fix: the app saw 4 401s in 5 requests (4 missing_token)", [7, 8, 9, 10]),
    (
        *("exchanges-per-generation", "control"),
        *("pre-fix: 5 exchanges of 1 refresh token, 5.00 each (1 reused, 3 revoked)", [2, 3, 4, 5]),
    ),
    ("sessions-lost", "control", "pre-fix: 1 of 1 session lost", [2]),
    ("after-sign-out", "control", "pre-fix: 0 requests carried a session that had been signed out", []),
    ("needless-exchanges", "control", "pre-fix: 0 exchanges of tokens neither refused nor near their end", []),
    ("coverage", "control", "1 times a token came within the margin under a burst", []),
    (
        *("reuse", "control"),
        "pre-fix: 4 of 5 exchanges presented a refresh token that had been used (1 reused, 3 revoked)",
        [2, 3, 4, 5],
    ),
    ("wire-401s", "control", "pre-fix: 4 of 5 answers were 401 (80.0%: 4 missing_token)", [7, 8, 9, 10]),
    ("signature", "control", "pre-fix: 1 page looked like the incident (1 by missing_token)", [6]),
]


@pytest.mark.parametrize(("role", "expected"), [("subject", CLEAN_RUN), ("control", THE_RACE)])
def test_what_a_run_says_in_which_nothing_is_wrong(role: str, expected: list[Any]) -> None:
    """The race where it should show, and none where it should not."""
    findings = [f for f in judge(reproduced().evidence()).findings if f.role in (role, "")]
    assert findings == [
        Finding(check, PASS, sentence, "rfc9700" if role else "", role, rows)
        for check, role, sentence, rows in expected
    ]


NO_CHANCE = (
    "never a token came within the margin under a burst: the race had no chance; run longer, or with more browsers"
)
OF_THE_SUBJECT: dict[str, tuple[Plant, str, Value, str, list[int]]] = {
    "401s by their causes": (
        doing(expecting(), sent("2.1", "expired"), sent("2.2", "expired"), sent("2.3", "missing_token")),
        *("caller-401s", PASS, "fixed: the app saw 3 401s in 8 requests (2 expired, 1 missing_token)"),
        [17, 18, 19],
    ),
    "401s that should not be": (
        doing(expecting(caller_401s="none", cause="missing_token"), sent("2.1", "expired")),
        *("caller-401s", FAIL, "fixed: the app saw 1 401 in 6 requests (1 expired); expected none"),
        [17],
    ),
    "no 401 where one should be": (
        expecting(caller_401s="some"),
        *("caller-401s", UNKNOWN, "fixed: the app saw 0 401s in 5 requests: the race did not show", []),
    ),
    "a 401 of whatever cause": (
        doing(expecting(caller_401s="some"), sent("2.1", "expired")),
        *("caller-401s", PASS, "fixed: the app saw 1 401 in 6 requests (1 expired)", [17]),
    ),
    "a 401 of another cause than the race has": (
        doing(expecting(caller_401s="some", cause="missing_token"), sent("2.1", "expired")),
        *("caller-401s", UNKNOWN, "fixed: the app saw 1 401 in 6 requests (1 expired): the race did not show", [17]),
    ),
    "one exchange where several should be": (
        expecting(exchanges_per_generation="several"),
        "exchanges-per-generation",
        *(UNKNOWN, "fixed: 1 exchange of 1 refresh token, 1.00 each: the race did not show", []),
    ),
    "no exchange at all": (
        lambda run: run.entries.pop(10),
        *("exchanges-per-generation", PASS, "fixed: 0 exchanges of 0 refresh tokens", []),
    ),
    "several exchanges, and nobody minds": (
        doing(expecting(), exchanged("forked"), exchanged("reuse_tolerated")),
        *("exchanges-per-generation", PASS),
        *("fixed: 3 exchanges of 1 refresh token, 3.00 each (1 forked, 1 reuse_tolerated)", [17, 18]),
    ),
    "a session lost": (
        exchanged("reused"),
        *("sessions-lost", FAIL, "fixed: 1 of 1 session lost; expected none", [17]),
    ),
    "none lost, and nobody asked": (expecting(), "sessions-lost", PASS, "fixed: 0 of 1 session lost", []),
    "no session at all": (
        lambda run: run.entries.clear(),
        *("sessions-lost", PASS, "fixed: 0 of 0 sessions lost", []),
    ),
    "requests after a sign-out, and nobody minds": (
        doing(
            expecting(after_sign_out="any"),
            lambda run: run.entry(AFTER, "/auth/v1/logout", 204, method="POST"),
            sent("2.1", None),
        ),
        *("after-sign-out", PASS, "fixed: 1 request carried a session that had been signed out", [18]),
    ),
    "a needless exchange": (
        exchanged(generation=1, token_left_s=3600.0),
        "needless-exchanges",
        *(PASS, "fixed: 1 exchange of tokens neither refused nor near their end", [17]),
    ),
    "a needless exchange, where none should be": (
        doing(expecting(needless_exchanges="none"), exchanged(generation=1, token_left_s=3600.0)),
        *("needless-exchanges", FAIL),
        *("fixed: 1 exchange of tokens neither refused nor near their end; expected none", [17]),
    ),
    "as many refreshes as were needed": (IDEAL, "refreshes", PASS, "fixed: 1 exchange (needed: 1)", []),
    "more than that": (
        doing(IDEAL, expecting(refreshes="ideal"), exchanged(generation=1), exchanged(generation=2)),
        *("refreshes", FAIL),
        *("fixed: 3 exchanges (needed: 1); expected 1 at most", [17, 18]),
    ),
    "more than that, and nobody minds": (
        doing(IDEAL, exchanged(generation=1)),
        *("refreshes", PASS, "fixed: 2 exchanges (needed: 1)", [17]),
    ),
    "as many as may have been needed": (
        doing(IDEAL, left(120.0)),
        *("refreshes", PASS, "fixed: 1 exchange (needed: 0 to 1)", []),
    ),
    "401s on the wire by their causes": (
        doing(sent("2.1", "expired", "expired", "missing_token", None)),
        *("wire-401s", PASS, "fixed: 3 of 9 answers were 401 (33.3%: 2 expired, 1 missing_token)", [17, 18, 19]),
    ),
    "pages like the incident by their causes": (
        doing(
            lambda run: run.page(AFTER, 2, None, *["expired"] * 4),
            lambda run: run.page(AFTER, 3, None, *["missing_token"] * 4),
        ),
        "signature",
        *(PASS, "fixed: 2 pages looked like the incident (1 by expired; 1 by missing_token)", [17, 22]),
    ),
    "nothing came within the margin": (lambda run: run.entries.pop(10), "coverage", UNKNOWN, NO_CHANCE, []),
    "what a 401 of a cut ledger came to": (
        doing(manifest_says(finished=False), sent("2.1", "expired", status=200)),
        *("caller-401s", UNKNOWN),
        "after 1 more 401 the ledger ends too soon to tell whether they were made good",
        [17],
    ),
}


@pytest.mark.parametrize(("plant", "check", "value", "sentence", "rows"), OF_THE_SUBJECT.values(), ids=OF_THE_SUBJECT)
def test_what_a_check_says_of_the_subject(
    plant: Plant, check: str, value: Value, sentence: str, rows: list[int]
) -> None:
    run = reproduced()
    plant(run)
    assert findings_of(run, check)[-1] == Finding(check, value, sentence, *HERE, rows)


def test_a_condition_that_expects_nothing_is_judged_for_nothing() -> None:
    """Neither its control nor its subject; all are costs. That nothing is expected is said, and no PASS."""
    abouts: list[dict[str, Any]] = [{}, {"expects": {}}]
    for about in abouts:
        run = reproduced()
        run.manifest["conditions"] = {"rfc9700": about}
        exchanged("reused")(run)
        findings = judge(run.evidence()).findings
        assert {f.value for f in findings if f.check != "completeness"} == {PASS}
        assert "the manifest does not say what " in findings[0].sentence


def test_a_finding_shows_twenty_rows_at_most() -> None:
    run = reproduced()
    for n in range(30):
        sent(f"2.{n}", "expired")(run)
    (finding,) = findings_of(run, "caller-401s")
    assert finding.rows == list(range(17, 37))


def test_added_waiting_is_told_in_ms() -> None:
    """To the ms, of seconds too."""
    run = Run()
    for page, (intended, ended) in enumerate([(0.0, 2.0), (8.0, 12.0)], 1):
        for k, target in enumerate(PAGE, 1):
            run.attempt(AFTER, f"{page}.{k}", target, None, intended_at=intended, started_at=intended, ended_at=ended)
    exchanged(received_at=10.0, answered_at=10.1)(run)
    (finding,) = findings_of(run, "added-waiting")
    assert finding.sentence == (
        "fixed: requests of pages with a refresh took 4000 ms from their intended start (median), "
        "those of others 2000 ms: +2000 ms"
    )


def test_the_checks_are_described_as_a_table() -> None:
    """Each by its name, and what it finds, in one column."""
    lines = described().splitlines()
    assert [line.split()[0] for line in lines] == list(CHECKS)
    assert lines[0] == f"{'completeness':<26}Whether the run came to its end, and the ledger to its last line."
    assert len({len(line) - len(line[26:]) for line in lines}) == 1
