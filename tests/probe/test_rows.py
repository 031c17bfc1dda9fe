"""Rows: never, sometimes or always, with counts and exact bounds; unknown where an answer says nothing."""

import asyncio
from collections.abc import Sequence

import pytest
from modelled import ABLE, Model, modelled

from race401.harness.probe.answers import Answer, Trial
from race401.harness.probe.card import Card, Interval, Row, counts, differing, rows
from race401.harness.probe.playing import Gone, Pair
from race401.harness.probe.probing import Learnt, probe, summed
from race401.harness.probe.questions import QUESTIONS
from race401.harness.probe.sequences import SEQUENCES, Step, burst
from race401.mock_api.rules.worlds import WORLDS


def raced(*brought: str, alive: Sequence[str] = ()) -> Trial:
    """A trial of five at once: what each use brought, "" for a refusal; and which tokens live."""
    answers = {
        name: Answer("granted", "r0", refresh=token) if token else Answer("refused", "r0", status=400)
        for name, token in zip(burst(5), brought, strict=True)
    }
    first = {token: name for name, token in reversed(list(zip(burst(5), brought, strict=True))) if token}
    looks = {f"alive {name}": Answer("granted" if token in alive else "refused") for token, name in first.items()}
    return Trial("at once 5", answers | looks)


def row(trials: list[Trial], name: str) -> Row:
    """What they say to this question."""
    return next(row for row in rows(trials, ABLE) if row.name == name)


def test_one_trial_of_many_makes_it_sometimes() -> None:
    """One detection of a race is enough, and the bounds are those of its share."""
    single = raced("a", "", "", "", "", alive=["a"])
    double = raced("a", "b", "", "", "", alive=["a", "b"])
    seen = row([single] * 9 + [double], "at-once-5.several")
    assert (seen.said, seen.yes, seen.of) == ("always", 1, 1)
    seen = row([single] * 9 + [double], "at-once-5.more")
    assert (seen.said, seen.yes, seen.of) == ("sometimes", 1, 10)
    assert (seen.low, seen.high) == pytest.approx((0.0025, 0.445), abs=5e-4)
    assert row([single] * 10, "at-once-5.more").said == "never"
    assert row([single] * 10, "at-once-5.several").said == "no chance"


def test_the_distribution_has_every_outcome() -> None:
    """Accepted, successors, alive, and how often."""
    trials = [raced("a", "a", "a", "a", "a", alive=["a"]), raced("a", "b", "", "", ""), raced("a", "b", "", "", "")]
    assert counts(trials, 5) == [[2, 2, 0, 2], [5, 1, 1, 1]]


@pytest.mark.parametrize("answer", [Answer("unknown", status=429, error="429"), Answer("unknown", error="500")])
def test_an_answer_that_says_nothing_makes_its_row_unknown(answer: Answer) -> None:
    """One 429 or 500 among many rounds does, and no other row."""
    good = raced("a", "", "", "", "", alive=["a"])
    bad = Trial("at once 5", {**good.answers, "1.2": answer})
    seen = row([good] * 9 + [bad], "at-once-5.more")
    assert (seen.said, seen.of) == ("unknown", 0)
    assert seen.why == f"1 of 10 sessions: {answer.error}"
    assert row([good] * 9 + [bad], "at-once-2.more").said == "unknown"  # was not played
    assert counts([bad], 5) == []


def card(yes: int, of: int, *intervals: Interval) -> Card:
    """A card of one row."""
    said = "never" if not yes else "always" if yes == of else "sometimes"
    return Card("s", "oauth", [Row("r", "it does", said, yes, of)], intervals=list(intervals))  # type: ignore[arg-type]


def test_cards_differ_where_chance_is_no_excuse() -> None:
    """Never and always are two answers; always and sometimes only at p < 0.001."""
    assert list(differing(card(3, 3), card(0, 3)))
    assert not list(differing(card(10, 10), card(9, 10)))
    assert not list(differing(card(10, 10), card(3, 10)))  # p = 0.003
    assert list(differing(card(10, 10), card(2, 10)))  # p = 0.0007
    assert not list(differing(card(10, 10), card(0, 0)))


def test_intervals_differ_where_one_ends_before_the_other() -> None:
    """As long as what was seen of both leaves no end that they could share."""
    three, ten = Interval("second use", 2.8, 3.2), Interval("second use", 9.8, 10.2)
    assert list(differing(card(1, 1, three), card(1, 1, ten)))
    assert not list(differing(card(1, 1, three), card(1, 1, Interval("second use", 3.1, 3.6))))
    assert not list(differing(card(1, 1, ten), card(1, 1, Interval("second use", 8.0, None))))


class Leaving(Model):
    """Goes away after so many requests."""

    left = 40

    async def send(self, steps: Sequence[tuple[Step, Pair]]) -> list[tuple[Answer, Pair | None]]:
        """Answer as long as it is there."""
        self.left -= len(steps)
        if self.left < 0:
            raise Gone("http://127.0.0.1:1/token cannot be reached")
        return await super().send(steps)


def test_a_server_that_goes_away_leaves_what_was_learnt() -> None:
    """Whole trials count, the broken one does not, and the card says why it ends."""
    learnt = Learnt()
    asyncio.run(probe(Leaving(WORLDS["rfc9700"]), ABLE, 5, 100.0, lambda _: None, learnt))
    seen = summed(learnt, ABLE, "s", "oauth")
    assert seen.ended == "http://127.0.0.1:1/token cannot be reached"
    assert seen.exit_code == 3
    assert seen.row("access.after-refresh").said == "always"
    assert seen.row("sign-out.newest").said == "unknown"


def test_a_budget_ends_a_probe_between_sessions() -> None:
    """Nothing is waited for that it does not allow."""
    learnt, said = Learnt(), list[str]()
    model = Model(WORLDS["okta"])
    asyncio.run(probe(model, ABLE, 2, 20.0, said.append, learnt))
    (plain, *_) = summed(learnt, ABLE, "s", "oauth").intervals
    assert plain.refused is None
    assert said == ["a consumed token is accepted again: 15 sessions wait up to 16 s to see until when"]


def test_every_question_is_of_a_sequence_and_has_advice_for_each_answer() -> None:
    """No name twice; every sequence is asked about."""
    assert {question.sequence for question in QUESTIONS} == {sequence.name for sequence in SEQUENCES}
    assert len({question.name for question in QUESTIONS}) == len(QUESTIONS)
    assert all(question.never and question.sometimes and question.always for question in QUESTIONS)


def test_a_rotation_that_never_is_has_no_intervals() -> None:
    """A token that is kept is not consumed."""
    assert modelled(WORLDS["no-rotation"]).intervals == []
