"""
`make hosts`: the burst on four hosts of one machine, over a wire that is slow and loses packets.

The mock, locust's master and two of its workers, each in a network namespace of its own, with nothing between them
but the wire. The namespaces have no names and the devices belong to this process: all is gone when it ends, however
it does.
Needs Linux, root and iproute2. Exit codes: the run's; 2 where the machine does not allow it.
"""

import argparse
import ctypes
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from wire import TUN, Wire

ROOT = Path(__file__).parents[1]
LOAD = ("-u", "36", "-r", "36", "-t", "20s")
CLONE_NEWUTS, CLONE_NEWNET, PR_SET_PDEATHSIG = 0x04000000, 0x40000000, 1  # linux/sched.h, linux/prctl.h
NAMES = ("mock", "master", "worker-1", "worker-2")
ADDRESS = {name: f"10.40.1.{number}" for number, name in enumerate(NAMES, 1)}
PORT = 8401  # of the mock
LINE = "line0"
ENDS_WITHIN = 10.0  # s, for workers when their master has ended
USAGE, UNKNOWN = 2, 3  # exit codes
KEY = "RACE401_CONTROL_KEY"
LIBC = ctypes.CDLL(None, use_errno=True)


def missing() -> str | None:
    """Return why hosts can't be made here; None: they can."""
    if sys.platform != "linux":
        return "needs Linux's network namespaces"
    if os.geteuid() != 0:
        return "needs root, for network namespaces; try: sudo make hosts"
    if shutil.which("ip") is None:
        return "needs the command ip; install iproute2"
    if not Path(TUN).exists():
        return f"needs {TUN}; try: modprobe tun"
    return None


class Host:
    """A host with a program on it."""

    def __init__(
        self, name: str, wire: Wire, command: Sequence[str], told: Mapping[str, str], out: int | None = None
    ) -> None:
        self.name = name
        move_to_a_new_host(name, wire)
        self.process = subprocess.Popen(
            [sys.executable, "-m", *command],
            cwd=ROOT,
            env={**os.environ, **told},
            start_new_session=True,  # Ctrl-C is for the master, as it would be on its host
            preexec_fn=lambda: LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL),  # noqa: PLW1509 - there is one thread
            stdout=out,
        )

    @property
    def ended(self) -> bool:
        """Whether the program has."""
        return self.process.poll() is not None

    def kill(self) -> None:
        """End what is left of it."""
        self.process.kill()
        self.process.wait()


def move_to_a_new_host(name: str, wire: Wire) -> None:
    """Put this thread, and whatever it starts from now on, on a host of its own whose only line is the wire."""
    if LIBC.unshare(CLONE_NEWNET | CLONE_NEWUTS):
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
    socket.sethostname(name)
    wire.attach(LINE)
    for step in ("link set lo up", f"addr add {ADDRESS[name]}/24 dev {LINE}", f"link set {LINE} up"):
        subprocess.run(["ip", *step.split()], check=True)  # noqa: S607 - wherever it is


def main(arguments: list[str]) -> int:
    """Set up, run, take down; return the run's exit code."""
    parser = argparse.ArgumentParser("make hosts", description=__doc__, allow_abbrev=False)
    parser.add_argument("--latency", type=float, default=20.0, help="ms each way (default: 20)")
    parser.add_argument("--loss", type=float, default=1.0, help="%% of packets (default: 1)")
    given, options = parser.parse_known_args(arguments)
    if (why := missing()) is not None:
        print(f"race401: make hosts {why}", file=sys.stderr)
        return USAGE
    return run(Wire(given.latency / 1000, given.loss / 100), options)


def run(wire: Wire, options: Sequence[str]) -> int:
    """Play the burst, with locust's options as given; return the master's exit code."""
    hosts: list[Host] = []
    signal.signal(signal.SIGINT, lambda *_: interrupt(hosts))
    signal.signal(signal.SIGTERM, lambda *_: interrupt(hosts))
    quiet = () if "--narrate" in options else ("--skip-log-setup",)  # it is told in the workers' logs
    locust = ("locust", "-f", "scenarios/burst.py", "--headless", *quiet)
    key = {KEY: secrets.token_hex(16)}
    try:
        serve = ("race401.mock_api", "--host", ADDRESS["mock"], "--port", f"{PORT}", "--expose", "--json")
        hosts.append(Host("mock", wire, serve, key, out=subprocess.PIPE))
        url = address_of(hosts[0])
        master = ("--master", "--expect-workers", "2", "--host", url)
        hosts.append(Host("master", wire, (*locust, *LOAD, *options, *master), key))
        worker = ("--worker", "--master-host", ADDRESS["master"])
        hosts.append(Host(NAMES[2], wire, (*locust, *worker), {}))
        hosts.append(Host(NAMES[3], wire, (*locust, *worker), {}))
        where = ", ".join(f"{host.name} {ADDRESS[host.name]} (pid {host.process.pid})" for host in hosts)
        print(f"race401: {where}", file=sys.stderr, flush=True)
        wire.carry(lambda: hosts[1].ended)
        over = time.monotonic() + ENDS_WITHIN
        wire.carry(lambda: all(worker.ended for worker in hosts[2:]) or time.monotonic() > over)
        print(f"race401: the wire: {wire}", file=sys.stderr)
        code: int = hosts[1].process.returncode
        return code if code >= 0 else UNKNOWN
    finally:
        for host in hosts:
            host.kill()


def address_of(mock: Host) -> str:
    """Return where the mock serves; it says so on its own host, without the wire."""
    assert mock.process.stdout is not None
    return str(json.loads(mock.process.stdout.readline())["url"])


def interrupt(hosts: list[Host]) -> None:
    """Hand Ctrl-C on to the master, which ends the run; before there is one, end at once."""
    if len(hosts) < len(NAMES) or hosts[1].ended:
        raise SystemExit(UNKNOWN)
    hosts[1].process.send_signal(signal.SIGINT)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
