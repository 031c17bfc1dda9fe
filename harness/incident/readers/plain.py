"""
A request of which a log has one line: method, target, status, who, when. No headers, no bodies, so no tokens.

What was asked for is told by the path and the query; what became of a refresh by a status that says it alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from urllib.parse import parse_qs

from race401.harness.incident.evidence import ROWS, Seen
from race401.harness.incident.readers.reader import UNTIMED_S, Reading, Row
from race401.harness.incident.readers.watched import outcome_by_status
from race401.ledger.dialects import reading as words
from race401.ledger.dialects.dialect import Dialect
from race401.ledger.dialects.presets import DIALECTS
from race401.ledger.entry import SCHEMA, UNAUTHORIZED, Kind, received
from race401.ledger.masking import Masking

BY_PATH = tuple(
    DIALECTS[name] for name in ("oauth", "supabase", "keycloak", "auth0", "cookie", "simplejwt", "hasura")
)
GONE = 499  # nginx's: the client closed the connection before the answer
ASSETS = (".js", ".css", ".png", ".jpg", ".jpeg", ".svg", ".gif", ".ico", ".woff", ".woff2", ".map", ".webp", ".html")
FILLS_GRANT = "log what a token endpoint was asked for (never the tokens), or put `race401 proxy` in front"
FILLS_TOKENS = "put `race401 proxy --key-file FILE` in front: it keeps fingerprints, no tokens"
FILLS_DURATION = "log how long a request took (nginx: `$request_time`; Apache: `%D`), and give race401 the --format"


@dataclass(kw_only=True, slots=True)
class Line:
    """What a log says of one request. Instants are s since the epoch; `received_at` None: it says no duration."""

    row: int
    method: str
    target: str
    status: int
    at: float  # when it was answered
    received_at: float | None
    origin: str = ""
    address: str = ""
    agent: str = ""
    hung_up: bool = False
    grant: str | None = None  # what a token endpoint was asked for, where the log says it
    said: str | None = None
    user: str | None = None
    session: str | None = None
    body_length: int | None = None


@dataclass
class Plain:
    """Makes entries of lines."""

    reading: Reading
    dialects: Sequence[Dialect] = ()
    said_dialects: dict[str, None] = field(default_factory=dict)
    no_grant: list[int] = field(default_factory=list)
    no_grants: int = 0
    no_durations: int = 0

    def __post_init__(self) -> None:
        """Look paths up once."""
        self.dialects = self.reading.how.dialects or self.dialects or BY_PATH
        self._role = lru_cache(4_096)(lambda method, path: words.role(self.dialects, method, path))
        self._masking = Masking(self.reading.how.fingerprints)
        self._fingerprint = self.reading.how.fingerprints.fingerprint

    def row(self, line: Line) -> Row:
        """Return the entry of a line, and where it stands."""
        reading = self.reading
        path = line.target.partition("?")[0]
        dialect, role = self._role(line.method, path)
        began = line.at - UNTIMED_S if line.received_at is None else line.received_at
        entry = received(line.origin, line.method, line.target, began)
        entry.answered_at = line.at + reading.resolution if reading.resolution >= 1 else line.at
        gone = line.hung_up or line.status == GONE
        entry.status, entry.hung_up, entry.schema = 0 if gone else line.status, gone, SCHEMA
        entry.key = reading.how.fingerprints.key_id
        if line.address:
            entry.peer = self._fingerprint(f"{line.address} {line.agent}")
        entry.kind = self._kind(line, dialect, role)
        entry.body_length = line.body_length
        if entry.kind == "exchange" and dialect is not None and not gone:
            entry.grant_outcome = outcome_by_status(dialect, line.status)
        if entry.kind == "api" and dialect is None and line.status != UNAUTHORIZED:
            entry.refusal = reading.how.dialects is not None and words.refuses(self.dialects, line.status, path, None)
        self._masking.mask(entry)
        if line.origin:
            reading.origins.add(line.origin)
        self.no_durations += line.received_at is None
        fingerprint = self._fingerprint
        seen = Seen(
            source=reading.index,
            row=line.row,
            said=line.said,
            user=None if line.user is None else fingerprint(line.user),
            session=None if line.session is None else fingerprint(f"session {line.session}"),
            had_body=None if line.body_length is None else line.body_length > 0,
        )
        return entry, seen

    def over(self) -> None:
        """Note what the lines lacked."""
        reading = self.reading
        reading.dialects = tuple(self.said_dialects) or tuple(each.name for each in reading.how.dialects or ())
        if reading.rows:
            reading.lack("which token a request sent or brought", FILLS_TOKENS, [])
        reading.timed = not self.no_durations
        if self.no_durations:
            reading.lack("when requests arrived: it says only when they were answered", FILLS_DURATION, [])
        if self.no_grants:
            reading.lack("what a token endpoint was asked for", FILLS_GRANT, self.no_grant, self.no_grants)

    def _kind(self, line: Line, dialect: Dialect | None, role: words.Role | None) -> Kind:
        if line.method == "OPTIONS":
            return "preflight"
        if dialect is None or role is None:
            asset = line.status != UNAUTHORIZED and line.target.partition("?")[0].lower().endswith(ASSETS)
            return "other" if asset else "api"
        if role == "auth":
            return "other"
        self.said_dialects[dialect.name] = None
        return self._asked(line, dialect) if role == "token" else role

    def _asked(self, line: Line, dialect: Dialect) -> Kind:
        """Return what a token endpoint was asked for, where anything says it."""
        query = {name: each[0] for name, each in parse_qs(line.target.partition("?")[2]).items()}
        grant = line.grant or words.first(query, dialect.grant)
        if grant is not None:
            return "exchange" if grant in dialect.refresh_grants else "sign_in"
        self.no_grants += 1
        if len(self.no_grant) < ROWS:
            self.no_grant.append(line.row)
        return "unreadable"
