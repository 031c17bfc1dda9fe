"""
What a run has counted so far, while it lasts: a row for each policy and condition.

From the browsers' samples as they come in, and from the ledger's file as it grows where the mock is our own; each is
read once. The verdict counts again, from the stored evidence; this is what it says so far.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from race401.harness.judge.checks import CHECKS
from race401.harness.judge.cohort import Cohort
from race401.harness.judge.evidence import Evidence
from race401.harness.judge.recovery import UNAUTHORIZED, is_api
from race401.harness.judge.row import Row
from race401.harness.judge.sessions import is_sign_out
from race401.ledger.entry import Entry

AT_ONCE = 8_000_000  # bytes of the ledger that one look reads at most
UNKNOWN = "-"  # of a mock that is not ours, the ledger is read at the end
BY_THE_JUDGE = [CHECKS[name] for name in ("sessions-lost", "exchanges-per-generation")]  # they count as in a verdict

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

    def count_sample(self, sample: dict[str, Any]) -> None:
        """Count one attempt, as its browser saw it."""
        if sample["cut_off"]:
            return
        self.requests += 1
        self.app_401s += sample["status"] == UNAUTHORIZED
        self.errors += sample["status"] is None
        self.store_reads += sample["store_reads"]


class Tally:
    """The counts of one run, kept up to date by whoever looks."""

    def __init__(self, run: str, names: Mapping[tuple[str, str], str], spool: Path | None) -> None:
        self.run, self.names = run, names  # by condition and role
        self.counts = {key: Counts() for key in names}
        self._told: dict[tuple[str, str], list[Entry]] = {key: [] for key in names}  # what sessions are told by
        self._known: set[str] = set()  # access tokens that were sent
        self._rows: dict[tuple[str, str], Row] = {}  # of what was told until the last look
        self._spool, self._offset = spool, spool.stat().st_size if spool is not None and spool.exists() else 0
        self._decode = msgspec.json.Decoder(Entry).decode

    def note(self, sample: dict[str, Any]) -> None:
        """Count an attempt, as its browser saw it."""
        if (key := self._key_of(sample["client"])) is not None:
            self.counts[key].count_sample(sample)

    def rows(self) -> list[dict[str, Any]]:
        """Return a row for each policy and condition, by the names of COLUMNS."""
        self._catch_up()
        return [self._row(name, self.counts[key], self._rows[key]) for key, name in self.names.items()]

    def app_401s(self, role: str) -> int:
        """Return how many 401s the app saw in a role so far."""
        return sum(counts.app_401s for (_, its), counts in self.counts.items() if its == role)

    def _catch_up(self) -> None:
        more = [self._is_told(self._decode(line)) for line in self._lines()]
        if any(more) or not self._rows:
            self._rows = self._judged()

    def _is_told(self, e: Entry) -> bool:
        """Count what the server wrote of one request, and keep it if a session is told by it, as few are."""
        if (key := self._key_of(e.client)) is None:
            return False
        self.counts[key].wire_401s += e.grant_outcome is None and e.status == UNAUTHORIZED and is_api(e)
        first = (token := e.sent or e.family) is not None and token not in self._known
        if not first and e.grant_outcome is None and e.kind != "sign_in" and not is_sign_out(e):
            return False
        if token is not None:
            self._known.add(token)
        self._told[key].append(e)
        return True

    def _judged(self) -> dict[tuple[str, str], Row]:
        """Return what the judge's own checks count, of the ledger so far."""
        every = sorted((e for mine in self._told.values() for e in mine), key=lambda e: e.seq)
        evidence, rows = Evidence({"run": self.run}, every, []), {}
        for key, mine in self._told.items():
            rows[key] = Row(*key, self.names[key])
            for check in BY_THE_JUDGE:
                assert check.count is not None
                check.count(Cohort(evidence, *key, mine, [], mine), rows[key])
        return rows

    def _lines(self) -> Iterator[bytes]:
        """Yield the ledger's whole lines since the last look."""
        if self._spool is None or not self._spool.exists():
            return
        with self._spool.open("rb") as file:
            file.seek(self._offset)
            whole, newline, _ = file.read(AT_ONCE).rpartition(b"\n")
        self._offset += len(whole) + len(newline)
        yield from whole.splitlines()

    def _key_of(self, client: str | None) -> tuple[str, str] | None:
        run, condition, role, *_ = *(client or "").split("/"), "", "", ""
        return (condition, role) if run == self.run and (condition, role) in self.names else None

    def _row(self, name: str, c: Counts, judged: Row) -> dict[str, Any]:
        row: dict[str, Any] = {"name": name, "requests": c.requests, "app_401s": c.app_401s, "errors": c.errors}
        row["rate"] = f"{c.app_401s / c.requests:.1%}" if c.requests else UNKNOWN
        row["store_reads"] = f"{c.store_reads / c.requests:.2f}" if c.requests else UNKNOWN
        if self._spool is None:
            return row | dict.fromkeys(("wire_401s", "sessions_lost", "exchanges", "per_generation"), UNKNOWN)
        each = judged.exchanges_per_generation
        return row | {
            "wire_401s": c.wire_401s,
            "sessions_lost": judged.sessions_lost,
            "exchanges": judged.exchanges,
            "per_generation": UNKNOWN if each is None else f"{each:.2f}",
        }
