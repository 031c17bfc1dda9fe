"""One race, run: the mock is told, the driver is told, and what the server saw is brought home."""

import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from race401.harness.card.calls import Call, note
from race401.harness.card.driver import WITHIN, Driver, DriverFailed, DriverSilent
from race401.harness.card.mock import EMAIL, PASSWORD, Mock
from race401.harness.card.race import (
    SURELY_OVER,
    Arm,
    Burst,
    Pause,
    Race,
    Release,
    RevokeElsewhere,
    SetClock,
    SignIn,
    SignOutDuring,
    Step,
    Tabs,
)
from race401.harness.card.token_end import (
    FROM_THE_SIGN_IN,
    STRETCHED,
    UNTIL_THE_BURST,
    Missed,
    felt,
    stale,
    too_late,
)
from race401.ledger.entry import Entry

HOLDS_WITHIN = 2.0  # s after a call was answered; a client that refreshes for it has begun by then
MESSAGE = {"text": "a-body-that-must-arrive-whole"}  # one word, as JSON
MOMENT = 1.0  # s after what was held has been answered: a client has taken it in
CALLS_END_WITHIN = 10.0  # s that calls have to end in, before anybody asks why they do not
QUIET = 5.0  # s without a request or an answer, nothing being held by the server: what is pending then, stays so
LONGEST = 40.0  # s; no race holds anything for so long
ENOUGH = 1_000  # requests: whoever sends so many goes on for ever


@dataclass(slots=True)
class Run:
    """What a race left."""

    race: Race
    world: str
    entries: list[Entry] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    bursts: list[list[Entry]] = field(default_factory=list)  # what the server decided during each
    signed_out: set[str | None] = field(default_factory=set)  # the families that there were at the sign-out
    programs: list[dict[str, Any]] = field(default_factory=list)  # as the mock tells them
    sign_ins: int = 0  # that we asked for
    failure: str | None = None  # of the driver
    silent: bool = False  # the failure is that it fell silent at `end`, as calls without end make it

    @property
    def under(self) -> set[int]:
        """`seq` of what the server decided during a burst."""
        return {entry.seq for burst in self.bursts for entry in burst}


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


def run(race: Race, world: str, mock: Mock, command: Sequence[str], folder: Path, protocol: int) -> Run:
    """Run a race from a clean start, with a driver of its own that speaks this protocol.

    Where the token's end is missed, again with more time; the last time counts, whatever it meets. Never raises for
    what the driver does.
    """
    *shorter, longest = STRETCHED
    for stretch in shorter:
        with suppress(Missed):
            return _once(race, world, mock, command, folder, protocol, stretch=stretch, last=False)
    return _once(race, world, mock, command, folder, protocol, stretch=longest, last=True)


def _once(
    race: Race,
    world: str,
    mock: Mock,
    command: Sequence[str],
    folder: Path,
    protocol: int,
    *,
    stretch: float,
    last: bool,
) -> Run:
    """Run it once; raises Missed if it is not the last time."""
    result = Run(race, world)
    mock.clear(world)
    variables = environment(f"{mock.url}/{world}/~{race.name}")
    dotenv = folder / f"{race.name}.env"  # races run beside each other
    dotenv.write_text("".join(f"{name}={value}\n" for name, value in variables.items()))
    try:
        with Driver(command, variables | {"RACE401_DOTENV": str(dotenv)}, folder / f"{race.name}.log") as driver:
            course = Course(result, mock, driver, protocol, stretch, last)
            for step in race.steps:
                course.take(step)
                if any(call.pending for call in result.calls):
                    break  # the race is lost, and whatever follows would wait as well
    except DriverFailed as failure:
        result.failure = str(failure)
    result.programs = [mock.program(program["id"]) for program in result.programs]
    mock.let_go()  # what is still held is in no ledger, though it may have been decided
    result.entries = mock.ledger(race.name)
    return result


