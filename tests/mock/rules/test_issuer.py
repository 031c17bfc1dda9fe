"""The issuer's rules, case by case: the contract's chain, its table, and RFC 9700's."""

import asyncio
from collections import Counter
from dataclasses import replace
from time import monotonic_ns

import pytest
from exchanging import outcomes_of, play

from race401.ledger.entry import received
from race401.ledger.outcomes import Outcome
from race401.mock_api.rules.issuer import Answer, begin, causes, exchange
from race401.mock_api.rules.worlds import WORLDS, World
from race401.mock_api.state.realm import Realm

SUPABASE, V2, STRICT, RFC9700 = (WORLDS[name] for name in ("supabase", "supabase-v2", "rotate-strict", "rfc9700"))
SAME, SIBLING = WORLDS["overlap-same-pair"], WORLDS["overlap-new-sibling"]
ACKNOWLEDGE, KEPT = WORLDS["retire-on-acknowledge"], WORLDS["no-rotation"]
CASES = {
    "normal use": (SUPABASE, [(1, "R0"), (2, "R1")], ["rotated R1", "rotated R2"]),
    "parent of the active token, at any time": (
        SUPABASE,
        [(1, "R0"), (2, "R1"), (9_999, "R1")],
        ["rotated R1", "rotated R2", "reuse_tolerated R2"],
    ),
    "older, within the interval of its last use": (
        SUPABASE,
        [(1, "R0"), (2, "R1"), (11, "R0")],
        ["rotated R1", "rotated R2", "forked R3"],
    ),
    "the interval slides": (
        SUPABASE,
        [(1, "R0"), (2, "R1"), (11, "R0"), (12, "R3"), (21, "R0")],
        ["rotated R1", "rotated R2", "forked R3", "rotated R4", "forked R5"],
    ),
    "older, outside the interval": (
        SUPABASE,
        [(1, "R0"), (2, "R1"), (11.001, "R0"), (30, "R2")],
        ["rotated R1", "rotated R2", "reused", "revoked"],
    ),
    "the last token, within the interval of its revocation": (
        SUPABASE,
        [(1, "R0"), (2, "R1"), (20, "R0"), (30, "R2")],
        ["rotated R1", "rotated R2", "reused", "forked R4"],
    ),
    "what a revocation found consumed stays so, however new the revocation": (
        SUPABASE,
        [(1, "R0"), (2, "R1"), (20, "R0"), (25, "R0"), (25, "R1")],
        ["rotated R1", "rotated R2", "reused", "revoked", "revoked"],
    ),
    "the shortest interval": (
        replace(SUPABASE, reuse_interval=1.0),
        [(1, "R0"), (2, "R1"), (2, "R0")],
        ["rotated R1", "rotated R2", "forked R3"],
    ),
    "five at once": (SUPABASE, [(1, "R0")] * 5, ["rotated R1"] + ["reuse_tolerated R1"] * 4),
    "five at once, RFC 9700": (RFC9700, [(1, "R0")] * 5, ["rotated R1", "reused"] + ["revoked"] * 3),
    "nothing of a revoked family works": (
        RFC9700,
        [(1, "R0"), (2, "R0"), (2, "R1")],
        ["rotated R1", "reused", "revoked"],
    ),
    "an unknown token": (RFC9700, [(1, "R9")], ["not_found"]),
    "older, outside the interval, rotation disabled": (
        replace(SUPABASE, on_reuse="refuse"),
        [(1, "R0"), (2, "R1"), (20, "R0"), (99, "R2")],
        ["rotated R1", "rotated R2", "reused", "rotated R4"],
    ),
    "Go's own default, interval 0: all fails at once": (
        replace(SUPABASE, reuse_interval=0.0),
        [(1, "R0"), (2, "R1"), (2, "R0"), (2, "R2"), (2, "R1")],
        ["rotated R1", "rotated R2", "reused", "revoked", "revoked"],
    ),
    "a fork leaves two live tokens, and the newest is the active one": (
        SUPABASE,
        [(1, "R0"), (2, "R1"), (3, "R0"), (99, "R0"), (99, "R2"), (99, "R3")],
        ["rotated R1", "rotated R2", "forked R3", "reuse_tolerated R3", "rotated R5", "rotated R6"],
    ),
    "v2, normal use": (V2, [(1, "R0"), (2, "R1")], ["rotated R1", "rotated R2"]),
    "v2, one behind, at any time": (V2, [(1, "R0"), (9_999, "R0")], ["rotated R1", "reuse_tolerated R1"]),
    "v2, two behind, just within the interval of the session's last exchange": (
        V2,
        [(1, "R0"), (2, "R1"), (11.999, "R0")],
        ["rotated R1", "rotated R2", "reuse_tolerated R2"],
    ),
    "v2, two behind, at its end": (
        V2,
        [(1, "R0"), (2, "R1"), (12, "R0"), (12, "R2")],
        ["rotated R1", "rotated R2", "reused", "not_found"],
    ),
    "v2, a tolerated exchange begins the interval again": (
        V2,
        [(1, "R0"), (2, "R1"), (11, "R0"), (20, "R0")],
        ["rotated R1", "rotated R2", "reuse_tolerated R2", "reuse_tolerated R2"],
    ),
    "v2, on a clock that was set back": (
        V2,
        [(101, "R0"), (102, "R1"), (93, "R0"), (80, "R0")],
        ["rotated R1", "rotated R2", "reuse_tolerated R2", "reused"],
    ),
    "v2, reuse always allowed": (
        replace(V2, always_reusable=True),
        [(1, "R0"), (2, "R1"), (999, "R0")],
        ["rotated R1", "rotated R2", "reuse_tolerated R2"],
    ),
    "v2, rotation disabled": (
        replace(V2, on_reuse="refuse"),
        [(1, "R0"), (2, "R1"), (99, "R0"), (99, "R2")],
        ["rotated R1", "rotated R2", "reused", "rotated R4"],
    ),
    "v2, five at once never fork": (V2, [(1, "R0")] * 5, ["rotated R1"] + ["reuse_tolerated R1"] * 4),
    "strict: each works once, and a reuse ends nothing": (
        STRICT,
        [(1, "R0"), (1, "R0"), (2, "R0"), (3, "R1")],
        ["rotated R1", "reused", "reused", "rotated R4"],
    ),
    "overlap: the same pair, although its token was used since": (
        SAME,
        [(1, "R0"), (2, "R1"), (31, "R0"), (31, "R1")],
        ["rotated R1", "rotated R2", "reuse_tolerated R1", "reuse_tolerated R2"],
    ),
    "overlap: the interval does not slide": (
        SAME,
        [(1, "R0"), (20, "R0"), (32, "R0"), (32, "R1")],
        ["rotated R1", "reuse_tolerated R1", "reused", "revoked"],
    ),
    "overlap: an interval that slides": (
        replace(SAME, reuse_slides=True),
        [(1, "R0"), (20, "R0"), (50, "R0"), (80.001, "R0")],
        ["rotated R1", "reuse_tolerated R1", "reuse_tolerated R1", "reused"],
    ),
    "overlap: what was revoked before its use has brought nothing that could be brought again": (
        replace(SAME, revoked_last_lives=True),
        [(1, "R0"), (32, "R0"), (33, "R1")],
        ["rotated R1", "reused", "revoked"],
    ),
    "overlap: siblings do not make the interval slide": (
        SIBLING,
        [(1, "R0"), (20, "R0"), (32, "R0")],
        ["rotated R1", "forked R2", "reused"],
    ),
    "overlap: a sibling each time, all of them live": (
        SIBLING,
        [(1, "R0"), (2, "R0"), (3, "R1"), (4, "R2")],
        ["rotated R1", "forked R2", "rotated R3", "rotated R4"],
    ),
    "overlap: nothing of a revoked family works, however new": (
        SIBLING,
        [(1, "R0"), (20, "R1"), (32, "R0"), (32, "R2"), (32, "R1")],
        ["rotated R1", "rotated R2", "reused", "revoked", "revoked"],
    ),
    "acknowledged by using the successor, not before": (
        ACKNOWLEDGE,
        [(1, "R0"), (9_999, "R0"), (9_999, "R1"), (9_999, "R0")],
        ["rotated R1", "reuse_tolerated R1", "rotated R3", "reused"],
    ),
    "no rotation": (KEPT, [(1, "R0"), (2, "R0"), (9_999, "R0")], ["kept R0"] * 3),
    "at the end of the timebox, and after it": (
        replace(SUPABASE, timebox=100.0),
        [(100, "R0"), (100.001, "R1"), (100.001, "R0")],
        ["rotated R1", "timed_out", "timed_out"],
    ),
    "inactive for as long as is allowed, and longer": (
        replace(SUPABASE, inactivity=10.0),
        [(10, "R0"), (20, "R1"), (30, "R1"), (40.001, "R2")],
        ["rotated R1", "rotated R2", "reuse_tolerated R2", "inactive"],
    ),
}


