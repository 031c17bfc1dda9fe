"""What the issuer remembers of a long family, and what it forgets."""

from dataclasses import replace

import pytest
from exchanging import play

from race401.ledger.outcomes import GRANTED, Outcome
from race401.mock_api.rules.family import REMEMBERED
from race401.mock_api.rules.issuer import exchange
from race401.mock_api.rules.worlds import WORLDS

SUPABASE, RFC9700 = (WORLDS[name] for name in ("supabase", "rfc9700"))


def test_a_token_older_than_what_is_remembered_is_of_the_oldest_generation() -> None:
    """Of a long family; of a deleted one all are 0."""
    family, _ = play(RFC9700, *[(n, f"R{n}") for n in range(300)])
    assert family.generation_at(0) == family.links[0].generation > 0
    assert replace(family, links=()).generation_at(0) == 0


def test_a_long_family_is_bounded_and_still_knows_its_grandparents() -> None:
    """It remembers between a hundred and two hundred tokens; of those, an old one is still a reuse."""
    family, _ = play(RFC9700, *[(n, f"R{n}") for n in range(1_000)])
    assert REMEMBERED < len(family.links) <= 2 * REMEMBERED
    assert [link.generation for link in family.links[-3:]] == [998, 999, 1_000]
    old, answer = exchange(RFC9700, family, f"R{1_000 - REMEMBERED + 1}", 2_000, "fresh")
    assert answer.outcome is Outcome.REUSED
    assert old.active is None


def test_two_hundred_tokens_are_remembered_and_one_more_leaves_a_hundred() -> None:
    """Many are forgotten at once, so that an exchange stays cheap."""
    family, _ = play(RFC9700, *[(n, f"R{n}") for n in range(2 * REMEMBERED - 1)])
    assert len(family.links) == 2 * REMEMBERED
    family, _ = exchange(RFC9700, family, family.links[-1].token, 999, "newest")
    assert [link.generation for link in family.links] == list(range(REMEMBERED + 1, 2 * REMEMBERED + 1))


def test_what_stands_in_for_forgotten_links_is_consumed() -> None:
    """A family whose oldest link lived would rotate it for a token that was used long ago: that is no family."""
    family, _ = play(WORLDS["supabase-v2"], *[(n, f"R{n}") for n in range(3 * REMEMBERED)])
    assert family.stand_in == family.links[0]
    withdrawn = replace(family, links=(replace(family.links[0], revoked=False), *family.links[1:]))
    with pytest.raises(AssertionError, match="lives, in the place of forgotten ones"):
        _ = withdrawn.stand_in


def test_what_is_forgotten_is_the_least_recently_used() -> None:
    """A token that is used again within every interval works for ever, as in Supabase Auth."""
    steps = [step for n in range(500) for step in ((n * 9.0, f"R{2 * n - 1}" if n else "R0"), (n * 9.0, "R0"))]
    family, answers = play(SUPABASE, *steps)
    assert all(answer.outcome in GRANTED for answer in answers)
    assert family.find("R0") is not None
    assert len(family.links) <= 2 * REMEMBERED
