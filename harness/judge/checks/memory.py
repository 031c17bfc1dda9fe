"""Whether the processes of a long run held the same memory all along."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from race401.harness.judge.check import Check
from race401.harness.judge.evidence import Evidence
from race401.harness.judge.findings import Finding, Value
from race401.harness.judge.row import Row

NAME = "memory"
SHORTEST = 600.0  # s of run that can show a leak; warming up takes minutes
GROWTH = 1.02  # times the second quarter's median that the last one's may be: of an hour's soak, 50 bytes a request


@dataclass(frozen=True, slots=True)
class Growth:
    """One process: medians of the second and of the last quarter of its readings, in MB."""

    process: str
    early: float
    late: float

    @property
    def flat(self) -> bool:
        """Whether it held the same, as far as readings tell."""
        return self.late <= self.early * GROWTH

    def each(self, requests: int) -> float:
        """Return bytes that it grew by for each request of the run: from median to median is half of it."""
        return (self.late - self.early) * 1e6 / (requests / 2)


def growths(readings: Mapping[str, Sequence[float]], every: float) -> Iterator[Growth]:
    """Yield what each process did, of runs that were long enough; `every`, s between two readings."""
    for process, held in readings.items():
        quarter = len(held) // 4
        if quarter and len(held) * every >= SHORTEST:
            yield Growth(process, median(held[quarter : 2 * quarter]), median(held[-quarter:]))


def _finds(evidence: Evidence, rows: list[Row]) -> Iterator[Finding]:
    """A process that held ever more, in a run that was long enough to tell."""
    requests = sum(row.requests for row in rows)
    readings, every = evidence.manifest.get("memory_mb") or {}, evidence.manifest.get("memory_every_s") or 0.0
    for process in growths(readings, every):
        sentence = f"{process.process} held {process.early:.1f} MB early on and {process.late:.1f} MB late in the run"
        sentence += f" ({process.each(requests):+.0f} bytes a request)" if requests else ""
        yield Finding(NAME, Value.PASS if process.flat else Value.FAIL, sentence)


MEMORY = Check(NAME, _finds)
