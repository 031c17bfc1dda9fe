"""
Auth0's tenant logs, as its API, its dashboard and its log streams write them.

https://auth0.com/docs/deploy-monitor/logs/log-event-type-codes: sertft and fertft are exchanges of a refresh token,
ferrt is a refused reuse; of a stream each event is under `data`. The words of a refusal are its `description`
(https://community.auth0.com/t/151632: "Reused rotating refresh token detected, revoked the family", and what
follows). No token has an id here, so no exchange is known to be of the same token as another.
"""

import re
from collections.abc import Iterator

from race401.harness.incident.readers.events import Event, row
from race401.harness.incident.readers.instants import instant
from race401.harness.incident.readers.reader import Kind, Reading, Row
from race401.harness.incident.readers.records import Record, first, records
from race401.ledger.entry import Kind as Asked
from race401.ledger.outcomes import Outcome

KINDS: dict[
    str, tuple[Asked, int]
] = {  # by type: what it tells of, and the status (unchecked for sign-ins that fail)
    "sertft": ("exchange", 200),
    "fertft": ("exchange", 403),
    "ferrt": ("exchange", 403),
    "seacft": ("sign_in", 200),
    "feacft": ("sign_in", 403),
    "sepft": ("sign_in", 200),
    "fepft": ("sign_in", 403),
    "slo": ("sign_out", 200),
    "srrt": ("sign_out", 200),
}
REUSED = re.compile(r"\breused?\b", re.IGNORECASE)
GONE = re.compile(r"missing in db|unknown or invalid|could not be decoded", re.IGNORECASE)
LIMITED = re.compile(r"too many|rate.?limit", re.IGNORECASE)
OTHER = "no event of tokens"
FILLS = "put `race401 proxy --key-file FILE` in front of the token endpoint: it keeps fingerprints, no tokens"


def event_of(record: Record) -> Record:
    """Return the event of a record."""
    data = record.get("data")
    return {**record, **data} if isinstance(data, dict) else record


def is_event(record: Record) -> bool:
    """Whether a record is an event of such a log."""
    told = event_of(record)
    return isinstance(told.get("type"), str) and "date" in told and ("log_id" in told or "_id" in told)


def read(reading: Reading) -> Iterator[Row]:
    """Read it."""
    reading.dialects = ("auth0",)
    some: list[int] = []
    for number, record in records(reading):
        told = event_of(record)
        at = instant(told.get("date"))
        if not is_event(record) or told["type"] not in KINDS or at is None:
            reading.leave_out(OTHER, number)
            continue
        some.append(number)
        yield row(reading, _event(number, at, told))
    if some:
        reading.lack("which refresh token was presented, and which came back", FILLS, some)


def _event(number: int, at: float, told: Record) -> Event:
    kind, status = KINDS[told["type"]]
    details = told.get("details")
    more = details if isinstance(details, dict) else {}
    family = more.get("familyId") or more.get("family_id") or told.get("session_id")
    said = told.get("description")
    words = said if isinstance(said, str) else ""
    return Event(
        row=number,
        at=at,
        kind=kind,
        status=status,
        outcome=_outcome(told["type"], words) if kind == "exchange" else None,
        said=words or None if status >= 400 else None,  # noqa: PLR2004 - of errors
        address=_text(told.get("ip")),
        agent=_text(told.get("user_agent")),
        user=_text(told.get("user_id")),
        session=_text(family),
        ended="family" if "revoked the family" in words.lower() else None,
        target="/oauth/revoke" if kind == "sign_out" else "/oauth/token",
        origin=_text(told.get("hostname")) or "",
    )


def _outcome(type_: str, words: str) -> Outcome:
    if type_ == "sertft":
        return Outcome.SEEN_GRANTED
    if type_ == "ferrt" or REUSED.search(words):
        return Outcome.REUSED
    if LIMITED.search(words):
        return Outcome.RATE_LIMITED
    return Outcome.NOT_FOUND if GONE.search(words) else Outcome.SEEN_REFUSED


def _text(told: object) -> str | None:
    return told if isinstance(told, str) and told else None


KIND = Kind(
    name="Auth0 tenant log", unit="record", side="auth", fits=lambda text: any(map(is_event, first(text))), read=read
)
