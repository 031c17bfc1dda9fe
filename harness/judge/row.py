"""A row: what one role showed in one condition, as numbers and as the `seq` of the ledger entries behind them."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

SEQS_STORED = 200  # in a stored verdict, of each kind and row


def refusal(rows: Iterable["Row"]) -> str:
    """Return the noun for what was refused in several rows."""
    return next((row.refusal for row in rows if row.other_refusals), "401")


@dataclass
class Row:
    """
    One condition and role. Sequences of `seq` point into the ledger; durations are in s.

    A check counts into the row: into a field that others read as well, or into one of its own, named `<key>_seqs`,
    which need not be declared here. A stored verdict holds them all, in this order.
    """

    condition: str
    role: str
    policy: str
    browsers: int = 0
    requests: int = 0  # attempts on the app's API
    sends: int = 0  # what they were on the wire, retries included
    wire_401s: Counter[str] = field(default_factory=Counter)  # by cause
    wire_401_seqs: list[int] = field(default_factory=list)
    other_refusals: int = 0  # of those, answered otherwise than by a 401, in the server's dialect
    caller_401s: Counter[str] = field(default_factory=Counter)  # by cause of the last answer
    caller_401_seqs: list[int] = field(default_factory=list)
    undecided_401_seqs: list[int] = field(default_factory=list)  # a ledger alone does not tell
    unlinked_401_seqs: list[int] = field(default_factory=list)  # a token followed of which nobody knows whose it is
    put_off_401_seqs: list[int] = field(default_factory=list)  # asked for again when a refresh had been put off
    accepted_401_seqs: list[int] = field(default_factory=list)  # of a new token that was accepted elsewhere
    sessions: int = 0
    sessions_met: int = 0  # in which a 401 had its chance
    sessions_tried: int = 0  # in which a refresh token was presented
    sessions_401: int = 0  # in which the app saw one
    sessions_wire_401: int = 0  # in which one was answered at all
    sessions_repeated: int = 0  # in which a generation was exchanged more than once
    sessions_lost: int = 0
    lost_seqs: list[int] = field(default_factory=list)
    undecided_lost_seqs: list[int] = field(
        default_factory=list
    )  # refusals after which nobody tried the session again
    exchange_seqs: list[int] = field(default_factory=list)
    generations: int = 0  # that somebody tried to refresh
    outcomes: Counter[str] = field(default_factory=Counter)
    reuse_seqs: list[int] = field(default_factory=list)  # exchanges of a refresh token that had been used
    repeated_seqs: list[int] = field(default_factory=list)  # exchanges of a generation after its first
    after_others_seqs: list[int] = field(default_factory=list)  # those of them whose first was another client's
    ideal_exchanges: list[int] | None = None  # least and most; None: lifetimes or margins are not known
    needless_seqs: list[int] = field(default_factory=list)  # exchanges that nothing called for
    in_a_row_seqs: list[int] = field(default_factory=list)  # exchanges of a client that refreshes at every call
    sign_ins_anew_seqs: list[int] = field(default_factory=list)  # for tokens that another made needless
    margin: float | None = None  # s, of those the least that was left
    lifetime: float | None = None  # s, of their tokens
    bodiless_seqs: list[int] = field(default_factory=list)  # retries without the body of the refused request
    bodiless: Counter[int] = field(default_factory=Counter)  # by the status of their answers
    after_sign_out_seqs: list[int] = field(default_factory=list)  # requests that carried a session signed out before
    store_reads: int = 0
    sampled: int = 0
    signatures: Counter[str] = field(default_factory=Counter)  # pages like the incident's, by cause
    signature_seqs: list[int] = field(default_factory=list)  # their first requests, which were answered 200
    coverage: Counter[str] = field(default_factory=Counter)  # what the run exercised, by name
    shown: dict[str, bool] = field(default_factory=dict)  # whether each expectation had its chance
    waits: dict[str, float | None] = field(default_factory=dict)  # s from the intended start to the answer

    @property
    def refusal(self) -> str:
        """The noun for its refused requests: `401`, unless some were refused by another status, or in a 200."""
        return "refusal" if self.other_refusals else "401"

    @property
    def exchanges(self) -> int:
        """How often a refresh token was sent to the auth server."""
        return len(self.exchange_seqs)

    @property
    def exchanges_per_generation(self) -> float | None:
        """Ideal: 1.00. None: nobody tried to refresh."""
        return self.exchanges / self.generations if self.generations else None

    def json(self) -> dict[str, Any]:
        """Return the row as plain values."""
        plain = dict(vars(self))
        for name, value in plain.items():
            if isinstance(value, Counter):
                plain[name] = dict(sorted(value.items()))
            elif name.endswith("_seqs"):
                plain[name] = value[:SEQS_STORED]
        return plain | {"exchanges": self.exchanges, "exchanges_per_generation": self.exchanges_per_generation}
