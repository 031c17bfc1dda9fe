"""A world that is served and probed has the card that its rules have."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from modelled import modelled
from probed import probed

from race401.harness.card.mock import Mock
from race401.harness.probe.card import Card, differing
from race401.harness.probe.settings import toml
from race401.mock_api.rules.world_files import load
from race401.mock_api.rules.worlds import WORLDS

SHARE = ("django-oauth-toolkit", "doorkeeper")  # of uses at once, sign-outs and access tokens they say the opposite
ORDER = "sign-out.beside"  # who comes first of these two is the network's


@pytest.fixture(scope="module")
def mock() -> Iterator[Mock]:
    """All worlds."""
    with Mock(()) as running:
        yield running


def different(one: Card, other: Card) -> list[str]:
    """In which rows they differ, whichever is named first."""
    found = [*differing(one, other), *differing(other, one)]
    return [row for row in found if not row.startswith(ORDER)]


@pytest.mark.parametrize("name", SHARE)
def test_a_served_world_has_the_card_of_its_rules(mock: Mock, name: str) -> None:
    """Also where uses at once get what later ones do not."""
    card = probed(mock, name, rounds=2)
    assert {row.said for row in card.rows} <= {"never", "sometimes", "always", "no chance"}
    assert different(card, modelled(WORLDS[name], rounds=2)) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", WORLDS)
def test_every_served_world_has_the_card_of_its_rules_and_its_world_file_has_it_too(
    mock: Mock, name: str, tmp_path: Path
) -> None:
    """The loop, over the wire both times."""
    card = probed(mock, name, rounds=10)
    assert different(card, modelled(WORLDS[name])) == []
    file = tmp_path / "probed.toml"
    file.write_text(toml("probed", card))
    assert "probed" in load(file)
    with Mock(("--worlds", str(file))) as second:
        assert different(card, probed(second, "probed", rounds=10)) == []


@pytest.mark.slow
def test_twenty_probes_of_a_server_give_one_card(mock: Mock) -> None:
    """No row of one differs from that of another."""
    first, *others = [probed(mock, "oidc-provider-database", rounds=10) for _ in range(20)]
    assert [row for other in others for row in different(first, other)] == []
