"""What a run is, as one value, and what it refuses to be: a load that could show nothing."""

import math
from dataclasses import dataclass

from race401.harness.load.conditions import Condition
from race401.harness.load.system import System
from race401.harness.tokens.policy import POLICIES, Policy

PAGE = ("/contacts?limit=1000", "/me/entitlements", "/contacts", "/persona-notes", "/messages")
ROLES = ("control", "subject", *POLICIES)  # a third policy, and every one after it, has its own name for a role
LEAVE = ("together", "first-then-rest")
TRANSPORTS = ("httpx", "fasthttp")
CONNECTIONS = 6  # of one browser to one host, as browsers have over HTTP/1.1
KEPT_ALIVE = 120.0  # s without a request, after which the mock closes a connection: KEEP_ALIVE in `process.serving`
FEWEST_PAGES = 6  # of a browser in the open model: its decisive instant comes after 1.5 to 4.5 intervals
IDLE = 2.0  # s between two pages, on average
LEAST_IDLE = 0.4  # s, in the shortest run
IDLE_BY_PAGES = 1.0  # s, where the work is fixed and nothing is gained by waiting
PAGES_HOPED_FOR = 8  # in a timed run, so that there are some on each side of the decisive instant
NO_PAGE_IN_THE_LAST = 2.0  # s of a timed run, so that every page that was begun ends in it
MOST_BROWSERS = 60  # of a system of your own
LONGEST = 600.0  # s of a run against one, beside what a condition has to wait
SHORTEST = 5.0  # s of run time that hold a page before the decisive instant and one after it


class Refused(Exception):
    """The run can't work by its own options; the message names what is wrong and what would be right."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A run that can work."""

    policies: dict[str, Policy]  # by role: `control`, `subject`, further ones by name; or `subject` alone
    conditions: tuple[Condition, ...]
    arrival: str
    seed: int
    users: int  # browsers
    pages: int | None  # fixed work: each browser loads so many
    run_time: float | None  # s; None: until it is stopped, or by pages
    ramp: float = 0.0  # s from the first browser's start to the last one's
    transport: str = "httpx"
    connections: int = CONNECTIONS  # of one browser, at most, and for each of its clients
    arrivals: float | None = None  # bursts a second, of all browsers together; None: closed, answers are waited for
    system: System | None = None  # that is not ours; None: a mock

    @property
    def idle(self) -> float:
        """Return s between two pages of a browser, on average."""
        if self.arrivals:
            return self.users / self.arrivals
        if self.pages:
            return IDLE_BY_PAGES
        if not self.run_time:
            return IDLE
        paging = self.run_time - self.ramp - NO_PAGE_IN_THE_LAST
        return max(LEAST_IDLE, min(IDLE, paging / PAGES_HOPED_FOR))

    @property
    def page(self) -> tuple[str, ...]:
        """Return what a page asks for: paths of the API, in their order."""
        return PAGE if self.system is None else self.system.page

    @property
    def last_page_after(self) -> float:
        """Return s from the start after which no page begins."""
        return self.run_time - NO_PAGE_IN_THE_LAST if self.run_time and not self.pages else float("inf")

    def condition(self, part: str) -> Condition:
        """Return the condition that browsers of this name play."""
        return next(condition for condition in self.conditions if condition.part == part)

    def should_get(self, role: str) -> str:
        """Return the verdict of this role's policy, judged apart: FAIL if some condition should show a race in it."""
        name = self.policies[role].name
        return "FAIL" if any(c.expected(role, name).is_a_race for c in self.conditions) else "PASS"

    def __str__(self) -> str:
        length = f"{self.pages} pages each" if self.pages else f"{self.run_time:.0f} s" if self.run_time else "no end"
        return (
            f"{self.users} browsers, conditions {', '.join(c.name for c in self.conditions)}, "
            f"policies {', '.join(p.name for p in self.policies.values())}, {length}; "
            f"requests leave {self.arrival}"
            + (f", {self.arrivals:g} bursts a second arrive" if self.arrivals else "")
            + (f", over {self.transport}" if self.transport != TRANSPORTS[0] else "")
        )


def check_load(plan: Plan) -> None:
    """Refuse a load that could show nothing; the web form gives it later than the command line."""
    kinds = len(plan.policies) * len(plan.conditions)
    if plan.users < kinds:
        raise Refused(
            f"-u {plan.users}: too few browsers; a run needs at least {kinds}, one for each policy in each condition"
        )
    if not plan.pages and plan.run_time and plan.run_time < SHORTEST + plan.ramp:
        starts = f"the last browser starts after {plan.ramp:g} s, " if plan.ramp else ""
        raise Refused(
            f"-t {plan.run_time:g}s holds no burst that could show anything: {starts}no page begins in the last "
            f"{NO_PAGE_IN_THE_LAST:g} s, and one is needed on each side of the decisive instant; "
            f"give -t {SHORTEST + plan.ramp:g}s or longer" + (", or a higher -r" if plan.ramp else "")
        )
    if plan.arrivals:
        _check_arrivals(plan, plan.arrivals)
    if plan.system is not None:
        _check_bounds(plan)


def _check_bounds(plan: Plan) -> None:
    """Refuse more than a burst: a system of your own is no target for load."""
    if plan.users > MOST_BROWSERS:
        raise Refused(f"-u {plan.users}: at most {MOST_BROWSERS} browsers burst upon a system of your own")
    if not plan.pages and not plan.run_time:
        raise Refused("a run against a system of your own has an end: give -t, such as -t 20s, or --pages")
    if plan.run_time and plan.run_time > LONGEST and not any(c.at_expiry for c in plan.conditions):
        raise Refused(f"-t {plan.run_time:g}s: at most {LONGEST:g} s against a system of your own")


def _check_arrivals(plan: Plan, rate: float) -> None:
    """Refuse a schedule that leaves a browser too few pages, or so long without one that its connections are gone."""
    asked = f"--arrivals {rate:g}/s: each of {plan.users} browsers would load"
    if plan.idle > KEPT_ALIVE:
        raise Refused(
            f"{asked} a page in {plan.idle:.0f} s, and the mock keeps idle connections for {KEPT_ALIVE:.0f} s; "
            f"give {math.ceil(plan.users / KEPT_ALIVE)}/s or more"
        )
    if plan.pages or not plan.run_time:
        return
    paging = plan.run_time - plan.ramp - NO_PAGE_IN_THE_LAST
    if paging < FEWEST_PAGES * plan.idle:
        raise Refused(
            f"{asked} {paging / plan.idle:.1f} pages in the {paging:g} s for them, and needs {FEWEST_PAGES}; "
            f"give {math.ceil(FEWEST_PAGES * plan.users / paging)}/s or a longer -t"
        )
