"""
Records: a file that is a list of objects, as JSON lines, as one JSON array, or as a CSV of a dashboard.

In a record, a text under `event_message` that is JSON is the event; what stands beside it stays beside it.
"""

import csv
import io
import json
from collections.abc import Iterator
from typing import Any

import ijson

from race401.harness.incident.readers.opening import CHUNK
from race401.harness.incident.readers.reader import Reading

Record = dict[str, Any]
FIRST = 20  # records by which a kind is told
DAMAGED = "cannot be read"


def first(text: str) -> list[Record]:
    """Return the first records of what a file begins with."""
    start = text.lstrip("\ufeff \t\r\n")
    if start.startswith("["):
        return _first_of_array(start)
    if is_csv(start):
        whole = start[: start.rfind("\n") + 1] if len(start) > 4_096 else start  # noqa: PLR2004 - more may follow
        return [unwrapped(row) for _, row in zip(range(FIRST), csv.DictReader(io.StringIO(whole)), strict=False)]
    said = (_object(line) for line in start.splitlines()[:FIRST])
    return [unwrapped(record) for record in said if record is not None]


def records(reading: Reading) -> Iterator[tuple[int, Record]]:
    """Yield each record and its number: its line, its place in the array, or its row in the CSV, from 1."""
    start = reading.opened.beginning.lstrip("\ufeff \t\r\n")
    reading.unit = "record" if start.startswith("[") else "row" if is_csv(start) else "line"
    if reading.unit == "record":
        yield from _of_array(reading)
    elif reading.unit == "row":
        yield from _of_csv(reading)
    else:
        yield from _of_lines(reading)
    reading.torn = reading.torn or reading.opened.cut


def is_csv(start: str) -> bool:
    """Tell whether this begins as a dashboard's CSV."""
    header = start.partition("\n")[0]
    return "," in header and "event_message" in header and not header.startswith("{")


def unwrapped(record: Record) -> Record:
    """Return the event of a record."""
    within = _object(record.get("event_message") or "")
    return record if within is None else {**{k: v for k, v in record.items() if k != "event_message"}, **within}


def _of_lines(reading: Reading) -> Iterator[tuple[int, Record]]:
    for number, line, whole in reading.opened.lines():
        reading.rows += 1
        if (record := _object(line)) is not None:
            yield number, unwrapped(record)
        elif not whole:
            reading.torn = True
        else:
            reading.leave_out(DAMAGED, number)


def _of_array(reading: Reading) -> Iterator[tuple[int, Record]]:
    with reading.opened.utf8() as file:
        try:
            for number, told in enumerate(ijson.items(file, "item", use_float=True, buf_size=CHUNK), 1):
                reading.rows = number
                if isinstance(told, dict):
                    yield number, unwrapped(told)
                else:
                    reading.leave_out(DAMAGED, number)
        except (ijson.JSONError, EOFError):
            reading.torn = True


def _of_csv(reading: Reading) -> Iterator[tuple[int, Record]]:
    whole = True

    def lines() -> Iterator[str]:
        nonlocal whole
        for _, line, ends in reading.opened.lines():
            whole = ends
            yield f"{line}\n"

    for number, row in enumerate(csv.DictReader(lines()), 1):
        reading.rows = number
        if row.get("event_message") and _object(row["event_message"]) is None and not whole:
            reading.torn = True
        else:
            yield number, unwrapped(row)


def _first_of_array(start: str) -> list[Record]:
    found: list[Record] = []
    try:
        for told in ijson.items(io.BytesIO(start.encode("utf-8", "replace")), "item", use_float=True):
            if isinstance(told, dict):
                found.append(unwrapped(told))
            if len(found) == FIRST:
                break
    except (ijson.JSONError, EOFError):
        pass
    return found


def _object(line: str) -> Record | None:
    text = line.strip()
    if not text.startswith("{"):
        return None
    try:
        told = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return told if isinstance(told, dict) else None
