"""By how much a million requests let the mock grow."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from aims import aim

MEMORY = "memory that a million requests leave behind"
BUDGET = 50.0  # MB
MOCK = "the mock: 50,000 entries, counts, verified tokens"
aim(MEMORY, MOCK, 1.0, "something that grows with each request is kept")


@pytest.mark.parametrize("variant", ["the budget", MOCK])
def test_memory(benchmark: Any, variant: str) -> None:
    """Send them in a process of its own."""
    soak = [sys.executable, str(Path(__file__).with_name("soak.py")), "1000000"]

    def grown() -> float:
        return BUDGET if variant == "the budget" else float(subprocess.check_output(soak))

    value = benchmark.pedantic(grown)
    benchmark.extra_info |= {"question": MEMORY, "variant": variant, "round": 0, "value": value, "unit": "MB"}
