"""
What changed from a baseline to a run, and whether it got worse. Both must be comparable; see `comparable`.

n is independent sessions. Where the baseline has none of something, one is too many and no test is needed; where it
has some, Fisher's exact test (one-sided, Holm-corrected) tells more from chance. Ratios have a tolerance. Only the
subject is judged: a control is there to show the race, and its own run's verdict says whether it did.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from race401.harness.judge import comparable
from race401.harness.judge.checks import Finding, Value
from race401.harness.judge.counted import counted
from race401.harness.judge.quantities import RATIOS, SHARES, Ratio, Share
from race401.harness.judge.statistics import fisher_greater, holm, upper_bound
from race401.harness.judge.summary import Counts, Summary
from race401.harness.judge.thresholds import Thresholds
from race401.harness.judge.verdict import EXIT_CODES, worst

JUDGED = "subject"


class Went(StrEnum):
    """Which way a measure went."""

    SAME = "same"
    BETTER = "better"
    CHANGED = "changed"  # within what chance or the tolerance allows, or not comparable, or of the control
    WORSE = "worse"


@dataclass(frozen=True, slots=True)
class Change:
    """One measure of one role in one condition, before and now."""

    measure: str
    condition: str
    role: str
    policy: str
    before: str
    now: str
    went: Went
    why: str = ""
    p: float | None = None  # corrected; None: no test was needed

    def __str__(self) -> str:
        beside = ", as in the baseline" if self.before == self.now else f"; the baseline had {self.before}"
        return f"{self.policy}: {self.now}{beside}" + (f" ({self.why})" if self.why else "")


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a comparison says."""

    value: Value
    sentence: str
    changes: list[Change]
    findings: list[Finding]
    differences: list[str]  # in how the runs were made

    @property
    def exit_code(self) -> int:
        """0 PASS, 1 FAIL, 3 UNKNOWN."""
        return EXIT_CODES[self.value]


def compare(before: Summary, now: Summary, thresholds: Thresholds) -> Comparison:
    """Compare two comparable runs."""
    old = {(counts.condition, counts.role): counts for counts in before.rows}
    pairs = [(old[counts.condition, counts.role], counts) for counts in now.rows]
    changes = [
        change
        for pair in pairs
        for change in (
            *(_share(share, *pair, thresholds) for share in SHARES),
            *(_ratio(ratio, *pair, thresholds) for ratio in RATIOS),
        )
    ]
    changes = _corrected(changes, thresholds.significance)
    findings = [*map(_finding, changes), *_verdicts(before, now)]
    value = worst([finding.value for finding in findings])
    sentence = _sentence(value, now, findings)
    return Comparison(value, sentence, changes, findings, comparable.differences(before, now))


def _share(share: Share, before: Counts, now: Counts, thresholds: Thresholds) -> Change:
    """Compare in how many sessions something happened; the p is not yet corrected."""
    was, is_ = share.happened(before), share.happened(now)
    change = _change(share, before, now, was, is_)
    if not is_:
        n = share.n(now)
        return replace(change, why=f"at most {upper_bound(n):.1%}, at 95 %" if n else "it had no chance")
    if is_ <= was or now.role != JUDGED:
        return change
    allowed = thresholds.limit(share.name)
    if is_ - was <= allowed:
        return replace(change, why=f"{allowed} more are allowed")
    if not was:
        return replace(change, went=Went.WORSE, why=f"{allowed} are allowed" if allowed else "one is too many")
    return replace(change, p=fisher_greater(is_, now.sessions, was, before.sessions))


def _ratio(ratio: Ratio, before: Counts, now: Counts, thresholds: Thresholds) -> Change:
    """Compare a ratio, with its tolerance above the baseline or the ideal."""
    was, is_ = ratio.value(before), ratio.value(now)
    change = _change(ratio, before, now, was, is_)
    if was is None or is_ is None or is_ <= was or now.role != JUDGED:
        return change
    tolerance, base = thresholds.limit(ratio.name), max(was, ratio.ideal)
    most = base * (1 + tolerance)
    above = f"{most:.2f}, {tolerance:.0%} above the {'ideal' if base > was else 'baseline'}"
    if is_ > most:
        return replace(change, went=Went.WORSE, why=f"more than {above}")
    return replace(change, why=f"within {above}")


def _change(measure: Share | Ratio, before: Counts, now: Counts, was: float | None, is_: float | None) -> Change:
    went = Went.SAME if is_ == was else Went.CHANGED
    if was is not None and is_ is not None and is_ < was:
        went = Went.BETTER
    return Change(
        measure.name, now.condition, now.role, now.policy, measure.describe(before), measure.describe(now), went
    )


def _corrected(changes: list[Change], significance: float) -> list[Change]:
    """Correct the subject's p values for their number, and let them decide."""
    tested = [i for i, change in enumerate(changes) if change.p is not None]
    for i, p in zip(tested, holm([changes[i].p or 0.0 for i in tested]), strict=True):
        why = f"p = {p:.2g}, of {len(tested)} tests" if len(tested) > 1 else f"p = {p:.2g}"
        changes[i] = replace(changes[i], p=p, why=why, went=Went.WORSE if p < significance else Went.CHANGED)
    return changes


def _verdicts(before: Summary, now: Summary) -> Iterator[Finding]:
    """Hold the two runs' own verdicts against each other: a run that proved nothing can be no proof here."""
    if before.verdict == Value.UNKNOWN:
        yield Finding("verdict", Value.UNKNOWN, f"the baseline proves nothing: {before.sentence}")
    worse = now.verdict == Value.UNKNOWN or (now.verdict == Value.FAIL and before.verdict != Value.FAIL)
    value = Value(now.verdict) if worse else Value.PASS
    yield Finding("verdict", value, f"the run by itself, where the baseline was {before.verdict}: {now.sentence}")


def _finding(change: Change) -> Finding:
    value = Value.FAIL if change.went is Went.WORSE else Value.PASS
    return Finding(change.measure, value, str(change), change.condition, change.role)


def _sentence(value: Value, now: Summary, findings: list[Finding]) -> str:
    if value is Value.PASS:
        mine = [counts for counts in now.rows if counts.role == JUDGED]
        sessions, seen = sum(c.sessions for c in mine), sum(c.sessions_401 for c in mine)
        met = sum(c.sessions if c.sessions_met is None else c.sessions_met for c in mine)
        bound = f" (at most {upper_bound(met):.1%}, at 95 %)" if met and not seen else ""
        refusal = "refusal" if any(c.other_refusals for c in mine) else "401"
        told = f"the app saw a {refusal} in {seen or 'none'} of {counted(sessions, 'session')}{bound}"
        return f"PASS: no worse than the baseline: {told}"
    first, *more = [finding for finding in findings if finding.value is value]
    where = f" [{first.condition}] {first.check}:" if first.condition else ""
    return f"{value}:{where} {first.sentence}" + (f" (and {len(more)} more)" if more else "")
