"""The table: what each role showed in each condition, counted from the ledger; reads and waiting from the samples."""

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import accumulate
from math import floor, inf
from operator import attrgetter
from typing import Any

from race401.harness.judge import recovery
from race401.harness.judge.evidence import Evidence, Sample, share_of
from race401.harness.judge.needless import EARLIEST, needless
from race401.harness.judge.recovery import UNAUTHORIZED, by_client, is_api
from race401.harness.judge.statistics import quantile
from race401.ledger.entry import Entry

REFUSED = frozenset(
    {"reused", "revoked", "not_found", "not_issued", "timed_out", "inactive", "superseded", "banned"}
)  # and a session lost; those who meet a conflict or a rate limit may try again
REUSE = frozenset({"reuse_tolerated", "forked", "reused", "revoked"})
GRANTED = frozenset({"rotated", "kept", "reuse_tolerated", "forked"})
LOGOUT = ("/auth/v1/logout", "/oauth/revoke")
EXCHANGE = "grant_type=refresh_token"
SIGNATURE_WITHIN = 1.0  # s from the 200 to the last 401, as in the incident
SEQS_KEPT = 200  # in a stored verdict, of each kind and row
ROUNDED = 1.0  # s; the dates of a token are whole seconds, so that it may live for so much less
UNSURE = 0.25  # s about the margin in which one look at the clock may say either


@dataclass(slots=True)
class Row:
    """One condition and role. Sequences of `seq` point into the ledger; durations are in s."""

    condition: str
    role: str
    policy: str
    browsers: int = 0
    requests: int = 0  # attempts on the app's API
    sends: int = 0  # what they were on the wire, retries included
    wire_401s: Counter[str] = field(default_factory=Counter)  # by cause
    wire_401_seqs: list[int] = field(default_factory=list)
    caller_401s: Counter[str] = field(default_factory=Counter)  # by cause of the last answer
    caller_401_seqs: list[int] = field(default_factory=list)
    undecided_401_seqs: list[int] = field(default_factory=list)  # a ledger alone does not tell
    sessions: int = 0
    sessions_401: int = 0  # in which the app saw one
    sessions_wire_401: int = 0  # in which one was answered at all
    sessions_repeated: int = 0  # in which a generation was exchanged more than once
    sessions_lost: int = 0
    lost_seqs: list[int] = field(default_factory=list)
    exchange_seqs: list[int] = field(default_factory=list)
    generations: int = 0  # that somebody tried to refresh
    outcomes: Counter[str] = field(default_factory=Counter)
    reuse_seqs: list[int] = field(default_factory=list)  # exchanges of a refresh token that had been used
    repeated_seqs: list[int] = field(default_factory=list)  # exchanges of a generation after its first
    ideal_exchanges: list[int] | None = None  # least and most; None: lifetimes or margins are not known
    needless_seqs: list[int] = field(default_factory=list)  # exchanges that nothing called for
    after_sign_out_seqs: list[int] = field(default_factory=list)  # requests that carried a session signed out before
    store_reads: int = 0
    sampled: int = 0
    signatures: Counter[str] = field(default_factory=Counter)  # pages like the incident's, by cause
    signature_seqs: list[int] = field(default_factory=list)  # their first requests, which were answered 200
    coverage: Counter[str] = field(default_factory=Counter)  # what the run exercised, by name
    waits: dict[str, float | None] = field(default_factory=dict)  # s from the intended start to the answer

    @property
    def exchanges(self) -> int:
        """How often a refresh token was sent to the auth server."""
        return len(self.exchange_seqs)

    @property
    def exchanges_per_generation(self) -> float | None:
        """Ideal: 1.00. None: nobody tried to refresh."""
        return self.exchanges / self.generations if self.generations else None

    def json(self) -> dict[str, Any]:
        """Return the row as plain values."""
        plain = {name: getattr(self, name) for name in self.__dataclass_fields__}
        for name, value in plain.items():
            if isinstance(value, Counter):
                plain[name] = dict(sorted(value.items()))
            elif name.endswith("_seqs"):
                plain[name] = value[:SEQS_KEPT]
        return plain | {"exchanges": self.exchanges, "exchanges_per_generation": self.exchanges_per_generation}


