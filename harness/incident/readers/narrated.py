"""
A client's own log, of logger `race401.tokens`: its refreshes, and the 401s that began them.

The log names no request and no token. An exchange lasts from the line that begins it to the next that ends one; who
had several under way did not log which. Instants are those before a line, or `at` in a line of JSON.
"""

import json
import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from race401.harness.incident.evidence import Seen
from race401.harness.incident.readers.instants import instant, iso_instant
from race401.harness.incident.readers.reader import Kind, Reading, Row
from race401.harness.judge.health import OWN, Line, recognise
from race401.ledger.entry import SCHEMA, UNAUTHORIZED, Entry, received
from race401.ledger.outcomes import Outcome

STAMP = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:[.,](\d{1,9}))?\s?(Z|[+-]\d\d:?\d\d)?")
FAILED = re.compile(re.escape(Line.REFRESH_FAILED) + r"(?:\D*\b(4\d\d)\b)?")
ENDS = frozenset({Line.REFRESHED, Line.REFRESH_FAILED})
OTHER = "no exchange and no 401"
FILLS_ZONE = "log instants with their zone"
FILLS_WIRE = "put `race401 proxy` in front, or export a HAR: a log names neither requests nor tokens"


@dataclass(slots=True)
class Begun:
    """An exchange under way."""

    row: int
    at: float


def fits(text: str) -> bool:
    """Whether one of the first lines can be no other program's."""
    return any(recognise(line) in OWN for line in text.splitlines())


def read(reading: Reading) -> Iterator[Row]:
    """Read the lines."""
    under_way: deque[Begun] = deque()
    zoneless: list[int] = []
    for number, text, whole in reading.opened.lines():
        reading.rows += 1
        line, at = recognise(text), _at(text, number, zoneless)
        if line is None or at is None:
            reading.leave_out(OTHER if line is None else "nothing says when it was", number)
            reading.torn = reading.torn or not whole
        elif line is Line.EXCHANGE:
            under_way.append(Begun(number, at))
        elif line in ENDS and under_way:
            yield _row(reading, under_way.popleft(), at, text, granted=line is Line.REFRESHED)
        elif line is Line.REJECTED:
            entry = _entry(at, at, "?", UNAUTHORIZED, reading)
            entry.kind = "api"
            yield entry, Seen(source=reading.index, row=number)
        else:
            reading.leave_out(OTHER, number)
    for begun in under_way:
        yield _row(reading, begun, 0.0, "", granted=None)
    if zoneless:
        reading.lack("the zone of its instants: they were taken for UTC", FILLS_ZONE, zoneless)
    reading.lack("which requests and which tokens these were", FILLS_WIRE, [])


def _row(reading: Reading, begun: Begun, ended_at: float, text: str, *, granted: bool | None) -> Row:
    failed = FAILED.search(text)
    status = 200 if granted else int(failed[1]) if failed and failed[1] else 0
    entry = _entry(begun.at, ended_at, "refresh", status, reading)
    entry.kind, entry.method = "exchange", "POST"
    entry.grant_outcome = None if granted is None else Outcome.SEEN_GRANTED if granted else Outcome.UNREAD
    said = text[failed.start() :].partition(": ")[2][:120] if failed else None
    return entry, Seen(source=reading.index, row=begun.row, said=said)


def _entry(began: float, ended: float, target: str, status: int, reading: Reading) -> Entry:
    entry = received("", "?", target, began)
    entry.answered_at, entry.status, entry.schema = ended, status, SCHEMA
    entry.peer = reading.how.fingerprints.fingerprint(f"log {reading.index}")
    return entry


def _at(text: str, number: int, zoneless: list[int]) -> float | None:
    if text.lstrip().startswith("{"):
        try:
            return _of_json(json.loads(text))
        except (ValueError, RecursionError):
            return None
    stamp = STAMP.search(text)
    if stamp is None:
        return None
    if stamp[4] is None:
        zoneless.append(number)
    return iso_instant(f"{stamp[1]}T{stamp[2]}{stamp[4] or '+00:00'}", stamp[3])


def _of_json(told: Any) -> float | None:
    if not isinstance(told, dict):
        return None
    facts = told.get("race401")
    places = [facts.get("at")] if isinstance(facts, dict) else []
    places += [told.get(name) for name in ("at", "time", "timestamp", "ts", "@timestamp", "created")]
    return next((at for each in places if (at := instant(each)) is not None), None)


KIND = Kind(name="race401's own log", unit="line", side="client", fits=fits, read=read)
