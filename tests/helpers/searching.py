"""How long hypothesis looks: briefly, and deeply."""

from hypothesis import HealthCheck, settings

QUICK = settings(
    max_examples=40, stateful_step_count=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)


DEEP = settings(QUICK, max_examples=200, stateful_step_count=60, derandomize=False)
