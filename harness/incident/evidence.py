"""
What the files of an incident tell together: entries on one clock, where each stands, and what is missing.

An entry has the facts that its file has, and None for the others: nothing is guessed. So a None proves nothing unless
`Seen.says_token` says that the file would have told.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal, TypeAlias

from race401.harness.judge.graph import Graph
from race401.ledger.entry import Entry

Side: TypeAlias = Literal["client", "server", "between", "auth"]
"""Who wrote a file: a browser or an app, the API's server, a proxy between the two, or the auth server."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Clock:
    """
    How a file's times became those of the incident. Both in s; None: nothing tells, and they are as they were.

    The incident's clock is the server's wherever a file tells it (`Date` in an answer, or a server's own log).
    """

    offset: float | None = None  # was added to the file's times; above 0: its clock was behind the server's
    within: float | None = None  # the offset may be wrong by as much
    between: tuple[float, float] = (0.0, 0.0)  # it is not below the first nor above the second
    disputed: bool = False  # the clocks of servers that answered differ among each other


@dataclass(frozen=True, kw_only=True)
class Source:
    """One file. `rows`: requests or events in it; those that became entries are `kept`."""

    name: str  # its path, as it was given
    kind: str  # as a person would call it: "HAR", "access log", ...
    unit: str  # what a row's number counts: "line" from 1, "entry" from 1, "row" from 1
    side: Side
    rows: int = 0
    kept: int = 0
    says_tokens: bool = False  # anywhere: of no request in it is it known otherwise whether it had a token
    sanitized: bool = False  # credentials were taken out of it
    torn: bool = False  # it ends in the middle of a row
    dialects: tuple[str, ...] = ()  # names of those in which it was read
    origins: tuple[str, ...] = ()  # hosts that its requests went to; an entry's is its `world`
    key: str | None = None  # of its fingerprints
    clock: Clock = Clock()
    resolution: float = 0.001  # s between two of its instants that it can tell apart
    timed: bool = True  # its rows tell when a request arrived and when it was answered, not one of the two
    notes: tuple[str, ...] = ()  # sentences for people: what was left out, and why


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """Where a file tells of an entry, and what it tells besides an entry's facts."""

    source: int  # the file's place in `Evidence.sources`
    row: int  # from 1; `Source.unit` says of what
    says_token: bool = False  # whether the row would show an access token if one was sent
    said: str | None = None  # the server's own words for a refusal; no secrets
    retry_after: float | None = None  # s, which the answer asked its client to wait
    signed_by: str | None = None  # `kid` of the access token that was sent, or of the one that was brought
    lifetime: float | None = None  # s, of the access token that the answer brought
    user: str | None = None  # fingerprint of whom the log names
    session: str | None = None  # fingerprint of the session that the log names
    page: str | None = None  # the page load that it was part of, in a HAR
    had_body: bool | None = None  # whether the request had a body; None: the file does not say
    says_status: bool = True  # False: what the answer was, if any, is not told
    waited: float = 0.0  # s in the browser, made and not sent yet: its token is of when it was made
    signs_out: bool = False  # its body asks for a sign-out, as of GraphQL; the path does not


@dataclass(frozen=True, slots=True)
class Missing:
    """Something that the files do not tell, and how it could be had."""

    what: str  # "the access tokens of 40 requests"
    fills: str  # "export the HAR with sensitive data (...)"
    source: int | None = None  # the file that lacks it; None: no file has it
    rows: tuple[int, ...] = ()  # some of the rows that lack it, at most ROWS


ROWS = 5  # rows that a Missing names


@dataclass(frozen=True)
class Evidence:
    """
    All that is known.

    `entries` are in the order of arrival, `seq` from 1; `seen[seq - 1]` says which files tell of that one, the first
    of them the one that knows most: one request that a HAR and an access log tell of is one entry.
    """

    entries: tuple[Entry, ...]
    sources: tuple[Source, ...]
    missing: tuple[Missing, ...] = ()
    seen: tuple[tuple[Seen, ...], ...] = field(default=(), repr=False)

    @cached_property
    def graph(self) -> Graph:
        """The tokens and sessions that the entries tell of."""
        return Graph(self.entries)

    def first(self, entry: Entry) -> Seen:
        """Return where the entry is told of by whoever knows most of it."""
        return self.seen[entry.seq - 1][0]

    def sides(self, entry: Entry) -> set[Side]:
        """Return who tells of it."""
        return {self.sources[seen.source].side for seen in self.seen[entry.seq - 1]}

    def place(self, entry: Entry) -> str:
        """Return where it stands, for people: `incident.har entry 5, access.log line 812`."""
        told = ((self.sources[seen.source], seen) for seen in self.seen[entry.seq - 1])
        return ", ".join(f"{source.name} {source.unit} {seen.row}" for source, seen in told)

    def without_token(self, entry: Entry) -> bool:
        """Whether it is known that the request had no access token."""
        return entry.sent is None and any(seen.says_token for seen in self.seen[entry.seq - 1])

    def entries_of(self, sides: Iterable[Side]) -> Sequence[Entry]:
        """Return the entries that one of these tells of."""
        wanted = set(sides)
        return [entry for entry in self.entries if wanted & self.sides(entry)]
