"""
What a run has counted so far, while it lasts: a row for each policy and condition.

From the browsers' samples as they come in, and from the ledger's file as it grows where the mock is our own; each is
read once. The verdict counts again, from the stored evidence; this is what it says so far.
"""

from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from race401.harness.judge.graph import kept_its_token
from race401.harness.judge.recovery import UNAUTHORIZED, is_api
from race401.harness.judge.sessions import is_sign_out
from race401.ledger.entry import Entry
from race401.ledger.outcomes import REFUSED, SEEN

AT_ONCE = 8_000_000  # bytes of the ledger that one look reads at most
UNKNOWN = "-"  # of a mock that is not ours, the ledger is read at the end

COLUMNS = {
    "name": "condition and policy",
    "requests": "requests",
    "app_401s": "401s that the app saw",
    "rate": "as a rate",
    "errors": "no answer",
    "wire_401s": "401s on the wire",
    "sessions_lost": "sessions lost",
    "exchanges": "exchanges",
    "per_generation": "per refresh token (ideal 1.00)",
    "store_reads": "store reads per request",
}


@dataclass(slots=True)
class Counts:
    """One policy in one condition."""

    requests: int = 0
    app_401s: int = 0
    errors: int = 0
    store_reads: int = 0
    wire_401s: int = 0
    exchanges: int = 0
    is_seen: bool = False  # by a recorder, which does not know what became of a session
    needs: set[Hashable] = field(default_factory=set)  # of an exchange, as the judge tells them apart: `Graph.use`
    kept_at: dict[str, list[float]] = field(
        default_factory=dict
    )  # by refresh token, when it had been used and was kept
    lost: set[str | None] = field(default_factory=set)
    signed_out: set[str | None] = field(default_factory=set)

    def count_sample(self, sample: dict[str, Any]) -> None:
        """Count one attempt, as its browser saw it."""
        if sample["cut_off"]:
            return
        self.requests += 1
        self.app_401s += sample["status"] == UNAUTHORIZED
        self.errors += sample["status"] is None
        self.store_reads += sample["store_reads"]

    def count_entry(self, e: Entry) -> None:
        """Count what the server wrote of one request."""
        if e.grant_outcome is not None:
            self.exchanges += 1
            self.is_seen = self.is_seen or e.grant_outcome in SEEN
            self.needs.add(self._need(e))
            if e.grant_outcome in REFUSED and e.family not in self.signed_out:
                self.lost.add(e.family)
        elif is_sign_out(e):
            self.signed_out.add(e.family)
        elif e.status == UNAUTHORIZED and is_api(e):
            self.wire_401s += 1

    def _need(self, e: Entry) -> Hashable:
        if e.presented is None:
            return e.family, e.generation
        ends = self.kept_at.setdefault(e.presented, [])
        need = e.presented, sum(at < e.received_at for at in ends)
        if kept_its_token(e):
            ends.append(e.answered_at)
        return need


class Tally:
    """The counts of one run, kept up to date by whoever looks."""

    def __init__(self, run: str, names: dict[tuple[str, str], str], spool: Path | None) -> None:
        self.run, self.names = run, names  # by condition and role
        self.counts = {key: Counts() for key in names}
        self._spool, self._offset = spool, spool.stat().st_size if spool is not None and spool.exists() else 0
        self._decode = msgspec.json.Decoder(Entry).decode

    def note(self, sample: dict[str, Any]) -> None:
        """Count an attempt, as its browser saw it."""
        if (counts := self._counts_of(sample["client"])) is not None:
            counts.count_sample(sample)

    def rows(self) -> list[dict[str, Any]]:
        """Return a row for each policy and condition, by the names of COLUMNS."""
        self._catch_up()
        return [self._row(name, self.counts[key]) for key, name in self.names.items()]

    def app_401s(self, role: str) -> int:
        """Return how many 401s the app saw in a role so far."""
        return sum(counts.app_401s for (_, its), counts in self.counts.items() if its == role)

    def _catch_up(self) -> None:
        for line in self._lines():
            entry = self._decode(line)
            if (counts := self._counts_of(entry.client)) is not None:
                counts.count_entry(entry)

    def _lines(self) -> Iterator[bytes]:
        """Yield the ledger's whole lines since the last look."""
        if self._spool is None or not self._spool.exists():
            return
        with self._spool.open("rb") as file:
            file.seek(self._offset)
            whole, newline, _ = file.read(AT_ONCE).rpartition(b"\n")
        self._offset += len(whole) + len(newline)
        yield from whole.splitlines()

    def _counts_of(self, client: str | None) -> Counts | None:
        run, condition, role, *_ = *(client or "").split("/"), "", "", ""
        return self.counts.get((condition, role)) if run == self.run else None

    def _row(self, name: str, c: Counts) -> dict[str, Any]:
        row: dict[str, Any] = {"name": name, "requests": c.requests, "app_401s": c.app_401s, "errors": c.errors}
        row["rate"] = f"{c.app_401s / c.requests:.1%}" if c.requests else UNKNOWN
        row["store_reads"] = f"{c.store_reads / c.requests:.2f}" if c.requests else UNKNOWN
        if self._spool is None:
            return row | dict.fromkeys(("wire_401s", "sessions_lost", "exchanges", "per_generation"), UNKNOWN)
        each = f"{c.exchanges / len(c.needs):.2f}" if c.needs else UNKNOWN
        return row | {
            "wire_401s": c.wire_401s,
            "sessions_lost": UNKNOWN if c.is_seen else len(c.lost),
            "exchanges": c.exchanges,
            "per_generation": each,
        }
