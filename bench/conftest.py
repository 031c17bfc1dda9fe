"""
Ratios measured side by side: each question's variants take turns, round by round, and are compared within a round.

pytest-benchmark does the timing. A benchmark says in `extra_info` which question it belongs to, which variant and
round it is; the first variant of a question is what the others are held against. Only ratios are worth reading.
"""

import statistics
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import pytest
from aims import AIMS
from servers import Served, mock, plain


@pytest.fixture(scope="session")
def the_mock() -> Iterator[Served]:
    """Serve the mock, its ledger in a file, as a run has it."""
    with mock() as served:
        yield served


@pytest.fixture(scope="session")
def the_plain() -> Iterator[Served]:
    """Serve the same routes on FastAPI and on Starlette, with nothing around them."""
    with plain() as served:
        yield served


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print each question's ratios beside their aims."""
    seen: dict[str, dict[str, dict[int, float]]] = defaultdict(lambda: defaultdict(dict))
    units: dict[str, str] = {}
    session: Any = config._benchmarksession  # type: ignore[attr-defined]
    for bench in session.benchmarks:
        info = bench.extra_info
        seen[info["question"]][info["variant"]][info["round"]] = info.get("value", bench.stats.median)
        units[info["question"]] = info.get("unit", "s")
    for question, variants in seen.items():
        terminalreporter.write_sep("-", question)
        (base, against), *_ = variants.items()
        for variant, values in variants.items():
            ratio = statistics.median(values[turn] / against[turn] for turn in values if turn in against)
            value_in_words = _in_words(statistics.median(values.values()), units[question])
            at_most, why = AIMS.get((question, variant), (None, ""))
            goal = (
                "" if at_most is None else f"aim <= {at_most:.2f}  {'met' if ratio <= at_most else 'MISSED: ' + why}"
            )
            ratio_told = "1.00 (base)" if variant == base else f"{ratio:.2f}"
            terminalreporter.write_line(f"{variant:<58}{value_in_words:>12}{ratio_told:>13}  {goal}".rstrip())


def _in_words(value: float, unit: str) -> str:
    if unit != "s":
        return f"{value:.0f} {unit}"
    return f"{value * 1e9:.0f} ns" if value < 1e-5 else f"{value * 1e6:.0f} us"
