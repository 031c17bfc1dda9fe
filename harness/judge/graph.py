"""
The graph of tokens and sessions, derived from what entries say was on the wire.

A token is its fingerprint. An edge goes from a refresh token that was presented to the tokens that it brought; a
session is a component of that graph, and of what names it: a claim in a JWT, or the mock. No token has a number:
siblings of a fork have no order, and a kept token is one token. An entry without facts, of an older ledger, is known
by the family and the generation that it recorded.

For example, three exchanges of a session whose sign-in was not seen, and a call::

    R0 was presented, and brought A1 and R1    R0, A1 and R1 are one session, known by one of its tokens
    R1 was presented, and brought A2 and R2    A2 and R2 join it, since R1 is of it
    R0 was presented, and was refused          of the same session: what it came to is for `outcomes` to say
    A9 was sent, and answered 401              of none that is known: no answer here brought A9
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from math import inf

from race401.harness.judge.components import Components
from race401.ledger.entry import Entry

TAKEN = range(200, 300)  # statuses of an answer that brought what was asked for


def granted(entry: Entry) -> bool:
    """Whether this exchange brought a token; its answer may have been lost."""
    return entry.kind == "exchange" and entry.brought_access is not None


@dataclass(slots=True)
class Session:
    """One session, as far as the entries tell. Instants are s on the recorder's clock."""

    name: str  # what names it, else one of its tokens
    named: bool = False  # by a claim or by the mock
    began_at: float | None = None  # its sign-in arrived; None: that was not seen
    seen_at: float = inf  # the earliest answer to a request with one of its tokens

    @property
    def known(self) -> bool:
        """Whether it can be told from any other that is known; a piece of a session cannot."""
        return self.named or self.began_at is not None


