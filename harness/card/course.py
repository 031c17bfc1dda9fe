"""One race, run: the mock is told, the driver is told, and what the server saw is brought home."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from race401.harness.card.driver import Driver, DriverFailed
from race401.harness.card.mock import EMAIL, PASSWORD, Mock
from race401.harness.card.races import (
    Arm,
    Burst,
    Pause,
    Race,
    RevokeElsewhere,
    SetClock,
    SignIn,
    SignOutDuring,
    Step,
    Tabs,
)
from race401.harness.judge.recovery import UNAUTHORIZED
from race401.ledger.entry import Entry

HOLDS_WITHIN = 2.0  # s; a client that refreshes for a call does so at once
SURELY_OVER = 2.1  # s after a token's last one: expiry is in whole seconds, and so is `expires_in`, one later at most


@dataclass(frozen=True, slots=True)
class Call:
    """One call that the client was told to make."""

    path: str
    must: bool  # succeed
    signed_out: bool  # it began after the sign-out


@dataclass(slots=True)
class Run:
    """What a race left."""

    race: Race
    world: str
    entries: list[Entry] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    under: set[int] = field(default_factory=set)  # `seq` of what the server decided during a burst
    programs: list[dict[str, Any]] = field(default_factory=list)  # as the mock tells them
    sign_ins: int = 0  # that we asked for
    failure: str | None = None  # of the driver


def environment(base: str) -> dict[str, str]:
    """Return what tells a client where its servers are: plain, and as Supabase's tools call it."""
    return {
        "RACE401_URL": base,
        "RACE401_TOKEN_URL": f"{base}/oauth/token",
        "RACE401_REVOKE_URL": f"{base}/oauth/revoke",
        "RACE401_EMAIL": EMAIL,
        "RACE401_PASSWORD": PASSWORD,
        "SUPABASE_URL": base,
        "SUPABASE_KEY": "anon",
        "SUPABASE_ANON_KEY": "anon",
    }


def run(race: Race, world: str, mock: Mock, command: Sequence[str], folder: Path) -> Run:
    """Run a race from a clean start, with a driver of its own; never raises for what the driver does."""
    result = Run(race, world)
    mock.clear(world)
    variables = environment(f"{mock.url}/{world}/~{race.name}")
    dotenv = folder / ".env"
    dotenv.write_text("".join(f"{name}={value}\n" for name, value in variables.items()))
    try:
        with Driver(command, variables | {"RACE401_DOTENV": str(dotenv)}, folder / f"{race.name}.log") as driver:
            course = Course(result, mock, driver)
            for step in race.steps:
                course.take(step)
    except DriverFailed as failure:
        result.failure = str(failure)
    result.entries = mock.ledger(race.name)
    result.programs = [mock.program(program["id"]) for program in result.programs]
    return result


class Course:
    """A race under way."""

    def __init__(self, result: Run, mock: Mock, driver: Driver) -> None:
        self.result, self.mock, self.driver = result, mock, driver
        self._over_at = 0.0  # when the last signed-in token is surely over, on the monotonic clock
        self._signed_out = False

    def take(self, step: Step) -> None:
        """Do what the step says."""
        match step:
            case SignIn():
                self._sign_in(step.remaining)
            case Arm():
                self.result.programs.append(self.mock.arm(step.program, step.changes or {}))
            case Burst():
                self._burst(step)
            case SignOutDuring():
                self._sign_out_during()
            case Tabs():
                self.driver.tell(f"tabs {step.tabs}")
            case SetClock():
                self.mock.set_clock(step.ahead)
            case RevokeElsewhere():
                self.mock.revoke_everywhere(self.result.world)
            case Pause():
                time.sleep(step.seconds)

    def _sign_in(self, remaining: float | None) -> None:
        self.mock.age_sign_ins(self.result.world, remaining)
        self.driver.tell("sign-in")
        self._over_at = time.monotonic() + (remaining or 0.0) + SURELY_OVER
        self.mock.age_sign_ins(self.result.world, None)
        self.result.sign_ins += 1

    def _burst(self, step: Burst) -> None:
        met = self._calls(step)
        if step.due and not any(_felt(entry) for entry in met):
            time.sleep(max(0.0, self._over_at - time.monotonic()))
            self._calls(step)

    def _calls(self, step: Burst) -> list[Entry]:
        """Have the calls made; return what the server decided meanwhile."""
        before = len(self._ledger())
        self.driver.tell(f"begin {self._paths(step.callers, must=step.must)}")
        self.driver.tell("end")
        met = self._ledger()[before:]
        self.result.under |= {entry.seq for entry in met}
        return met

    def _ledger(self) -> list[Entry]:
        return self.mock.ledger(self.result.race.name)

    def _sign_out_during(self) -> None:
        self.driver.tell(f"begin {self._paths(1, must=False)}")
        self.mock.program(self.result.programs[-1]["id"], until="holding", wait_s=HOLDS_WITHIN)
        self.driver.tell("sign-out")
        self._signed_out = True
        self.driver.tell("end")

    def _paths(self, callers: int, *, must: bool) -> str:
        """Return paths that were never asked for before, so that each call is known again on the wire."""
        first = len(self.result.calls) + 1
        calls = [Call(f"/contacts?limit=1&caller={k}", must, self._signed_out) for k in range(first, first + callers)]
        self.result.calls += calls
        return " ".join(call.path for call in calls)


def _felt(entry: Entry) -> bool:
    """Whether the client met the token's end here."""
    return entry.grant_outcome is not None or entry.status == UNAUTHORIZED or entry.fault is not None
