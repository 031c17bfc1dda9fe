"""`make million`: a synthetic run of a million ledger entries, judged and reported: how much CPU and memory."""

import argparse
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path
from typing import Any

import msgspec

from race401.harness.load.conditions import Condition
from race401.harness.tokens.policy import FIXED, PRE_FIX, knobs
from race401.ledger.entry import SCHEMA
from race401.scenarios.burst import SCENARIO as BURST

RUN, PAGE_EVERY, BEGAN = "million", 2.0, 1_795_500_000.0
PAGE = ("/contacts?limit=1000", "/me/entitlements", "/contacts", "/persona-notes", "/messages")
POLICIES = {"control": PRE_FIX, "subject": FIXED}
ENTRIES, BROWSERS = 1_000_000, 600
FOREIGN = "foreign.jsonl"  # the same as a proxy would have recorded it: sessions are derived
AIMS = {
    "CPU, s": 20.0,
    "memory, MB": 1000.0,
    "report.html, MB": 1.0,
    "derived: CPU, s": 20.0,
    "derived: memory, MB": 1000.0,
}
WORLD = {"lifetime": 3600.0}


class Browser:
    """One made-up browser: what its client and the server would have written of each page."""

    def __init__(self, condition: Condition, role: str, number: int) -> None:
        self.condition, self.role = condition, role
        self.me = f"{RUN}/{condition.name}/{role}/0.{number}"
        self.family, self.generation, self.logins = f"{self.me}:0", 0, 0
        self.decisive = random.Random(f"{condition.name}/{number}").uniform(100, 400)  # noqa: S311 - a seed is the point
        self.expires_at = BEGAN + condition.remaining(self.decisive, POLICIES[role].expiry_margin)
        self.lost = False

    def page(self, number: int, at: float) -> Iterator[tuple[float, dict[str, Any], dict[str, Any] | None]]:
        """Yield what happened, each with its instant: an entry, and the sample of an attempt."""
        if self.lost:
            self.lost, self.logins, self.generation = False, self.logins + 1, 0
            self.family, self.expires_at = f"{self.me}:{self.logins}", at + WORLD["lifetime"]
        left = self.expires_at - at
        stale = left + self.condition.skew * -1 < POLICIES[self.role].expiry_margin
        refused = stale and self.role == "control" and self.condition.world == "rfc9700"
        if stale:
            callers = 5 if self.role == "control" else 1
            for caller in range(callers):
                outcome = "rotated" if not caller else "reused" if caller == 1 else "revoked"
                outcome = outcome if refused or not caller else "reuse_tolerated"
                more = {"grant_outcome": outcome, "status": 200 if outcome in {"rotated", "reuse_tolerated"} else 400}
                target = "/auth/v1/token?grant_type=refresh_token"
                yield at, self.entry("POST", target, at, token_left_s=left, **more), None
            self.generation, self.expires_at, self.lost = 1, at + WORLD["lifetime"], refused
            left = WORLD["lifetime"]
        for k, target in enumerate(PAGE, 1):
            sent, cause = at + 0.002 * k, "missing_token" if refused and k > 1 else "expired" if left < 0 else None
            attempt = f"{self.me}#{number}.{k}"
            more = {"attempt": attempt, "cause": cause, "status": 401 if cause else 200}
            more |= {"family": None, "generation": None} if cause == "missing_token" else {"token_left_s": left}
            told = {"client": self.me, "attempt": attempt, "target": target, "intended_at": at, "started_at": at}
            told |= {"ended_at": sent + 0.002, "status": more["status"], "error": None, "sends": 1, "store_reads": 1}
            yield sent, self.entry("GET", target, sent, **more), told | {"cut_off": False}

    def entry(self, method: str, target: str, at: float, **more: Any) -> dict[str, Any]:
        """Return a ledger entry without its place in the order."""
        told = {"world": self.condition.world, "client": self.me, "attempt": None, "family": self.family}
        told |= {"generation": self.generation, "method": method, "target": target, "received_at": at}
        told |= {"answered_at": at + 0.0005, "cause": None, "token_left_s": None, "grant_outcome": None}
        return told | {"fault": None} | self.facts(method, **more) | more

    def facts(self, method: str, **more: Any) -> dict[str, Any]:
        """Return what was on the wire: which token was sent or presented, and what came back."""
        told = {"schema": SCHEMA, "key": "0" * 16, "peer": of(self.me)}
        if method != "POST":
            return told | {"kind": "api"} | ({} if more["cause"] == "missing_token" else {"sent": self.token("a", 0)})
        told |= {"kind": "exchange", "presented": self.token("r", 0), "ended": "none"}
        if more["status"] != 200:
            return told | {"ended": "family" if more["grant_outcome"] == "reused" else "none"}
        return told | {"brought_access": self.token("a", 1), "brought_refresh": self.token("r", 1)}

    def token(self, kind: str, later: int) -> str:
        """Return the fingerprint of the token in use, or of the one after it."""
        return of(f"{kind} {self.family} {self.generation + later}")


