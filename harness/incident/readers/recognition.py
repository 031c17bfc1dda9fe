"""
Which of the presets a file speaks: those in which its requests to token endpoints can be read.

A request that a dialect reads whole (tokens presented, granted, refused in its words) speaks for it; one at a path
that it names, and that it cannot read, speaks against it. The presets that explain most are taken, the most usual
first.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any, TypeAlias

from race401.harness.incident.readers.watched import Exchanged, asks_for_refresh
from race401.ledger.dialects import reading
from race401.ledger.dialects.dialect import Dialect
from race401.ledger.dialects.presets import DIALECTS
from race401.ledger.dialects.reading import Asked, Role
from race401.ledger.outcomes import Outcome

MOST = 3  # dialects of one file: an API's, its auth server's, another's
GRANTED_POINTS, SIGNED_IN, JUDGED, ASKED, POINTS, UNREAD = 8, 6, 5, 3, 1, -3  # what a request says for a dialect
GRANTS = frozenset(name for dialect in DIALECTS.values() for name in dialect.grant)  # whose values say what is asked
Said: TypeAlias = tuple[tuple[str, int], ...]
"""What a request says for each dialect for or against which it says anything."""


@dataclass
class Recogniser:
    """Sees requests, one by one. Those of one shape at one endpoint say the same: it is found out once."""

    presets: Sequence[Dialect] = tuple(DIALECTS.values())
    said: Counter[Said] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        """Look each endpoint up once."""
        self._roles = lru_cache(4_096)(self._named)
        self._known = dict[object, Said]()

    def see(self, one: Exchanged) -> None:
        """Note what a request says for each."""
        parsed = _Parsed(one)
        roles = self._roles(one.method, parsed.path, parsed.actions)
        if not any(role in READ for role in roles):
            self.said[self._scores(roles, parsed)] += 1
            return
        shape = (roles, parsed.shape)
        if shape not in self._known:
            self._known[shape] = self._scores(roles, parsed)
        self.said[self._known[shape]] += 1

    def best(self) -> list[Dialect]:
        """Return the dialects that the requests speak for; none if they speak for none."""
        left, chosen = [(dict(said), times) for said, times in self.said.items()], list[Dialect]()
        while len(chosen) < MOST:
            total = {each.name: sum(said.get(each.name, 0) * n for said, n in left) for each in self.presets}
            name = max(total, key=total.__getitem__)  # the first of equals
            if total[name] <= 0:
                break
            chosen.append(next(each for each in self.presets if each.name == name))
            left = [(said, n) for said, n in left if said.get(name, 0) <= 0]
        return chosen

    def _named(self, method: str, path: str, actions: tuple[tuple[str, str], ...]) -> tuple[Role | None, ...]:
        """Return as what each dialect names an endpoint."""
        told = dict(actions)
        return tuple(reading.role([each], method, path, told.get(each.action_header, ""))[1] for each in self.presets)

    def _scores(self, roles: Sequence[Role | None], parsed: "_Parsed") -> Said:
        scores = ((each.name, _score(each, role, parsed)) for each, role in zip(self.presets, roles, strict=True))
        return tuple((name, score) for name, score in scores if score is not None)


READ = frozenset({"token", "exchange", "sign_in"})  # of which the bodies say more than the path
ACTIONS = frozenset(dialect.action_header for dialect in DIALECTS.values() if dialect.action_header)


class _Parsed:
    """A request and its answer, each part read once, when it is wanted."""

    def __init__(self, one: Exchanged) -> None:
        self.one = one
        self.path, _, self._query = one.target.partition("?")
        self.actions = tuple((name, value) for name, value in one.headers if name in ACTIONS)

    @cached_property
    def asked(self) -> Asked:
        """Return what was asked."""
        headers = dict(self.one.headers)
        return Asked(
            reading.fields(self.one.body or b""),
            reading.fields(self._query.encode("latin-1", "replace")),
            _cookies(headers),
            bearer(headers),
            empty=not self.one.body,
        )

    @cached_property
    def answer_fields(self) -> dict[str, Any]:
        """Return the fields of the answer."""
        return reading.fields(self.one.answer_body)

    @cached_property
    def sets(self) -> dict[str, str]:
        """Return the cookies that the answer set."""
        return _set_cookies(self.one)

    @property
    def shape(self) -> object:
        """Return all by which a dialect tells requests apart: what is there, not what it is."""
        asked = self.asked
        parts = (asked.fields, asked.query, asked.cookies, self.answer_fields, self.sets)
        return (self.one.status, asked.empty, asked.bearer is None, *(_shape(part) for part in parts))


def _shape(held: Mapping[str, Any]) -> object:
    return frozenset((name, _there(name, value)) for name, value in held.items())


def _there(name: str, value: Any) -> object:
    if isinstance(value, Mapping):
        return _shape(value)
    return str(value) if name in GRANTS else bool(value)


def _score(dialect: Dialect, role: Role | None, parsed: _Parsed) -> int | None:
    """Return what a request says for a dialect that names it so; None: nothing at all."""
    if role is None:
        return _refusal(dialect, parsed)
    if role == "sign_out":
        return POINTS
    return None if role == "auth" else _read(dialect, role, parsed)


def _read(dialect: Dialect, role: Role, parsed: _Parsed) -> int:
    """Return what a request to one of its token endpoints says for it."""
    one, asked = parsed.one, parsed.asked
    tokens = reading.brought(dialect, parsed.answer_fields, parsed.sets)
    kind = "sign_in" if role == "sign_in" else reading.asks(dialect, role, asked, one.status)
    if kind == "sign_in":
        return SIGNED_IN if tokens.access is not None else POINTS
    if kind == "exchange":
        outcome = reading.outcome(dialect, one.status, parsed.answer_fields, tokens)
        if outcome == Outcome.SEEN_GRANTED:
            return GRANTED_POINTS
        return UNREAD if outcome == Outcome.UNREAD else JUDGED
    if not asks_for_refresh(dialect, role, one):
        return UNREAD
    return ASKED if role == "token" else POINTS


def _refusal(dialect: Dialect, parsed: _Parsed) -> int | None:
    """Return what an answer of the API says for it that only it takes for a refusal."""
    status = parsed.one.status
    if status == 401:  # noqa: PLR2004 - every dialect's
        return None
    body = parsed.answer_fields if reading.in_body(dialect, parsed.path) else None
    return POINTS if reading.refuses([dialect], status, parsed.path, body) else None


def _cookies(headers: Mapping[str, str]) -> dict[str, str]:
    pairs = (pair.partition("=") for pair in headers.get("cookie", "").split(";"))
    return {name.strip(): value.strip() for name, _, value in pairs if value}


def _set_cookies(one: Exchanged) -> dict[str, str]:
    pairs = (value.partition(";")[0].partition("=") for name, value in one.answer_headers if name == "set-cookie")
    return {name.strip(): value.strip() for name, _, value in pairs if value.strip()}


def bearer(headers: Mapping[str, str]) -> str | None:
    """Return the access token that an Authorization has."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() in reading.SCHEMES and token.strip() else None
