"""A builder of small runs: what the server saw and what the clients said, in a few words."""

from dataclasses import dataclass, field
from typing import Any

from race401.harness.judge.evidence import Evidence, Sample
from race401.ledger.entry import Entry

PAGE = ["/contacts?limit=1000", "/me/entitlements", "/contacts", "/persona-notes", "/messages"]
NO_HARM = {"caller_401s": "none", "exchanges_per_generation": "one", "sessions_lost": "none"}
RACE = {
    "caller_401s": "some",
    "exchanges_per_generation": "several",
    "sessions_lost": "some",
    "cause": "missing_token",
}


def manifest(**changes: Any) -> dict[str, Any]:
    """A finished run with one condition, a control and a subject."""
    return {
        "run": "run",
        "policies": {"control": {"name": "pre-fix"}, "subject": {"name": "fixed"}},
        "conditions": {
            "rfc9700": {"world": "rfc9700", "expects": {"control": RACE, "subject": NO_HARM}, "covers": ["refresh"]}
        },
        "page": PAGE,
        "finished": True,
        "unfinished_because": None,
        "missing_witnesses": [],
        **changes,
    }


@dataclass
class Run:
    """Collects entries and samples; instants advance by 10 ms with each entry."""

    manifest: dict[str, Any] = field(default_factory=manifest)
    entries: list[Entry] = field(default_factory=list)
    samples: list[Sample] = field(default_factory=list)

    def entry(self, client: str | None, target: str, status: int, **more: Any) -> int:
        """The server answered; returns the entry's seq."""
        seq = len(self.entries) + 1
        fields: dict[str, Any] = {
            "seq": seq,
            "world": "rfc9700",
            "client": client,
            "attempt": None,
            "family": client and f"family of {client}",
            "generation": 0,
            "method": "GET",
            "target": target,
            "received_at": seq / 100,
            "answered_at": seq / 100,
            "status": status,
            "cause": None,
            "token_left_s": None,
            "grant_outcome": None,
            "fault": None,
        }
        self.entries.append(Entry(**(fields | more)))
        return seq

    def exchange(self, client: str, outcome: str = "rotated", generation: int = 0, **more: Any) -> int:
        """The client sent a refresh token."""
        status = 200 if outcome in {"rotated", "reuse_tolerated", "forked"} else 400
        more = {"grant_outcome": outcome, "generation": generation, "method": "POST", **more}
        return self.entry(client, "/auth/v1/token?grant_type=refresh_token", status, **more)

    def attempt(self, client: str, name: str, target: str, *causes: str | None, **sample: Any) -> None:
        """The client tried; each cause is a 401 on the wire, None a 200. The program saw the last."""
        for cause in causes:
            self.entry(client, target, 401 if cause else 200, attempt=f"{client}#{name}", cause=cause)
        fields: dict[str, Any] = {
            "client": client,
            "attempt": f"{client}#{name}",
            "target": target,
            "intended_at": 0.0,
            "started_at": 0.0,
            "ended_at": 0.0,
            "status": 401 if causes and causes[-1] else 200,
            "error": None,
            "sends": len(causes),
            "store_reads": 1,
            "cut_off": False,
        }
        self.samples.append(Sample(**(fields | sample)))

    def page(self, client: str, number: int, *causes: str | None, **sample: Any) -> None:
        """One page load: a cause, or None, for each of its five requests."""
        for k, (target, cause) in enumerate(zip(PAGE, causes, strict=True), 1):
            self.attempt(client, f"{number}.{k}", target, cause, **sample)

    def evidence(self, **more: Any) -> Evidence:
        """What `judge` takes."""
        return Evidence(self.manifest, self.entries, self.samples, **more)


def reproduced() -> Run:
    """A clean run: the control loses its session at the margin, the subject exchanges once."""
    run = Run()
    before, after = "run/rfc9700/control/1", "run/rfc9700/subject/1"
    for outcome in ("rotated", "reused", "revoked", "revoked", "revoked"):
        run.exchange(before, outcome)
    run.page(before, 1, None, *["missing_token"] * 4)
    run.exchange(after)
    run.page(after, 1, *[None] * 5, ended_at=run.entries[-1].answered_at)  # its requests waited for the exchange
    return run
