"""What the checks say of a run as a whole, word for word: its witnesses, its end, its memory."""

from typing import Any

import pytest
from ledgers import PAGE, reproduced
from planting import AFTER, FAIL, PASS, UNKNOWN, Plant, doing, exchanged, findings_of, manifest_says, sent

from race401.harness.judge.checks import Finding


def unnamed(status: int, **more: Any) -> Plant:
    """A request that says not whose it is."""
    return lambda run: run.entry(None, PAGE[0], status, **more)


ALONE = manifest_says(ledger_alone=True, policies={"subject": {"name": "it"}})
OF_THE_RUN: dict[str, tuple[Plant, str, list[Finding]]] = {
    "attempts on one side only": (
        doing(
            *(sent(f"2.{n}", status=200) for n in range(4)),
            lambda run: run.entry(AFTER, PAGE[0], 200, attempt=f"{AFTER}#3.1"),
        ),
        "witnesses",
        [
            Finding(
                "witnesses",
                UNKNOWN,
                f"4 attempts that the ledger lacks, e.g. {AFTER}#2.0, {AFTER}#2.1, {AFTER}#2.2",
            ),
            Finding("witnesses", UNKNOWN, f"1 attempt that no client reported, e.g. {AFTER}#3.1"),
        ],
    ),
    "another answer on either side": (
        sent("2.1", None, status=401),
        "witnesses",
        [Finding("witnesses", UNKNOWN, f"1 attempt with another answer in the ledger, e.g. {AFTER}#2.1")],
    ),
    "attempts that were cut off": (
        sent("2.1", None, cut_off=True),
        "witnesses",
        [Finding("witnesses", PASS, "clients and ledger agree on 10 attempts; 1 cut off")],
    ),
    "a worker that left": (
        manifest_says(missing_witnesses=["worker-2"]),
        "witnesses",
        [
            Finding("witnesses", PASS, "clients and ledger agree on 10 attempts"),
            Finding("witnesses", UNKNOWN, "worker-2 left before its last report"),
        ],
    ),
    "a ledger alone, whose requests all have a name": (doing(ALONE, unnamed(200)), "witnesses", []),
    "a ledger alone, with refusals of nobody": (
        doing(ALONE, unnamed(401, cause="missing_token"), unnamed(401, family="somebody"), unnamed(500)),
        "witnesses",
        [
            Finding(
                "witnesses",
                UNKNOWN,
                "1 401 because no token was sent, of callers without a session in this ledger: "
                "whether a session failed there is not known",
                rows=[17],
            )
        ],
    ),
    "a ledger alone, with refreshes refused for no reason": (
        doing(ALONE, exchanged("refused")),
        "witnesses",
        [
            Finding(
                "witnesses",
                UNKNOWN,
                "1 refusal of a refresh, and nothing says why: whether a session was lost is not known",
                rows=[17],
            )
        ],
    ),
    "entries that went missing": (
        manifest_says(ledger_entries=18),
        "completeness",
        [Finding("completeness", UNKNOWN, "the ledger ends after entry #16: 2 of its 18 entries are missing")],
    ),
    "a run without an end": (
        manifest_says(finished=False),
        "completeness",
        [Finding("completeness", UNKNOWN, "the run is unfinished: no end is recorded")],
    ),
    "a run that was stopped": (
        manifest_says(finished=False, unfinished_because="stopped after 3 of 20 s"),
        "completeness",
        [Finding("completeness", UNKNOWN, "the run is unfinished: stopped after 3 of 20 s")],
    ),
    "a run without entries": (
        lambda run: run.entries.clear(),
        "completeness",
        [Finding("completeness", UNKNOWN, "the ledger is empty: nobody made a request")],
    ),
    "a process that held the same": (
        manifest_says(memory_mb={"mock": [50.0] * 75}, memory_every_s=10.0),
        "memory",
        [Finding("memory", PASS, "mock held 50.0 MB early on and 50.0 MB late in the run (+0 bytes a request)")],
    ),
    "a process that grew": (
        manifest_says(memory_mb={"mock": [50.0] * 50 + [52.0] * 25}, memory_every_s=10.0),
        "memory",
        [Finding("memory", FAIL, "mock held 50.0 MB early on and 52.0 MB late in the run (+400000 bytes a request)")],
    ),
    "a process that nobody asked anything": (
        doing(
            manifest_says(memory_mb={"mock": [50.0] * 75}, memory_every_s=10.0),
            lambda run: run.entries.clear(),
            lambda run: run.samples.clear(),
        ),
        "memory",
        [Finding("memory", PASS, "mock held 50.0 MB early on and 50.0 MB late in the run")],
    ),
    "readings of nobody knows when": (manifest_says(memory_mb={"mock": [50.0] * 700}), "memory", []),
}


@pytest.mark.parametrize(("plant", "check", "findings"), OF_THE_RUN.values(), ids=OF_THE_RUN)
def test_what_a_check_says_of_the_run(plant: Plant, check: str, findings: list[Finding]) -> None:
    run = reproduced()
    plant(run)
    assert findings_of(run, check) == findings
