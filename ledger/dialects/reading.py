"""What a request asks for and what its answer says, in a dialect. Pure; what cannot be read is said to be so."""

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Literal, TypeAlias
from urllib.parse import parse_qs

from race401.ledger.dialects.dialect import Dialect
from race401.ledger.entry import Kind
from race401.ledger.outcomes import Outcome

Role: TypeAlias = Literal["token", "exchange", "sign_in", "sign_out", "auth"]
ROLES: dict[Role, str] = {  # the first that fits, from the most to the least particular
    "exchange": "exchange_paths",
    "token": "token_paths",
    "sign_out": "sign_out_paths",
    "sign_in": "sign_in_paths",
    "auth": "auth_paths",
}
CHANGING = frozenset({"POST", "PUT", "PATCH", "GET"})  # methods by which tokens are asked for
TOLD = {  # by an auth server's own error code
    "refresh_token_already_used": Outcome.REUSED,
    "refresh_token_not_found": Outcome.NOT_FOUND,
    "session_not_found": Outcome.NOT_FOUND,
    "user_banned": Outcome.BANNED,
}
STATUSES = {409: Outcome.CONFLICT, 429: Outcome.RATE_LIMITED}
CREDENTIALS = frozenset(
    {"code", "password", "username", "device_code", "assertion"}
)  # ask for a session, not for more
CLIENT = ("client_id", "clientId")
WHAT_FOR = ("scope", "audience", "resource")  # RFC 6749 s.4.4.2, RFC 8707, and Auth0's `audience`
TAKEN, FAILURE = range(200, 300), 500
SCHEMES = frozenset({"bearer", "token", "jwt", "dpop"})  # of an Authorization that is an access token


@dataclass(frozen=True, slots=True)
class Asked:
    """A request. Fields are those of its body, and of its query; `bearer`, `basic`: what its Authorization has."""

    fields: Mapping[str, Any] = field(default_factory=dict)
    query: Mapping[str, Any] = field(default_factory=dict)
    cookies: Mapping[str, str] = field(default_factory=dict)
    bearer: str | None = None
    basic: str | None = None
    empty: bool = True  # it has no body


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a request or an answer has of them. `lifetime`: s, of the access token."""

    access: str | None = None
    refresh: str | None = None
    lifetime: float | None = None


def role(dialects: Iterable[Dialect], method: str, path: str, action: str = "") -> tuple[Dialect | None, Role | None]:
    """Return which dialect names this path, and as what. `action`: the value of the dialect's header."""
    if method == "OPTIONS":
        return None, None
    found: tuple[Dialect | None, Role | None] = None, None
    for dialect in dialects:
        said = f"{path}#{action}" if dialect.action_header else path
        for each, patterns in ROLES.items():
            asks = each in ("auth", "sign_out") or method in CHANGING
            if asks and any(fnmatchcase(said, pattern) for pattern in getattr(dialect, patterns)):
                if each != "auth":
                    return dialect, each
                found = found if found[0] is not None else (dialect, each)
                break
    return found


def presented(dialect: Dialect, asked: Asked) -> str | None:
    """Return the refresh token that a request has."""
    for place in dialect.refresh_in:
        if place == "bearer":
            if asked.bearer is not None:
                return asked.bearer
            continue
        held: Mapping[str, Any] = {"body": asked.fields, "query": asked.query, "cookie": asked.cookies}[place]
        if (found := first(held, dialect.refresh)) is not None:
            return str(found)
    return None


def brought(dialect: Dialect, told: Mapping[str, Any], cookies: Mapping[str, str]) -> Tokens:
    """Return the tokens of an answer, in its body or set as cookies."""

    def name(names: Sequence[str]) -> Any:
        found = first(told, names)
        return first(cookies, names) if found is None else found

    access, refresh, life = name(dialect.new_access), name(dialect.new_refresh), name(dialect.lifetime)
    return Tokens(_token(access), _token(refresh), number(life))


