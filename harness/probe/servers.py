"""The list of servers that are probed for the scoreboard: how each is run and asked, and what explains its rows."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import msgspec

from race401.harness.probe.questions import QUESTIONS
from race401.harness.probe.sequences import SEQUENCES

ROWS = {question.name: question for question in QUESTIONS}
SEQUENCE = {sequence.name: sequence for sequence in SEQUENCES}


class ListError(ValueError):
    """The list cannot be read; the message says where and why."""


class Server(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One configuration of a server. Texts in backticks are code."""

    server: str  # as people call it
    setting: str  # that it is started with
    about: str  # what that is
    folder: str  # where it is set up, beside the list
    packages: list[str]  # whose versions count
    token: str  # paths, below its address
    revoke: str = ""
    dialect: str = "oauth"
    client: str = ""
    set_up: str = "make servers"  # what sets it up
    world: str = ""  # the preset that is named after it
    differs: dict[str, str] = {}  # rows, and sequences by their interval, that the preset has otherwise, and why
    explains: dict[str, str] = {}  # rows that surprise, and the line that they come from

    def command(self, at: Path, node: str) -> list[str]:
        """Return how it is started."""
        folder = at / self.folder
        if (folder / "serve.mjs").exists():
            return [node, str(folder / "serve.mjs"), self.setting]
        if (folder / "serve.rb").exists():
            return ["ruby", str(folder / "serve.rb"), self.setting]
        return [str(folder / ".venv/bin/python"), str(folder / "serve.py"), self.setting]

    def versions(self, at: Path) -> dict[str, str]:
        """Return the versions that its lock file has, or in Ruby its program, which starts with no other."""
        folder = at / self.folder
        lock = folder / "package-lock.json"
        if lock.exists():
            known = json.loads(lock.read_text())["packages"]
            return {name: known[f"node_modules/{name}"]["version"] for name in self.packages}
        told, line = folder / "requirements.lock", r"^{}==([^\s;]+)"
        if (folder / "serve.rb").exists():
            told, line = folder / "serve.rb", r'^gem "{}", "(.+)"$'
        text = told.read_text()
        found = {name: re.search(line.format(re.escape(name)), text, re.MULTILINE) for name in self.packages}
        return {name: seen[1] for name, seen in found.items() if seen is not None}


def load(path: Path) -> dict[str, Server]:
    """Return the list, by name of configuration; raises ListError, OSError."""
    try:
        told: dict[str, Any] = tomllib.loads(path.read_text())
        found = {name: msgspec.convert(each, Server) for name, each in told.items()}
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise ListError(f"{path}: {error}") from None
    for name, server in found.items():
        if unknown := sorted({*server.explains, *server.differs} - ROWS.keys() - SEQUENCE.keys()):
            raise ListError(f"{path}: {name}: {unknown[0]!r} is no row of a card; expected one such as rotates")
    return found
