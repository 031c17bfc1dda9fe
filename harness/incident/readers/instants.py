"""Instants as logs write them, in s since the epoch. One without a zone is nobody's guess."""

import re
from datetime import datetime
from functools import lru_cache
from math import isfinite
from typing import Any

MONTHS = {name: number for number, name in enumerate("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(), 1)}  # noqa: SIM905 - a list of names
COMMON = re.compile(r"(\d\d)/([A-Z][a-z][a-z])/(\d{4}):(\d\d):(\d\d):(\d\d)(?:\.(\d+))? ([+-]\d{4})")
UNITS = ((1e17, 1e9), (1e14, 1e6), (1e11, 1e3))  # a number above is in ns, in us, in ms; else in s


@lru_cache(8)
def common(text: str) -> float | None:
    """Return an instant of an access log, `02/Apr/2026:19:30:01 +0000`."""
    found = COMMON.search(text)
    if found is None or found[2] not in MONTHS:
        return None
    iso = f"{found[3]}-{MONTHS[found[2]]:02}-{found[1]}T{found[4]}:{found[5]}:{found[6]}{found[8]}"
    return iso_instant(iso, found[7])


def instant(told: Any) -> float | None:
    """Return an instant that is a number of s, ms, us or ns, or text with a zone; None: it is neither."""
    if isinstance(told, bool):
        return None
    if isinstance(told, int | float):
        if not isfinite(told):
            return None
        return told / next((unit for least, unit in UNITS if told > least), 1.0)
    if not isinstance(told, str):
        return None
    text = told.strip()
    if re.fullmatch(r"\d{9,19}(?:\.\d+)?", text, re.ASCII):
        return instant(float(text))
    return iso_instant(text) if COMMON.search(text) is None else common(text)


def iso_instant(text: str, fraction: str | None = None) -> float | None:
    """Return an ISO 8601 instant that has a zone, with as much more of a second."""
    shorter = re.sub(r"(\.\d{6})\d+", r"\1", text)  # Go writes nanoseconds
    try:
        at = datetime.fromisoformat(shorter)
    except ValueError:
        return None
    return None if at.tzinfo is None else at.timestamp() + (float(f"0.{fraction}") if fraction else 0.0)


def coarse(instants: list[float]) -> bool:
    """Tell whether these are whole seconds, all of them."""
    return bool(instants) and all(at == int(at) for at in instants)
