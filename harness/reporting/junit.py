"""
Findings as JUnit XML, in the shape that Jenkins, GitLab and GitHub's reporters share.

One case for each check, condition and role. FAIL is a failure; UNKNOWN is an error, since nothing was proven.
"""

from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime
from xml.etree import ElementTree as ET

from race401.harness.judge.checks import Finding, Value
from race401.harness.judge.verdict import worst

TAGS = {Value.FAIL: "failure", Value.UNKNOWN: "error"}
NO_XML = {code: None for code in range(32) if chr(code) not in "\t\n\r"}  # XML 1.0 has no way to write them


def render(suites: Mapping[str, list[Finding]], at: float | None = None) -> bytes:
    """Return a document with a suite for each name; `at`, s since the epoch, is when the run began."""
    root = ET.Element("testsuites", name="race401")
    for name, findings in suites.items():
        _suite(root, name, findings, at)
    for count in ("tests", "failures", "errors"):
        root.set(count, str(sum(int(suite.get(count, 0)) for suite in root)))
    ET.indent(root)
    document: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return document + b"\n"


def _suite(root: ET.Element, name: str, findings: list[Finding], at: float | None) -> None:
    named: dict[tuple[str, str, str], list[Finding]] = defaultdict(list)
    for finding in findings:
        named[finding.condition, finding.role, finding.check].append(finding)
    cases = list(named.values())
    values = [worst([finding.value for finding in case]) for case in cases]
    suite = ET.SubElement(root, "testsuite", name=_clean(name), tests=str(len(cases)))
    suite.set("failures", str(values.count(Value.FAIL)))
    suite.set("errors", str(values.count(Value.UNKNOWN)))
    suite.set("skipped", "0")
    suite.set("time", "0")
    if at is not None:
        suite.set("timestamp", datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S"))
    for case, value in zip(cases, values, strict=True):
        _case(suite, name, case, value)


def _case(suite: ET.Element, name: str, findings: list[Finding], value: Value) -> None:
    first = findings[0]
    classname = ".".join(part for part in (name, first.condition, first.role) if part)
    case = ET.SubElement(suite, "testcase", classname=_clean(classname), name=_clean(first.check), time="0")
    decisive = [finding for finding in findings if finding.value is value]
    if value in TAGS:
        problem = ET.SubElement(case, TAGS[value], type=str(value), message=_clean(decisive[0].sentence))
        problem.text = _clean("\n".join(map(_sentence_and_proof, decisive)))
    ET.SubElement(case, "system-out").text = _clean("\n".join(map(_sentence_and_proof, findings)))


def _sentence_and_proof(finding: Finding) -> str:
    proof = f" (ledger {', '.join(f'#{seq}' for seq in finding.rows)})" if finding.rows else ""
    return f"{finding.value}: {finding.sentence}{proof}"


def _clean(text: str) -> str:
    return text.translate(NO_XML)
