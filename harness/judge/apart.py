"""
Each policy of a run judged apart, as if it were the only subject: FAIL says that it shows what no sound client does.

A comparison passes when its control fails; here the control's failing is said. What is sound, the manifest says for
each condition (`sound`).
"""

from dataclasses import replace

from race401.harness.judge import verdict
from race401.harness.judge.checks import Value
from race401.harness.judge.evidence import Evidence


def apart(evidence: Evidence) -> dict[str, Value]:
    """Return the verdict of each role; what makes the whole run worthless makes all of them UNKNOWN."""
    manifest = evidence.manifest
    conditions = {
        name: about | {"expects": dict.fromkeys(manifest["policies"], about["sound"])}
        for name, about in manifest["conditions"].items()
    }
    findings = verdict.judge(replace(evidence, manifest=manifest | {"conditions": conditions})).findings
    return {
        role: verdict.worst([finding.value for finding in findings if finding.role in ("", role)])
        for role in manifest["policies"]
    }
