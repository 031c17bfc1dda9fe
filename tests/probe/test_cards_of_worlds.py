"""A world's settings call for a card, and a probe of the world finds it."""

import pytest
from modelled import modelled

from race401.mock_api.rules.worlds import WORLDS, World


def called_for(world: World) -> dict[str, str]:
    """What the settings call for, row by row, in plain rules that do not run any."""
    if not world.rotates:
        return {"rotates": "never", "second.accepted": "always", "at-once-5.more": "always"}
    grace = world.reuse_interval > 0
    forgiving = grace or world.unacknowledged_brings != "as_reuse"
    brings = world.unacknowledged_brings if world.unacknowledged_brings != "as_reuse" else world.reuse_brings
    said = {
        "rotates": "always",
        "second.accepted": "always" if forgiving else "never",
        "lost.accepted": "always" if forgiving else "never",
        "access.after-refresh": "never" if world.refresh_ends_access_tokens == "at_once" else "always",
        "sign-out.newest": "never",
        "sign-out.consumed": "always" if world.revoke_ends == "token" else "never",
        "sign-out.other": "always",
    }
    if forgiving:
        said["second.same"] = "never" if brings == "sibling" else "always"
        said["third.accepted"] = "always"
    else:
        said["second.lives"] = "always" if world.on_reuse == "refuse" else "never"
        said["second.other"] = "never" if world.on_reuse == "delete_all" else "always"
    losers = {"same": (True, False), "sibling": (True, True), "refusal": (False, False)}
    more, several = losers.get(world.losers_get, (forgiving, forgiving and brings == "sibling"))
    said["at-once-2.more"] = said["at-once-5.more"] = "always" if more else "never"
    if more:
        said["at-once-2.several"] = said["at-once-5.several"] = "always" if several else "never"
    punished = not more and world.losers_get != "refusal" and world.on_reuse != "refuse"
    said["at-once-2.lives"] = said["at-once-5.lives"] = "never" if punished else "always"
    return said


@pytest.mark.parametrize("name", WORLDS)
def test_a_world_gets_the_card_that_its_settings_call_for(name: str) -> None:
    """By its rules, all that is at once received before any of it is decided."""
    card = modelled(WORLDS[name])
    expected = called_for(WORLDS[name])
    assert {row.name: row.said for row in card.rows if row.name in expected} == expected


@pytest.mark.parametrize("name", ["overlap-same-pair", "okta", "django-oauth-toolkit-grace", "cognito"])
def test_the_end_of_an_interval_is_found(name: str) -> None:
    """To half a second."""
    (plain, *_) = modelled(WORLDS[name]).intervals
    assert plain.sequence == "second use"
    assert plain.refused is not None
    assert plain.accepted <= WORLDS[name].reuse_interval <= plain.refused
    assert plain.refused - plain.accepted <= 0.5