def measure(evidence: Evidence) -> list[Row]:
    """Return a row for each condition and role of the manifest, in its order."""
    entries: dict[tuple[str, str], list[Entry]] = defaultdict(list)
    samples: dict[tuple[str, str], list[Sample]] = defaultdict(list)
    run = evidence.manifest["run"]
    for entry in evidence.entries:
        if (key := whose(entry, evidence)) is not None:
            entries[key].append(entry)
    for sample in evidence.samples:
        if (key := _named(sample.client, run)) is not None:
            samples[key].append(sample)
    policies = evidence.manifest["policies"]
    rows = []
    for condition in evidence.manifest["conditions"]:
        for role in policies:
            row = Row(condition, role, policies[role]["name"])
            _fill(row, entries[condition, role], samples[condition, role], evidence)
            rows.append(row)
    return rows


def whose(entry: Entry, evidence: Evidence) -> tuple[str, str] | None:
    """Return the condition and role of an entry; None if it is not of this run."""
    return (entry.world, "subject") if evidence.alone else _named(entry.client, evidence.manifest["run"])


def cut_off_attempts(samples: Iterable[Sample]) -> set[str]:
    """Return the attempts whose caller was killed: left out on both sides."""
    return {sample.attempt for sample in samples if sample.cut_off}


@lru_cache(maxsize=100_000)  # a name is read once, not once an entry
def _named(client: str | None, run: str) -> tuple[str, str] | None:
    """Read a browser's name: `<run>/<condition>/<role>/<number>`."""
    parts = (client or "").split("/")
    return (parts[1], parts[2]) if len(parts) == 4 and parts[0] == run else None  # noqa: PLR2004


def _fill(row: Row, entries: list[Entry], samples: list[Sample], evidence: Evidence) -> None:
    cut = cut_off_attempts(samples)
    api = [e for e in entries if e.status and e.attempt not in cut and is_api(e)]
    if not evidence.alone:
        api = [e for e in api if e.attempt is not None]
    row.browsers = sum(1 for _ in by_client(entries))
    row.sends = len(api)
    on_the_wire = [e for e in api if e.status == UNAUTHORIZED]
    row.wire_401s = Counter(e.cause or "?" for e in on_the_wire)
    row.wire_401_seqs = [e.seq for e in on_the_wire]
    exchanges = [e for e in entries if e.grant_outcome is not None]
    last, undecided = recovery.last_answers(api, exchanges, samples, evidence)
    row.undecided_401_seqs = sorted(undecided)
    proves_nothing = undecided | {e.seq for e in recovery.of_nobody(entries) if evidence.alone}
    failed = [e for e in last if e.status == UNAUTHORIZED and e.seq not in proves_nothing]
    row.requests = len(last)
    row.caller_401s = Counter(e.cause or "?" for e in failed)
    row.caller_401_seqs = [e.seq for e in failed]
    _sessions(row, entries)
    row.sessions_401 = len({e.family or e.client for e in failed})
    row.needless_seqs = [e.seq for e in needless(entries, _earliest(row, evidence))]
    row.sessions_wire_401 = len({e.family or e.client for e in api if e.status == UNAUTHORIZED})
    row.ideal_exchanges = _ideal(row, entries, evidence)
    row.sampled = sum(not s.cut_off for s in samples)
    row.store_reads = sum(s.store_reads for s in samples if not s.cut_off)
    pages = _signatures(last, evidence.manifest.get("page") or [])
    row.signatures = Counter(", ".join(sorted({e.cause or "?" for e in rest})) for _, *rest in pages)
    row.signature_seqs = [first.seq for first, *_ in pages]
    row.coverage = _coverage(entries)
    row.waits = _waits(entries, samples, evidence)


