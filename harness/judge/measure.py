"""The table: what each role showed in each condition, counted from the ledger, store reads from the samples."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from race401.harness.judge.evidence import Evidence, LedgerEntry, Sample

UNAUTHORIZED = 401
EXCHANGE = "grant_type=refresh_token"
REFUSED = frozenset({"reused", "revoked", "not_found"})
AUTH = "/auth/v1/"
SIGNATURE_WITHIN = 1.0  # s from the 200 to the last 401, as in the incident


@dataclass(slots=True)
class Row:
    """One condition and role. Sequences of `seq` point into the ledger."""

    condition: str
    role: str
    policy: str
    browsers: int = 0
    requests: int = 0  # attempts on the app's API
    sends: int = 0  # what they were on the wire, retries included
    wire_401s: Counter[str] = field(default_factory=Counter)  # by cause
    caller_401s: Counter[str] = field(default_factory=Counter)  # by cause of the last answer
    caller_401_seqs: list[int] = field(default_factory=list)
    sessions: int = 0
    sessions_lost: int = 0
    lost_seqs: list[int] = field(default_factory=list)
    exchanges: int = 0
    generations: int = 0  # that somebody tried to refresh
    outcomes: Counter[str] = field(default_factory=Counter)
    repeated_seqs: list[int] = field(default_factory=list)  # exchanges of a generation after its first
    store_reads: int = 0
    sampled: int = 0
    signatures: int = 0
    expired_families: int = 0  # that met an expired token or were refreshed

    @property
    def exchanges_per_generation(self) -> float | None:
        """Ideal: 1.00. None: nobody tried to refresh."""
        return self.exchanges / self.generations if self.generations else None

    def json(self) -> dict[str, Any]:
        """Return the row as plain values."""
        plain = {name: getattr(self, name) for name in self.__dataclass_fields__}
        plain |= {name: dict(sorted(plain[name].items())) for name in ("wire_401s", "caller_401s", "outcomes")}
        return plain | {"exchanges_per_generation": self.exchanges_per_generation}


def measure(evidence: Evidence) -> list[Row]:
    """Return a row for each condition and role of the manifest, in its order."""
    entries: dict[tuple[str, str], list[LedgerEntry]] = defaultdict(list)
    samples: dict[tuple[str, str], list[Sample]] = defaultdict(list)
    for entry in evidence.entries:
        if (key := whose(entry.client, evidence)) is not None:
            entries[key].append(entry)
    for sample in evidence.samples:
        if (key := whose(sample.client, evidence)) is not None:
            samples[key].append(sample)
    policies = evidence.manifest["policies"]
    return [
        _row(
            Row(condition, role, policies[role]["name"]), entries[condition, role], samples[condition, role], evidence
        )
        for condition in evidence.manifest["conditions"]
        for role in policies
    ]


def whose(client: str | None, evidence: Evidence) -> tuple[str, str] | None:
    """Return the condition and role of a client of this run: `<run>/<condition>/<role>/<number>`."""
    parts = (client or "").split("/")
    return (parts[1], parts[2]) if len(parts) == 4 and parts[0] == evidence.manifest["run"] else None  # noqa: PLR2004


def cut_off_attempts(samples: Iterable[Sample]) -> set[str]:
    """Return the attempts whose caller was killed: left out on both sides."""
    return {sample.attempt for sample in samples if sample.cut_off}


def _row(row: Row, entries: list[LedgerEntry], samples: list[Sample], evidence: Evidence) -> Row:
    cut = cut_off_attempts(samples)
    api = [e for e in entries if e.attempt is not None and e.attempt not in cut and e.status]
    last = {e.attempt: e for e in api}
    row.browsers = len({e.client for e in entries})
    row.requests, row.sends = len(last), len(api)
    row.wire_401s = Counter(e.cause or "?" for e in api if e.status == UNAUTHORIZED)
    failed = [e for e in last.values() if e.status == UNAUTHORIZED]
    row.caller_401s = Counter(e.cause or "?" for e in failed)
    row.caller_401_seqs = [e.seq for e in failed]
    _sessions(row, entries)
    row.sampled = sum(not s.cut_off for s in samples)
    row.store_reads = sum(s.store_reads for s in samples if not s.cut_off)
    row.signatures = _signatures(last.values(), evidence.manifest.get("page") or [])
    return row


def _sessions(row: Row, entries: list[LedgerEntry]) -> None:
    """Count families, exchanges and losses."""
    exchanges = [e for e in entries if e.grant_outcome is not None]
    tried: set[tuple[str | None, int | None]] = set()
    signed_out: set[str | None] = set()
    lost: set[str | None] = set()
    for entry in entries:
        if entry.target.startswith(f"{AUTH}logout"):
            signed_out.add(entry.family)
        if entry.grant_outcome is None:
            continue
        key = entry.family, entry.generation
        if key in tried:
            row.repeated_seqs.append(entry.seq)
        tried.add(key)
        if entry.grant_outcome in REFUSED and entry.family not in signed_out | lost:
            lost.add(entry.family)
            row.lost_seqs.append(entry.seq)
    row.sessions = len({e.family for e in entries if e.family is not None})
    row.sessions_lost, row.exchanges, row.generations = len(lost), len(exchanges), len(tried)
    row.outcomes = Counter(e.grant_outcome or "?" for e in exchanges)
    expired = {e.family for e in entries if e.cause == "expired"}
    row.expired_families = len(expired | {family for family, _ in tried})


def _signatures(last: Iterable[LedgerEntry], page: list[str]) -> int:
    """Count pages that look like the incident: the first request 200 and, within a second, 401 on all the others."""
    pages: dict[str, dict[str, LedgerEntry]] = defaultdict(dict)
    for entry in last:
        pages[(entry.attempt or "").rpartition(".")[0]][entry.target] = entry
    return sum(_is_signature(answers, page) for answers in pages.values())


def _is_signature(answers: dict[str, LedgerEntry], page: list[str]) -> bool:
    if not page or any(target not in answers for target in page):
        return False
    first, rest = answers[page[0]], [answers[target] for target in page[1:]]
    near = all(abs(e.answered_at - first.answered_at) <= SIGNATURE_WITHIN for e in rest)
    return first.status == 200 and near and all(e.status == UNAUTHORIZED for e in rest)  # noqa: PLR2004
