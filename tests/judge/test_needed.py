"""How many refreshes a run needed, and which of its own nothing called for."""

import pytest
from counting import ME, OTHER, counted
from ledgers import PAGE, Run

EARLY = {
    "within 300 s, of who says no margin": ({}, {}, 300.0, False),
    "before that": ({}, {}, 300.001, True),
    "within its margin and a little": ({"expiry_margin": 120.0}, {}, 120.25, False),
    "before it": ({"expiry_margin": 120.0}, {}, 120.3, True),
    "within its ticker's margin": ({"expiry_margin": 60.0, "auto_refresh_margin": 120.0}, {}, 120.0, False),
    "before its ticker's margin": ({"expiry_margin": 60.0, "auto_refresh_margin": 120.0}, {}, 121.0, True),
    "with no margin at all": ({"expiry_margin": 0.0}, {}, 0.3, True),
    "within it by a clock that is ahead": ({"expiry_margin": 120.0}, {"skew_s": 90.0}, 210.0, False),
    "before it by such a clock": ({"expiry_margin": 120.0}, {"skew_s": 90.0}, 211.0, True),
}


@pytest.mark.parametrize(("policy", "about", "left", "needless"), EARLY.values(), ids=EARLY)
def test_an_exchange_that_nothing_called_for(
    policy: dict[str, float], about: dict[str, float], left: float, needless: bool
) -> None:
    run = Run()
    run.manifest["conditions"]["rfc9700"] |= about
    run.exchange(ME, token_left_s=left)
    assert counted(run, **policy).needless_seqs == ([1] if needless else [])


def ideal(
    sent: list[tuple[float, float]], lifetime: float = 200.0, skew: float | None = None, **policy: float
) -> list[int] | None:
    """How many exchanges were needed, by when requests came and what their tokens had left; the margin is 100 s."""
    run = Run()
    run.manifest["worlds"] = {"rfc9700": {"lifetime": lifetime}}
    run.manifest["conditions"]["rfc9700"] |= {} if skew is None else {"skew_s": skew}
    for at, left in sent:
        run.entry(ME, PAGE[0], 200, received_at=at, answered_at=at, token_left_s=left)
    return counted(run, expiry_margin=100.0, **policy).ideal_exchanges


BEGUN = (10.0, 150.0)
IDEALS: dict[str, tuple[list[tuple[float, float]], list[int]]] = {
    "none was sent within the margin": ([BEGUN, (59.0, 101.0)], [0, 0]),
    "one was": ([BEGUN, (61.0, 99.0)], [1, 1]),
    "one was, by less than a look at the clock tells": ([BEGUN, (60.0, 100.0)], [0, 1]),
    "at the edge of that": ([BEGUN, (60.25, 99.75)], [1, 1]),
    "at the other edge": ([BEGUN, (59.75, 100.25)], [0, 1]),
    "it crossed the margin twice": ([BEGUN, (61.0, 99.0), (162.0, 98.0)], [2, 2]),
    "the second may have come a second early": ([BEGUN, (61.0, 99.0), (160.5, 99.0)], [1, 2]),
}


@pytest.mark.parametrize(("sent", "expected"), IDEALS.values(), ids=IDEALS)
def test_how_many_refreshes_were_needed(sent: list[tuple[float, float]], expected: list[int]) -> None:
    """At least and at most: one a lifetime less the margin, from the first crossing on."""
    assert ideal(sent) == expected


def test_how_many_were_needed_by_a_wrong_clock() -> None:
    """One that is ahead crosses the margin sooner, one that is behind later."""
    assert ideal([BEGUN, (51.0, 109.0)], skew=10.0) == [1, 1]
    assert ideal([BEGUN, (61.0, 99.0)], skew=-10.0) == [0, 0]


def test_a_margin_is_at_most_the_share_of_a_lifetime_that_its_policy_allows() -> None:
    """A quarter of 200 s: a token with 49 s left is due; with 99 s left, one of which the client knows no more is."""
    assert ideal([BEGUN, (59.0, 101.0)], margin_share=0.25) == [0, 0]
    assert ideal([BEGUN, (61.0, 99.0)], margin_share=0.25) == [0, 1]
    assert ideal([BEGUN, (111.0, 49.0)], margin_share=0.25) == [1, 1]
    assert ideal([BEGUN, (61.0, 99.0)], margin_share=0.75) == [1, 1]
    assert ideal([BEGUN, (61.0, 99.0)], lifetime=100.0, margin_share=0.25) == [0, 1]


def test_a_first_token_of_unknown_life_makes_one_refresh_more_and_no_second() -> None:
    """It goes at the whole margin; from then on the clamped one counts: 150 s from refresh to refresh."""
    renewed = [BEGUN, (61.0, 99.0), (110.0, 151.0), (209.0, 52.0)]
    assert ideal(renewed, margin_share=0.25) == [1, 1]
    assert ideal([*renewed, (211.0, 50.0)], margin_share=0.25) == [1, 2]


def test_a_margin_as_long_as_the_lifetime_has_no_ideal() -> None:
    """But for the second by which a lifetime is rounded."""
    assert ideal([(10.0, 50.0)], lifetime=100.0) is ideal([(10.0, 50.0)], lifetime=101.0) is None
    assert ideal([(10.0, 50.0)], lifetime=101.1) == [1, 1]


def test_the_needs_of_sessions_add_up() -> None:
    run = Run()
    run.manifest["worlds"] = {"rfc9700": {"lifetime": 200.0}}
    for client in (ME, OTHER):
        for at, left in ((10.0, 150.0), (61.0, 99.0)):
            run.entry(client, PAGE[0], 200, received_at=at, answered_at=at, token_left_s=left)
    assert counted(run, expiry_margin=100.0).ideal_exchanges == [2, 2]