class Graph:
    """What is derived from some entries, once. The order in which they are given changes nothing but names."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self.exchanges: dict[str, list[Entry]] = defaultdict(list)  # by the refresh token that was presented
        self.brought: dict[str, list[Entry]] = defaultdict(list)  # the answers that brought a token
        self._parts = Components()
        self._claimed: dict[str, str] = {}  # by token, what names its session
        self._began: list[tuple[str, Entry]] = []
        self._seen: dict[str, float] = {}
        self._linked: dict[
            tuple[str, int], str
        ] = {}  # by family and generation, where the mock says whose link it is
        for entry in entries:
            if entry.kind is not None and not self._says_nothing_new(entry):
                self._add(entry)
        self._places = self._placed()  # by token, and by what names a session
        names = set(self._claimed.values())
        self._renamed = {name: self._places[name].name for name in names if self._places[name].name != name}
        self._kept: dict[str, list[float]] = {}  # by refresh token, when it had been used and was kept

    # --- whose, and which ---

    def session(self, entry: Entry) -> str | None:
        """Return the name of the entry's session; None: nothing says that it has one."""
        if entry.family is not None:
            return self._renamed.get(entry.family, entry.family)
        quick = entry.kind == "api" and entry.sent is not None  # most are
        session = self._places.get(entry.sent or "") if quick else self.place(entry)
        return None if session is None else session.name

    def place(self, entry: Entry) -> Session | None:
        """Return what is known of the entry's session, where a token of it or its name was seen."""
        node = entry.sent or entry.presented if entry.kind == "api" else _node(entry)  # most are, and this is quick
        return self._places.get(node or entry.family or "")

    def token(self, entry: Entry) -> Hashable:
        """Return what stands for the token that was presented, or else sent; None: none is known."""
        if entry.kind is None:
            return None if entry.generation is None else (entry.family, entry.generation)
        return entry.presented or entry.sent

    def known(self, entry: Entry) -> bool:
        """Whether the entry's session can be told from any other that is known."""
        if entry.family is not None:
            return True
        session = self.place(entry)
        return session is not None and session.known

    def count(self, entries: Iterable[Entry]) -> int:
        """Return how many sessions are known to be different; what is of no known session may be of any."""
        families, nodes = set[str](), set[str]()
        for e in entries:
            if e.family is not None:
                families.add(e.family)
            elif e.kind is not None and (node := e.sent if e.kind == "api" and e.sent is not None else _node(e)):
                nodes.add(node)
        pieces = [self._places[node] for node in nodes if node in self._places]
        known = {piece.name for piece in pieces if piece.known}
        known.update(self._renamed.get(family, family) for family in families)
        return len(known) or int(bool(pieces))

    def use(self, entry: Entry) -> Hashable:
        """Return what stands for one need of an exchange: a refresh token, each time anew if it is kept.

        Uses of a kept token at once are one need, one after another's answer is the next.
        """
        if entry.kind is None:
            return entry.family, entry.generation
        if entry.presented is None:
            return entry.seq
        if (ends := self._kept.get(entry.presented)) is None:
            ends = sorted(e.answered_at for e in self.exchanges.get(entry.presented, ()) if kept_its_token(e))
            self._kept[entry.presented] = ends
        return entry.presented, bisect_left(ends, entry.received_at)

    def same(self, one: Entry, other: Entry) -> bool | None:
        """Tell whether two requests are of one session; None: that is not known."""
        a, b = self.place(one), self.place(other)
        if a is None or b is None:
            return None
        if a is b:
            return True
        if one.key != other.key:
            return None
        apart = (a.known and b.known) or _too_early(a, b) or _too_early(b, a)
        return False if apart else None

    # --- what came of what ---

    def children(self, refresh: str) -> set[str]:
        """Return the refresh tokens that this one brought, itself not among them."""
        brought = {e.brought_refresh for e in self.exchanges.get(refresh, ()) if granted(e)}
        return {token for token in brought if token is not None} - {refresh}

    def descends(self, token: str, ancestor: str) -> bool:
        """Whether a path shows that the refresh token came of the other."""
        reached, ahead = {ancestor}, [ancestor]
        while ahead:
            fresh = self.children(ahead.pop()) - reached
            reached |= fresh
            ahead += fresh
        return token in reached and token != ancestor

    def beside(self, refresh: str) -> set[str]:
        """Return the access tokens that came with this refresh token, or by it if it is kept."""
        answers = [*self.brought.get(refresh, ()), *(e for e in self.exchanges.get(refresh, ()) if kept_its_token(e))]
        return {e.brought_access for e in answers if e.brought_access is not None}

    def replaced(self, sender: Entry) -> list[Entry]:
        """Return the exchanges that brought a successor of the access token which this request sent."""
        access = sender.sent
        if access is None:
            return []
        with_it = {e.presented if kept_its_token(e) else e.brought_refresh for e in self.brought.get(access, ())}
        if not with_it and sender.family is not None and sender.generation is not None:
            with_it = {self._linked.get((sender.family, sender.generation))}
        done = [e for token in with_it if token is not None for e in self.exchanges.get(token, ()) if granted(e)]
        return [e for e in done if e.brought_access != access]

    # --- building ---

    def _says_nothing_new(self, e: Entry) -> bool:
        """Whether this is one more use of an access token that is known, as most entries are."""
        if e.kind != "api" or e.sent is None:
            return False
        if e.family is not None:
            return e.sent in self._claimed
        return 0 < self._seen.get(e.sent, 0) <= e.answered_at

    def _add(self, e: Entry) -> None:
        if e.kind == "exchange":
            self._exchanged(e)
        elif e.kind == "sign_in":
            self._signed_in(e)
        elif e.sent is not None:
            self._use(e.sent, e)
        elif e.presented is not None:
            self._use(e.presented, e)

    def _use(self, token: str, e: Entry) -> None:
        if e.family is not None:
            if token not in self._claimed:
                self._claim(token, e)
        elif (at := self._seen.get(token)) is None:
            self._parts.add(token)
            self._seen[token] = e.answered_at or inf
        elif 0 < e.answered_at < at:
            self._seen[token] = e.answered_at

    def _claim(self, token: str, e: Entry) -> None:
        """Join a token with what names its session."""
        if e.family is not None:
            self._claimed[token] = e.family
            self._parts.join(token, e.family)
        else:
            self._parts.add(token)

    def _exchanged(self, e: Entry) -> None:
        if e.presented is None:
            return
        self._use(e.presented, e)
        self.exchanges[e.presented].append(e)
        if e.family is not None and e.generation is not None:
            self._linked[e.family, e.generation] = e.presented
        if granted(e):
            self._bring(e, e.presented)

    def _signed_in(self, e: Entry) -> None:
        first = e.brought_access or e.brought_refresh
        if first is not None:
            self._claim(first, e)
            if e.credentials is not None:  # whoever fetches again with the same has no second session
                self._parts.join(first, f"{e.credentials} {e.peer} {e.client}")
            self._bring(e, first)
            self._began.append((first, e))

    def _bring(self, e: Entry, origin: str) -> None:
        for token in (e.brought_access, e.brought_refresh):
            if token is not None:
                self._parts.join(origin, token)
                if token != e.presented:
                    self.brought[token].append(e)

    def _placed(self) -> dict[str, Session]:
        """Return each node's session: one for each component."""
        sessions: dict[str, Session] = {}
        places: dict[str, Session] = {}
        for node in self._parts:
            root = self._parts.root(node)
            if root not in sessions:
                sessions[root] = Session(root)
            places[node] = sessions[root]
        for family in dict.fromkeys(self._claimed.values()):
            session = places[family]
            if not session.named:
                session.name, session.named = family, True
        for token, e in self._began:
            session = places[token]
            session.began_at = min(e.received_at, session.began_at if session.began_at is not None else inf)
        for token, at in self._seen.items():
            session = places[token]
            session.seen_at = min(at, session.seen_at)
        return places


def _node(e: Entry) -> str | None:
    """Return the token by which the entry's session is known, if it says one."""
    if e.kind == "exchange":
        return e.presented
    if e.kind == "sign_in":
        return e.brought_access or e.brought_refresh
    return e.sent or e.presented


def kept_its_token(e: Entry) -> bool:
    """Whether an exchange left the refresh token as it was."""
    return granted(e) and (e.brought_refresh is None or e.brought_refresh == e.presented)


def _too_early(one: Session, other: Session) -> bool:
    """Whether a token of the other session was answered before this one's sign-in arrived."""
    return one.began_at is not None and not one.named and other.seen_at < one.began_at
