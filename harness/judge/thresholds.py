"""
How much worse is too much: the settings of a comparison, with the defaults under which equal runs raise no alarm.

They are read from `[tool.race401]` of pyproject.toml, or from the top of a TOML file of their own; keys are
written with dashes, as on the command line.
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from race401.ledger import toml_files


def _setting(default: float, about: str) -> Any:
    return field(default=default, metadata={"about": about})


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Sessions are whole numbers; increases are shares, so that 0.25 is a quarter more."""

    significance: float = _setting(0.05, "one-sided p, corrected for several tests, below which it is no chance")
    caller_401s: int = _setting(0, "sessions more than before in which the app may see a 401")
    wire_401s: int = _setting(0, "sessions more than before in which a 401 may be answered at all")
    sessions_lost: int = _setting(0, "sessions more than before that may be lost")
    repeated_exchanges: int = _setting(0, "sessions more than before that may exchange a refresh token twice")
    exchanges_per_generation: float = _setting(0.05, "by how much it may rise above 1 or the baseline")
    exchanges_per_crossing: float = _setting(0.05, "by how much it may rise above 1 or the baseline")
    exchanges_per_session: float = _setting(0.25, "by how much it may rise above the baseline")
    store_reads_per_request: float = _setting(0.5, "by how much it may rise above the baseline")

    def limit(self, name: str) -> float:
        """Return a setting by its key, as it is written in a file."""
        value: float = getattr(self, SETTINGS[name].name)
        return value


SETTINGS = {each.name.replace("_", "-"): each for each in dataclasses.fields(Thresholds)}


class WrongSetting(Exception):
    """A key or value that is none; the message says where, and what would be right."""


def given(values: Mapping[str, Any], where: str) -> dict[str, float]:
    """Return the settings by field name, each checked; raises WrongSetting, which names where it stood."""
    return {SETTINGS[key].name: _checked(key, value, where) for key, value in values.items() if _known(key, where)}


def from_file(path: Path) -> dict[str, float]:
    """Return what a TOML file sets; raises WrongSetting."""
    tables = toml_files.tables(path, WrongSetting)
    if path.name != "pyproject.toml":
        return given(tables, str(path))
    ours = tables.get("tool", {}).get("race401", {})
    if not isinstance(ours, dict):
        raise WrongSetting(f"{path}: [tool.race401] is no table")
    return given(ours, f"{path} [tool.race401]")


def _known(key: str, where: str) -> bool:
    if key not in SETTINGS:
        raise WrongSetting(f"{where}: unknown setting {key!r}; known: {', '.join(SETTINGS)}")
    return True


def _checked(key: str, value: Any, where: str) -> float:
    whole, below_1 = SETTINGS[key].type is int, key == "significance"
    right = isinstance(value, int if whole else (int, float)) and not isinstance(value, bool) and value >= 0
    if not right or (below_1 and value >= 1):
        want = "a whole number" if whole else "a share below 1" if below_1 else "a share"
        raise WrongSetting(f"{where}: {key} = {value!r}: it must be {want}, 0 or more")
    checked: float = value
    return checked


def number(word: str) -> Any:
    """Return a word of the command line as TOML would read it; the word itself if it is no number."""
    try:
        return int(word) if word.isdecimal() else float(word)
    except ValueError:
        return word
