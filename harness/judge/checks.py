"""
The checks: each a pure function from a run to findings, in a registry that the verdict walks.

FAIL is proven by rows. UNKNOWN says that the run proves nothing, and what to change. What a condition does not
name as an expectation is a cost, shown in the table and not judged.
"""

from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

from race401.harness.judge.clocks import clocks, unproven
from race401.harness.judge.counted import counted
from race401.harness.judge.evidence import Evidence
from race401.harness.judge.findings import SHOWN, Finding, Value
from race401.harness.judge.measure import REUSE, Row
from race401.harness.judge.memory import growths
from race401.harness.judge.statistics import upper_bound
from race401.harness.judge.trust import completeness, coverage, witnesses

NONE, SOME = frozenset({"none", "one", "ideal"}), frozenset({"some", "several"})  # how a condition says so

Check: TypeAlias = Callable[[Evidence, list[Row]], Iterator[Finding]]


def caller_401s(evidence: Evidence, rows: list[Row]) -> Iterator[Finding]:
    """A 401 that the program saw, where none should be; or none where the race should show."""
    for row, expects in _expected(evidence, rows):
        n = row.caller_401s.total()
        causes = ", ".join(f"{count} {cause}" for cause, count in row.caller_401s.most_common())
        told = f"the app saw {counted(n, '401')} in {counted(row.requests, 'request')}"
        told += f" ({causes})" if n else ""
        want, cause = expects.get("caller_401s"), expects.get("cause")
        shown = row.caller_401s[cause] if cause else n
        yield _judged("caller-401s", row, want, n if want == "none" else shown, told, row.caller_401_seqs)
        if want == "none" and (undecided := row.undecided_401_seqs):
            more = counted(len(undecided), "more 401")
            sentence = f"after {more} the ledger ends too soon to tell whether they were made good"
            yield Finding("caller-401s", Value.UNKNOWN, sentence, row.condition, row.role, undecided[:SHOWN])


def exchanges_per_generation(evidence: Evidence, rows: list[Row]) -> Iterator[Finding]:
    """More than one exchange of a generation, where one is enough; or never, where the race should show."""
    for row, expects in _expected(evidence, rows):
        ratio = row.exchanges_per_generation
        reuses = {name: n for name, n in sorted(row.outcomes.items()) if name != "rotated"}
        told = f"{counted(row.exchanges, 'exchange')} of {counted(row.generations, 'generation')}"
        told += f", {ratio:.2f} each" if ratio is not None else ""
        told += f" ({', '.join(f'{n} {name}' for name, n in reuses.items())})" if reuses else ""
        want, repeated = expects.get("exchanges_per_generation"), row.repeated_seqs
        yield _judged("exchanges-per-generation", row, want, len(repeated), told, repeated)


def sessions_lost(evidence: Evidence, rows: list[Row]) -> Iterator[Finding]:
    """A session whose refresh was refused for good."""
    for row, expects in _expected(evidence, rows):
        told = f"{row.sessions_lost} of {counted(row.sessions, 'session')} lost"
        want = expects.get("sessions_lost")
        if want == "none" and not row.sessions_lost and row.sessions:
            told += f" (at most {upper_bound(row.sessions):.1%}, at 95 %)"
        yield _judged("sessions-lost", row, want, row.sessions_lost, told, row.lost_seqs)


def after_sign_out(evidence: Evidence, rows: list[Row]) -> Iterator[Finding]:
    """A request that carried a session after its sign-out had been answered."""
    for row, expects in _expected(evidence, rows):
        n = len(row.after_sign_out_seqs)
        told = f"{counted(n, 'request')} carried a session that had been signed out"
        yield _judged("after-sign-out", row, expects.get("after_sign_out", "none"), n, told, row.after_sign_out_seqs)


def needless_exchanges(evidence: Evidence, rows: list[Row]) -> Iterator[Finding]:
    """An exchange of a token that nobody had refused and that was not near its end."""
    for row, expects in _expected(evidence, rows):
        n = len(row.needless_seqs)
        told = f"{counted(n, 'exchange')} of tokens neither refused nor near their end"
        yield _judged("needless-exchanges", row, expects.get("needless_exchanges"), n, told, row.needless_seqs)


def refreshes(evidence: Evidence, rows: list[Row]) -> Iterator[Finding]:
    """More exchanges than lifetimes, margins and the run's length call for."""
    for row, expects in _expected(evidence, rows):
        if row.ideal_exchanges is None:
            continue
        least, most = row.ideal_exchanges
        ideal = str(least) if least == most else f"{least} to {most}"
        told, excess = f"{counted(row.exchanges, 'exchange')} (needed: {ideal})", row.exchange_seqs[most:]
        yield _judged("refreshes", row, expects.get("refreshes"), len(excess), told, excess)


