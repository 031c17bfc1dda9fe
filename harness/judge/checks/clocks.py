"""Whether each host's clock is out of the way of what is tested; and what it makes unproven where it is not."""

from collections.abc import Container, Iterator
from dataclasses import replace
from typing import Any

from race401.harness.judge.check import Check
from race401.harness.judge.clocks import Offset
from race401.harness.judge.evidence import Evidence
from race401.harness.judge.findings import Finding, Value
from race401.harness.judge.row import Row

NAME = "clocks"
TOLERATED = 1.0  # s; the dates of a token are whole seconds, so that less moves no margin further than they do


def _finds(evidence: Evidence, _: list[Row]) -> Iterator[Finding]:
    """How far each host's clock is from the server's, and whether that is out of the way of what is tested."""
    skews = {name: about.get("skew_s") for name, about in evidence.manifest["conditions"].items()}
    tested = ", ".join(f"{name} {skew:+g} s" for name, skew in skews.items() if skew) or "none"
    for host in evidence.manifest.get("hosts") or []:
        if (clock := host.get("clock")) is not None:
            value, sentence = _of_host(host["name"], clock)
            yield Finding(NAME, value, f"{sentence}; skew under test, beside that: {tested}")


def _of_host(host: str, clock: dict[str, Any]) -> tuple[Value, str]:
    taken, left = clock["taken_out_s"], Offset(clock["left_s"][0], clock["left_s"][1], clock["answers"])
    offset = left.moved(taken)
    sentence = f"{host}: its clock is {_words(offset)} the server's, by {left.answers} answers"
    if max(left.low, -left.high) > TOLERATED:
        why = "which moved while the run lasted" if left.low > left.high else "which was not known when it began"
        return Value.UNKNOWN, f"{sentence}; {taken:.2f} s of that were taken out, {why}: set it by NTP and run again"
    return Value.PASS, sentence + (f"; {taken:+.2f} s of that are taken out" if taken else "")


def _words(offset: Offset) -> str:
    """Say the interval from the host's side: behind where the server is ahead."""
    low, high = sorted((offset.low, offset.high))
    if high <= 0:
        return f"{-high:.2f} to {-low:.2f} s ahead of"
    if low >= 0:
        return f"{low:.2f} to {high:.2f} s behind"
    return f"between {-low:.2f} s ahead of and {high:.2f} s behind"


def unproven(findings: list[Finding], by: str, depend: Container[str], but: str) -> list[Finding]:
    """Return the findings with nothing held against the client that a clock alone may have caused.

    That are FAILs of the checks that `depend` on it, where the check `by` found something. A second exchange of one
    token, for one, needs no wrong clock.
    """
    if all(finding.value is Value.PASS for finding in findings if finding.check == by):
        return findings
    return [
        replace(f, value=Value.UNKNOWN, sentence=f"{f.sentence}; but {but}")
        if f.check in depend and f.value is Value.FAIL
        else f
        for f in findings
    ]


CLOCKS = Check(NAME, _finds)
