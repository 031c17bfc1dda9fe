"""What all mechanisms ask of the evidence, derived once, by the judge's own derivations."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cached_property
from itertools import pairwise
from math import inf
from typing import TypeAlias

import msgspec

from race401.harness.incident.evidence import Evidence, Seen
from race401.harness.judge import causes, losses, retries, streaks
from race401.harness.judge.causal import before, concurrent
from race401.harness.judge.graph import TAKEN, granted, kept_its_token
from race401.harness.judge.losses import FOR_GOOD
from race401.harness.judge.sessions import ends_session
from race401.ledger.entry import Entry
from race401.ledger.outcomes import Outcome

Who: TypeAlias = tuple[str, str | None, str | None]
"""Who sent a request, as far as the files tell clients apart."""
HUNG_UP = 499  # of nginx: the client closed the connection before the answer
LIMITED = 429
NOT_MODIFIED = 304  # takes the token, too
LEAVES = re.compile(r"(?:log|sign)[-_]?(?:out|off)\b|end[-_]?session|/sessions?(?:/current)?/?$", re.IGNORECASE)
"""Paths at which an app may end a session in a way that no dialect names; of the last, only what deletes."""
NOT_THE_TOKEN = re.compile(
    r"insufficient|scope|permission|forbidden|denied|not.allowed|step.?up|mfa|max_age|nonce|quota|licen[cs]e"
)  # in a server's words: the token is good, and does not do for this
AT_ONCE_S = 1.0  # requests of one page that are nearer than this belong together, as in the judge's bursts


class Case:
    """The evidence of one incident, and what is derived of it."""

    def __init__(self, evidence: Evidence) -> None:
        self.evidence, self.graph = evidence, evidence.graph
        self.entries = evidence.entries
        self.api = [e for e in self.entries if e.kind == "api"]
        self.exchanges = [e for e in self.entries if e.kind == "exchange"]
        self.refused = [e for e in self.api if e.unauthorized]
        self.ends_at = max((e.answered_at or e.received_at for e in self.entries), default=0.0)

    # --- what the judge derives ---

    @cached_property
    def causes(self) -> dict[int, str]:
        """Why requests were refused, where the wire tells, by `seq`."""
        return causes.causes(self.entries, self.graph)

    @cached_property
    def retries(self) -> retries.Retries:
        """Which 401s were made good."""
        return retries.match(self.entries, self.graph, inf)

    @cached_property
    def losses(self) -> losses.Losses:
        """Which sessions were lost."""
        return losses.losses(self.entries, self.graph)

    @cached_property
    def streaks(self) -> list[streaks.Early]:
        """Rows of refreshes that nothing called for."""
        return streaks.streaks([self.aged(e) for e in self.entries], self.graph)

    @cached_property
    def sign_outs(self) -> list[tuple[str, Entry]]:
        """Each session that a sign-out ended, with that sign-out."""
        told = ((self.graph.session(e), e) for e in self.entries if e.kind == "sign_out")
        return [(session, e) for session, e in told if session is not None and ends_session(e, session)]

    @cached_property
    def ways_out(self) -> dict[int, Entry]:
        """Requests that end a session, or look so, by `seq`."""
        asks = (
            each for each in self.entries if each.kind == "sign_out" or _looks_out(each) or self.seen(each).signs_out
        )
        return {e.seq: e for e in asks}

    @cached_property
    def retry_of(self) -> dict[int, Entry]:
        """The retry of a 401, by `seq`, where its answer was neither taken nor a refusal."""
        return self.retries.otherwise

    @cached_property
    def grants(self) -> dict[str | None, list[Entry]]:
        """The refreshes that were granted, by session."""
        found: dict[str | None, list[Entry]] = defaultdict(list)
        for e in self.exchanges:
            if was_granted(e):
                found[self.graph.session(e)].append(e)
        return found

    # --- questions ---

    def seen(self, entry: Entry) -> Seen:
        """Return what the file that knows most tells of an entry."""
        return self.evidence.first(entry)

    def server_words(self, entry: Entry) -> str:
        """Return the server's own words, in lower case."""
        return next((each.said.lower() for each in self.evidence.seen[entry.seq - 1] if each.said), "")

    def retry_after(self, entry: Entry) -> float | None:
        """Return for how long its answer asked the client to wait, in s."""
        told = (each.retry_after for each in self.evidence.seen[entry.seq - 1])
        return next((after for after in told if after is not None), None)

    def ended(self, session: str | None, by: float) -> bool:
        """Whether a sign-out of the session arrived by an instant."""
        return session is not None and any(s == session and out.received_at <= by for s, out in self.sign_outs)

    def left(self, who: Who, since: float, by: float) -> bool:
        """Whether a client may have signed out between two instants, by a path that a dialect names or looks so."""
        return any(since <= e.received_at <= by and self.who(e) == who for e in self.ways_out.values())

    def made_at(self, entry: Entry) -> float:
        """Return when its client made a request: it has the token of then, however long it waited to be sent; s."""
        return entry.received_at - max(each.waited for each in self.evidence.seen[entry.seq - 1])

    def no_answer(self, entry: Entry) -> bool:
        """Whether the answer is known not to have arrived."""
        told = any(each.says_status for each in self.evidence.seen[entry.seq - 1])
        return entry.hung_up or (told and entry.status in (0, HUNG_UP))

    def untold(self, entry: Entry) -> bool:
        """Whether nothing tells which access token the request had, if any."""
        return entry.sent is None and not self.evidence.without_token(entry)

    def by_clients(self, entries: Iterable[Entry]) -> bool:
        """Whether a client's file tells of each of these: then what it got is known."""
        return all("client" in self.evidence.sides(e) for e in entries)

    def uses(self) -> Iterator[list[Entry]]:
        """Yield the exchanges of each refresh token that was presented more than once, in the order of arrival."""
        for every in self.graph.exchanges.values():
            if len(every) > 1:
                yield sorted(every, key=lambda e: (e.received_at, e.seq))

    def unknown_uses(self) -> list[tuple[Entry, Entry]]:
        """Return exchanges of one client that were under way at once, of tokens that the files do not tell."""
        found = []
        for mine in self.by_peer(self.exchanges).values():
            for one, other in pairwise(mine):
                if concurrent(one, other) and None in (one.presented, other.presented):
                    found.append((one, other))
        return found

    def by_peer(self, entries: Iterable[Entry]) -> dict[Who, list[Entry]]:
        """Return entries by who sent them, in the order of arrival."""
        peers: dict[Who, list[Entry]] = defaultdict(list)
        for e in entries:
            peers[self.who(e)].append(e)
        return peers

    def who(self, entry: Entry) -> Who:
        """Return who sent it; two who are told apart may still be one."""
        source = self.evidence.sources[self.seen(entry).source]
        return ("one browser", None, None) if source.side == "client" else ("peer", entry.client, entry.peer)

    def bursts_of_refusals(self, least: int = 2) -> Iterator[list[Entry]]:
        """Yield the requests of one client within a second of which some were taken and at least so many refused."""
        for mine in self.by_peer(self.api).values():
            at = 0
            while at < len(mine):
                burst = [e for e in mine[at : at + 200] if e.received_at - mine[at].received_at <= AT_ONCE_S]
                refused = [e for e in burst if e.unauthorized]
                if len(refused) >= least and any(e.status in TAKEN for e in burst):
                    yield burst
                at += len(burst)

    def aged(self, e: Entry) -> Entry:
        """Return an exchange with what its access token had left, where another file's row tells it."""
        if e.kind != "exchange" or e.token_left_s is not None or e.presented is None:
            return e
        answers = [
            *self.graph.brought.get(e.presented, ()),
            *filter(kept_its_token, self.graph.exchanges[e.presented]),
        ]
        last = max((b for b in answers if before(b, e)), key=lambda b: b.answered_at, default=None)
        life = None if last is None else self.seen(last).lifetime
        if last is None or life is None:
            return e
        return msgspec.structs.replace(e, token_left_s=last.answered_at + life - e.received_at)


def took(e: Entry) -> bool:
    """Whether a request of the API was taken, with its token."""
    return e.status in TAKEN or e.status == NOT_MODIFIED


def same_call(one: Entry, other: Entry) -> bool:
    """Whether two requests ask for the same, so that what one was refused for is not what the other may do."""
    mine, its = (e.target.partition("?")[0] for e in (one, other))
    return (one.method, mine) == (other.method, its)


def _looks_out(e: Entry) -> bool:
    path = e.target.partition("?")[0]
    found = LEAVES.search(path)
    deletes = e.method == "DELETE" or (found is not None and not found[0].startswith("/"))
    return e.kind in ("api", "other") and found is not None and deletes


def refused_for_good(e: Entry) -> bool:
    """Whether an exchange was told that its refresh token is no good."""
    return e.kind == "exchange" and e.grant_outcome in FOR_GOOD


def was_granted(e: Entry) -> bool:
    """Whether an exchange brought tokens, seen or told."""
    return granted(e) or e.grant_outcome in GRANTS


GRANTS = frozenset({Outcome.ROTATED, Outcome.KEPT, Outcome.REUSE_TOLERATED, Outcome.FORKED, Outcome.SEEN_GRANTED})
