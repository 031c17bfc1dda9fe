"""
A ledger alone, without a run's manifest: who is in it, and which worlds are one system.

A client that names itself is judged by itself, and all that do not are judged together. Hosts whose tokens are the
same are one system: an API and its auth server, recorded by one proxy.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from race401.harness.judge.components import Components
from race401.harness.judge.graph import Graph
from race401.ledger.entry import Entry

REST = "subject"  # the role of who does not name itself
NAMED = "~"  # begins the role of who does, as it begins a name in a path of the mock
MOST = 6  # clients that are told apart; more are one column, as the browsers of a run are
TOKENLESS = frozenset({"preflight", "other"})  # a browser's preflight has no header of its client's


def policies(entries: Iterable[Entry]) -> dict[str, dict[str, str]]:
    """Return what a manifest has of policies: a role for each client that names itself, and one for the rest."""
    names = dict.fromkeys(e.client for e in entries if e.client is not None or e.kind not in TOKENLESS)
    if not 1 < len(names) <= MOST:
        return {REST: {"name": "the client"}}
    named = {f"{NAMED}{name}": {"name": name} for name in sorted(name for name in names if name is not None)}
    return named | ({REST: {"name": "the rest"}} if None in names else {})


def conditions(worlds: Iterable[str], entries: Iterable[Entry], graph: Graph | None) -> dict[str, dict[str, Any]]:
    """Return what a manifest has of conditions: each world, or those together whose tokens are the same."""
    parts = Components()
    for world in worlds:
        parts.add(world)
    seen: dict[int, str] = {}
    if graph is not None and len(list(parts)) > 1:
        once = {(e.world, e.sent if e.kind == "api" else e.seq): e for e in entries}  # uses of one token are alike
        for e in once.values():
            if (session := graph.place(e)) is not None:
                parts.join(seen.setdefault(id(session), e.world), e.world)
    systems: dict[str, list[str]] = {}
    for world in sorted(parts):
        systems.setdefault(parts.root(world), []).append(world)
    return {" + ".join(mine): {"world": mine[0], "worlds": mine} for mine in systems.values()}


def roles(manifest: Mapping[str, Any]) -> dict[str | None, str]:
    """Return the role of each client that is told apart, by its name; of None: that of all others."""
    told = manifest["policies"]
    named = {role.removeprefix(NAMED): role for role in told if role.startswith(NAMED)}
    return {**named, None: REST if REST in told else next(iter(told), REST)}


def systems(manifest: Mapping[str, Any]) -> dict[str, str]:
    """Return the condition of each world."""
    return {world: name for name, about in manifest["conditions"].items() for world in about.get("worlds", [name])}
