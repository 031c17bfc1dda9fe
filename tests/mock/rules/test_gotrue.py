"""
The rotation's rules against GoTrue's, transcribed from its contract row by row, in random walks.

What is transcribed here knows nothing of ours: v1 as rows of `refresh_tokens` and a session, v2 as a counter.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

import pytest

from race401.ledger.outcomes import GRANTED
from race401.mock_api.rules import issuer
from race401.mock_api.rules.worlds import WORLDS, World

START = 1_000.0
STEPS = 24
WAITS = [0.0, 0.5, 3.0, 9.0, 10.0, 10.5, 40.0]  # s
TOO_OLD, REFUSED = "session_expired", "refresh_token_already_used"


@dataclass
class Settings:
    """GoTrue's, by the names of its configuration."""

    reuse_interval: float
    rotation_enabled: bool = True
    allow_reuse: bool = False
    timebox: float = 0.0
    inactivity: float = 0.0


@dataclass
class Row:
    """Of `refresh_tokens`."""

    token: str
    parent: str | None
    updated_at: float
    revoked: bool = False


@dataclass
class Session:
    """Of `sessions`."""

    created_at: float
    refreshed_at: float | None = None
    counter: int = 0
    deleted: bool = False


def over(given: Settings, session: Session, since: float, now: float) -> bool:
    """The validity of a session: its timebox from when it was made, its inactivity from when it was refreshed."""
    if given.timebox and now > session.created_at + given.timebox:
        return True
    return bool(given.inactivity) and now > since + given.inactivity


@dataclass
class V1:
    """Refresh tokens as rows: the active one is the newest that is not revoked."""

    given: Settings
    session: Session = field(default_factory=lambda: Session(START))
    rows: list[Row] = field(default_factory=lambda: [Row("0", None, START)])

    def refresh(self, token: str, now: float) -> str:
        """The token that is answered, or the error's code."""
        row = next(each for each in self.rows if each.token == token)
        since = self.session.refreshed_at
        if over(self.given, self.session, self.session.created_at if since is None else since, now):
            return TOO_OLD
        issued = self._issued(row, now)
        if issued != REFUSED:
            self.session.refreshed_at = now
        return issued

    def _issued(self, row: Row, now: float) -> str:
        if not row.revoked:
            return self._swapped(row, now)
        active = [each for each in self.rows if not each.revoked]
        if active and active[-1].parent == row.token:
            return active[-1].token
        if self.given.reuse_interval > 0 and now <= row.updated_at + self.given.reuse_interval:
            return self._swapped(row, now)
        if self.given.rotation_enabled:
            for each in active:
                each.revoked, each.updated_at = True, now
        return REFUSED

    def _swapped(self, row: Row, now: float) -> str:
        row.revoked, row.updated_at = True, now
        self.rows.append(Row(str(len(self.rows)), row.token, now))
        return self.rows[-1].token


@dataclass
class V2:
    """Refresh tokens as numbers: how far each is behind the session's counter decides."""

    given: Settings
    session: Session = field(default_factory=lambda: Session(START, START))

    def refresh(self, token: str, now: float) -> str:
        """The token that is answered, or the error's code."""
        session = self.session
        if session.deleted:
            return "refresh_token_not_found"
        assert session.refreshed_at is not None
        if over(self.given, session, session.refreshed_at, now):
            return TOO_OLD
        behind = session.counter - int(token)
        concurrent = abs(now - session.refreshed_at) < self.given.reuse_interval
        if behind == 0:
            session.counter += 1
        elif not (behind == 1 or concurrent or self.given.allow_reuse):
            session.deleted = self.given.rotation_enabled
            return REFUSED
        session.refreshed_at = now
        return str(session.counter)


CODES = {"timed_out": TOO_OLD, "inactive": TOO_OLD, "reused": REFUSED, "revoked": REFUSED}


def ours(world: World) -> Callable[[str, float], str]:
    """What the mock's rules answer, in the same words."""
    families = [issuer.begin("family", "user", "0", START, int(START))]
    number = count(1)
    names = {"0": "0"}

    def refresh(token: str, now: float) -> str:
        family = families[-1]
        if not family.links:
            return "refresh_token_not_found"
        fresh = f"fresh {next(number)}"
        after, answer = issuer.exchange(world, family, names[token], now, fresh)
        families.append(after)
        if answer.outcome not in GRANTED:
            return CODES[answer.outcome]
        assert answer.link is not None
        names[str(answer.link.generation)] = answer.link.token
        return str(answer.link.generation)

    return refresh


def drawn(chance: random.Random, version: int) -> tuple[Settings, World]:
    """Settings of GoTrue's, and the world that they make."""
    given = Settings(
        reuse_interval=chance.choice([10.0, 10.0, 0.0]),
        rotation_enabled=chance.random() < 0.8,
        allow_reuse=chance.random() < 0.2,
        timebox=chance.choice([0.0, 0.0, 90.0]),
        inactivity=chance.choice([0.0, 0.0, 30.0]),
    )
    world = WORLDS["supabase" if version == 1 else "supabase-v2"]
    return given, replace(
        world,
        reuse_interval=given.reuse_interval,
        on_reuse=world.on_reuse if given.rotation_enabled else "refuse",
        always_reusable=given.allow_reuse,
        timebox=given.timebox,
        inactivity=given.inactivity,
    )


def sound(world: World) -> World:
    """The rules as they are."""
    return world


def walks(number: int, change: Callable[[World], World]) -> None:
    """So many, one after another."""
    for seed in range(number):
        walk(seed, change)


def walk(seed: int, change: Callable[[World], World]) -> None:
    """Up to 24 refreshes with any token that was ever answered: both answer the same."""
    chance = random.Random(seed)  # noqa: S311 - the same walks in every run
    version = chance.choice([1, 2])
    given, world = drawn(chance, version)
    theirs: Any = V1(given) if version == 1 else V2(given)
    mine, now, known, story = ours(change(world)), START, ["0"], list[Any]()
    for _ in range(chance.randint(1, STEPS)):
        now += chance.choice(WAITS)
        token = chance.choice(known[-4:] if chance.random() < 0.8 else known)
        said = theirs.refresh(token, now), mine(token, now)
        story.append((now - START, token, *said))
        assert said[0] == said[1], (seed, version, given, story)
        if said[0].isdecimal() and said[0] not in known:
            known.append(said[0])


def test_the_rules_are_gotrues() -> None:
    walks(1_000, sound)


@pytest.mark.slow
def test_the_rules_are_gotrues_in_twenty_thousand_walks() -> None:
    walks(20_000, sound)


BROKEN: dict[str, Callable[[World], World]] = {
    "the parent of the active is a reuse": lambda world: replace(world, unacknowledged_brings="as_reuse"),
    "a tolerated use does not slide": lambda world: replace(world, reuse_slides=False),
    "a revoked token is dead at once": lambda world: replace(world, revoked_last_lives=False),
    "the interval is a second longer": lambda world: replace(world, reuse_interval=world.reuse_interval + 1),
    "abuse ends nothing": lambda world: replace(world, on_reuse="refuse"),
    "inactivity does not matter": lambda world: replace(world, inactivity=0.0),
}


@pytest.mark.parametrize("case", BROKEN)
def test_other_rules_are_told_apart(case: str) -> None:
    """Each planted violation is found by the walks that the sound rules pass."""
    with pytest.raises(AssertionError):
        walks(1_000, BROKEN[case])
