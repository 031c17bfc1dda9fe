"""Guards with another client in them: for each mechanism one that has it."""

import re

from race401.harness.incident import guard, script
from race401.harness.incident.circumstances import Circumstances
from race401.harness.incident.mechanisms import BY_NAME


def guarded(name: str, client: str = "sound") -> str:
    """The guard against a mechanism, for such a client."""
    source = guard.source(BY_NAME[name], Circumstances(), "a.har")
    if client == "sound":
        return source
    naive = BY_NAME[name].naive
    return _with(name, source, naive.policy, naive.code)


def played(name: str, client: str = "naive") -> str:
    """The script of a mechanism, for such a client."""
    source = script.source(BY_NAME[name], Circumstances(), "a.har")
    if client == "naive":
        return source
    sound = _with(name, source, guard.SOUND.format(BY_NAME[name].guard.policy), "")
    return sound.replace("import pytest\n", "from race401.harness.fixtures.playing import play\n")


def _with(name: str, source: str, policy: str, code: str) -> str:
    """A file with another client in it."""
    head, _, rest = re.split(r"(?=^import asyncio)|(?=^@pytest|^def incident)", source, flags=re.MULTILINE)
    return head + "\n".join(guard.client(BY_NAME[name].guard, Circumstances(), policy, code)) + "\n" + rest
