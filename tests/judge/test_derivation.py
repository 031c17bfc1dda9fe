"""
The derivation against what the mock knows: the same tokens are of one session, and others are not.

Random walks of clients through every world, recorded by the mock; the judge is given the facts alone, in whatever
order a network allows, with sign-ins that nobody saw, or either origin missing. It may say that it does not know, and
never what is not so.
"""

import itertools
import random
from collections.abc import Callable
from time import monotonic_ns
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mocks import Mock
from shares import every

from race401.harness.judge.graph import Graph
from race401.harness.judge.losses import losses
from race401.ledger.entry import Entry
from race401.mock_api.http import guard
from race401.mock_api.rules.worlds import WORLDS

WORLD_NAMES = [(name,) for name in WORLDS]  # each is walked by one of these tests, and by all where there is time
ACTIONS = ("sign_in", "refresh", "old_refresh", "refresh_at_once", "get", "old_get", "wait", "sign_out")
AT_ONCE = 3
HIDDEN = {"family": None, "generation": None, "ended": None}  # what a recorder that is not the mock cannot know


class Walk:
    """Clients in one world: each has the tokens of its session, the newest last."""

    def __init__(self, world: str) -> None:
        self.mock, self.world = Mock(), world
        self.sessions: list[list[dict[str, Any]]] = []

    def step(self, action: str, who: int) -> None:
        """Let one client do one thing."""
        if action == "wait":
            self.mock.now += 7
        elif action == "sign_in" or not self.sessions:
            self._sign_in()
        else:
            self._act(action, self.sessions[who % len(self.sessions)])

    def _sign_in(self) -> None:
        form = {"grant_type": "password", "username": "ada@race401.test", "password": "correct horse"}
        if not self.sessions:
            self.mock.sign_in(self.world)  # makes the account
        answer = self.mock.client.post(f"/{self.world}/oauth/token", data=form)
        self.sessions.append([answer.json()])

    def _act(self, action: str, tokens: list[dict[str, Any]]) -> None:
        pair = tokens[0] if action.startswith("old") else tokens[-1]
        if action.endswith("get"):
            self.mock.get(f"/{self.world}/contacts?limit=1", pair["access_token"])
        elif action == "refresh_at_once":
            now = monotonic_ns()  # all come before any is decided
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(guard, "monotonic_ns", lambda: now)
                for _ in range(AT_ONCE):
                    self._refresh(pair, tokens)
        elif action == "sign_out":
            self.mock.client.post(f"/{self.world}/oauth/revoke", data={"token": pair["access_token"]})
        else:
            self._refresh(pair, tokens)

    def _refresh(self, pair: dict[str, Any], tokens: list[dict[str, Any]]) -> None:
        form = {"grant_type": "refresh_token", "refresh_token": pair["refresh_token"]}
        answer = self.mock.client.post(f"/{self.world}/oauth/token", data=form)
        if answer.status_code == 200:
            tokens.append({"refresh_token": pair["refresh_token"], **answer.json()})

    @property
    def entries(self) -> list[Entry]:
        """What the mock recorded."""
        return list(self.mock.ledger.entries)


def blind(entries: list[Entry]) -> list[Entry]:
    """What a recorder on the wire would have: no families, no generations, no ends."""
    return [msgspec.structs.replace(e, **HIDDEN) for e in entries]


def spread(entries: list[Entry], chance: random.Random) -> list[Entry]:
    """The same requests with answers of their own length, recorded in the order in which those came.

    Some came at the very same instant.
    """
    together = chance.choice((1, AT_ONCE))
    spread_out = [
        msgspec.structs.replace(
            e,
            received_at=float(n - n % together) - (together == 1) * chance.random() * 0.4,
            answered_at=float(n) + chance.random() * 3,
        )
        for n, e in enumerate(entries)
    ]
    return sorted(spread_out, key=lambda e: e.answered_at)