def _sessions(row: Row, entries: list[Entry]) -> None:
    """Count families, exchanges, losses, and what was sent with a session after its sign-out."""
    tried: set[tuple[str | None, int | None]] = set()
    signed_out: dict[str | None, float] = {}
    lost: set[str | None] = set()
    repeated: set[str | None] = set()
    for entry in entries:
        if entry.target.startswith(LOGOUT) and 200 <= entry.status < 300:  # noqa: PLR2004
            signed_out.setdefault(entry.family, entry.answered_at)
        elif entry.family in signed_out and entry.received_at > signed_out[entry.family] and is_api(entry):
            row.after_sign_out_seqs.append(entry.seq)
        if entry.grant_outcome is None:
            continue
        row.exchange_seqs.append(entry.seq)
        row.outcomes[entry.grant_outcome] += 1
        if entry.grant_outcome in REUSE:
            row.reuse_seqs.append(entry.seq)
        key = entry.family, entry.generation
        if key in tried:
            row.repeated_seqs.append(entry.seq)
            repeated.add(entry.family)
        tried.add(key)
        if entry.grant_outcome in REFUSED and entry.family not in lost and entry.family not in signed_out:
            lost.add(entry.family)
            row.lost_seqs.append(entry.seq)
    row.sessions = len({e.family for e in entries if e.family is not None})
    row.sessions_lost, row.sessions_repeated, row.generations = len(lost), len(repeated), len(tried)


def _earliest(row: Row, evidence: Evidence) -> float:
    """Return s before its end, on the server's clock, from which this policy refreshes unasked."""
    policy, about = evidence.manifest["policies"][row.role], evidence.manifest["conditions"][row.condition]
    if "expiry_margin" not in policy:
        return EARLIEST
    margin = max(float(policy["expiry_margin"]), float(policy.get("auto_refresh_margin", 0.0)))
    return margin + float(about.get("skew_s", 0.0)) + UNSURE


def _ideal(row: Row, entries: list[Entry], evidence: Evidence) -> list[int] | None:
    """Return how many exchanges the sessions needed, at least and at most: one a lifetime less the margin.

    A policy that clamps its margin can't do so to a first token whose whole life it was not told, as an aged one's.
    """
    about = evidence.manifest["conditions"][row.condition]
    lifetime = (evidence.manifest.get("worlds", {}).get(about.get("world")) or {}).get("lifetime")
    policy = evidence.manifest["policies"][row.role]
    whole, share = policy.get("expiry_margin"), policy.get("margin_share")
    margin = min(whole, share * lifetime) if lifetime is not None and whole is not None and share else whole
    if lifetime is None or margin is None or lifetime <= margin + ROUNDED:
        return None
    least = most = 0
    families: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        if entry.family is not None and entry.token_left_s is not None:
            families[entry.family].append(entry)
    for mine in families.values():
        first = min(mine, key=lambda e: e.received_at)
        assert first.token_left_s is not None
        sent, end = [e.received_at for e in mine], first.received_at + first.token_left_s - about.get("skew_s", 0.0)
        least += _lives(sent, end - margin + UNSURE, lifetime - margin)
        most += _lives(sent, end - whole - UNSURE, lifetime - margin - ROUNDED)
    return [least, most]


def _lives(sent: list[float], crossing: float, each: float) -> int:
    after = [at for at in sent if at >= crossing]
    return 1 + floor((max(after) - min(after)) / each) if after else 0


def _signatures(last: list[Entry], page: list[str]) -> list[list[Entry]]:
    """Return pages that look like the incident: the first request 200 and, within a second, 401 on all the others."""
    refused: dict[str, dict[str, Entry]] = defaultdict(dict)
    for e in last:
        if e.status == UNAUTHORIZED and e.attempt is not None:
            refused[_page(e.attempt)][e.target] = e
    found = []
    for first in last:
        if not page or first.target != page[0] or first.status != 200 or first.attempt is None:  # noqa: PLR2004
            continue
        rest = refused[_page(first.attempt)]
        near = all(abs(e.answered_at - first.answered_at) <= SIGNATURE_WITHIN for e in rest.values())
        if near and all(target in rest for target in page[1:]):
            found.append([first, *(rest[target] for target in page[1:])])
    return found


