"""Worlds from a TOML file: a table each, which may begin from another world and names the settings that differ.

[mine]
like = "rfc9700"
reuse_interval = 2
"""

import difflib
import re
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

from race401.ledger import toml_files
from race401.mock_api.rules.worlds import DEFAULT, LEAST, LONGEST, WORLDS, World
from race401.mock_api.signing.keys import KeysError, read

KNOWN = [field.name for field in fields(World) if field.name != "name"]
TYPES = get_type_hints(World)
NAME = re.compile(r"[a-z0-9][a-z0-9-]*")
GONE = {  # settings of before, and what to write for each value that was not and was true
    "atomic": (
        'for atomic = false write losers_get = "overwrite"',
        'leave it out: atomic = true is losers_get = "as_reuse", and that is the default',
    ),
    "parent_of_active": (
        'for parent_of_active = false write unacknowledged_brings = "as_reuse"',
        'for unacknowledged_brings = "live" write unacknowledged_brings = "live"',
    ),
}
TAKEN = {"auth", "contacts", "docs", "me", "messages", "persona-notes", "redoc"}  # first segments of other paths


class WorldFileError(Exception):
    """The file cannot be used; the message names everything that is wrong with it, and what would be right."""


def load(path: Path) -> dict[str, World]:
    """Return the shipped worlds and the file's, which may take a shipped one's name."""
    tables = toml_files.tables(path, WorldFileError)
    worlds, wrong = dict(WORLDS), list[str]()
    if not tables:
        wrong.append("no world in it; write a table such as [mine]")
    for name, table in tables.items():
        problems = _problems(path, name, table, worlds)
        wrong += [f"[{name}] {problem}" for problem in problems]
        if not problems:
            worlds[name] = _world(path, name, table, worlds)
    if wrong:
        raise WorldFileError("; ".join(f"{path}: {problem}" for problem in wrong))
    return worlds


def _world(path: Path, name: str, table: dict[str, Any], worlds: dict[str, World]) -> World:
    like = table.get("like", DEFAULT)
    settings: dict[str, Any] = {"name": name, "summary": f"like {like}, with settings of its own"}
    for key, value in table.items():
        if key != "like":
            settings[key] = float(value) if TYPES[key] is float else value
    if settings.get("keys"):
        settings["keys"] = str(path.parent / settings["keys"])
    return replace(worlds[like], **settings)


def _problems(path: Path, name: str, table: Any, worlds: dict[str, World]) -> list[str]:
    """Return all that is wrong with one table."""
    if not isinstance(table, dict):
        return [f"is not a table; write [{name}] above its settings, each on a line of its own"]
    found = []
    if not NAME.fullmatch(name) or name in TAKEN:
        found.append("cannot be a world's name; use lower-case letters, digits and '-', and no route's first segment")
    for key, value in table.items():
        if key == "like":
            found += [] if value in list(worlds) else [f"like = {value!r}: no such world; known: {', '.join(worlds)}"]
        elif key in GONE:
            found.append(f"{key}: no such setting any more; {GONE[key][bool(value)]}")
        elif key not in KNOWN:
            near = difflib.get_close_matches(key, KNOWN, 1)
            meant = f"did you mean {near[0]}?" if near else f"known: like, {', '.join(KNOWN)}"
            found.append(f"{key}: no such setting; {meant}")
        elif (right := wanted(key, value)) is not None:
            found.append(f"{key} = {value!r}: must be {right}")
        elif key == "database" and value and not NAME.fullmatch(value):
            found.append(f"database = {value!r}: must be a name, of lower-case letters, digits and '-'")
        elif key == "keys" and value:
            found += _unusable(path.parent / value)
    return found


def _unusable(keys: Path) -> list[str]:
    try:
        read(keys)
    except KeysError as error:
        return [f"keys: {error}"]
    return []


def wanted(key: str, value: Any) -> str | None:
    """Return what the value of a setting should have been; None: it is right."""
    kind, least = TYPES[key], LEAST[key]
    if get_origin(kind) is Literal:
        right = any(type(value) is type(each) and value == each for each in get_args(kind))
        return None if right else "one of " + ", ".join(map(repr, get_args(kind)))
    if kind in (float, int):
        number = isinstance(value, (int, float) if kind is float else int) and not isinstance(value, bool)
        right = number and least <= value <= LONGEST
        unit = "number of seconds" if kind is float else "whole number"
        return (
            None
            if right
            else f"a {unit}, {least:g} or more" + (f", at most {LONGEST:g}" if number and value > LONGEST else "")
        )
    return None if type(value) is kind else {bool: "true or false", str: "a text in quotes"}[kind]
