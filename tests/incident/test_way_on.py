"""The way on: every mechanism has one, and what is printed can be run."""

import argparse
import importlib

import pytest

from race401.harness.card.races import RACES
from race401.harness.incident.mechanisms import MECHANISMS
from race401.harness.incident.way_on import RECORD, WAYS, commands
from race401.mock_api.rules.worlds import WORLDS


@pytest.mark.parametrize("name", [mechanism.name for mechanism in MECHANISMS])
def test_each_mechanism_has_a_race_and_a_world_that_there_are(name: str) -> None:
    """And no way leads to a mechanism that there is not."""
    way = WAYS[name]
    assert way.race in {race.name for race in RACES} or commands(name) == RECORD
    assert way.world in WORLDS or commands(name) == RECORD
    assert set(WAYS) == {mechanism.name for mechanism in MECHANISMS}


@pytest.mark.parametrize("name", list(WAYS))
def test_its_commands_are_known_to_race401(name: str) -> None:
    """Their options are read by the command's own parser."""
    for _, command in commands(name):
        _, verb, *options = command.split()
        if verb in ("card", "explore", "proxy", "diagnose"):
            module = importlib.import_module(f"race401.harness.commands.{verb}")
            parser = argparse.ArgumentParser(exit_on_error=False)
            module.add(parser)
            parser.parse_args(options)
