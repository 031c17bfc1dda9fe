"""What a race may cost."""

from collections import Counter
from types import SimpleNamespace
from typing import Any, cast

import pytest
from ledgers import Run as Seen

from race401.harness.card.cost import cost_text, wasteful
from race401.harness.card.course import Run
from race401.harness.card.race import Race
from race401.harness.judge.row import Row


@pytest.mark.parametrize("failed", [True, False], ids=["after answers that failed", "without a reason"])
def test_refreshes_in_a_row_are_waste_where_no_answer_had_failed(failed: bool) -> None:
    """Five callers try again, and one after the other succeeds: the tries have their own limit."""
    seen = Seen()
    if failed:
        seen.entry("a", "/oauth/token", 401, method="POST", cause="fault", fault="status")
    for _ in range(3):
        seen.exchange("a", "kept")
    race = Race("a race", "a race", (), covers="fault", ideal=None)
    calls: Any = [None] * 2
    row = cast("Row", SimpleNamespace(in_a_row_seqs=[2, 3, 4], wire_401s=Counter()))
    run = Run(race, "no-rotation", seen.entries, calls)
    assert wasteful(run, row) is not failed
    assert ("3 exchanges in a row, of tokens with more than half of" in cost_text(run, row)) is not failed, "says why"
