"""What a run was asked for: the command line's and the web form's words, checked, as one value."""

import math
from argparse import SUPPRESS
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from race401.harness.load.conditions import Condition
from race401.harness.load.scenario import Scenario
from race401.harness.load.system import System, SystemFileError
from race401.harness.load.system import load as load_system
from race401.harness.reporting.answer import FORMS
from race401.harness.tokens.named import NoSuchPolicy, policy
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
MOST_BROWSERS = 60  # of a system that is not ours
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


def add_options(parser: Any, scenario: Scenario) -> None:
    """Declare the scenario's options; `--help` and the web form show them."""
    add = parser.add_argument  # locust's own arguments (include_in_web_ui) are not known to argparse's groups
    known = ", ".join(POLICIES)
    add(
        "--policies",
        default=scenario.policies,
        help=f"the control and then the subjects, or one alone; known: {known}; "
        "without a part: fixed:single_flight=false",
    )
    conditions = scenario.conditions
    add("--conditions", default=",".join(conditions), help=f"known: {', '.join(conditions)}")
    if scenario.own is not None:
        add("--world", default="", metavar="NAME", help="play in this world alone: a shipped one, or of --worlds")
        add(
            "--worlds",
            default="",
            metavar="FILE",
            include_in_web_ui=False,
            help="worlds of your own, in TOML; race401 probe writes one",
        )
    if scenario.systems:
        add(
            "--system",
            default="",
            metavar="FILE",
            include_in_web_ui=False,
            help="a system that is not ours: how to sign in, a page's requests, the token endpoint, in TOML",
        )
        add(
            "--yes-burst",
            default="",
            metavar="HOST,...",
            include_in_web_ui=False,
            help="hosts beyond this machine that may be burst upon: their owners agree, the accounts are throwaways",
        )
    add("--leave", default=LEAVE[0], choices=LEAVE, help="how a page's requests leave")
    add("--arrival", dest="leave", default=SUPPRESS, include_in_web_ui=False, help=SUPPRESS)  # its name until 0.1
    add(
        "--arrivals",
        default="",
        metavar="N/s",
        help="open model: N page bursts a second leave on schedule, whether or not earlier ones were answered",
    )
    add("--transport", default=TRANSPORTS[0], choices=TRANSPORTS, help="fasthttp costs a third of the CPU")
    add("--connections", type=int, default=CONNECTIONS, help="of one browser, at most")
    add("--seed", type=int, default=401, help="draws every decisive instant and idle time")
    add("--pages", type=int, default=0, help="fixed work: every browser loads N pages and stops")
    add(
        "--control-key",
        default="",
        env_var="RACE401_CONTROL_KEY",
        include_in_web_ui=False,
        is_secret=True,
        help="what a mock on another machine wants before it is steered; safer in the environment",
    )
    add("--reports", default="reports", help="the folder that gets a folder for each run")
    add("--narrate", action="store_true", help="log the token's life (logger race401.tokens)")
    add(
        "--verdict-as",
        default="text",
        choices=FORMS,
        include_in_web_ui=False,
        help="how the verdict is printed",
    )
    add("--run-id", default="", include_in_web_ui=False, help="the run's name (default: time and seed)")


def read(values: Mapping[str, Any], scenario: Scenario) -> Plan:
    """Return the plan that these options make, by locust's names; raises Refused."""
    users, rate = _whole("-u", values.get("num_users") or 0), float(values.get("spawn_rate") or 1)
    system = _system(values)
    plan = Plan(
        policies=_policies(str(values["policies"])),
        conditions=_played(values, scenario) if system is None else _against(system, values, scenario),
        arrival=str(values["leave"]),
        seed=_whole("--seed", values["seed"]),
        users=users,
        pages=_whole("--pages", values["pages"]) or None,
        run_time=float(values.get("run_time") or 0) or None,
        ramp=max(0.0, users / rate - 1) if rate > 0 else 0.0,
        transport=str(values["transport"]),
        connections=_whole("--connections", values["connections"]),
        arrivals=_rate(str(values["arrivals"])),
        system=system,
    )
    if plan.arrival not in LEAVE:
        raise Refused(f"--leave {plan.arrival}: known are {', '.join(LEAVE)}")
    if plan.pages is not None and plan.pages < 1:
        raise Refused(f"--pages {plan.pages}: a browser loads at least one page")
    if plan.transport not in TRANSPORTS:
        raise Refused(f"unknown transport {plan.transport!r}; known: {', '.join(TRANSPORTS)}")
    if plan.arrivals and any(condition.visit for condition in plan.conditions):
        raise Refused(f"--arrivals {plan.arrivals:g}/s: visits follow one another; the open model is the burst's")
    if plan.connections < 1:
        raise Refused(f"--connections {plan.connections}: a browser needs at least one")
    return plan


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
    """Refuse more than a burst: a system that is not ours is nobody's to load."""
    if plan.users > MOST_BROWSERS:
        raise Refused(f"-u {plan.users}: at most {MOST_BROWSERS} browsers burst upon a system that is not ours")
    if not plan.pages and not plan.run_time:
        raise Refused("a run against a system that is not ours has an end: give -t, such as -t 20s, or --pages")
    if plan.run_time and plan.run_time > LONGEST and not any(c.at_expiry for c in plan.conditions):
        raise Refused(f"-t {plan.run_time:g}s: at most {LONGEST:g} s against a system that is not ours")


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


