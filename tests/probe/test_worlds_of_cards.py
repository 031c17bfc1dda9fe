"""The loop: a card becomes a world file, and the world that it makes has the same card."""

from pathlib import Path

import pytest
from modelled import ABLE, modelled

from race401.harness.probe.card import Card, differing
from race401.harness.probe.settings import toml
from race401.mock_api.rules.world_files import load
from race401.mock_api.rules.worlds import WORLDS, World


def world_of(card: Card, folder: Path) -> World:
    """The world of a card, by way of its file."""
    path = folder / "probed.toml"
    path.write_text(toml("probed", card))
    return load(path)["probed"]


@pytest.mark.parametrize("name", WORLDS)
def test_the_world_of_a_card_has_the_same_card(name: str, tmp_path: Path) -> None:
    """Row by row, and interval by interval."""
    card = modelled(WORLDS[name])
    again = modelled(world_of(card, tmp_path))
    assert [*differing(card, again), *differing(again, card)] == []


@pytest.mark.parametrize("able", [frozenset(), frozenset({"me"}), frozenset({"revoke"})])
@pytest.mark.parametrize("name", ["rfc9700", "doorkeeper", "supabase"])
def test_what_was_not_asked_is_said_in_a_comment(name: str, able: frozenset[str], tmp_path: Path) -> None:
    """The file is good all the same, and the world has what was asked."""
    card = modelled(WORLDS[name], able=able)
    text = toml("probed", card)
    assert ("not observed: refresh_ends_access_tokens" in text) is ("me" not in able)
    assert ("not observed: revoke_ends" in text) is ("revoke" not in able)
    assert [*differing(card, modelled(world_of(card, tmp_path), able=able))] == []
    assert able <= ABLE
