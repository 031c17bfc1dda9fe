"""The files that a diagnosis hands over: one for each mechanism that is shown or, where none is, that fits."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePath
from typing import TypeAlias

from race401.harness.incident import way_on
from race401.harness.incident.circumstances import Circumstances, seen
from race401.harness.incident.diagnosis import Diagnosis
from race401.harness.incident.mechanisms.mechanism import Mechanism

Source: TypeAlias = Callable[[Mechanism, Circumstances, str], str | None]
"""Gets a mechanism, how it went, and the names of the files that told it; returns a file, or None: it has none."""
ODD = re.compile(r"[^\w .,+=@-]")  # in the names of files: what could end a docstring, or be hidden in one


@dataclass(frozen=True, slots=True)
class Handed:
    """Files by name, and the mechanisms for which there are none."""

    files: dict[str, str]
    without: list[str]


def hand_over(diagnosis: Diagnosis, source: Source, prefix: str) -> Handed:
    """Return the files that `source` makes of a diagnosis, named after their mechanisms behind a prefix."""
    told = ", ".join(ODD.sub("?", PurePath(each.name).name) for each in diagnosis.evidence.sources)
    files, without = dict[str, str](), list[str]()
    for mechanism, sign in way_on.worth_playing(diagnosis):
        text = source(mechanism, seen(diagnosis, sign), told)
        if text is None:
            without.append(mechanism.name)
        else:
            files[f"{prefix}{mechanism.name.replace('-', '_')}.py"] = text
    return Handed(files, without)