@pytest.mark.parametrize(("world", "steps", "expected"), CASES.values(), ids=CASES)
def test_the_rules(world: World, steps: list[tuple[float, str]], expected: list[str]) -> None:
    """Each case is a row: the world, tokens with instants, and what comes of each."""
    assert outcomes_of(play(world, *steps)[1]) == expected


@pytest.mark.parametrize(("world", "steps"), [case[:2] for case in CASES.values()], ids=CASES)
def test_an_answer_names_the_generation_that_was_presented(world: World, steps: list[tuple[float, str]]) -> None:
    """Granted or refused; none of a token that nobody knows."""
    family = begin("family", "user", "R0", 0.0, 0)
    for number, (now, token) in enumerate(steps, 1):
        known = {link.token: link.generation for link in family.links}
        family, answer = exchange(world, family, token, now, f"R{number}")
        assert answer.presented == known.get(token)


def test_a_session_that_was_deleted_counts_as_revoked() -> None:
    """It has no tokens left, and its access tokens may be refused by it."""
    family, _ = play(V2, (1, "R0"), (2, "R1"), (12, "R0"))
    assert (family.links, family.revoked) == ((), True)


@pytest.mark.parametrize(("world", "stamps"), [(SUPABASE, [1, 2, 20]), (RFC9700, [1, 2, 2])])
def test_a_revocation_counts_as_a_use_where_the_last_token_lives_on(world: World, stamps: list[float]) -> None:
    """GoTrue stamps the rows that it revokes."""
    family, _ = play(world, (1, "R0"), (2, "R1"), (20, "R0"))
    assert [link.updated_at for link in family.links] == stamps


