"""Our own ledgers, of `race401 proxy`, `serve` or a run: entries as they are; of older ones, by their paths."""

from collections.abc import Iterator

import msgspec

from race401.harness.incident.evidence import Seen
from race401.harness.incident.readers.reader import Kind, Reading, Row
from race401.harness.incident.readers.records import DAMAGED
from race401.ledger.dialects.entries import asks_for_refresh, kind_of
from race401.ledger.entry import Entry

DECODER = msgspec.json.Decoder(Entry)
OLD = "an older race401 wrote it, without fingerprints of tokens"


def fits(text: str) -> bool:
    """Whether one of the first lines is an entry."""
    return any(_entry(line) is not None for line in text.splitlines()[:3])


def read(reading: Reading) -> Iterator[Row]:
    """Read the lines."""
    old: list[int] = []
    strings: dict[str, str] = {}
    for number, line, whole in reading.opened.lines():
        reading.rows += 1
        if (entry := _entry(line)) is None:
            reading.torn = reading.torn or not whole
            if whole:
                reading.leave_out(DAMAGED, number)
            continue
        if not entry.schema:
            old.append(number)
        if entry.kind is None:
            refreshes = entry.grant_outcome is not None or asks_for_refresh(entry)
            entry.kind = "exchange" if refreshes else kind_of(entry)
        entry.target = strings.setdefault(entry.target, entry.target)
        reading.key, reading.says_tokens = entry.key or reading.key, reading.says_tokens or bool(entry.schema)
        reading.origins.add(entry.world)
        had_body = None if entry.body_length is None else entry.body_length > 0
        says = bool(entry.schema) and (entry.sent is not None or entry.cause is not None or not entry.unauthorized)
        yield entry, Seen(source=reading.index, row=number, says_token=says, had_body=had_body)
    if old:
        reading.lack(f"tokens: {OLD}", "record again with this version of `race401 proxy`", old)


def _entry(line: str) -> Entry | None:
    try:
        return DECODER.decode(line)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return None


KIND = Kind(name="race401 ledger", unit="line", side="server", fits=fits, read=read)
