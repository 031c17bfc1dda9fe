"""Dialects from a TOML file: a table each, which may begin from another one and names what differs.

[mine]
like = "oauth"
exchange_paths = ["/api/session/renew"]
refresh = "refreshToken"
"""

import difflib
import re
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, get_args, get_type_hints

from race401.ledger import toml_files
from race401.ledger.dialects.dialect import Dialect, Place
from race401.ledger.dialects.presets import DIALECTS, OAUTH

NAME = re.compile(r"[a-z0-9][a-z0-9-]*")
TYPES = {name: kind for name, kind in get_type_hints(Dialect).items() if name != "name"}
STATUSES = range(100, 600)
PATHS = {name for name in TYPES if name.endswith("_paths")}


class DialectError(Exception):
    """The file cannot be used; the message names everything that is wrong with it, and what would be right."""


def load(path: Path) -> dict[str, Dialect]:
    """Return the file's dialects."""
    tables = toml_files.tables(path, DialectError)
    known, mine, wrong = dict(DIALECTS), dict[str, Dialect](), list[str]()
    if not tables:
        wrong.append("no dialect in it; write a table such as [mine]")
    for name, table in tables.items():
        problems = _problems(name, table, known)
        wrong += [f"[{name}] {problem}" for problem in problems]
        if not problems:
            known[name] = mine[name] = _dialect(name, table, known)
    if wrong:
        raise DialectError("; ".join(f"{path}: {problem}" for problem in wrong))
    return mine


def named(said: str) -> list[Dialect]:
    """Return the dialect of this name, or those of this file. Raises DialectError."""
    if said in DIALECTS:
        return [DIALECTS[said]]
    if Path(said).suffix == ".toml" or Path(said).exists():
        return list(load(Path(said)).values())
    near = difflib.get_close_matches(said, DIALECTS, 1)
    meant = f"did you mean {near[0]}?" if near else f"known: {', '.join(DIALECTS)}"
    raise DialectError(f"{said}: there is no such dialect; {meant} (or a TOML file of your own)")


def _dialect(name: str, table: dict[str, Any], known: dict[str, Dialect]) -> Dialect:
    like = table.get("like", OAUTH.name)
    settings: dict[str, Any] = {"name": name, "summary": f"like {like}, in words of its own"}
    settings |= {key: _value(key, value) for key, value in table.items() if key != "like"}
    return replace(known[like], **settings)


def _value(key: str, value: Any) -> Any:
    if TYPES[key] is str:
        return value.lower() if key == "action_header" else value
    return tuple(value) if isinstance(value, list) else (value,)


def _problems(name: str, table: Any, known: dict[str, Dialect]) -> list[str]:
    """Return all that is wrong with one table."""
    if not isinstance(table, dict):
        return [f"is not a table; write [{name}] above its settings, each on a line of its own"]
    found = [] if NAME.fullmatch(name) else ["cannot be a dialect's name; use lower-case letters, digits and '-'"]
    for key, value in table.items():
        if key == "like":
            found += [] if value in list(known) else [f"like = {value!r}: no such dialect; known: {', '.join(known)}"]
        elif key not in TYPES:
            near = difflib.get_close_matches(key, TYPES, 1)
            meant = f"did you mean {near[0]}?" if near else f"known: like, {', '.join(TYPES)}"
            found.append(f"{key}: no such setting; {meant}")
        elif (right := wanted(key, value)) is not None:
            found.append(f"{key} = {value!r}: must be {right}")
    return found


def wanted(key: str, value: Any) -> str | None:
    """Return what the value of a setting should have been; None: it is right."""
    if TYPES[key] is str:
        return None if isinstance(value, str) else "a text in quotes"
    said = value if isinstance(value, list) else [value]
    if key == "refresh_in":
        places = get_args(Place)
        return None if all(each in places for each in said) else "some of " + ", ".join(map(repr, places))
    if TYPES[key] == tuple[int, ...]:
        whole = all(type(each) is int and each in STATUSES for each in said)
        return None if whole else f"statuses, whole numbers from {STATUSES[0]} to {STATUSES[-1]}"
    if not all(isinstance(each, str) and each for each in said):
        return "texts in quotes, one or a list"
    if key in PATHS and not all(each.startswith(("/", "*")) for each in said):
        return "paths that begin with '/', or with '*' for any beginning"
    return None


SETTINGS = [each.name for each in fields(Dialect) if each.name not in ("name", "summary")]
