"""What this machine must allow for a load, asked before any browser starts: open files and local ports.

Without it a load that is too large shows as transport errors, which look like the server's.
"""

import resource
from pathlib import Path

from race401.harness.load.plan import Plan, Refused

SPARE = 128  # open files of a process besides its connections
PORTS = Path("/proc/sys/net/ipv4/ip_local_port_range")  # of Linux; elsewhere ports are not asked


def raise_open_files() -> int:
    """Lift the soft limit of open files to the hard one, for this process and its children; return it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def connections(plan: Plan) -> int:
    """Return how many connections all browsers hold at most; over httpx the auth server has its own."""
    return plan.users * plan.connections * (1 if plan.transport == "fasthttp" else 2)


def check(plan: Plan, open_files: int, ports: int | None) -> None:
    """Refuse a load that needs more open files in one process, or more ports on one machine, than there are."""
    needed = connections(plan)
    if needed + SPARE > open_files:
        _refuse(plan, needed, f"{needed + SPARE} open files in a process, and {open_files} are allowed (ulimit -Hn)")
    if ports is not None and needed > ports:
        _refuse(plan, needed, f"{needed} local ports, and there are {ports} ({PORTS})")


def local_ports() -> int | None:
    """Return how many connections one machine can have to one address; None where it can't be asked."""
    try:
        first, last = PORTS.read_text().split()
    except OSError:
        return None
    return int(last) - int(first) + 1


def _refuse(plan: Plan, needed: int, what: str) -> None:
    fewer = "" if plan.connections == 1 else ", or fewer --connections"
    raise Refused(f"-u {plan.users}: {needed} connections need {what}; raise that{fewer}")
