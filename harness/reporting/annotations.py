"""
Findings as GitHub's workflow commands: what is proven is an error, what is not known a warning.

https://docs.github.com/actions/reference/workflow-commands-for-github-actions
"""

from collections.abc import Iterable

from race401.harness.judge.checks import Finding, Value

LEVELS = {Value.FAIL: "error", Value.UNKNOWN: "warning"}


def render(findings: Iterable[Finding]) -> str:
    """Return a line for each finding that is not a PASS."""
    return "".join(
        f"::{LEVELS[finding.value]} title={_title(finding)}::{_message(finding.sentence)}\n"
        for finding in findings
        if finding.value in LEVELS
    )


def _title(finding: Finding) -> str:
    where = " ".join(part for part in ("race401", finding.condition, finding.role, finding.check) if part)
    return _message(where).replace(":", "%3A").replace(",", "%2C")


def _message(text: str) -> str:
    """Write what would end a command as GitHub reads it back."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
