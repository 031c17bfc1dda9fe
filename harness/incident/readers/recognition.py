"""
Which of the presets a file speaks: those in which its requests to token endpoints can be read.

A request that a dialect reads whole (tokens presented, granted, refused in its words) speaks for it; one at a path
that it names, and that it cannot read, speaks against it. The presets that explain most are taken, the most usual
first.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from race401.harness.incident.readers.watched import Exchanged, asks_for_refresh
from race401.ledger.dialects import reading
from race401.ledger.dialects.dialect import Dialect
from race401.ledger.dialects.presets import DIALECTS
from race401.ledger.dialects.reading import Asked
from race401.ledger.outcomes import Outcome

MOST = 3  # dialects of one file: an API's, its auth server's, another's
GRANTED_POINTS, SIGNED_IN, JUDGED, ASKED, POINTS, UNREAD = 8, 6, 5, 3, 1, -3  # what a request says for a dialect


@dataclass
class Recogniser:
    """Sees requests, one by one."""

    presets: Sequence[Dialect] = tuple(DIALECTS.values())
    scores: list[dict[str, int]] = field(default_factory=list)  # by request, by dialect

    def see(self, one: Exchanged) -> None:
        """Note what a request says for each."""
        path = one.target.partition("?")[0]
        found = {each.name: score for each in self.presets if (score := _score(each, path, one)) is not None}
        if found:
            self.scores.append(found)

    def best(self) -> list[Dialect]:
        """Return the dialects that the requests speak for; none if they speak for none."""
        left, chosen = self.scores, list[Dialect]()
        while len(chosen) < MOST:
            total = {each.name: sum(scores.get(each.name, 0) for scores in left) for each in self.presets}
            name = max(total, key=total.__getitem__)  # the first of equals
            if total[name] <= 0:
                break
            chosen.append(next(each for each in self.presets if each.name == name))
            left = [scores for scores in left if scores.get(name, 0) <= 0]
        return chosen


def _score(dialect: Dialect, path: str, one: Exchanged) -> int | None:
    """Return what a request says for a dialect; None: nothing at all."""
    headers = dict(one.headers)
    action = headers.get(dialect.action_header, "") if dialect.action_header else ""
    _, role = reading.role([dialect], one.method, path, action)
    if role in (None, "sign_out"):
        return POINTS if role is not None else _refusal(dialect, path, one)
    if role == "auth":
        return None
    return _read(dialect, role, headers, one)


def _read(dialect: Dialect, role: reading.Role, headers: Mapping[str, str], one: Exchanged) -> int:
    """Return what a request to one of its token endpoints says for it."""
    told = reading.fields(one.answer_body)
    asked = Asked(
        reading.fields(one.body or b""),
        reading.fields(one.target.partition("?")[2].encode("latin-1", "replace")),
        _cookies(headers),
        bearer(headers),
        empty=not one.body,
    )
    tokens = reading.brought(dialect, told, _set_cookies(one))
    kind = "sign_in" if role == "sign_in" else reading.asks(dialect, role, asked, one.status)
    if kind == "sign_in":
        return SIGNED_IN if tokens.access is not None else POINTS
    if kind == "exchange":
        outcome = reading.outcome(dialect, one.status, told, tokens)
        if outcome == Outcome.SEEN_GRANTED:
            return GRANTED_POINTS
        return UNREAD if outcome == Outcome.UNREAD else JUDGED
    if not asks_for_refresh(dialect, role, one):
        return UNREAD
    return ASKED if role == "token" else POINTS


def _refusal(dialect: Dialect, path: str, one: Exchanged) -> int | None:
    """Return what an answer of the API says for it that only it takes for a refusal."""
    body = reading.fields(one.answer_body) if reading.in_body(dialect, path) else None
    plain = one.status == 401  # noqa: PLR2004 - every dialect's
    return None if plain or not reading.refuses([dialect], one.status, path, body) else POINTS


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
