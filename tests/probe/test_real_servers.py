"""Real servers, probed: each answers as its stored probe says, and the world made of that has the same card."""

from pathlib import Path

import pytest
from modelled import modelled
from stacks import ROOT, SERVERS, marked, running

from race401.harness.commands.server_board import NotServed, probed
from race401.harness.probe.card import Card, differing
from race401.harness.probe.evidence import load
from race401.harness.probe.settings import toml
from race401.mock_api.rules.world_files import load as worlds_of

STORED = {name: load(ROOT.parent / f"reports/servers/{name}.json").card for name in SERVERS}
ORDER = {"sign-out.beside"}  # who comes first of these two is the network's
ENDS = {"second use", "after a refresh", "after a use"}
NOT_SAID = {  # rows that the world of a card has otherwise; why, its file says in a comment, or the list of servers
    "authlib-snippet": {"sign-out.access"},
    "better-auth-interval": ENDS,  # 3 s that are 2 to 3 s, session by session
}


def different(one: Card, other: Card) -> set[str]:
    """In which rows they differ."""
    return {line.partition(":")[0] for line in (*differing(one, other), *differing(other, one))} - ORDER


@pytest.mark.parametrize("name", SERVERS)
def test_the_world_of_a_stored_card_has_that_card(name: str, tmp_path: Path) -> None:
    """But for what no setting says."""
    (tmp_path / "probed.toml").write_text(text := toml("probed", STORED[name]))
    world = worlds_of(tmp_path / "probed.toml")["probed"]
    assert different(STORED[name], modelled(world)) <= NOT_SAID.get(name, set())
    assert ("no setting says that sign-out ends its access token" in text) is (name == "authlib-snippet")


@pytest.mark.slow
@pytest.mark.parametrize("name", marked(SERVERS))
def test_a_server_answers_as_its_stored_probe_says(name: str) -> None:
    """Row by row, and interval by interval."""
    try:
        seen = probed(name, SERVERS[name], ROOT, lambda _: None).card
    except NotServed as missing:
        pytest.skip(f"{name}: {missing}")
    assert seen.ended == ""
    assert different(seen, STORED[name]) <= (ENDS if name == "better-auth-interval" else set())


@pytest.mark.slow
@pytest.mark.parametrize("name", marked(name for name in SERVERS if SERVERS[name].setting == "documented"))
def test_a_server_leaves_nothing(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it stores is gone with its process."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with running(SERVERS[name]):
        pass
    assert list(tmp_path.iterdir()) == []