class Course:
    """A race under way."""

    def __init__(
        self, result: Run, mock: Mock, driver: Driver, protocol: int, stretch: float = 1.0, last: bool = True
    ) -> None:
        self.result, self.mock, self.driver, self.protocol = result, mock, driver, protocol
        self.stretch, self.last = stretch, last
        self._over_at = 0.0  # when the last signed-in token is surely over, on the monotonic clock
        self._signed_out = False
        self._timers: str | None = None  # the program that holds what timers refresh, up to the next calls
        self._before: set[int] = set()  # `seq` of what the ledger had when the last burst began

    def take(self, step: Step) -> None:
        """Do what the step says."""
        match step:
            case SignIn():
                self._sign_in(step.remaining and step.remaining * self.stretch)
            case Arm():
                self.result.programs.append(self.mock.arm(step.program, step.changes or {}))
            case Burst():
                self._burst(step)
            case SignOutDuring():
                self._sign_out_during()
            case Tabs():
                self.driver.command(f"tabs {step.tabs}")
            case SetClock():
                self.mock.set_clock(step.ahead)
            case RevokeElsewhere():
                self.mock.revoke_everywhere(self.result.world)
            case Pause():
                time.sleep(step.seconds)
            case Release():
                self._release()

    def _release(self) -> None:
        for program in self.result.programs:
            if any(rule["holding"] for rule in self.mock.program(program["id"])["rules"]):
                self.mock.program(program["id"], until="ended", wait_s=LONGEST)
        self.result.bursts[-1] = self._met()

    def _sign_in(self, remaining: float | None) -> None:
        self.mock.age_sign_ins(self.result.world, remaining)
        if remaining is not None:  # a timer may be due at once
            self._timers = self.mock.put_to_work(FROM_THE_SIGN_IN)["id"]
        self.driver.command("sign-in")
        self._over_at = time.monotonic() + (remaining or 0.0) + SURELY_OVER
        self.mock.age_sign_ins(self.result.world, None)
        self.result.sign_ins += 1

    def _burst(self, step: Burst) -> None:
        met = self._calls(step)
        if not self.last and ((step.due and too_late(met)) or (step.fresh is not None and stale(met, step.fresh))):
            raise Missed
        if step.due and not any(map(felt, met)) and not self._owed():
            if step.callers > 1:
                self._hold_timers()
            time.sleep(max(0.0, self._over_at - time.monotonic()))
            self._calls(step)

    def _hold_timers(self) -> None:
        """Hold what a timer refreshes from now on, before the race's own programs do.

        Nothing was refreshed so far, so that these have done nothing, and begin anew.
        """
        for program in self.result.programs:
            self.mock.disarm(program["id"])
        self._timers = self.mock.put_to_work(UNTIL_THE_BURST)["id"]
        self.result.programs = [self.mock.put_to_work(program["program"]) for program in self.result.programs]

    def _calls(self, step: Burst) -> list[Entry]:
        """Have the calls made; return what the server decided meanwhile."""
        self._before = {entry.seq for entry in self._ledger()}
        self._end(self._begin(step.callers, must=step.must, post=step.post))
        self.result.bursts.append(self._met())
        return self.result.bursts[-1]

    def _met(self) -> list[Entry]:
        """Return what the ledger has since the last burst began: what was held comes late, in its place."""
        return [entry for entry in self._ledger() if entry.seq not in self._before]

    def _end(self, calls: list[Call]) -> None:
        """Let the calls end; what the app saw is noted, if the driver says so."""
        if self.protocol == 1:
            try:
                self.driver.command("end")
            except DriverSilent:
                self.result.silent = True
                raise
            return
        until = time.monotonic() + LONGEST
        while True:
            answer = self.driver.ask(f"end {CALLS_END_WITHIN:g}", CALLS_END_WITHIN + WITHIN)
            try:
                note(answer, calls)
            except ValueError as error:
                raise DriverFailed(f"it answered `end` with {error}") from None
            if not any(call.pending for call in calls) or self._over() or time.monotonic() > until:
                return

    def _over(self) -> bool:
        """Whether what is pending will stay so: the server owes nothing, and the client is still, or never is."""
        met = self._ledger()
        last = max((max(entry.received_at, entry.answered_at) for entry in met), default=0.0)
        return len(met) > ENOUGH or (self.mock.now() - last > QUIET and not self._owed())

    def _owed(self) -> bool:
        """Whether the server holds a request back."""
        programs = [self.mock.program(program["id"]) for program in self.result.programs]
        return any(rule["holding"] for program in programs for rule in program["rules"])

    def _ledger(self) -> list[Entry]:
        return self.mock.ledger(self.result.race.name)

    def _sign_out_during(self) -> None:
        calls, program = self._begin(1, must=False), self.result.programs[-1]["id"]
        met = self._held(program, calls)
        self.driver.command("sign-out")
        self._signed_out = True
        self._end(calls)
        if any(rule["held"] for rule in self.mock.program(program)["rules"]):
            self.mock.program(program, until="ended", wait_s=CALLS_END_WITHIN)
        time.sleep(MOMENT)
        self.result.signed_out = {entry.family for entry in met if entry.family is not None}

    def _held(self, program: str, calls: list[Call]) -> list[Entry]:
        """Wait until something is held, or will not be: the calls were answered a while ago. Return the ledger."""
        paths, until = {call.path for call in calls}, time.monotonic() + CALLS_END_WITHIN
        while True:
            before = self._ledger()
            stands = self.mock.program(program, until="holding", wait_s=HOLDS_WITHIN)
            answered = paths <= {entry.target for entry in before}
            if answered or any(rule["held"] for rule in stands["rules"]) or time.monotonic() > until:
                return self._ledger()

    def _begin(self, callers: int, *, must: bool, post: bool = False) -> list[Call]:
        """Begin calls with paths that were never asked for before, so that each is known again on the wire.

        What a timer has refreshed meanwhile is let go once they have left.
        """
        timers, self._timers = self._timers, None
        held = timers is not None and any(rule["holding"] for rule in self.mock.program(timers)["rules"])
        if timers is not None and not held:
            self.mock.disarm(timers)
        first, decided = len(self.result.calls) + 1, len(self._ledger())
        numbers = range(first, first + callers)
        if post:
            paths, body = [f"/messages?caller={k}" for k in numbers], MESSAGE
        else:
            paths, body = [f"/contacts?limit=1&caller={k}" for k in numbers], None
        calls = [Call(path, must, self._signed_out, decided, body=body) for path in paths]
        self.result.calls += calls
        self.driver.command("begin " + " ".join(map(str, calls)))
        if timers is not None and held:
            time.sleep(MOMENT)
            self.mock.disarm(timers)
        return calls