def test_a_token_that_was_not_used_has_brought_nothing() -> None:
    family, _ = play(SUPABASE, (1, "R0"))
    brought = family.child("R0")
    assert brought is not None
    assert (brought.token, family.child("R1")) == ("R1", None)


def test_interval_zero_forgives_not_even_the_same_instant() -> None:
    """With interval 0 and no parent rule the second use is a reuse, however soon."""
    strict = replace(SUPABASE, reuse_interval=0.0, unacknowledged_brings="as_reuse")
    assert outcomes_of(play(strict, (1, "R0"), (1, "R0"))[1]) == ["rotated R1", "reused"]


def test_generations_grow_by_one() -> None:
    """An access token's generation is told by its `iat`."""
    family, _ = play(SUPABASE, (10, "R0"), (20, "R1"))
    assert [link.generation for link in family.links] == [0, 1, 2]
    assert [family.generation_at(at) for at in (0, 9, 10, 20, 99)] == [0, 0, 1, 2, 2]


CAUSES = {
    "within the interval of the last exchange": (V2, 11.999, "R0", ("concurrent-refresh",)),
    "at its end": (V2, 12, "R0", ()),
    "the parent of the active token": (V2, 12, "R1", ("fail-to-save",)),
    "both": (V2, 2, "R1", ("concurrent-refresh", "fail-to-save")),
    "always": (replace(V2, always_reusable=True), 99, "R0", ("always-allow",)),
}


@pytest.mark.parametrize(("world", "now", "presented", "said"), CAUSES.values(), ids=CAUSES)
def test_why_a_consumed_token_is_accepted_again(
    world: World, now: float, presented: str, said: tuple[str, ...]
) -> None:
    """In GoTrue's words, after exchanges at 1 and 2."""
    family, _ = play(world, (1, "R0"), (2, "R1"))
    assert causes(world, family, presented, now) == said


@pytest.mark.parametrize("name", WORLDS)
def test_an_exchange_is_one_atomic_step(name: str) -> None:
    """Of fifty concurrent exchanges of one token exactly one rotates; the others fork where a world says so."""
    outcomes = Counter(answer.outcome for answer in at_once(WORLDS[name], 50))
    if name == "no-rotation":
        assert outcomes == {Outcome.KEPT: 50}
    else:
        assert outcomes[Outcome.ROTATED] == 1
        forks = ("toctou", "overlap-new-sibling", "okta", "cognito", "authlib", "simplejwt", "doorkeeper")
        assert outcomes[Outcome.FORKED] == (49 if name in (*forks, "oidc-provider-database") else 0)


def at_once(world: World, callers: int) -> list[Answer]:
    """The answers to so many exchanges of one token."""

    async def turn(_: float) -> None:
        await asyncio.sleep(0)

    async def scene() -> list[Answer]:
        realm = Realm(world, lambda: 0.0, sleep=turn)
        family, _ = await realm.sign_in(await realm.sign_up("ada@race401.test", "correct horse", {}))
        now = monotonic_ns()

        async def one() -> Answer:
            await asyncio.sleep(0)
            entry = received(world.name, "POST", "/token", 0.0)
            return (await realm.exchange(family.links[0].token, entry, lambda _: None, now)).answer

        return list(await asyncio.gather(*[one() for _ in range(callers)]))

    return asyncio.run(scene())
