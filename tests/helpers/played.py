"""Small runs of every scenario, as its conditions say that it goes: each role shows what is expected of it."""

import importlib
from typing import Any

from ledgers import Run

from race401.harness.load.conditions import Condition
from race401.harness.load.scenario import Scenario
from race401.ledger.entry import Entry

ROLES = ("control", "subject", "hardened")
MARGINS = {"pre-fix": 60.0, "fixed": 120.0, "hardened": 120.0}  # s
AGAIN = {"supabase": ["reuse_tolerated"] * 4, "rfc9700": ["reused", *["revoked"] * 3]}
FORGIVEN = "reuse_tolerated"


def scenario(name: str) -> Scenario:
    """What a scenario's file plays."""
    played: Scenario = importlib.import_module(f"race401.scenarios.{name}").SCENARIO
    return played


def played(name: str, **policies: str) -> Run:
    """A finished run of a scenario, by its file's name; `policies` by role, unless those that are compared there."""
    what = scenario(name)
    named = policies or dict(zip(ROLES, what.policies.split(","), strict=False))
    conditions = {c.name: _plain(c, named) for c in what.conditions.values()}
    run = Run(
        {
            "run": "run",
            "scenario": {"name": what.name, "version": what.version},
            "policies": {role: {"name": policy, "expiry_margin": MARGINS[policy]} for role, policy in named.items()},
            "conditions": conditions,
            "worlds": {c.world: {"lifetime": 3600.0} for c in what.conditions.values()},
            "page": [],
            "finished": True,
            "unfinished_because": None,
            "missing_witnesses": [],
        }
    )
    for condition in what.conditions.values():
        for role, policy in named.items():
            shows = condition.control if policy == "pre-fix" else condition.expected(role, policy)
            _visit(run, condition, role, shows.plain())
    return run


def _plain(condition: Condition, named: dict[str, str]) -> dict[str, Any]:
    return {
        "world": condition.world,
        "about": condition.about,
        "skew_s": condition.skew,
        "tabs": condition.tabs,
        "covers": [],
        "sound": condition.subject.plain(),
        "expects": {role: condition.expected(role, policy).plain() for role, policy in named.items()},
    }


def _visit(run: Run, condition: Condition, role: str, shows: dict[str, Any]) -> None:
    """One browser's visit: a refresh or several, one page, and what else is expected of the role."""
    client, begun = f"run/{condition.name}/{role}/1", len(run.entries)
    several = shows["exchanges_per_generation"] == "several"
    cut = condition.program is not None and condition.program["name"] == "lost-answer"
    over = condition.happens == "ended-elsewhere"
    again = AGAIN[condition.world] if several else [FORGIVEN] if cut and condition.world == "supabase" else []
    for outcome in ["rotated", *again]:
        run.exchange(client, "revoked" if over else outcome, token_left_s=30.0)
    run.entries[begun].status = 0 if cut else run.entries[begun].status
    if shows.get("needless_exchanges") == "some":
        run.exchange(client, generation=1, token_left_s=3600.0)
    out = condition.happens == "sign-out"
    after = shows.get("after_sign_out") == "some"
    if out:
        run.entry(client, "/auth/v1/logout", 204, method="POST", generation=1)
    refused = shows["caller_401s"] == "some" or (shows["caller_401s"] == "any" and not after)
    cause = (shows["cause"] or "missing_token") if refused else None
    family = {"family": None, "generation": None} if out and not after else {}
    run.page(client, 1, cause if out else None, *[cause] * 4)
    for k, entry in enumerate(run.entries[begun:]):
        _place(entry, begun + k, family if entry.attempt else {}, condition.world)
    for sample in run.samples:
        if sample.client == client:
            (entry,) = (e for e in run.entries if e.attempt == sample.attempt)
            sample.intended_at = sample.started_at = entry.received_at - 0.05
            sample.ended_at = entry.answered_at + 0.001


def _place(entry: Entry, nth: int, family: dict[str, Any], world: str) -> None:
    """Put an entry into its instant and world."""
    entry.world = world
    entry.received_at = 1000.0 + nth / 100
    entry.answered_at = entry.received_at + 0.004 if entry.status else 0.0
    for name, value in family.items():
        setattr(entry, name, value)
