"""The files that a diagnosis hands over: one for each mechanism that is shown or, where none is, that fits."""

import re
from collections.abc import Callable
from pathlib import PurePath
from typing import TypeAlias

from race401.harness.incident import way_on
from race401.harness.incident.circumstances import Circumstances, seen
from race401.harness.incident.diagnosis import Diagnosis
from race401.harness.incident.mechanisms.mechanism import Mechanism

Source: TypeAlias = Callable[[Mechanism, Circumstances, str], str]
"""Gets a mechanism, how it went, and the names of the files that told it; returns a file."""
ODD = re.compile(r"[^\w .,+=@-]")  # in the names of files: what could end a docstring, or be hidden in one


def hand_over(diagnosis: Diagnosis, source: Source, prefix: str) -> dict[str, tuple[Mechanism, str]]:
    """Return the files that `source` makes of a diagnosis by name: behind a prefix, that of the mechanism."""
    told = ", ".join(ODD.sub("?", PurePath(each.name).name) for each in diagnosis.evidence.sources)
    return {
        f"{prefix}{mechanism.name.replace('-', '_')}.py": (mechanism, source(mechanism, seen(diagnosis, sign), told))
        for mechanism, sign in way_on.worth_playing(diagnosis)
    }
