"""A builder of small ledgers with facts: who sent which token, and what an answer brought, in a few words."""

from dataclasses import dataclass, field
from typing import Any

from race401.harness.judge.evidence import from_ledger
from race401.harness.judge.graph import Graph
from race401.harness.judge.verdict import Verdict, judge
from race401.ledger.entry import SCHEMA, Entry

TOOK = 0.001  # s that an answer takes unless told otherwise


@dataclass
class Wire:
    """Collects entries; instants advance by 10 ms with each, unless `at` says otherwise."""

    entries: list[Entry] = field(default_factory=list)
    peer: str | None = "peer"

    def entry(self, **more: Any) -> Entry:
        """Record one request; `at` s it was received, `took` s until it was answered."""
        seq = len(self.entries) + 1
        at, took = more.pop("at", seq / 100), more.pop("took", TOOK)
        fields: dict[str, Any] = {"world": "api", "client": None, "attempt": None, "family": None, "generation": None}
        fields |= {"cause": None, "token_left_s": None, "grant_outcome": None, "fault": None, "peer": self.peer}
        fields |= {"schema": SCHEMA, "key": "key", "method": "POST", "status": 200}
        fields |= {"received_at": at, "answered_at": at + took} | more
        self.entries.append(entry := Entry(seq=seq, **fields))
        return entry

    def sign_in(self, access: str, refresh: str | None, **more: Any) -> Entry:
        """A session begins."""
        brought = {"brought_access": access, "brought_refresh": refresh}
        return self.entry(**({"kind": "sign_in", "target": "/oauth/token"} | brought | more))

    def get(self, access: str | None, status: int = 200, target: str = "/contacts", **more: Any) -> Entry:
        """A request of the app's API."""
        about = {"kind": "api", "method": "GET", "target": target, "status": status, "sent": access}
        return self.entry(**(about | more))

    def exchange(self, refresh: str, access: str | None = None, fresh: str | None = None, **more: Any) -> Entry:
        """A refresh token is presented: it brings tokens, or is refused."""
        outcome = "refused" if access is None else "kept" if fresh is None else "rotated"
        about: dict[str, Any] = {
            "kind": "exchange",
            "target": "/oauth/token",
            "status": 400 if access is None else 200,
        }
        about |= {"presented": refresh, "brought_access": access, "brought_refresh": fresh, "grant_outcome": outcome}
        return self.entry(**(about | more))

    def sign_out(self, access: str, **more: Any) -> Entry:
        """A session ends."""
        return self.entry(**({"kind": "sign_out", "target": "/oauth/revoke", "sent": access} | more))

    @property
    def graph(self) -> Graph:
        """What is derived."""
        return Graph(self.entries)


def verdict(wire: Wire) -> Verdict:
    """Judge it as a ledger of its own."""
    return judge(from_ledger(wire.entries, "test"))