def of(secret: str) -> str:
    """Return what stands for a fingerprint."""
    return blake2b(secret.encode(), digest_size=8).hexdigest()


def make(folder: Path, entries: int, browsers: int) -> None:
    """Write a run of so many entries, as the mock and the browsers would."""
    kinds = [(c, role) for c in BURST.conditions.values() for role in POLICIES]
    crowd = [Browser(*kinds[i % len(kinds)], i // len(kinds)) for i in range(browsers)]
    chance, encode, seq, number = random.Random(401), msgspec.json.encode, 0, 0  # noqa: S311
    with (
        (folder / "ledger.jsonl").open("wb") as ledger,
        (folder / FOREIGN).open("wb") as foreign,
        (folder / "samples.jsonl").open("wb") as samples,
    ):
        while seq < entries:
            number += 1
            at = BEGAN + number * PAGE_EVERY
            told = (each for browser in crowd for each in browser.page(number, at + chance.random()))
            for _, entry, sample in sorted(told, key=lambda each: each[0]):
                seq += 1
                ledger.write(encode({"seq": seq, **entry}) + b"\n")
                foreign.write(encode({"seq": seq, **entry, **seen_by_a_proxy(entry)}) + b"\n")
                if sample is not None:
                    samples.write(encode(sample) + b"\n")
    (folder / "manifest.json").write_bytes(encode(manifest(BEGAN + number * PAGE_EVERY + PAGE_EVERY, browsers)))


def seen_by_a_proxy(entry: dict[str, Any]) -> dict[str, Any]:
    """Return what another recorder would have written otherwise: no names, no sessions, no conclusions."""
    told = dict.fromkeys(("client", "attempt", "family", "generation", "ended"))
    if entry["grant_outcome"] is not None:
        told["grant_outcome"] = "granted" if entry["status"] == 200 else "refused"
    return told


def cost_of(*arguments: str) -> tuple[float, float, int]:
    """Run race401; return its CPU in s, its memory in MB, and its exit code."""
    with subprocess.Popen([sys.executable, "-m", "race401.harness", *arguments]) as process:
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 1000, process.returncode


def manifest(ended_at: float, browsers: int) -> dict[str, Any]:
    """Return the manifest of such a run."""
    conditions = {
        c.name: {
            "world": c.world,
            "about": c.about,
            "skew_s": c.skew,
            "covers": c.covers,
            "expects": {role: getattr(c, role).plain() for role in POLICIES},
        }
        for c in BURST.conditions.values()
    }
    return {
        "run": RUN,
        "scenario": {"name": "synthetic", "version": 1},
        "users": browsers,
        "page": PAGE,
        "worlds": {c.world: WORLD for c in BURST.conditions.values()},
        "policies": {role: knobs(policy) for role, policy in POLICIES.items()},
        "conditions": conditions,
        "started_at": BEGAN,
        "ended_at": ended_at,
        "finished": True,
    }


def main() -> int:
    """Make the run; judge and report it, and judge it as another recorder's; hold the cost against the aims."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=ENTRIES)
    parser.add_argument("--keep", type=Path, help="leave the run in this folder")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = given.keep or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        make(folder, given.entries, BROWSERS)
        cpu, memory, code = cost_of("report", str(folder))
        page = (folder / "report.html").stat().st_size
        foreign_cpu, foreign_memory, _ = cost_of("judge", str(folder / FOREIGN))
    cost = (cpu, memory, page / 1e6, foreign_cpu, foreign_memory)
    for (name, aim), value in zip(AIMS.items(), cost, strict=True):
        print(f"{name:<24} {value:8.2f}   aim < {aim:g}")
    within = all(value < aim for value, aim in zip(cost, AIMS.values(), strict=True))
    return 0 if within and code == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
