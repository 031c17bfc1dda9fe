"""The stored probes of a list of servers: those that there are, or all of them made anew."""

import asyncio
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

from race401.harness.commands.errors import CommandError
from race401.harness.probe import evidence as stored
from race401.harness.probe.asking import Target
from race401.harness.probe.evidence import Evidence
from race401.harness.probe.making import NotAnswered, make
from race401.harness.probe.playing import Gone
from race401.harness.probe.servers import Server
from race401.harness.probe.signing_in import SignInFailed, parse
from race401.ledger.dialects.presets import DIALECTS

ROUNDS, BUDGET = 10, 600.0


class NotServed(Exception):
    """It cannot be started here; the message says why."""


@contextmanager
def served(server: Server, at: Path) -> Iterator[str]:
    """Run it; yield its address. Raises NotServed."""
    command = server.command(at, shutil.which("node") or "node")
    try:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)  # noqa: S603
    except OSError as error:
        raise NotServed(f"{command[0]}: {error.strerror}; set it up with {server.set_up}") from None
    with process:
        try:
            assert process.stdout is not None
            words = process.stdout.readline().decode().split()
            if words[:2] != ["serving", "at"]:
                raise NotServed(f"it did not start; set it up with {server.set_up}")
            yield words[2]
        finally:
            process.terminate()


def probed(name: str, server: Server, at: Path, say: Callable[[str], object]) -> Evidence:
    """Run it, ask it, and return what is kept. Raises NotServed, SignInFailed, Gone, NotAnswered."""
    dialect = DIALECTS[server.dialect]
    with served(server, at) as url:
        target = Target(
            url + server.token,
            dialect,
            me=f"{url}/me",
            revoke=url + server.revoke if server.revoke else "",
            client=server.client,
        )
        card, trials = asyncio.run(make(target, parse(f"POST {url}/seed", dialect), ROUNDS, BUDGET, say))
    return Evidence(name, server.versions(at), version("race401"), card, stored.clocked(trials))


def _announce(line: str) -> None:
    print(line, flush=True)


def made(
    servers: Mapping[str, Server], at: Path, folder: Path, say: Callable[[str], object] = _announce
) -> dict[str, str]:
    """Probe each, and keep what was seen; return those that could not be, each with the reason."""
    missing = {}
    for name, server in servers.items():
        try:
            say(f"{name}: {server.server}, {server.setting}")
            seen = probed(name, server, at, say)
        except (NotServed, SignInFailed, Gone, NotAnswered) as error:
            missing[name] = str(error)
        else:
            stored.keep(seen, folder / f"{name}.json")
            say(f"{name}: {seen.card.sessions} sessions in {seen.card.took:.0f} s")
    return missing


def stored_probes(servers: Mapping[str, Server], folder: Path) -> Sequence[Evidence]:
    """Return what the folder holds of them; raises CommandError."""
    found = []
    for name in servers:
        path = folder / f"{name}.json"
        try:
            found.append(stored.load(path))
        except FileNotFoundError:
            continue
        except (OSError, ValueError) as error:
            raise CommandError(f"{path} is no stored probe: {error}") from None
    return found
