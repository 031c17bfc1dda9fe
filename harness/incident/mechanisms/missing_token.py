"""
A missing token: a client that had one sends requests without.

Shown: a request without a token was refused, and the same client, on the same page load where those are told, had a
token before and had not signed out.
Consistent: the same on another page load; or requests were refused of which the files do not tell whether they had a
token.
Excluded: every request that was refused had a token.
"""

from race401.harness.incident.mechanisms.case import Case
from race401.harness.incident.mechanisms.mechanism import Mechanism, Sign, consistent, excluded, shown
from race401.harness.incident.mechanisms.ways import EXPIRY, LOSES, Play, Way, at_once
from race401.harness.judge.counted import counted
from race401.ledger.entry import Entry


def look(case: Case) -> Sign | None:
    """Say what the evidence shows of it."""
    refused = [e for e in case.refused if case.causes.get(e.seq) != "header_lost"]
    had = [(e, page) for e in refused if case.evidence.without_token(e) and (page := _had_one(case, e)) is not None]
    if bare := [e for e, page in had if page]:
        says = f"{counted(len(bare), 'request')} without a token, of a client that had one"
        return shown(says, bare)
    if had:
        says = f"{counted(len(had), 'request')} without a token, of a page that was loaded anew, or of another file"
        return consistent(says, [e for e, _ in had], "whether the app keeps its tokens in memory only")
    unknown = [e for e in refused if case.untold(e)]
    if unknown:
        says = f"{counted(len(unknown), 'request')} refused; whether they had a token is not recorded"
        return consistent(says, unknown, "whether the refused requests had an Authorization header or cookie")
    if refused and all(e.sent is not None for e in refused):
        return excluded("each request that was refused had a token", refused[:1])
    return None


def _had_one(case: Case, e: Entry) -> bool | None:
    """Whether the client had a token by then on the same page load; None: it had none, or had given it up."""
    pages: set[tuple[int, str | None]] = set()  # and of which browser's file: another may be somebody else's
    for x in case.entries:
        if x.received_at >= e.received_at:
            break
        if case.who(x) != case.who(e):
            continue
        if x.seq in case.ways_out:  # who signs out gives its token up, whatever the server says
            pages.clear()
        elif x.answered_at <= e.received_at and (x.sent is not None or x.brought_access is not None):
            pages.add((_file(case, x), case.seen(x).page))
    mine, page = _file(case, e), case.seen(e).page
    return any(file == mine and (page is None or each in (None, page)) for file, each in pages) if pages else None


def _file(case: Case, e: Entry) -> int:
    """Return which client's file tells of a request; 0 of all that servers tell, who know their clients."""
    sources = case.evidence.sources
    told = (each.source + 1 for each in case.evidence.seen[e.seq - 1] if sources[each.source].side == "client")
    return next(told, 0)


MECHANISM = Mechanism(
    name="missing-token",
    title="requests without a token, of a client that had one",
    answer="Requests left without a token: the client had lost it",
    seeks="refused requests without a token, of a client that had one before",
    look=look,
    way=Way("rfc9700", EXPIRY, "burst --policies pre-fix --conditions rfc9700"),
    guard=at_once("rfc9700"),
    play=Play(
        world="rfc9700",
        about="a refresh is refused, and requests leave without a token",
        control=LOSES.format(lost="some"),
    ),
)
