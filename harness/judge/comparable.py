"""Whether two runs can be compared, and what differs between them that may explain what changed."""

from collections.abc import Iterator, Mapping
from typing import Any

from race401.harness.judge.summary import Summary

SAME = ("scenario", "conditions", "worlds", "page", "pages", "arrival", "users")
"""Runs that differ here did other things. A policy that was changed is what a comparison is for."""
MAY_DIFFER = ("policies", "seed", "versions")
ABSENT = "nothing"


def incomparable(before: Summary, now: Summary) -> list[str]:
    """Return each field that keeps the runs apart, with both its values; none: they are comparable."""
    reasons = [
        f"{which} was timed ({field}: none), and how far a timed run comes depends on the machine; run with --pages"
        for which, summary, field in (("the baseline", before, "pages"), ("the run", now, "pages"))
        if summary.pages is None
    ]
    if before.policies.keys() != now.policies.keys():
        reasons.append(f"roles: {', '.join(before.policies)} in the baseline, {', '.join(now.policies)} now")
    if not reasons and (rows := _rows(before)) != _rows(now):
        reasons.append(f"rows: {', '.join(rows) or ABSENT} in the baseline, {', '.join(_rows(now)) or ABSENT} now")
    return reasons + _differ(before, now, SAME)


def _rows(summary: Summary) -> list[str]:
    """Return whose counts it has, by condition and role."""
    return sorted(f"{counts.condition} {counts.role}" for counts in summary.rows)


def differences(before: Summary, now: Summary) -> list[str]:
    """Return what differs between comparable runs: knobs first."""
    return _differ(before, now, MAY_DIFFER)


def _differ(before: Summary, now: Summary, names: tuple[str, ...]) -> list[str]:
    """Say which of the fields differ, each by its dotted path."""
    return [
        f"{path}: {_setting_text(old)} in the baseline, {_setting_text(new)} now"
        for name in names
        for path, old, new in _unequal(name, getattr(before, name), getattr(now, name))
    ]


def _unequal(path: str, old: Any, new: Any) -> Iterator[tuple[str, Any, Any]]:
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in [*old, *(key for key in new if key not in old)]:
            yield from _unequal(f"{path}.{key}", old.get(key, ABSENT), new.get(key, ABSENT))
    elif old != new:
        yield path, old, new


def _setting_text(value: Any) -> str:
    """Return a value as a setting is written."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(value) + "}"
    if isinstance(value, list):
        return ", ".join(map(str, value)) or ABSENT
    return str(value).lower() if isinstance(value, bool) or value is None else str(value)