def _page(attempt: str) -> str:
    """Return the page load that an attempt belongs to: `<client>#<page>.<request>` without its request."""
    return attempt.rpartition(".")[0]


def _coverage(entries: list[Entry]) -> Counter[str]:
    """Count what the run exercised; a scenario names here what it is about."""
    refused: Counter[tuple[str | None, int | None]] = Counter()
    replaced_at: dict[tuple[str | None, int | None], float] = {}
    refreshed: set[str | None] = set()
    expired: set[str | None] = set()
    failed = lost = during = 0
    logouts: dict[str | None, list[Entry]] = defaultdict(list)
    for e in entries:
        if e.target.startswith(LOGOUT):
            logouts[e.client].append(e)
    for e in entries:
        if e.grant_outcome is not None:
            refreshed.add(e.family)
            lost += e.grant_outcome == "lost" or e.fault is not None
            mine = logouts.get(e.client, ())
            during += any(o.received_at < e.answered_at and e.received_at < o.answered_at for o in mine)
            if e.grant_outcome in GRANTED:
                replaced_at.setdefault((e.family, e.generation), e.answered_at)
        elif e.status == UNAUTHORIZED:
            refused[e.family, e.generation] += e.generation is not None
            if e.cause == "expired":
                expired.add(e.family)
        failed += e.cause == "fault" and EXCHANGE in e.target
    late = sum(
        e.status == UNAUTHORIZED and e.answered_at > replaced_at.get((e.family, e.generation), inf)
        for e in entries
        if e.generation is not None
    )
    return Counter(
        {
            "refresh": len(refreshed),
            "expiry": len(expired | refreshed),
            "two-401s-one-token": sum(n > 1 for n in refused.values()),
            "late-401": late,
            "refresh-during-sign-out": during,
            "failed-refresh": failed,
            "lost-answer": lost,
        }
    )


def _waits(entries: list[Entry], samples: list[Sample], evidence: Evidence) -> dict[str, float | None]:
    """Return the wait from intended start to answer, in pages that saw an exchange and in the others: p50 and p95."""
    apart = {share: (host.get("clock") or {}).get("left_s", (0.0, 0.0)) for share, host in evidence.hosts.items()}
    exchanges: dict[str | None, list[Entry]] = defaultdict(list)
    for e in entries:
        if e.grant_outcome is not None:
            exchanges[e.client].append(e)
    spans = {client: _Spans(mine) for client, mine in exchanges.items()}
    pages: dict[str, list[Sample]] = defaultdict(list)
    for sample in samples:
        if not sample.cut_off:
            pages[_page(sample.attempt)].append(sample)
    waits: dict[bool, list[float]] = {True: [], False: []}
    for mine in pages.values():
        during = spans.get(mine[0].client)
        low, high = sorted(apart.get(share_of(mine[0].client), (0.0, 0.0)))  # what is left of the clocks' difference
        paid = during is not None and during.meet(min(map(STARTED, mine)) + low, max(map(ENDED, mine)) + high)
        waits[paid] += [s.ended_at - s.intended_at for s in mine]
    return {
        "with_refresh": quantile(waits[True], 0.5),
        "with_refresh_p95": quantile(waits[True], 0.95),
        "without": quantile(waits[False], 0.5),
        "without_p95": quantile(waits[False], 0.95),
    }


class _Spans:
    """Whether any of one client's exchanges was under way at a time, without looking at each."""

    def __init__(self, exchanges: list[Entry]) -> None:
        ordered = sorted(exchanges, key=RECEIVED)
        self.received = [e.received_at for e in ordered]
        self.answered = list(accumulate((e.answered_at for e in ordered), max))  # the latest so far

    def meet(self, begun: float, over: float) -> bool:
        before = bisect_right(self.received, over)
        return bool(before) and self.answered[before - 1] >= begun


RECEIVED, STARTED, ENDED = attrgetter("received_at"), attrgetter("started_at"), attrgetter("ended_at")
