"""Files of a test, read and diagnosed."""

from pathlib import Path
from typing import Any, TypeAlias

from recording import written

from race401.harness.incident.diagnosis import Diagnosis, diagnose
from race401.harness.incident.evidence import Evidence
from race401.harness.incident.gathering import gather
from race401.harness.incident.readers.reader import How

Har: TypeAlias = dict[str, Any]


def read(folder: Path, *files: Har | str) -> Evidence:
    """What files tell together."""
    return gather([written(folder, f"file{n}.har", each) for n, each in enumerate(files)], How())


def diagnosed(folder: Path, *files: Har | str) -> Diagnosis:
    """What they show."""
    return diagnose(read(folder, *files))


def standings(diagnosis: Diagnosis) -> dict[str, str]:
    """What is said of each mechanism, by its name."""
    return {mechanism.name: sign.standing for mechanism, sign in diagnosis.signs}


def standing_as(diagnosis: Diagnosis, standing: str) -> set[str]:
    """The names of those that stand so."""
    return {name for name, each in standings(diagnosis).items() if each == standing}
