"""The issuer's rules, case by case: the contract's chain, its table, and RFC 9700's."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

import pytest

from race401.mock_api.issuer import Answer, Family, Outcome, begin, exchange
from race401.mock_api.ledger import Entry
from race401.mock_api.realm import Realm
from race401.mock_api.store import MemoryStore
from race401.mock_api.worlds import WORLDS, World

SUPABASE, RFC9700 = WORLDS["supabase"], WORLDS["rfc9700"]
T = TypeVar("T")


def play(world: World, *steps: tuple[float, str]) -> tuple[Family, list[Answer]]:
    """Exchange these tokens at these instants; R0 is the first, and the nth exchange would issue Rn."""
    family, answers = begin("family", "user", "R0", 0.0, 0), []
    for number, (now, token) in enumerate(steps, 1):
        family, answer = exchange(world, family, token, now, f"R{number}")
        answers.append(answer)
    return family, answers


def told(answers: list[Answer]) -> list[str]:
    """Outcome and token of each answer."""
    return [f"{answer.outcome} {answer.link.token}" if answer.link else str(answer.outcome) for answer in answers]


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
    "five at once": (SUPABASE, [(1, "R0")] * 5, ["rotated R1"] + ["reuse_tolerated R1"] * 4),
    "five at once, RFC 9700": (RFC9700, [(1, "R0")] * 5, ["rotated R1", "reused"] + ["revoked"] * 3),
    "nothing of a revoked family works": (
        RFC9700,
        [(1, "R0"), (2, "R0"), (2, "R1")],
        ["rotated R1", "reused", "revoked"],
    ),
    "an unknown token": (RFC9700, [(1, "R9")], ["not_found"]),
}


@pytest.mark.parametrize(("world", "steps", "expected"), CASES.values(), ids=CASES)
def test_the_rules(world: World, steps: list[tuple[float, str]], expected: list[str]) -> None:
    """Each case is a row: the world, tokens with instants, and what comes of each."""
    assert told(play(world, *steps)[1]) == expected


def test_interval_zero_forgives_not_even_the_same_instant() -> None:
    """With interval 0 and no parent rule the second use is a reuse, however soon."""
    strict = replace(SUPABASE, reuse_interval=0.0, parent_of_active=False)
    assert told(play(strict, (1, "R0"), (1, "R0"))[1]) == ["rotated R1", "reused"]


def test_generations_grow_by_one() -> None:
    """An access token's generation is told by its `iat`."""
    family, _ = play(SUPABASE, (10, "R0"), (20, "R1"))
    assert [link.generation for link in family.links] == [0, 1, 2]
    assert [family.generation_at(at) for at in (0, 9, 10, 20, 99)] == [0, 0, 1, 2, 2]


class SplitStore(MemoryStore):
    """A planted violation: the step is split, so that others run between its reading and its writing."""

    async def transact(self, token: str, step: Callable[[Family], tuple[Family, T]]) -> T | None:
        """See `Store`."""
        family = self.find(token)
        if family is None:
            return None
        after, result = step(family)
        await asyncio.sleep(0)
        self.put(after)
        return result


@pytest.mark.parametrize(("store", "rotated"), [(MemoryStore, 1), (SplitStore, 50)], ids=["whole", "split"])
def test_an_exchange_is_one_atomic_step(store: type[MemoryStore], rotated: int) -> None:
    """Of fifty concurrent exchanges of one token exactly one rotates; the split step lets all of them."""

    async def scene() -> list[Answer]:
        realm = Realm(RFC9700)
        realm.store = store()
        family, _ = await realm.sign_in(realm.sign_up("ada@race401.test", "correct horse", {}))

        async def one() -> Answer:
            await asyncio.sleep(0)
            entry = Entry(0, "rfc9700", None, None, None, None, "POST", "/token", 0.0)
            return (await realm.exchange(family.links[0].token, entry, lambda _: None))[0]

        return list(await asyncio.gather(*[one() for _ in range(50)]))

    answers = asyncio.run(scene())
    assert sum(answer.outcome is Outcome.ROTATED for answer in answers) == rotated
