"""What a run is asked for: the options, and the plan that the words of the command line or the web form make."""

import math
from argparse import SUPPRESS
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from race401.harness.load.conditions import Condition
from race401.harness.load.plan import CONNECTIONS, LEAVE, TRANSPORTS, Plan, Refused
from race401.harness.load.scenario import Scenario
from race401.harness.load.system import System, SystemFileError
from race401.harness.load.system import load as load_system
from race401.harness.reporting.answer import FORMS
from race401.harness.tokens.named import NoSuchPolicy, policy
from race401.harness.tokens.policy import POLICIES, Policy


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
            help="a system of your own: how to sign in, a page's requests, the token endpoint, in TOML",
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
