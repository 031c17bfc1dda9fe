"""The line on the terminal that says how far the run is."""

import gevent
from locust.stats import RequestStats

from race401.harness.load.judged_run import JudgedRun
from race401.harness.reporting import progress

EVERY = 1.0  # s


def show(run: JudgedRun, stats: RequestStats) -> None:
    """Keep the line up to date until the run has ended."""
    while run.is_under_way:
        progress.show(_line(run, stats.total.num_requests))
        gevent.sleep(EVERY)
    progress.clear()


def _line(run: JudgedRun, requests: int) -> str:
    plan, ran = run.record.plan, run.clock.now() - run.record.started_at
    length = f" of {plan.run_time:.0f}" if plan.run_time else ""
    seen = ", ".join(f"{run.tally.app_401s(role)} {policy.name}" for role, policy in plan.policies.items())
    return f"{ran:3.0f}{length} s · {requests} requests · 401s that the app saw: {seen}"
