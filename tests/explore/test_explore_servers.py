"""The explorer's auth server, where an exchange is two steps, does what the mock's does.

Those are its check and its writing where updates are lost; its reception and its decision where losers of a race are
told from later reuse.
"""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from searching import DEEP, QUICK

from race401.harness.explore.core import servers
from race401.harness.explore.core.servers import Judged, Servers
from race401.harness.explore.core.state import START, Env, Unwritten
from race401.harness.tokens.model import TokenPair
from race401.ledger.entry import received
from race401.mock_api.rules import issuer
from race401.mock_api.rules.family import Family
from race401.mock_api.rules.worlds import WORLDS, World
from race401.mock_api.signing.jwt import Verified
from race401.mock_api.state.realm import Exchanged, Realm

VARIANTS = [
    ("rfc9700", "overwrite"),
    ("rotate-strict", "overwrite"),
    ("supabase", "overwrite"),
    ("no-rotation", "overwrite"),
    ("overlap-same-pair", "overwrite"),
    ("overlap-same-pair", "refusal"),
    ("rfc9700", "same"),
    ("supabase", "sibling"),
]


def two_steps(name: str, losers: Any) -> World:
    """The world, where losers get this, and an exchange takes its time."""
    return replace(WORLDS[name], losers_get=losers, transaction=0.005)


TWO_STEPS = {
    "toctou": WORLDS["toctou"],
    "authlib": replace(WORLDS["authlib"], transaction=0.005),
    "doorkeeper": replace(WORLDS["doorkeeper"], transaction=0.005),
    "django-oauth-toolkit-grace": replace(WORLDS["django-oauth-toolkit-grace"], transaction=0.005),
    "oauth2-server": WORLDS["oauth2-server"],
    "rfc9700, access tokens end where updates are lost": replace(
        WORLDS["rfc9700"], losers_get="overwrite", transaction=0.005, refresh_ends_access_tokens="at_first_use"
    ),
    **{f"{name}, losers get {losers}": two_steps(name, losers) for name, losers in VARIANTS},
}
INSTANTS = tuple(START + 7.0 * n for n in range(30))
STEPS = st.lists(
    st.tuples(st.sampled_from(["check", "check", "write", "write", "use", "wait"]), st.integers(0, 9)), max_size=25
)


class Received(NamedTuple):
    """An exchange that the explorer has yet to judge."""

    pair: TokenPair
    in_time: bool  # while its token was live


class Both:
    """One session of the mock, and the same one of the explorer."""

    def __init__(self, world: World) -> None:
        self.servers = Servers(world, issuer)
        self.servers.instants = INSTANTS
        self.env = Env(0, (), None, self.servers.begin("A"))
        self.realm = Realm(world, lambda: INSTANTS[self.env.now], sleep=self.sleep)
        self.tokens: list[tuple[str, TokenPair]] = []  # that were granted: the mock's, and the explorer's
        self.accesses: list[tuple[str, TokenPair]] = []
        self.gaps: list[asyncio.Future[None]] = []
        self.pending: list[tuple[asyncio.Future[None], asyncio.Task[Exchanged], Judged | Received]] = []

    async def begin(self) -> None:
        """Sign in."""
        account = await self.realm.sign_up("ada@race401.test", "correct horse", {})
        family, access = await self.realm.sign_in(account)
        self.user = family.user
        pair = self.servers.issued("A", "Ar0", 0, START)
        self.tokens.append((family.links[0].token, pair))
        self.accesses.append((access, pair))

    async def sleep(self, _: float) -> None:
        """Hold the mock between its two steps."""
        self.gaps.append(asyncio.get_running_loop().create_future())
        await self.gaps[-1]

    async def check(self, which: int) -> None:
        """Present one of the tokens to both: they decide the same."""
        token, pair = self.tokens[which % len(self.tokens)]
        entry = received(self.realm.world.name, "POST", "/token", 0.0)
        task = asyncio.create_task(self.realm.exchange(token, entry, lambda _: None))
        await settle()
        if self.realm.world.losers_get != "overwrite" and not task.done():
            in_time = self.servers.told_apart(self.env, pair)
            self.pending.append((self.gaps.pop(), task, Received(pair, in_time)))
            return
        judged = self.servers.judged(self.env, pair)
        self.env = judged.env
        if task.done():
            assert (judged.outcome, judged.unwritten) == (task.result().answer.outcome, None)
            self.granted(task.result(), judged)
        else:
            self.pending.append((self.gaps.pop(), task, judged))

    async def write(self, which: int) -> None:
        """Let one of those that were checked be written: it brings the same."""
        if not self.pending:
            return
        gap, task, judged = self.pending.pop(which % len(self.pending))
        gap.set_result(None)
        await settle()
        answer = task.result().answer
        if isinstance(judged, Received):
            judged = self.servers.judged(self.env, judged.pair, received=judged.in_time)
            self.env = judged.env
        assert judged.outcome == answer.outcome
        if judged.unwritten is not None:
            self.env, _ = self.servers.written(self.env, judged.unwritten)
        self.granted(task.result(), judged)

    def granted(self, done: Exchanged, judged: Judged) -> None:
        """What both bring is of one generation."""
        if isinstance(judged.answer, TokenPair) and done.answer.link is not None:
            assert judged.answer.access_token.startswith(f"A{done.answer.link.generation}@")
            self.tokens.append((done.answer.link.token, judged.answer))
            self.accesses.append((done.access, judged.answer))

    async def use(self, which: int) -> None:
        """Present one of the access tokens to a resource: both accept it, or refuse it for one reason."""
        access, pair = self.accesses[which % len(self.accesses)]
        verified = self.realm.verify(access, received(self.realm.world.name, "GET", "/contacts", 0.0), 0.0)
        assert isinstance(verified, Verified)
        cause = self.realm.ended(verified)
        assert self.servers.refusal(self.env, pair) == cause
        if cause is None:
            await self.realm.used(verified)
            self.env = self.servers.used(self.env, pair)

    async def left(self) -> Family:
        """The session as it is stored."""
        (family,) = await self.realm.store.families_of(self.user)
        return family

    async def wait(self, _: int) -> None:
        """Time passes."""
        self.env = self.env._replace(now=self.env.now + 1)