def _token(said: Any) -> str | None:
    """Return a token; what is no text, and no number, is none."""
    return str(said) if said and isinstance(said, str | int) and said is not True else None


def asks(dialect: Dialect, what: Role, asked: Asked, status: int) -> Kind:
    """Return what a request of a token endpoint asks for."""
    token = presented(dialect, asked)
    if what == "exchange":
        if token is not None:
            return "exchange"
        return "unreadable" if status in TAKEN or not asked.empty else "other"
    grant = first(asked.fields, dialect.grant) or first(asked.query, dialect.grant)
    if grant in dialect.refresh_grants:
        return "unreadable" if token is None else "exchange"
    if grant is not None or CREDENTIALS & asked.fields.keys():
        return "sign_in"
    return "unreadable" if token is None else "exchange"


def credentials(dialect: Dialect, asked: Asked) -> str | None:
    """Return with what, and for what, a client signs in as itself; None: it does not, or nothing says who it is."""
    told = {**asked.query, **asked.fields}
    who = asked.basic or first(told, CLIENT)
    if first(told, dialect.grant) not in dialect.client_grants or who is None:
        return None
    return " ".join(str(each) for each in (who, *(told.get(name) for name in WHAT_FOR)))


def outcome(dialect: Dialect, status: int, told: Mapping[str, Any], tokens: Tokens) -> Outcome | None:
    """Return what became of a refresh, in the server's own words where it has some; None: nobody judged it."""
    error = first(told, dialect.errors or ("error",))
    if status >= FAILURE:
        return None
    if status in TAKEN and tokens.access is not None:
        return Outcome.SEEN_GRANTED
    if status in STATUSES:
        return STATUSES[status]
    refuses = status in dialect.refused or (status in TAKEN and bool(dialect.errors) and error is not None)
    if not refuses:
        return Outcome.UNREAD
    code = str(told.get("error_code") or told.get("code") or "")
    return None if error in dialect.unjudged else TOLD.get(code) or Outcome.SEEN_REFUSED


def refuses(dialects: Iterable[Dialect], status: int, path: str, told: Mapping[str, Any] | None) -> bool:
    """Whether an answer of the API refuses the access token. `told`: its body, where that was read."""
    for dialect in dialects:
        if status in dialect.unauthorized:
            return True
        if told is not None and in_body(dialect, path) and any(c in dialect.codes for c in _all(told, dialect.code)):
            return True
    return False


def in_body(dialect: Dialect, path: str) -> bool:
    """Whether an answer at this path may refuse in its body."""
    return any(fnmatchcase(path, pattern) for pattern in dialect.code_paths)


def first(held: Mapping[str, Any], names: Iterable[str]) -> Any:
    """Return the value of the first of these names that has one."""
    return next(_all(held, names), None)


def _all(held: Mapping[str, Any], names: Iterable[str]) -> Iterator[Any]:
    return (value for name in names for value in values(held, name.split(".")))


def values(held: Any, steps: Sequence[str]) -> Iterator[Any]:
    """Yield what such a path leads to."""
    if not steps:
        if held not in (None, ""):
            yield held
        return
    step, *rest = steps
    if step == "*" and isinstance(held, list):
        for each in held:
            yield from values(each, rest)
    elif isinstance(held, Mapping) and step in held:
        yield from values(held[step], rest)


def fields(body: bytes) -> dict[str, Any]:
    """Return the fields of a JSON object or a form; of anything else, nothing."""
    if not body:
        return {}
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        return {name: each[0] for name, each in parse_qs(body.decode("utf-8", "replace")).items()}
    return told if isinstance(told, dict) else {}


def number(said: Any) -> float | None:
    """Return a number that somebody told, as text too; one that nobody can reckon with is none."""
    try:
        found = None if said is None or isinstance(said, bool) else float(said)
    except (TypeError, ValueError, OverflowError):
        return None
    return found if found is not None and math.isfinite(found) else None
