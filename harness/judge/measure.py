"""The rows: what each role showed in each condition, counted by the checks."""

from collections import defaultdict

from race401.harness.judge.checks import CHECKS
from race401.harness.judge.cohort import Cohort, named, owners
from race401.harness.judge.evidence import Evidence, Sample
from race401.harness.judge.row import Row
from race401.ledger.entry import Entry


def measure(evidence: Evidence) -> list[Row]:
    """Return a row for each condition and role of the manifest, in its order."""
    entries: dict[tuple[str, str], list[Entry]] = defaultdict(list)
    samples: dict[tuple[str, str], list[Sample]] = defaultdict(list)
    run = evidence.manifest["run"]
    for entry, key in zip(evidence.entries, owners(evidence), strict=True):
        if key is not None:
            entries[key].append(entry)
    for sample in evidence.samples:
        if (key := named(sample.client, run)) is not None:
            samples[key].append(sample)
    company: dict[str, list[Entry]] = defaultdict(list)
    if evidence.ledger_alone and len(evidence.manifest["policies"]) > 1:
        for entry in evidence.entries:
            company[evidence.systems.get(entry.world, entry.world)].append(entry)
    return [
        _row(
            Cohort(
                evidence,
                condition,
                role,
                mine := entries[condition, role],
                samples[condition, role],
                company.get(condition, mine),
            )
        )
        for condition in evidence.manifest["conditions"]
        for role in evidence.manifest["policies"]
    ]


def _row(cohort: Cohort) -> Row:
    row = Row(cohort.condition, cohort.role, cohort.policy["name"])
    row.browsers = len({e.client or f"session {e.family}" for e in cohort.entries})
    for check in CHECKS.values():
        if check.count is not None:
            check.count(cohort, row)
    return row
