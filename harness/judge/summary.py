"""
What a later run is compared with: how a run was made, its verdict, and its counts.

A baseline is a summary in a file that is committed. It holds no host, no path and no token.
"""

from pathlib import Path
from typing import Any

import msgspec

from race401.harness.judge.checks import Value
from race401.harness.judge.row import Row
from race401.harness.judge.verdict import Verdict

BASELINE = Path("reports/baseline.json")  # where `race401 bless` keeps it unless told otherwise
WORDS = frozenset({"about", "expects"})  # of a condition: what is said of it, not what it is


class SummaryError(Exception):
    """There is no summary here; the message names what is wrong."""


class Counts(msgspec.Struct, frozen=True):
    """What one role showed in one condition."""

    condition: str
    role: str
    policy: str
    requests: int
    sends: int
    caller_401s: int
    wire_401s: int
    sessions: int
    sessions_401: int
    sessions_wire_401: int
    sessions_lost: int
    sessions_repeated: int
    exchanges: int
    generations: int
    crossings: int | None  # refreshes that lifetimes and margins call for, at most; None: not known
    store_reads: int
    sampled: int
    sessions_met: int | None = None  # in which a 401 had its chance; None: an older baseline does not say
    other_refusals: int = 0  # of the refusals, answered otherwise than by a 401
    sessions_tried: int | None = None  # in which a refresh token was presented


class Summary(msgspec.Struct, frozen=True):
    """One run in short."""

    run: str
    verdict: Value
    sentence: str
    scenario: dict[str, Any]
    seed: int | None
    pages: int | None  # fixed work; None: the run was timed
    arrival: str | None
    users: int | None
    page: list[str]
    worlds: dict[str, Any]
    conditions: dict[str, Any]
    policies: dict[str, dict[str, Any]]  # by role
    versions: dict[str, str]
    rows: list[Counts]


def summarise(manifest: dict[str, Any], verdict: Verdict) -> Summary:
    """Return a judged run in short."""
    conditions = {
        name: {key: value for key, value in about.items() if key not in WORDS}
        for name, about in manifest["conditions"].items()
    }
    return Summary(
        run=manifest["run"],
        verdict=verdict.value,
        sentence=verdict.sentence,
        scenario=manifest.get("scenario", {}),
        seed=manifest.get("seed"),
        pages=manifest.get("pages"),
        arrival=manifest.get("arrival"),
        users=manifest.get("users"),
        page=manifest.get("page", []),
        worlds=manifest.get("worlds", {}),
        conditions=conditions,
        policies=manifest["policies"],
        versions={"race401": manifest.get("race401", "?"), **manifest.get("versions", {})},
        rows=[_counts(row) for row in verdict.rows],
    )


def read(path: Path) -> Summary:
    """Return a baseline; raises SummaryError."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Summary)
    except OSError as error:
        raise SummaryError(f"{path}: {error.strerror}") from None
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise SummaryError(f"{path} is no baseline: {error}; make one with: race401 bless RUN") from None


def to_json(summary: Summary) -> bytes:
    """Return the summary as a baseline keeps it: the same run, the same bytes."""
    return msgspec.json.format(msgspec.json.encode(summary, order="sorted"), indent=2) + b"\n"


def _counts(row: Row) -> Counts:
    return Counts(
        condition=row.condition,
        role=row.role,
        policy=row.policy,
        requests=row.requests,
        sends=row.sends,
        caller_401s=row.caller_401s.total(),
        wire_401s=row.wire_401s.total(),
        sessions=row.sessions,
        sessions_401=row.sessions_401,
        sessions_wire_401=row.sessions_wire_401,
        sessions_lost=row.sessions_lost,
        sessions_repeated=row.sessions_repeated,
        exchanges=row.exchanges,
        generations=row.generations,
        crossings=row.ideal_exchanges[1] if row.ideal_exchanges else None,
        store_reads=row.store_reads,
        sampled=row.sampled,
        sessions_met=min(row.sessions_met, row.sessions),
        other_refusals=row.other_refusals,
        sessions_tried=min(row.sessions_tried, row.sessions),
    )
