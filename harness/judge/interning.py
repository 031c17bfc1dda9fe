"""Equal strings of a run become one: a million entries repeat a few worlds, targets and clients."""

from collections.abc import Callable, Iterable
from typing import Any

from race401.ledger.entry import Entry


def entries(read: list[Entry], kept: dict[str, str]) -> None:
    """Give entries the strings that are kept."""
    one: Callable[[Any, Any], Any] = kept.setdefault
    world = method = ""
    for e in read:
        if e.world != world:  # it is mostly as in the line before, and to compare costs less than to look up
            world = one(e.world, e.world)
        if e.method != method:
            method = one(e.method, e.method)
        e.world, e.method, e.target = world, method, one(e.target, e.target)
        if e.client is not None:
            e.client = one(e.client, e.client)
        if e.family is not None:
            e.family = one(e.family, e.family)
        if e.cause is not None:
            e.cause = one(e.cause, e.cause)
    _facts((e for e in read if e.schema), one)


def samples(read: list[Any], kept: dict[str, str]) -> None:
    """Give samples the strings that are kept; see `evidence.Sample`."""
    one: Callable[[Any, Any], Any] = kept.setdefault
    for s in read:
        s.client, s.attempt, s.target = one(s.client, s.client), one(s.attempt, s.attempt), one(s.target, s.target)


def _facts(read: Iterable[Entry], one: Callable[[Any, Any], Any]) -> None:
    key: str | None = None
    for e in read:
        if e.key != key:
            key = one(e.key, e.key)
        e.key, e.peer = key, one(e.peer, e.peer)
        if e.sent is not None:
            e.sent = one(e.sent, e.sent)
        elif e.presented is not None:
            e.presented = one(e.presented, e.presented)
