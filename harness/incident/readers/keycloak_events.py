"""
Keycloak's events: as its log has them (`type="REFRESH_TOKEN", ...`) and as its admin API and listeners export them.

github.com/keycloak/keycloak, org.keycloak.events: EventType, Details (`refresh_token_id` is the token that was
presented, `updated_refresh_token_id` the one that it brought, `token_id` the access token); a refresh that is refused
is answered 400 `invalid_grant` (RefreshTokenTest). Unchecked: the words by which a reuse is refused.
"""

import re
from collections.abc import Iterator
from typing import Any

from race401.harness.incident.readers.events import Event, row
from race401.harness.incident.readers.instants import instant, iso_instant
from race401.harness.incident.readers.reader import Kind, Reading, Row
from race401.harness.incident.readers.records import DAMAGED, Record, first, records
from race401.ledger.entry import Kind as Asked
from race401.ledger.outcomes import Outcome

KINDS: dict[str, tuple[Asked, bool]] = {  # by type: what it tells of, and whether it went well
    "REFRESH_TOKEN": ("exchange", True),
    "REFRESH_TOKEN_ERROR": ("exchange", False),
    "CODE_TO_TOKEN": ("sign_in", True),
    "CODE_TO_TOKEN_ERROR": ("sign_in", False),
    "LOGIN": ("other", True),  # the tokens come with CODE_TO_TOKEN, unless the grant is a password
    "LOGOUT": ("sign_out", True),
    "REVOKE_GRANT": ("sign_out", True),
}
REUSED = re.compile(r"reuse exceeded|stale token", re.IGNORECASE)
UNJUDGED = frozenset({"invalid_client", "invalid_client_credentials", "client_not_found", "not_allowed"})
TEXT = re.compile(r'\btype="?([A-Z_]+)"?, realm(?:Id|Name)="?[^,"]*"?')
PAIR = re.compile(r'(\w+)=(?:"([^"]*)"|([^,]*))(?:, |$)')
STAMP = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:[.,](\d{1,9}))?(Z|[+-]\d\d:?\d\d)?")
OTHER = "no event of tokens"
NO_ZONE = "lines have no time zone, and were taken for UTC"


def is_event(record: Record) -> bool:
    """Whether a record is an event."""
    return str(record.get("type")) in KINDS and ("realmId" in record or "realmName" in record)


def fits_text(text: str) -> bool:
    """Whether a log of text has events."""
    return any(found[1] in KINDS for found in TEXT.finditer(text))


def read(reading: Reading) -> Iterator[Row]:
    """Read an export."""
    for number, record in records(reading):
        at = instant(record.get("time")) or instant(record.get("timestamp"))
        if not is_event(record) or at is None:
            reading.leave_out(OTHER, number)
            continue
        details = record.get("details")
        flat = {**record, **(details if isinstance(details, dict) else {})}
        yield row(
            reading,
            _event(number, at, {k: v for k, v in flat.items() if isinstance(v, str)} | {"type": str(record["type"])}),
        )


def read_text(reading: Reading) -> Iterator[Row]:
    """Read a log."""
    zoneless: list[int] = []
    for number, text, whole in reading.opened.lines():
        reading.rows += 1
        found, stamp = TEXT.search(text), STAMP.search(text)
        if found is None or found[1] not in KINDS or stamp is None:
            reading.leave_out(OTHER if found is None or stamp is not None else DAMAGED, number)
            reading.torn = reading.torn or not whole
            continue
        if stamp[4] is None:
            zoneless.append(number)
        at = iso_instant(f"{stamp[1]}T{stamp[2]}{stamp[4] or '+00:00'}", stamp[3])
        told = {name: quoted or bare for name, quoted, bare in PAIR.findall(text[found.start() :])}
        if at is not None:
            yield row(reading, _event(number, at, told))
    if zoneless:
        reading.lack(f"the zone of its instants: {NO_ZONE}", "log the zone (`%z`)", zoneless)


def _event(number: int, at: float, told: dict[str, Any]) -> Event:
    kind, well = KINDS[told["type"]]
    if told["type"] == "LOGIN" and told.get("grant_type") == "password":
        kind = "sign_in"
    error, reason = _none(told.get("error")), _none(told.get("reason"))
    refresh = told.get("updated_refresh_token_id") if kind == "exchange" else told.get("refresh_token_id")
    return Event(
        row=number,
        at=at,
        kind=kind,
        status=200 if well else 400,
        outcome=_outcome(well, error, reason) if kind == "exchange" else None,
        said=": ".join(text for text in (error, reason) if text) or None,
        address=_none(told.get("ipAddress")),
        user=_none(told.get("userId")),
        session=_none(told.get("sessionId")) or _none(told.get("code_id")),
        presented=_none(told.get("refresh_token_id")) if kind == "exchange" else None,
        access=_none(told.get("token_id")) if well else None,
        refresh=_none(refresh) if well else None,
        target="/protocol/openid-connect/logout" if kind == "sign_out" else "/protocol/openid-connect/token",
    )


def _outcome(well: bool, error: str | None, reason: str | None) -> Outcome | None:
    if well:
        return Outcome.SEEN_GRANTED
    if error in UNJUDGED:
        return None
    return Outcome.REUSED if reason and REUSED.search(reason) else Outcome.SEEN_REFUSED


def _none(text: Any) -> str | None:
    return text if isinstance(text, str) and text not in ("", "null") else None


KIND = Kind(
    name="Keycloak events", unit="record", side="auth", fits=lambda text: any(map(is_event, first(text))), read=read
)
LOG = Kind(name="Keycloak log", unit="line", side="auth", fits=fits_text, read=read_text)
