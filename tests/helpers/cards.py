"""Drivers that are a line of Python, and score cards with outcomes at will."""

import sys
from pathlib import Path

from race401.harness.card.judging import RaceOutcome, Result
from race401.harness.card.record import Card, Introduction

ROOT = Path(__file__).parents[2]
DRIVERS = ROOT / "drivers"
SILENT = "import sys, json\nfor line in sys.stdin:\n  "


def python(script: str) -> list[str]:
    """A driver that is this script."""
    return [sys.executable, "-c", script]


def a_card(client: str = "a client", **outcomes: RaceOutcome) -> Card:
    """A card with these outcomes."""
    results = [
        Result(name.replace("_", "-"), "rfc9700", o, "what happened", 3, ideal=1) for name, o in outcomes.items()
    ]
    told = Introduction(client, "1.0", claims=["single_flight"], explains={"late-401": "lib.py:1 `a < b`: because"})
    return Card(told, "python driver.py", "0", results, 1.0)
