"""
A cohort: the browsers of one condition and role, with what the ledger and the clients say of them.

What several checks count from is found out once for all of them.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from operator import attrgetter
from typing import Any

from race401.harness.judge import recovery
from race401.harness.judge.answers import Answers, last_answers
from race401.harness.judge.causal import concurrent
from race401.harness.judge.causes import causes
from race401.harness.judge.evidence import Evidence, Sample
from race401.harness.judge.graph import Graph
from race401.harness.judge.recovery import is_api
from race401.harness.judge.sessions import UNREAD, ends_session, is_sign_out
from race401.ledger.entry import Entry


@dataclass
class Cohort:
    """Entries and samples are of this condition and role alone, the entries in the order of decision.

    `company`: all entries of the condition, where clients of several roles may share a session; else the same.
    """

    evidence: Evidence
    condition: str
    role: str
    entries: list[Entry]
    samples: list[Sample]
    company: list[Entry]

    @property
    def about(self) -> Mapping[str, Any]:
        """What the manifest says of the condition."""
        about: dict[str, Any] = self.evidence.manifest["conditions"][self.condition]
        return about

    @property
    def policy(self) -> Mapping[str, Any]:
        """The policy's name and knobs, as far as the manifest says."""
        policy: dict[str, Any] = self.evidence.manifest["policies"][self.role]
        return policy

    @cached_property
    def api(self) -> list[Entry]:
        """What was answered of the app's API; attempts whose caller was killed are left out."""
        api = [e for e in self.entries if e.status and not e.hung_up and (e.kind == "api" or is_api(e))]
        if self.evidence.ledger_alone:
            return api
        cut = cut_off_attempts(self.samples)
        return [e for e in api if e.attempt is not None and e.attempt not in cut]

    @cached_property
    def marked(self) -> list[Entry]:
        """All but the plain successes of the app's API: few of most ledgers, and most questions are about these."""
        return _marked(self.entries)

    @cached_property
    def marked_of_all(self) -> list[Entry]:
        """Those that anybody of the condition sent."""
        return self.marked if self.company is self.entries else _marked(self.company)

    @cached_property
    def refused(self) -> list[Entry]:
        """The 401s of the app's API, made good or not."""
        mine = {e.seq for e in self.marked if e.unauthorized}
        return [e for e in self.api if e.seq in mine] if mine else []

    @cached_property
    def exchanges(self) -> list[Entry]:
        """Refresh tokens that were sent to the auth server."""
        return _exchanges(self.marked)

    @cached_property
    def exchanges_of_all(self) -> list[Entry]:
        """Those that anybody of the condition sent."""
        return self.exchanges if self.company is self.entries else _exchanges(self.marked_of_all)

    @property
    def graph(self) -> Graph:
        """The tokens and sessions of all conditions."""
        return self.evidence.graph

    @property
    def last(self) -> list[Entry]:
        """What each request of the program came to, in the order of the ledger."""
        return self.answers.last

    @property
    def undecided(self) -> set[int]:
        """The `seq` of those 401s in `last` of which nobody can say whether they were made good."""
        return self.answers.undecided

    def cause(self, refused: Entry) -> str:
        """Return why a request was refused: what the wire tells, where it tells more than the answer."""
        return self._causes.get(refused.seq) or refused.cause or "?"

    @cached_property
    def failed(self) -> list[Entry]:
        """The 401s that the program saw, as far as the evidence decides that."""
        nobodys = set[int]()
        if self.evidence.ledger_alone:
            nobodys = {e.seq for e in recovery.of_nobody(self.marked, self.entries, self.evidence.systems)}
        unproven = self.undecided | nobodys
        return [e for e in self.last if e.unauthorized and e.seq not in unproven and not self._beside_sign_out(e)]

    @cached_property
    def ended(self) -> dict[str | None, Entry]:
        """The first sign-out of each session that had one, by session, whoever asked for it."""
        ended: dict[str | None, Entry] = {}
        for entry in self.marked_of_all:
            if entry.kind == "sign_out" or (entry.kind is None and is_sign_out(entry)):  # few are
                session = self.graph.session(entry)
                if ends_session(entry, session):
                    ended.setdefault(session, entry)
        return ended

    def _beside_sign_out(self, refused: Entry) -> bool:
        """Whether its session was being signed out meanwhile, by its own user: that is no failure of anybody."""
        if not self.ended or (session := self.graph.session(refused)) is None:
            return False
        out = self.ended.get(session)
        return out is not None and concurrent(refused, out)

    @cached_property
    def answers(self) -> Answers:
        """What the program saw of its requests."""
        return last_answers(self.api, self.exchanges, self.samples, self.evidence)

    @cached_property
    def _causes(self) -> dict[int, str]:
        return causes(self.marked, self.graph)


def _marked(entries: Iterable[Entry]) -> list[Entry]:
    return [e for e in entries if e.kind != "api" or e.refusal or not 200 <= e.status < 300]  # noqa: PLR2004 - quick


def _exchanges(entries: Iterable[Entry]) -> list[Entry]:
    return [e for e in entries if e.grant_outcome is not None and e.grant_outcome != UNREAD]


def owners(evidence: Evidence) -> Iterator[tuple[str, str] | None]:
    """Yield the condition and role of each entry, in their order; None if it is not of this run."""
    clients = list(map(attrgetter("client"), evidence.entries))  # a name is read once, not once an entry
    if not evidence.ledger_alone:
        run = evidence.manifest["run"]
        return map({client: named(client, run) for client in set(clients)}.__getitem__, clients)
    roles, systems = evidence.roles, evidence.systems
    names: list[tuple[str, str | None]] = list(zip(map(attrgetter("world"), evidence.entries), clients, strict=True))
    known: dict[tuple[str, str | None], tuple[str, str] | None] = {
        (world, client): (systems.get(world, world), roles.get(client) or roles[None]) for world, client in set(names)
    }
    return map(known.__getitem__, names)


@lru_cache(maxsize=100_000)
def named(client: str | None, run: str) -> tuple[str, str] | None:
    """Return the condition and role in a browser's name, `<run>/<condition>/<role>/<number>`; None: another's."""
    parts = (client or "").split("/")
    return (parts[1], parts[2]) if len(parts) == 4 and parts[0] == run else None  # noqa: PLR2004


def page_of(attempt: str) -> str:
    """Return the page load that an attempt belongs to: `<client>#<page>.<request>` without its request."""
    return attempt.rpartition(".")[0]


def cut_off_attempts(samples: Iterable[Sample]) -> set[str]:
    """Return the attempts whose caller was killed: left out on both sides."""
    return {sample.attempt for sample in samples if sample.cut_off}
