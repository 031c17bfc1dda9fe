"""A race under way, with a driver of a few lines: calls without end, and a sign-out that only forgets."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ledgers import Run as Seen

from race401.harness.card import course
from race401.harness.card import mock as mock_module
from race401.harness.card.course import Course, Run
from race401.harness.card.judging import RaceOutcome, judge
from race401.harness.card.mock import Mock
from race401.harness.card.race import CLAIMS, Burst, Race, SignIn
from race401.harness.card.races import RACES

DRIVER = """
import json, os, sys, threading, urllib.parse, urllib.request
API, TOKENS = os.environ["RACE401_URL"], os.environ["RACE401_TOKEN_URL"]
who = {"username": os.environ["RACE401_EMAIL"], "password": os.environ["RACE401_PASSWORD"]}
session, mode, sign_outs = {}, sys.argv[1], []

def grant(**form):
    before = len(sign_outs)
    with urllib.request.urlopen(TOKENS, urllib.parse.urlencode(form).encode()) as answer:
        fresh = json.load(answer)
    if mode != "fenced" or len(sign_outs) == before:
        session.update(fresh)

def get(path, told):
    if mode == "hangs" and path.endswith("=2"):
        threading.Event().wait()
    try:
        if session.get("expires_in", 3600) < 60:
            session["expires_in"] = 3600
            grant(grant_type="refresh_token", refresh_token=session["refresh_token"])
        asked = urllib.request.Request(API + path, headers={"Authorization": "Bearer " + session["access_token"]})
        with urllib.request.urlopen(asked) as answer:
            told["status"] = answer.status
    except Exception as error:
        told["error"] = repr(error)
    del told["pending"]

for line in sys.stdin:
    word, *given = line.split()
    said = "ok"
    if word == "sign-in":
        grant(grant_type="password", **who)
    elif word == "begin":
        calls = [{"path": path, "pending": True} for path in given]
        threads = [threading.Thread(target=get, args=(call["path"], call), daemon=True) for call in calls]
        [thread.start() for thread in threads]
    elif word == "end":
        [thread.join(float(given[0])) for thread in threads]
        said = json.dumps(calls)
    elif word == "sign-out":
        sign_outs.append(1)
        session.clear()
    elif word == "quit":
        break
    print(said, flush=True)
"""
BY_NAME = {race.name: race for race in RACES}


@pytest.fixture(scope="module")
def mock() -> Iterator[Mock]:
    """A mock for these tests."""
    with Mock(()) as running:
        yield running


def run(race: Race, mode: str, mock: Mock, folder: Path) -> Run:
    """Run it with the driver above."""
    return course.run(race, "rfc9700", mock, [sys.executable, "-c", DRIVER, mode], folder, 2)


@pytest.mark.parametrize(("mode", "outcome"), [("hangs", RaceOutcome.LOST), ("sound", RaceOutcome.SURVIVED)])
def test_a_call_that_never_ends_is_told_from_a_driver_that_broke(
    mode: str, outcome: RaceOutcome, mock: Mock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever hangs, hangs however long one waits; so the test need not wait long."""
    if mode == "hangs":
        monkeypatch.setattr(course, "CALLS_END_WITHIN", 1.0)
        monkeypatch.setattr(course, "QUIET", 0.1)
    race = Race("two-calls", "two calls", (SignIn(), Burst(2)), covers="condition", ideal=0)
    ran = run(race, mode, mock, tmp_path)
    assert ran.failure is None
    assert [call.pending for call in ran.calls] == [False, mode == "hangs"]
    assert judge(ran, ()).outcome is outcome


@pytest.mark.parametrize(("mode", "outcome"), [("forgets", RaceOutcome.LOST), ("fenced", RaceOutcome.SURVIVED)])
def test_a_session_that_a_refresh_under_way_writes_back_is_a_loss_of_a_local_sign_out_too(
    mode: str, outcome: RaceOutcome, mock: Mock, tmp_path: Path
) -> None:
    """Nothing on the wire says that this client signed out; it was told to, while its refresh was held."""
    result = judge(run(BY_NAME["sign-out"], mode, mock, tmp_path), tuple(CLAIMS))
    assert result.outcome is outcome
    assert (result.sentence == "2 calls carried a token of the session that had been signed out") is (
        outcome is RaceOutcome.LOST
    )


def test_a_mock_that_is_slow_to_end_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """What it served is known by then: no card is lost for it."""
    monkeypatch.setattr(mock_module, "GONE_WITHIN", 0.0)
    with Mock(()) as running:
        pid = running._process.pid
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


class Still:
    """A mock whose clock and programs stand as told."""

    def __init__(self, now: float, holding: list[str], entries: Seen) -> None:
        self.at, self.holding, self.entries = now, holding, entries.entries

    def now(self) -> float:
        """As told."""
        return self.at

    def ledger(self, _client: str) -> Any:
        """As told."""
        return self.entries

    def program(self, _id: str) -> dict[str, Any]:
        """As told."""
        return {"rules": [{"holding": self.holding}]}


@pytest.mark.parametrize(
    ("idle", "holding", "over"),
    [(60.0, [], True), (60.0, ["POST /oauth/token"], False), (1.0, [], False)],
    ids=["still", "the server holds an answer back", "the client has just asked"],
)
def test_what_is_pending_is_lost_once_the_server_owes_nothing(idle: float, holding: list[str], over: bool) -> None:
    seen = Seen()
    seen.entry("me", "/contacts", 401, received_at=100.0, answered_at=100.0)
    ran = Run(BY_NAME["late-401"], "rfc9700", programs=[{"id": "1"}])
    mock: Any = Still(100.0 + idle, holding, seen)
    nobody: Any = None
    assert Course(ran, mock, nobody, 2)._over() is over


def test_a_client_that_never_stops_asking_is_not_waited_for() -> None:
    seen = Seen()
    for _ in range(course.ENOUGH + 1):
        seen.exchange("me", "not_found")
    mock: Any = Still(seen.entries[-1].received_at, [], seen)
    nobody: Any = None
    assert Course(Run(BY_NAME["late-401"], "rfc9700"), mock, nobody, 2)._over()
