"""
A token ended by a refresh: the server ends the old access token as it issues the new one.

Shown: an access token was taken, then a refresh of it arrived, then it was refused before its own end, without a
sign-out and without a refusal that was over before the refresh, while the successor was good and the same call is
taken; or a ledger says so, whose server knows.
Consistent: the same order, and the token's end, or what became of the call and the successor, is not told.
Excluded: after a refresh the old access token was taken.
"""

import re

from race401.harness.incident.mechanisms.case import AT_ONCE_S, NOT_THE_TOKEN, Case, same_call, took, was_granted
from race401.harness.incident.mechanisms.mechanism import Mechanism, Sign, consistent, excluded, shown
from race401.harness.incident.mechanisms.ways import Naive, Play, Recipe, Way
from race401.harness.judge.causal import before
from race401.harness.judge.counted import counted
from race401.ledger.entry import Entry

OTHER = re.compile(r"expir|signature|audience")  # other reasons, in a server's words
GOOD = "whether the same call is taken with the new token"
EXP = "when the refused token was to end by itself (`exp`, or `expires_in`)"


def look(case: Case) -> Sign | None:
    """Say what the evidence shows of it."""
    found = [(e, by) for e in case.refused if (by := _by(case, e)) is not None]
    proven = [(e, by) for e, by in found if case.causes.get(e.seq) == "ended_by_refresh" and _alone(case, e, by)]
    lived = [
        (by, e) for e in case.api if took(e)
        for by in case.graph.replaced(e) if before(by, e)
    ]  # fmt: skip
    if known := [e for e in case.refused if e.cause == "ended_by_refresh"]:
        says = f"{counted(len(known), 'request')} refused with a token that a refresh had ended, as the server knows"
        return shown(says, known)
    if lived:
        return excluded("after a refresh the old access token was still taken", lived[0])
    if proven:
        says = f"{counted(len(proven), 'request')} refused with a token that a refresh had ended before its time"
        return shown(says, [row for pair in proven for row in pair])
    open_ = [pair for pair in found if pair[0].cause != "expired" and (pair[0].token_left_s or 1.0) > 0]
    if open_:
        decides = EXP if open_[0][0].token_left_s is None else GOOD
        return consistent("a token was refused that a refresh had replaced", [*open_[0]], decides)
    return _untold(case)


def _untold(case: Case) -> Sign | None:
    for by in (e for e in case.exchanges if was_granted(e)):
        for e in case.refused:
            mine = case.untold(e) and case.who(e) == case.who(by)
            if mine and by.received_at < e.answered_at and e.received_at < by.answered_at + AT_ONCE_S:
                says = "a request was refused beside a refresh; its token is not recorded"
                return consistent(says, (by, e), f"which token it had, and {EXP}")
    return None


def _alone(case: Case, e: Entry, by: Entry) -> bool:
    """Whether only the refresh explains it: the same call is taken with a token, and the successor was good."""
    taken = any(took(y) and y.sent is not None and same_call(y, e) for y in case.api)
    fresh = [y for y in case.api if y.sent is not None and y.sent == by.brought_access]
    good = any(took(y) for y in fresh) and not any(y.unauthorized for y in fresh)
    out = case.left(case.who(e), 0.0, e.answered_at)
    words = case.server_words(e)
    return taken and good and not out and OTHER.search(words) is None and NOT_THE_TOKEN.search(words) is None


def _by(case: Case, e: Entry) -> Entry | None:
    """Return the refresh that may have ended the token of a refused request."""
    by = next((each for each in case.graph.replaced(e) if each.received_at < e.answered_at), None)
    same = [x for x in case.api if x.sent == e.sent]
    if by is None or any(x.unauthorized and x.answered_at <= by.received_at for x in same):
        return None
    return by if any(took(x) and before(x, by) for x in same) else None


MECHANISM = Mechanism(
    name="ended-by-refresh",
    title="an access token that its own refresh ended",
    answer="A refresh ended the access token that requests carried",
    seeks="a token that was taken before a refresh and refused after it, before its own end",
    look=look,
    way=Way("oauth2-server", "old-token-dies"),
    guard=Recipe(
        world="oauth2-server",
        arm="""
            taken, refreshed = {"request": "resource", "status": 200}, {"request": "exchange", "at": "answer"}
            hold = [
                {"which": {"request": "exchange"}, "at": "arrive", "until": taken, "or_after_s": 1.0},
                {"which": {"request": "resource", "nth": 2}, "at": "arrive", "until": refreshed, "or_after_s": 1.0},
            ]  # the second call leaves before the refresh, and arrives after it
            race401_server.arm("slow-refresh", hold=hold)
            """,
        scene="""
            async with client_of(race401_server, tokens) as client:
                await asyncio.gather(*(client.get(f"/contacts?call={n}") for n in range(CALLS)))
            """,
        check='race401_verdict.check(covers="refresh")',
        policy="mandatory_margin=0.0",  # callers go on while the token is refreshed, until it is over
    ),
    naive=Naive(
        policy=(
            "replace(HARDENED, expiry_margin=MARGIN, margin_share=0.0, jitter=0.0, mandatory_margin=0.0, "
            "retry_on_401=False)"
        )
    ),
    play=Play(
        world="oauth2-server",
        about="a refresh ends the access token that calls carry which left before it",
        control='Expectation("some", "any", cause="ended_by_refresh")',
        policies=(
            "hardened:retry_on_401=false+expiry_margin={margin:g}+mandatory_margin=0+margin_share=0,"
            "hardened:expiry_margin={margin:g}+mandatory_margin=0+margin_share=0"
        ),
        more="""
            left={left:g},
            visit=1,
            program={{
                "name": "ended-by-refresh",
                "hold": [
                    {{
                        "which": {{"request": "resource", "nth": 2}},
                        "at": "arrive",
                        "until": {{"request": "exchange", "at": "answer"}},
                        "or_after_s": 1.0,
                    }}
                ],
            }},
            """,
    ),
)
