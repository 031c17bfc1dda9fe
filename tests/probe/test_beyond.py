"""Once the end of an interval is known, a probe sees from when it counts, and what becomes of a session after it."""

from pathlib import Path

import msgspec
import pytest
from modelled import modelled

from race401.harness.probe.answers import Answer, Trial
from race401.harness.probe.beyond import AFTER, COUNTS, SLIDES, Beyond, base, pause, seen, sequences, takes
from race401.harness.probe.playing import End
from race401.harness.probe.settings import toml
from race401.mock_api.rules.world_files import load
from race401.mock_api.rules.worlds import WORLDS, World

WITH_AN_END = [
    name
    for name, world in WORLDS.items()
    if world.reuse_interval and world.on_reuse != "delete_all"
    if world.unacknowledged_brings == "as_reuse" or world.acknowledged_by == "refresh"
]
END = End(9.8, 10.2)


def called_for(world: World) -> Beyond:
    """What its settings say."""
    from_refresh = world.reuse_counts_from == "refresh"
    return Beyond(
        slides=from_refresh or world.reuse_slides,
        counts_from=None if world.reuse_of == "parent" else world.reuse_counts_from,
        later=world.on_reuse == "refuse",
    )


@pytest.mark.parametrize("name", WITH_AN_END)
def test_a_probe_finds_what_the_settings_say(name: str) -> None:
    """And whether a session that a late use ended lives on for an interval."""
    world = WORLDS[name]
    found = next(each for each in modelled(world).intervals if each.later is not None)
    assert Beyond(found.slides, found.counts_from, found.later) == called_for(world)
    assert found.lives is (world.on_reuse == "refuse" or (world.on_reuse == "revoke" and world.revoked_last_lives))


@pytest.mark.parametrize("name", WITH_AN_END)
def test_the_world_file_says_it(name: str, tmp_path: Path) -> None:
    """As settings where it was seen, and as a comment where not."""
    world, path = WORLDS[name], tmp_path / "probed.toml"
    path.write_text(text := toml("probed", modelled(world)))
    found = load(path)["probed"]
    assert (found.on_reuse == "refuse") is (world.on_reuse == "refuse")
    if world.reuse_of != "parent":
        assert found.reuse_counts_from == world.reuse_counts_from
    else:
        assert "# not observed: reuse_counts_from" in text
    if world.reuse_counts_from == "use":
        assert found.reuse_slides == world.reuse_slides
    if world.on_reuse == "revoke":
        assert found.revoked_last_lives == world.revoked_last_lives
    assert "single_session = false" in text
    assert "# not observed: timebox, inactivity (sessions of " in text


def test_where_a_late_use_ends_all_sessions_of_the_user_nobody_waits_beside_another() -> None:
    """The end is found all the same, by the first that is refused; what would take more sessions is not observed."""
    card = modelled(WORLDS["better-auth-interval"])
    plain = next(each for each in card.intervals if each.sequence == "second use")
    assert (plain.lives, plain.others) == (False, False)
    assert plain.refused is not None
    assert plain.accepted <= 3.0 <= plain.refused <= plain.accepted + 0.5
    assert (plain.slides, plain.counts_from, plain.later) == (None, None, None)
    text = toml("probed", card)
    assert 'on_reuse = "delete_all"' in text
    assert "# not observed: reuse_slides" in text


def test_without_an_interval_the_world_file_says_that_nothing_was_seen() -> None:
    """It guesses nothing."""
    text = toml("probed", modelled(WORLDS["rfc9700"]))
    assert "no interval's end was seen" in text
    assert "reuse_slides =" not in text


def at(what: str, sent: float) -> Answer:
    """An answer that came at once."""
    return msgspec.convert({"what": what, "sent": sent, "heard": sent}, Answer)


def trial(later: str, when: float) -> Trial:
    """Used at 0 s, used again at 7.5 s, and once more."""
    return Trial(SLIDES, {"1": at("granted", 0), "again": at("granted", 7.5), "later": at(later, when)})


def test_a_use_past_the_end_that_is_accepted_shows_that_the_interval_began_anew() -> None:
    """Refused, that it did not. Two trials that differ show nothing."""
    assert seen([trial("granted", 15)], END).slides is True
    assert seen([trial("refused", 15)], END).slides is False
    assert seen([trial("granted", 15), trial("refused", 15)], END).slides is None


@pytest.mark.parametrize("when", [10.1, 17.4])
def test_a_use_at_the_wrong_time_shows_nothing(when: float) -> None:
    """Not surely past the end, or past that of an interval that began anew: a machine may be late."""
    assert seen([trial("refused", when)], END) == Beyond()


def test_an_interval_whose_end_is_not_known_closely_is_not_asked_about() -> None:
    """No pause is within it of which two are beyond."""
    assert pause(End(4.0, None)) is None
    assert pause(End(4.0, 8.0)) is None
    assert base({"second use": End(1.0, 2.0), "after a use": END}) == "after a use"
    assert base({}) is None


def test_who_refuses_grandparents_is_not_asked_from_when_it_counts() -> None:
    """The answer would say nothing of that."""
    plain = sequences({"second use": END}, "second use")
    assert [each.name for each in plain] == [SLIDES, AFTER]
    assert [each.name for each in sequences({"second use": END, "after a refresh": END}, "second use")] == [
        SLIDES,
        COUNTS,
        AFTER,
    ]
    assert takes(plain) == pytest.approx(2.4 * END.accepted, rel=0.1)
