"""How long hypothesis looks: briefly, deeply, and for what was planted."""

from hypothesis import HealthCheck, Phase, settings

QUICK = settings(
    max_examples=40, stateful_step_count=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)


DEEP = settings(QUICK, max_examples=200, stateful_step_count=60, derandomize=False)


HUNT = settings(  # it need not be shrunk to be found; some violations take many steps
    QUICK, max_examples=1_000, stateful_step_count=80, phases=[Phase.generate]
)
