"""Guards with another client in them: for each mechanism one that has it."""

import re

from race401.harness.incident import guard, script
from race401.harness.incident.circumstances import Circumstances
from race401.harness.incident.mechanisms import BY_NAME
from race401.harness.incident.naive import NAIVE, USUAL
from race401.harness.incident.recipes import RECIPES


def guarded(name: str, client: str = "sound") -> str:
    """The guard against a mechanism, for such a client."""
    source = guard.source(BY_NAME[name], Circumstances(), "a.har")
    if client == "sound":
        return source
    naive = NAIVE.get(name, USUAL)
    return _with(name, source, naive.policy, naive.code)


def played(name: str, client: str = "naive") -> str:
    """The script of a mechanism, for such a client."""
    source = script.source(BY_NAME[name], Circumstances(), "a.har")
    if client == "naive":
        return source
    sound = _with(name, source, guard.SOUND.format(RECIPES[name].policy), "")
    return sound.replace("import pytest\n", "from race401.harness.fixtures.playing import play\n")


def _with(name: str, source: str, policy: str, code: str) -> str:
    """A file with another client in it."""
    head, _, rest = re.split(r"(?=^import asyncio)|(?=^@pytest|^def incident)", source, flags=re.MULTILINE)
    return head + "\n".join(guard.client(RECIPES[name], Circumstances(), policy, code)) + "\n" + rest
