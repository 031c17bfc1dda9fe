"""The way on: every mechanism has one, and what is printed can be run."""

import argparse
import importlib

import pytest

from race401.harness.card.races import RACES
from race401.harness.incident.mechanisms import MECHANISMS
from race401.harness.incident.mechanisms.mechanism import Mechanism
from race401.harness.incident.way_on import RECORD, commands
from race401.mock_api.rules.worlds import WORLDS


@pytest.mark.parametrize("mechanism", MECHANISMS, ids=lambda mechanism: mechanism.name)
def test_each_mechanism_has_a_race_and_a_world_that_there_are(mechanism: Mechanism) -> None:
    """Or its commands record one's own servers."""
    way = mechanism.way
    assert way.race in {race.name for race in RACES} or commands(mechanism) == RECORD
    assert way.world in WORLDS or commands(mechanism) == RECORD


@pytest.mark.parametrize("mechanism", MECHANISMS, ids=lambda mechanism: mechanism.name)
def test_its_commands_are_known_to_race401(mechanism: Mechanism) -> None:
    """Their options are read by the command's own parser."""
    for _, command in commands(mechanism):
        _, verb, *options = command.split()
        if verb in ("card", "explore", "proxy", "diagnose"):
            module = importlib.import_module(f"race401.harness.commands.{verb}")
            parser = argparse.ArgumentParser(exit_on_error=False)
            module.add(parser)
            parser.parse_args(options)