def _rate(text: str) -> float | None:
    """Return bursts a second; an empty text means none."""
    if not text:
        return None
    number, slash, unit = text.partition("/")
    try:
        rate = float(number)
    except ValueError:
        rate = 0.0
    if (slash, unit) not in (("", ""), ("/", "s")) or not 0 < rate < math.inf:
        raise Refused(f"--arrivals {text!r}: write the page bursts a second, such as 20/s")
    return rate


def _policies(text: str) -> dict[str, Policy]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    if not names:
        raise Refused("--policies is empty; give a control and then subjects, or a subject alone")
    try:
        policies = [policy(name) for name in names]
    except NoSuchPolicy as unknown:
        raise Refused(str(unknown)) from None
    if len(policies) == 1:
        return {"subject": policies[0]}
    roles = ["control", "subject", *(name.partition(":")[0] for name in names[2:])]
    if (twice := _repeated(names)) is not None:
        raise Refused(f"--policies names {twice!r} twice")
    if (twice := _repeated(roles)) is not None:
        raise Refused(f"--policies has {twice!r} twice after the second policy; put one of them first or second")
    return dict(zip(roles, policies, strict=True))


def _repeated(names: list[str]) -> str | None:
    return next((name for name in names if names.count(name) > 1), None)


def _system(values: Mapping[str, Any]) -> System | None:
    """Return the system that is not ours, if one is named; hosts beyond this machine are named by hand."""
    if not (file := str(values.get("system") or "")):
        return None
    for option in ("world", "worlds"):
        if values.get(option):
            raise Refused(f"--system {file} and --{option} {values[option]}: give one of them; a world is the mock's")
    try:
        system = load_system(Path(file))
    except SystemFileError as error:
        raise Refused(f"--system {error}") from None
    named = {name.strip() for name in str(values.get("yes_burst") or "").split(",")}
    if far := [host for host in system.far() if host not in named]:
        why = "a burst makes a session for each browser, may end all of the account and may lock it"
        means = f"with a throwaway account, and its owner's consent: --yes-burst {','.join(far)}"
        raise Refused(f"{far[0]} is not this machine: {why}; {means}")
    return system


def _against(system: System, values: Mapping[str, Any], scenario: Scenario) -> tuple[Condition, ...]:
    """Return the conditions in which a system is met, under its name; the first, unless others are named."""
    text = str(values["conditions"])
    names = [name.strip() for name in text.split(",") if name.strip()]
    if text == ",".join(scenario.conditions):
        names = [next(iter(scenario.systems))]
    if unknown := [name for name in names if name not in scenario.systems]:
        raise Refused(f"condition {unknown[0]!r} is the mock's; with --system: {', '.join(scenario.systems)}")
    return tuple(
        replace(
            scenario.systems[name], name=name.replace("system", system.name, 1), world=system.name, played_as=name
        )
        for name in dict.fromkeys(names)
    )


def _played(values: Mapping[str, Any], scenario: Scenario) -> tuple[Condition, ...]:
    """Return the conditions that were chosen, or the one that is made of the world."""
    named, world, file = (str(values.get(name) or "") for name in ("conditions", "world", "worlds"))
    if file and not world:
        raise Refused(f"--worlds {file}: say which of its worlds to play in, by --world NAME")
    if scenario.own is None or not world:
        return _conditions(named, scenario)
    if named != ",".join(scenario.conditions):
        raise Refused(f"--conditions {named} and --world {world}: give one of them; a condition has a world already")
    return (replace(scenario.own, name=world, world=world, played_as=scenario.own.name),)


def _conditions(text: str, scenario: Scenario) -> tuple[Condition, ...]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    for name in names:
        if name not in scenario.conditions:
            raise Refused(f"unknown condition {name!r}; known: {', '.join(scenario.conditions)}")
    if not names:
        raise Refused(f"--conditions is empty; known: {', '.join(scenario.conditions)}")
    return tuple(condition for condition in scenario.conditions.values() if condition.name in names)


def _whole(name: str, value: object) -> int:
    try:
        return int(str(value))
    except ValueError:
        raise Refused(f"{name} {value!r} is not a whole number") from None
