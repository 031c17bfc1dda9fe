"""The row of a run's control: what the table counts of it."""

from typing import Any

from ledgers import Run

from race401.harness.judge.measure import measure
from race401.harness.judge.row import Row

ME, OTHER = "run/rfc9700/control/1", "run/rfc9700/control/2"


def counted(run: Run, **policy: Any) -> Row:
    """The row of the control, whose policy has these knobs."""
    run.manifest["policies"]["control"] |= policy
    return measure(run.evidence())[0]