async def settle() -> None:
    """Let everyone run until they wait."""
    for _ in range(20):
        await asyncio.sleep(0)


def compared(world: World, steps: list[tuple[str, int]]) -> None:
    """Take the same steps in both."""

    async def scene() -> None:
        both = Both(world)
        await both.begin()
        for what, which in steps:
            await getattr(both, what)(which)
        while both.pending:
            await both.write(0)
        for n in range(len(both.accesses)):  # what became of each access token
            await both.use(n)
        for n in range(len(both.tokens)):  # and of each refresh token
            await both.check(n)
            await both.write(0)
        await both.realm.sign_out(await both.left(), "local")
        assert not both.realm.store._by_token  # type: ignore[attr-defined]

    asyncio.run(scene())


LOST = "rfc9700, losers get overwrite"
CASES = {
    "the last one written is kept": (LOST, "c0 c0 w0 w0"),
    "a revocation is written over": (LOST, "c0 c0 w0 c0 w1 w0"),
    "what was written over comes back": (LOST, "c0 c0 w0 c1 w0 w0"),
    "a refusal writes nothing": ("rotate-strict, losers get overwrite", "c0 w0 c0 c1 w1 w0"),
    "all at once, all live": ("toctou", "c0 c0 c0 w0 w0 w0"),
    "one comes later, none lives": ("toctou", "c0 c0 w0 c0 w1 w0"),
    "at once a refusal, a moment later forgiven": ("overlap-same-pair, losers get refusal", "c0 c0 w0 c0 w1 w0"),
    "the access token before ends": ("authlib", "c0 w0 u0 u1"),
    "it ends when the new one is used": ("doorkeeper", "c0 w0 u0 u1 u0 c0 w0"),
    "at once forgiven, a moment later punished": ("rfc9700, losers get same", "c0 c0 w0 w0 c0 w0"),
}


def played(case: str) -> None:
    """Compare one of these: c0 checks the first token, w0 writes what was checked first."""
    world, steps = CASES[case]
    compared(
        TWO_STEPS[world],
        [({"c": "check", "w": "write", "u": "use"}[step[0]], int(step[1])) for step in steps.split()],
    )


@pytest.mark.parametrize("case", CASES)
def test_both_steps_do_what_the_mocks_do(case: str) -> None:
    played(case)


def _first_kept(self: Servers, env: Env, unwritten: Unwritten) -> tuple[Env, tuple[str, ...]]:
    """The one written first is kept."""
    return (env, ()) if len(self.family(env, "A").links) > 1 else WRITTEN(self, env, unwritten)


def _same_name(_: Env, name: str) -> str:
    """Both successors have the same name."""
    return name


WRITTEN = Servers.written


def _unseen(_: Servers, env: Env, __: TokenPair) -> Env:
    """A use that nobody notes."""
    return env


def _never(*_: object) -> bool:
    """When a request was received is all one."""
    return False


@pytest.mark.parametrize(
    ("where", "name", "broken", "case"),
    [
        (Servers, "written", _first_kept, "the last one written is kept"),
        (servers, "_unused", _same_name, "the last one written is kept"),
        (Servers, "used", _unseen, "it ends when the new one is used"),
        (servers, "_link", lambda _: 0, "the access token before ends"),
        (Servers, "told_apart", _never, "all at once, all live"),
        (Servers, "told_apart", _never, "at once a refusal, a moment later forgiven"),
        (Servers, "told_apart", _never, "at once forgiven, a moment later punished"),
    ],
)
def test_a_server_that_does_otherwise_is_noticed(
    where: object, name: str, broken: Callable[..., object], case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(where, name, broken)
    with pytest.raises(AssertionError):
        played(case)


@pytest.mark.parametrize("name", TWO_STEPS)
def test_any_steps_do_what_the_mocks_do(name: str) -> None:
    given(STEPS)(QUICK(lambda steps: compared(TWO_STEPS[name], steps)))()


@pytest.mark.slow
@pytest.mark.parametrize("name", TWO_STEPS)
def test_any_steps_do_what_the_mocks_do_searched_deeper(name: str) -> None:
    given(STEPS)(DEEP(lambda steps: compared(TWO_STEPS[name], steps)))()
