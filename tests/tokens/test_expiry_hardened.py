"""HARDENED under freezegun, client and mock in one process: each of its instants, and a ms to either side."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import httpx
import pytest
from freezegun import freeze_time
from freezegun.api import FrozenDateTimeFactory
from inprocess import SyncTransport

from race401.harness.tokens import HARDENED, AuthServer, Policy, TokenAuth
from race401.harness.tokens.model import Exchange, Launch, ReadStore, Send, Step
from race401.mock_api.app import create_app
from race401.mock_api.rules.worlds import WORLDS

INCIDENT = "2025-10-04T21:51:00Z"
WHO = {"email": "ada@race401.test", "password": "correct horse"}
OUTAGE = {"kind": "status", "status": 503, "which": {"request": "exchange"}}
MS = 0.001


@dataclass
class Page:
    """A signed-in client, and what its session did."""

    clock: FrozenDateTimeFactory
    at: float = 0.0
    steps: list[Step] = field(default_factory=list)
    client: httpx.Client = field(default_factory=httpx.Client)
    own: httpx.Client = field(default_factory=httpx.Client)

    def get(self, at: float) -> tuple[int, int]:
        """Send a request so many s after the sign-in; return its token's generation, and how many were exchanged.

        What it launched beside has landed by then.
        """
        self.clock.tick(round(at - self.at, 3))
        self.at = at
        begun = len(self.steps)
        assert self.client.get("/me/entitlements").status_code == 200
        for step in list(self.steps[begun:]):
            if isinstance(step, Launch):
                assert isinstance(step.flight.waiters, threading.Event)
                step.flight.waiters.wait()
        (sent,) = [step for step in self.steps[begun:] if isinstance(step, Send)]
        assert sent.pair is not None
        return sent.pair.generation, self.count(Exchange)

    def count(self, kind: type[Step]) -> int:
        """How often the session asked for this."""
        return sum(isinstance(step, kind) for step in self.steps)


@contextmanager
def page(
    policy: Policy = HARDENED, *, lifetime: float = 3600.0, jitter_share: float = 0.0, refresh_in: float = 0.0
) -> Iterator[Page]:
    """A page that has just signed in, by a token of this lifetime; the server may say when it likes a refresh."""
    with freeze_time(INCIDENT) as clock:
        assert isinstance(clock, FrozenDateTimeFactory)
        transport = SyncTransport(create_app([replace(WORLDS["supabase"], lifetime=lifetime)]))
        own = httpx.Client(transport=transport, base_url="http://localhost")
        own.post("/auth/v1/signup", json=WHO).raise_for_status()
        server = AuthServer("http://localhost/auth/v1", client=own)
        told = Page(clock, own=own)
        auth = TokenAuth(server, policy=policy, observers=[told.steps.append], jitter_share=jitter_share)
        auth.sign_in(replace(server.sign_in(WHO["email"], WHO["password"]), refresh_in=refresh_in))
        told.client = httpx.Client(transport=transport, base_url="http://localhost", auth=auth)
        with told.client:
            yield told


INSTANTS: dict[str, tuple[float, float, float, tuple[int, int]]] = {
    "an hour's token, at its margin": (3600.0, 0.0, 3480.0, (0, 0)),
    "a ms within it: refreshed beside": (3600.0, 0.0, 3480.0 + MS, (0, 1)),
    "at the mandatory margin: still beside": (3600.0, 0.0, 3570.0, (0, 1)),
    "a ms within it: waited for": (3600.0, 0.0, 3570.0 + MS, (1, 1)),
    "a ms before its end": (3600.0, 0.0, 3600.0 - MS, (1, 1)),
    "at its end": (3600.0, 0.0, 3600.0, (1, 1)),
    "half of the luck, at the margin": (3600.0, 0.5, 3485.0, (0, 0)),
    "half of the luck, a ms within it": (3600.0, 0.5, 3485.0 + MS, (0, 1)),
    "the mandatory margin knows no luck": (3600.0, 0.5, 3570.0 + MS, (1, 1)),
    "a token of 400 s, at a quarter": (400.0, 0.0, 300.0, (0, 0)),
    "a ms within the quarter": (400.0, 0.0, 300.0 + MS, (0, 1)),
    "at 30 s": (400.0, 0.0, 370.0, (0, 1)),
    "a ms within 30 s": (400.0, 0.0, 370.0 + MS, (1, 1)),
    "a token of 100 s, at a quarter": (100.0, 0.0, 75.0, (0, 0)),
    "a ms within it, both margins being a quarter: waited for": (100.0, 0.0, 75.0 + MS, (1, 1)),
    "a token of 20 s, whatever the luck": (20.0, 0.9, 15.0, (0, 0)),
    "a ms within its quarter": (20.0, 0.9, 15.0 + MS, (1, 1)),
}


@pytest.mark.parametrize(("lifetime", "jitter_share", "at", "expected"), INSTANTS.values(), ids=INSTANTS)
def test_the_margins(lifetime: float, jitter_share: float, at: float, expected: tuple[int, int]) -> None:
    """Advisory: the old token is sent while it is exchanged. Mandatory: the new one is waited for, and sent."""
    with page(lifetime=lifetime, jitter_share=jitter_share) as here:
        assert here.get(at) == expected


def test_a_short_token_is_not_refreshed_on_every_call() -> None:
    """One of 100 s is exchanged each 75 s and a ms, where the fix as reported would do so on each call."""
    with page(lifetime=100.0) as here:
        assert [here.get(float(at)) for at in range(0, 80, 10)][-2:] == [(0, 0), (0, 0)]
        assert [here.get(at) for at in (80.0, 90.0, 150.0, 155.0, 155.0 + MS)] == [
            *((1, 1), (1, 1), (1, 1), (1, 1)),
            (2, 2),
        ]


def test_what_was_refreshed_beside_is_sent_from_then_on() -> None:
    with page() as here:
        assert [here.get(at) for at in (3500.0, 3500.0, 3501.0)] == [(0, 1), (1, 1), (1, 1)]


@pytest.mark.parametrize(("follows", "at", "expected"), [(True, 1800.0, (0, 1)), (False, 1800.0, (0, 0))])
def test_the_servers_wish(follows: bool, at: float, expected: tuple[int, int]) -> None:
    """Where it says `refresh_in`, the token is due at that instant, and not a ms before it."""
    with page(replace(HARDENED, follow_refresh_in=follows), refresh_in=1800.0) as here:
        assert here.get(at - MS) == (0, 0)
        assert here.get(at) == expected


@pytest.mark.parametrize("failing_at", [3500.0, 3580.0], ids=["advisory", "mandatory"])
def test_the_cooling(failing_at: float) -> None:
    """For 5 s after a failed exchange nobody begins another: the token is sent for as long as it lives."""
    with page() as here:
        here.own.post("/_race401/faults", json=OUTAGE).raise_for_status()
        assert here.get(failing_at) == (0, 1)
        assert here.get(failing_at + 5.0 - MS) == (0, 1)
        assert here.get(failing_at + 5.0) == (0, 2)
        here.own.delete("/_race401/faults").raise_for_status()
        assert here.get(failing_at + 10.0 - MS) == (0, 2)
        assert here.get(failing_at + 10.0)[1] == 3


def test_the_cache_lasts_five_seconds_here_as_well() -> None:
    with page() as here:
        reads = []
        for at in (0.0, 5.0 - MS, 5.0):
            here.get(at)
            reads.append(here.count(ReadStore))
        assert reads == [1, 1, 2]
