"""
Supabase's auth logs, as its server writes them (JSON lines) and as its dashboard exports them (CSV, JSON).

github.com/supabase/auth, internal/observability/request-logger.go: a line `request completed` for each request, with
`duration` in ns; what went wrong stands in a line before it, with no status of its own. Both are of one `request_id`
where the version writes one. `event_message` holds the line in an export, `timestamp` its instant in us.
"""

import re
from collections.abc import Iterator
from dataclasses import replace

from race401.harness.incident.readers.instants import instant
from race401.harness.incident.readers.plain import Line, Plain
from race401.harness.incident.readers.reader import Kind, Reading, Row
from race401.harness.incident.readers.records import Record, first, records
from race401.ledger.dialects.presets import DIALECTS
from race401.ledger.dialects.reading import TOLD
from race401.ledger.entry import Entry
from race401.ledger.outcomes import Outcome

COMPLETED = "request completed"
NS = 1e-9
STATUS = re.compile(r"(\d{3}): (.+)")
AGREE_S = 2.0  # within which the line's second and the export's microsecond are of one instant
REFRESHED = frozenset({"token_refreshed", "token_revoked"})  # actions of the audit log that a refresh has
REFRESH_CODES = frozenset(
    {"refresh_token_already_used", "refresh_token_not_found", "session_not_found", "session_expired"}
)
REFUSAL = re.compile(r"Invalid Refresh Token: (Already Used|Refresh Token Not Found|Session Expired)", re.IGNORECASE)
WORDS = {"already used": Outcome.REUSED, "refresh token not found": Outcome.NOT_FOUND}
NO_REQUEST = "no request, or one that another line tells of"
LOGGED = frozenset({"component", "path", "method", "auth_event"})


def is_line(record: Record) -> bool:
    """Whether a record is such a line."""
    of_auth = "path" in record and ("component" in record or "auth_event" in record)
    return (
        of_auth and ("msg" in record or "status" in record) and "time" in record | {"time": record.get("timestamp")}
    )


def read(reading: Reading) -> Iterator[Row]:
    """Read the lines; those before a request's own are what was said of it."""
    plain = Plain(reading, [DIALECTS["supabase"]])
    before: dict[str, tuple[int, Record]] = {}
    whole_seconds = True
    for number, record in records(reading):
        if not is_line(record):
            reading.leave_out(NO_REQUEST, number)
            continue
        about = _about(record)
        if record.get("msg") != COMPLETED and "status" not in record:
            if STATUS.match(str(record.get("msg", ""))):
                before[about] = number, record
            reading.leave_out(NO_REQUEST, number)
            continue
        said = before.pop(about, (0, {}))[1]
        if (line := _line(number, record, said)) is None:
            reading.leave_out("nothing says when it was", number)
            continue
        whole_seconds = whole_seconds and line.at == int(line.at)
        reading.resolution = 1.0 if whole_seconds else 0.001
        entry, seen = plain.row(line)
        yield _decided(entry, record, said), seen
    for number, record in before.values():  # their own lines were left out of the export
        if (line := _line(number, record, record)) is not None and line.status:
            entry, seen = plain.row(replace(line, received_at=None))
            yield _decided(entry, record, record), seen
    plain.over()


def _decided(entry: Entry, record: Record, said: Record) -> Entry:
    """Return an entry with what became of its refresh, in the server's own words; older versions write no code."""
    code = record.get("error_code") or said.get("error_code")
    words = REFUSAL.search(str(said.get("msg", "")))
    outcome = TOLD.get(str(code)) or (WORDS.get(words[1].lower()) if words else None)
    if entry.kind == "exchange" and outcome is not None:
        entry.grant_outcome = outcome
    return entry


def _about(record: Record) -> str:
    """Return what a line and the one before it have in common."""
    if record.get("request_id"):
        return str(record["request_id"])
    return f"{record.get('remote_addr')} {record.get('method')} {record.get('path')} {str(record.get('time'))[:19]}"


def _line(number: int, record: Record, said: Record) -> Line | None:
    at = instant(record.get("time"))
    precise = instant(record.get("timestamp"))
    if at is None or (precise is not None and abs(precise - at) < AGREE_S):
        at = precise
    if at is None:
        return None
    words = STATUS.match(str(said.get("msg", "")))
    code = record.get("error_code") or said.get("error_code")
    took = record.get("duration")
    told = [text for text in (code, words[2] if words else None, said.get("error")) if isinstance(text, str)]
    status = record.get("status") or (int(words[1]) if words else 0)
    path = str(record["path"])
    return Line(
        row=number,
        method=str(record.get("method", "?")),
        target=path if path.startswith("/auth/v1") else f"/auth/v1{path}",
        status=status if isinstance(status, int) else 0,
        at=at,
        received_at=at - took * NS if isinstance(took, int | float) else None,
        address=str(record.get("remote_addr") or ""),
        grant=_grant(record, said, str(code)),
        said=": ".join(told[:2]) or None,
        user=_user(record),
        session=record.get("session_id") if isinstance(record.get("session_id"), str) else None,
    )


def _grant(record: Record, said: Record, code: str) -> str | None:
    """Return what was asked for, where the line, or what came of it, says so."""
    if isinstance(record.get("grant_type"), str):
        return str(record["grant_type"])
    event = record.get("auth_event")
    action = event.get("action") if isinstance(event, dict) else record.get("action")
    words = REFUSAL.search(str(said.get("msg", "")))
    return "refresh_token" if code in REFRESH_CODES or action in REFRESHED or words else None


def _user(record: Record) -> str | None:
    event = record.get("auth_event")
    found = event.get("actor_id") if isinstance(event, dict) else record.get("user_id") or record.get("actor_id")
    return found if isinstance(found, str) and found else None


KIND = Kind(
    name="Supabase auth log",
    unit="line",
    side="auth",
    fits=lambda text: any(map(is_line, first(text))),
    read=read,
)