MISSING: dict[str, Callable[[Entry], bool]] = {
    "nothing": lambda _: True,
    "sign-ins": lambda e: e.kind != "sign_in",
    "the auth server's origin": lambda e: e.kind == "api",
    "the API's origin": lambda e: e.kind != "api",
}

walks = st.lists(st.tuples(st.sampled_from(ACTIONS), st.integers(0, 3)), min_size=3, max_size=18)


@pytest.mark.parametrize("world", every(3, WORLD_NAMES, first=0))
@settings(max_examples=15, deadline=None)
@given(steps=walks, seed=st.integers(0, 2**16), missing=st.sampled_from(sorted(MISSING)))
def test_the_derivation_says_nothing_that_is_not_so(
    world: str, steps: list[tuple[str, int]], seed: int, missing: str
) -> None:
    """And all that is so, where everything was seen."""
    walk = Walk(world)
    for action, who in steps:
        walk.step(action, who)
    known = [e for e in walk.entries if e.family is not None]
    truth = {e.seq: e.family for e in known}
    seen = [e for e in spread(blind(walk.entries), random.Random(seed)) if MISSING[missing](e)]  # noqa: S311
    graph = Graph(seen)
    told = [e for e in seen if e.seq in truth]
    for one, other in itertools.combinations(told, 2):
        said = graph.same(one, other)
        assert said in (None, truth[one.seq] == truth[other.seq])
        if missing == "nothing":
            assert said is not None
    assert graph.count(told) <= len({truth[e.seq] for e in told})


@pytest.mark.parametrize("world", every(3, WORLD_NAMES, first=1))
@settings(max_examples=15, deadline=None)
@given(steps=walks)
def test_descent_is_what_the_mock_numbers(world: str, steps: list[tuple[str, int]]) -> None:
    """Of two refresh tokens of a session, the later one descends from the other only if it was issued later."""
    walk = Walk(world)
    for action, who in steps:
        walk.step(action, who)
    born: dict[str, tuple[str | None, int]] = {}
    for place, e in enumerate(walk.entries):
        for token in (e.brought_refresh, e.presented):
            if token is not None and e.family is not None:
                born.setdefault(token, (e.family, place))
    graph = Graph(blind(walk.entries))
    for (one, (family, at)), (other, (its, then)) in itertools.permutations(born.items(), 2):
        if graph.descends(other, one):
            assert family == its
            assert at < then


@pytest.mark.parametrize("world", every(3, WORLD_NAMES, first=2))
@settings(max_examples=15, deadline=None)
@given(steps=walks)
def test_a_loss_that_is_derived_is_one_that_the_mock_knows(world: str, steps: list[tuple[str, int]]) -> None:
    """From the wire alone no living session is called lost: its newest token is presented, and is refused."""
    walk = Walk(world)
    for action, who in steps:
        walk.step(action, who)
    lost = losses(blind(walk.entries), Graph(blind(walk.entries))).lost
    newest = {
        walk.mock.ledger.fingerprints.fingerprint(tokens[-1]["refresh_token"]): tokens for tokens in walk.sessions
    }
    for e in lost:
        tokens = newest.get(e.presented or "")
        assert tokens is not None
        assert walk.mock.refresh(tokens[-1]["refresh_token"], world).status_code != 200


@pytest.mark.parametrize(("world", "granted"), [("rotate-strict", 1), ("supabase", 3), ("toctou", 3)])
def test_a_walk_has_exchanges_that_are_truly_at_once(world: str, granted: int) -> None:
    """None was decided when the last of them came, so that the world's rule for losers of a race speaks."""
    walk = Walk(world)
    walk.step("sign_in", 0)
    walk.step("refresh_at_once", 0)
    exchanges = [e for e in walk.entries if e.kind == "exchange"]
    assert (len(exchanges), sum(e.brought_access is not None for e in exchanges)) == (AT_ONCE, granted)
