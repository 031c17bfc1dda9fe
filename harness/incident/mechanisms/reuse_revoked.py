"""
Concurrent reuse that ended the session.

Shown: a refresh token was used again and refused, and the recorder knows that this ended the family; or the tokens
that its first use brought were refused at their own first use within a minute, and no sign-out was seen.
Consistent: the reuse was refused, and the winner's refresh token was not tried again; or a page's requests were taken
and refused within a second, and the files tell neither their tokens nor any refresh that was granted.
Excluded: a refresh of the same session was granted after the refused reuse.
"""

import re
from collections import defaultdict

from race401.harness.incident.mechanisms import reuse
from race401.harness.incident.mechanisms.case import Case, refused_for_good, was_granted
from race401.harness.incident.mechanisms.mechanism import Mechanism, Sign, consistent, excluded, shown
from race401.harness.incident.mechanisms.ways import EXPIRY, LOSES, Play, Way, at_once
from race401.harness.judge.causal import before
from race401.harness.judge.losses import ENDS
from race401.ledger.entry import Entry
from race401.ledger.outcomes import Outcome

OTHER = re.compile(r"expired|idle|inactiv|banned|disabled|locked|suspend|(?:logged|signed).?out|deleted")
WHATEVER = re.compile(r"invalid|revoked|reuse|already")  # a sentence that lists what may be wrong says nothing
OTHERWISE = (Outcome.TIMED_OUT, Outcome.INACTIVE, Outcome.SUPERSEDED, Outcome.BANNED)
TRIED = "whether the refresh token that the first use returned is still accepted"


def look(case: Case) -> Sign | None:
    """Say what the evidence shows of it."""
    pairs = list(reuse.refusals(case))
    if known := _known(case):
        return shown("the reuse of a refresh token ended its session: the auth server says so", known)
    for grant, refused in pairs:
        if (first := _winner_refused(case, grant, refused)) is not None:
            says = "after a refused reuse the tokens of the use that was granted were refused too, at their first use"
            return shown(says, (grant, refused, first))
    open_ = [(g, r) for g, r in pairs if _lived(case, r) is None]
    if open_:
        says = "a reuse was refused; the token that it returned the first time was not tried again"
        return consistent(says, open_[0], TRIED)
    if pairs:
        grant, refused = pairs[0]
        says = "after the refused reuse the session was refreshed again: it is still valid"
        return excluded(says, (grant, refused, _lived(case, refused)))
    return _untold(case) or _unseen(case)


def _untold(case: Case) -> Sign | None:
    if said := reuse.called_reuse(case):
        return consistent("a reuse was refused; whether it ended the session is not recorded", said, TRIED)
    for pair in reuse.untold_uses(case):
        return consistent("of two refreshes at once one was refused; their tokens are not recorded", pair, TRIED)
    return None


def _known(case: Case) -> list[Entry]:
    reused = [e for e in case.exchanges if e.grant_outcome == Outcome.REUSED]
    ended = [e for e in reused if e.ended in ENDS]
    if ended:
        return ended
    if any(e.ended is not None for e in reused):
        return []  # the ledger of whoever decided, who says that it ended nothing
    first = {session: e for e in reversed(reused) if (session := case.graph.session(e)) is not None}
    after: dict[str, list[Entry]] = defaultdict(list)
    for y in case.exchanges:
        session = case.graph.session(y) if y.grant_outcome == Outcome.REVOKED else None
        if session in first and not before(y, first[session]) and not case.ended(session, y.received_at):
            after[session].append(y)
    return next(([first[session], *rows] for session, rows in after.items()), [])


def _lived(case: Case, refused: Entry) -> Entry | None:
    session = case.graph.session(refused)
    mine = () if session is None else case.grants.get(session, ())
    return next((e for e in reversed(mine) if before(refused, e)), None)


def _winner_refused(case: Case, grant: Entry, refused: Entry) -> Entry | None:
    """Return the refusal of what the grant brought, at its first use."""
    child = grant.brought_refresh
    uses = sorted(case.graph.exchanges.get(child or "", ()), key=lambda e: e.received_at)
    if not uses or child == grant.presented or any(was_granted(e) for e in uses):
        return None
    first = uses[0]
    soon = refused.answered_at < first.received_at <= refused.answered_at + reuse.TENTATIVE_S
    over = case.ended(case.graph.session(first), first.received_at) or case.left(
        case.who(first), grant.received_at, first.received_at
    )
    knows = refused.ended is not None and refused.ended not in ENDS  # a ledger of whoever decided
    alone = refused_for_good(first) and not over and not knows and not _otherwise(case, first)
    return first if soon and alone and _lived(case, refused) is None else None


def _otherwise(case: Case, e: Entry) -> bool:
    """Whether the server says of a refusal that it has another reason."""
    said = case.server_words(e).replace("invalid_grant", "")  # the one code for all reasons
    return e.grant_outcome in OTHERWISE or (OTHER.search(said) is not None and WHATEVER.search(said) is None)


def _unseen(case: Case) -> Sign | None:
    """Say what a burst of refusals fits of which nothing more is known."""
    if not all(map(reuse.may_be_refused, case.exchanges)):
        return None
    for burst in case.bursts_of_refusals():
        refused = [e for e in burst if e.unauthorized]
        if not any(case.untold(e) for e in refused):
            continue
        says = f"of one page {len(burst) - len(refused)} taken and {len(refused)} refused within a second"
        decides = "the auth server's log of that second: a refresh that was refused as reused"
        return consistent(says, burst, decides)
    return None


MECHANISM = Mechanism(
    name="reuse-revoked",
    title="one refresh token, several refreshes: the session was ended",
    answer="One refresh token was used twice; that ended the session",
    seeks="a reuse after which the session's other tokens were refused too",
    look=look,
    way=Way("rfc9700", EXPIRY, "burst --policies pre-fix --conditions rfc9700"),
    guard=at_once("rfc9700"),
    play=Play(
        world="rfc9700",
        about="refreshes at once spend one token, and the server ends the session",
        control=LOSES.format(lost="some"),
    ),
)
