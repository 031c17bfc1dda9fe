"""How long hypothesis looks: briefly, deeply, and for what was planted."""

from hypothesis import HealthCheck, Phase, settings

QUICK = settings(
    max_examples=15, stateful_step_count=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)


DEEP = settings(QUICK, max_examples=200, stateful_step_count=60, derandomize=False)


HUNT = settings(  # it need not be shrunk to be found; some violations take many steps
    QUICK, max_examples=300, stateful_step_count=80, phases=[Phase.generate], derandomize=False, database=None
)
SEEDS = range(1, 21)  # one seed alone may look for ever where a violation is not
