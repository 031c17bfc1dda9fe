"""
Which sessions were lost, and of which nobody can know it.

A session is not lost if an exchange of it is granted causally after the refusal. It is lost if the recorder knows
that the refusal ended it, or if the refused token was the newest known and no grant was concurrent. Else it is not
known: the winner's token was not tried again. A token is not known to be the newest if an answer to it was lost, as
behind a gateway's 502, or if another recording, whose fingerprints cannot be compared, saw a grant.
"""

from collections import defaultdict
from collections.abc import Container, Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from race401.harness.judge.causal import before, concurrent
from race401.harness.judge.graph import Graph, granted
from race401.ledger.entry import Entry
from race401.ledger.outcomes import REFUSED, Outcome

FOR_GOOD = REFUSED | {Outcome.SEEN_REFUSED}
ENDS = frozenset({"family", "session", "user"})  # what a decision can end, by `Entry.ended`
FAILED = 500  # and above: the server, or whoever stands before it, failed; it may have spent the token before that


@dataclass(slots=True)
class Losses:
    """The refusals that lost a session, the first of each, and those of which nobody knows."""

    lost: list[Entry] = field(default_factory=list)
    undecided: list[Entry] = field(default_factory=list)


def losses(entries: Iterable[Entry], graph: Graph) -> Losses:
    """Return what became of the sessions whose refresh was refused. A refusal after a sign-out loses nothing."""
    refusals: dict[str | None, list[Entry]] = defaultdict(list)
    grants: dict[str | None, list[Entry]] = defaultdict(list)
    sign_outs: dict[str | None, list[Entry]] = defaultdict(list)
    exchanges = list[Entry]()
    for entry in entries:
        if entry.kind == "exchange":
            exchanges.append(entry)
            if granted(entry):
                grants[graph.session(entry)].append(entry)
            elif entry.grant_outcome in FOR_GOOD:
                refusals[graph.session(entry)].append(entry)
        elif entry.kind == "sign_out" and entry.status in range(200, 300):
            sign_outs[graph.session(entry)].append(entry)
    unheard = {e.presented for e in exchanges if not e.grant_outcome and not 0 < e.status < FAILED}
    keys = {grant.key for mine in grants.values() for grant in mine}
    found = Losses()
    for session, refused in refusals.items():
        open_ = [r for r in refused if all(before(r, over) for over in sign_outs.get(session, ()))]
        open_ = [r for r in open_ if not any(before(r, grant) for grant in grants.get(session, ()))]
        lost = [r for r in open_ if _lost(r, grants.get(session, ()), graph, newest=_newest(r, unheard, keys))]
        found.lost += lost[:1]
        if not lost:
            found.undecided += [r for r in open_ if not _lives(r)][:1]
    return found


def _newest(refused: Entry, unheard: Container[str | None], keys: AbstractSet[str | None]) -> bool:
    """Whether the token that was refused may be the newest, as far as lost answers and other recordings tell."""
    if refused.ended is not None:
        return True  # the recorder decided it itself, and knows
    return refused.presented not in unheard and keys <= {refused.key}


def _lost(refused: Entry, grants: Iterable[Entry], graph: Graph, *, newest: bool) -> bool:
    """Whether the session was over with this refusal."""
    if refused.ended in ENDS:
        return True
    if _lives(refused) or refused.presented is None or not newest:
        return False
    return not graph.children(refused.presented) and not any(concurrent(refused, grant) for grant in grants)


def _lives(refused: Entry) -> bool:
    """Whether the recorder knows that the refusal of a reuse ended nothing: a loser, and a session that lives on."""
    return refused.ended == "none" and refused.grant_outcome == "reused"