def reuse(evidence: Evidence, rows: list[Row]) -> Iterator[Finding]:
    """A refresh token that was presented again after its use, tolerated or not; a cost unless expected."""
    for row, expects in _expected(evidence, rows):
        reuses = ", ".join(f"{n} {name}" for name, n in sorted(row.outcomes.items()) if name in REUSE)
        exchanges = counted(row.exchanges, "exchange")
        told = f"{len(row.reuse_seqs)} of {exchanges} presented a refresh token that had been used"
        told += f" ({reuses})" if reuses else ""
        yield _judged("reuse", row, expects.get("reuse"), len(row.reuse_seqs), told, row.reuse_seqs)


def wire_401s(evidence: Evidence, rows: list[Row]) -> Iterator[Finding]:
    """A 401 that was answered at all, recovered or not, by cause; a cost unless expected."""
    for row, expects in _expected(evidence, rows):
        n = row.wire_401s.total()
        causes = ", ".join(f"{count} {cause}" for cause, count in row.wire_401s.most_common())
        told = f"{n} of {row.sends} answers were 401" + (f" ({n / row.sends:.1%}: {causes})" if n else "")
        yield _judged("wire-401s", row, expects.get("wire_401s"), n, told, row.wire_401_seqs)


def signature(evidence: Evidence, rows: list[Row]) -> Iterator[Finding]:
    """A page like the incident: its first request 200, the others 401 within a second; a cost unless expected."""
    for row, expects in _expected(evidence, rows):
        causes = "; ".join(f"{n} by {cause}" for cause, n in row.signatures.most_common())
        told = f"{counted(row.signatures.total(), 'page')} looked like the incident" + (
            f" ({causes})" if causes else ""
        )
        n = row.signatures.total()
        yield _judged("signature", row, expects.get("signature"), n, told, row.signature_seqs)


def added_waiting(_: Evidence, rows: list[Row]) -> Iterator[Finding]:
    """What a page paid for a refresh, from the intended start of its requests; a cost, and never judged."""
    for row in rows:
        paid, other = row.waits.get("with_refresh"), row.waits.get("without")
        if paid is not None and other is not None:
            told = f"requests of pages with a refresh took {paid * 1000:.0f} ms from their intended start (median)"
            sentence = f"{row.policy}: {told}, those of others {other * 1000:.0f} ms: {(paid - other) * 1000:+.0f} ms"
            yield Finding("added-waiting", Value.PASS, sentence, row.condition, row.role, row.exchange_seqs[:SHOWN])


def memory(evidence: Evidence, rows: list[Row]) -> Iterator[Finding]:
    """A process that held ever more, in a run that was long enough to tell."""
    requests = sum(row.requests for row in rows)
    readings, every = evidence.manifest.get("memory_mb") or {}, evidence.manifest.get("memory_every_s") or 0.0
    for process in growths(readings, every):
        told = f"{process.process} held {process.early:.1f} MB early on and {process.late:.1f} MB late in the run"
        told += f" ({process.each(requests):+.0f} bytes a request)" if requests else ""
        yield Finding("memory", Value.PASS if process.flat else Value.FAIL, told)


__all__ = ["CHECKS", "Finding", "Value", "described", "run"]

CHECKS: dict[str, Check] = {
    "completeness": completeness,
    "witnesses": witnesses,
    "clocks": clocks,
    "caller-401s": caller_401s,
    "exchanges-per-generation": exchanges_per_generation,
    "sessions-lost": sessions_lost,
    "after-sign-out": after_sign_out,
    "needless-exchanges": needless_exchanges,
    "refreshes": refreshes,
    "coverage": coverage,
    "memory": memory,
    "reuse": reuse,
    "wire-401s": wire_401s,
    "signature": signature,
    "added-waiting": added_waiting,
}


def described() -> str:
    """Return the checks as a table: each one's name, and what it finds."""
    width = max(map(len, CHECKS))
    return "\n".join(f"{name:<{width}}  {str(check.__doc__).strip()}" for name, check in CHECKS.items())


def run(evidence: Evidence, rows: list[Row]) -> list[Finding]:
    """Return every check's findings; a check that breaks is UNKNOWN, with its reason."""
    findings: list[Finding] = []
    for name, check in CHECKS.items():
        try:
            findings += check(evidence, rows)
        except Exception as error:  # noqa: BLE001 - never green, and never a crash
            findings.append(Finding(name, Value.UNKNOWN, f"the check broke: {type(error).__name__}: {error}"))
    return unproven(findings)


def _expected(evidence: Evidence, rows: list[Row]) -> Iterator[tuple[Row, dict[str, Any]]]:
    for row in rows:
        yield row, evidence.manifest["conditions"][row.condition].get("expects", {}).get(row.role, {})


def _judged(check: str, row: Row, want: str | None, n: int, told: str, seqs: list[int]) -> Finding:
    """Hold a count against NONE or SOME; where neither is wanted it is a cost."""
    value = Value.PASS
    if want in NONE and n:
        value = Value.FAIL
        told += ", and there should be none"
    elif want in SOME and not n:
        value = Value.UNKNOWN
        told += ": the race did not show"
    return Finding(check, value, f"{row.policy}: {told}", row.condition, row.role, seqs[:SHOWN])
