"""
Two origins with two lifetimes: one refuses what the other still takes.

Shown: one access token was taken by both origins; then one refused the same call, for good, and the other took it
after that, with no refresh and no sign-out before.
Consistent: one origin refused a token that the other took after that, and had never taken it; or two origins answered
one page, one of them with refusals only, and the files do not tell the tokens.
Excluded: a token that one origin refused was refused by the other after that.
"""

from collections import defaultdict

from race401.harness.incident.mechanisms import key_change
from race401.harness.incident.mechanisms.case import AT_ONCE_S, NOT_THE_TOKEN, Case, same_call, took
from race401.harness.incident.mechanisms.mechanism import Mechanism, Sign, consistent, excluded, shown
from race401.harness.incident.mechanisms.ways import Recipe, Way
from race401.harness.judge.causal import before
from race401.ledger.entry import Entry


def look(case: Case) -> Sign | None:
    """Say what the evidence shows of it."""
    if len({e.world for e in case.api}) < 2:  # noqa: PLR2004 - one origin
        return None
    tokens: dict[str, list[Entry]] = defaultdict(list)
    for e in case.api:
        if e.sent is not None:
            tokens[e.sent].append(e)
    never: Sign | None = None
    for uses in tokens.values():
        for refused in (e for e in uses if e.unauthorized):
            here = [e for e in uses if e.world == refused.world]
            there = next((e for e in uses if e.world != refused.world and took(e) and before(refused, e)), None)
            if there is None or any(took(e) and before(refused, e) for e in here) or _otherwise(case, refused):
                continue
            earlier = next((e for e in here if took(e) and before(e, refused) and same_call(e, refused)), None)
            if earlier is not None:
                return shown(_says(refused, there), (earlier, refused, there))
            decides = f"whether {refused.world} has ever taken such a token (its audience, its issuer)"
            never = never or consistent(_says(refused, there), (refused, there), decides)
    return never or _both(tokens) or _untold(case)


def _otherwise(case: Case, refused: Entry) -> bool:
    """Whether it says another reason, or something ended the token that one may hear of: a refresh, a sign-out."""
    ended = any(by.received_at < refused.answered_at for by in case.graph.replaced(refused))
    return (
        ended
        or NOT_THE_TOKEN.search(words := case.server_words(refused)) is not None
        or key_change.WORDS.search(words) is not None
        or case.ended(case.graph.session(refused), refused.answered_at)
        or case.left(case.who(refused), 0.0, refused.answered_at)
    )


def _both(tokens: dict[str, list[Entry]]) -> Sign | None:
    for uses in tokens.values():
        refused = {e.world: e for e in uses if e.unauthorized}
        if len(refused) > 1:
            return excluded("one token was refused by both origins", refused.values())
    return None


def _untold(case: Case) -> Sign | None:
    unknown = [e for e in case.refused if case.untold(e)]
    for e in unknown:
        near = [y for y in case.api if case.who(y) == case.who(e) and abs(y.received_at - e.received_at) <= AT_ONCE_S]
        there = next((y for y in near if y.world != e.world and took(y)), None)
        if there is not None and not any(took(y) and before(e, y) for y in near if y.world == e.world):
            return consistent(_says(e, there), (e, there), "whether both requests had the same token")
    return None


def _says(refused: Entry, taken: Entry) -> str:
    return f"{refused.world} refused what {taken.world} took"


MECHANISM = Mechanism(
    name="two-origins",
    title="two origins with two lifetimes",
    answer="One origin refuses a token that another still takes",
    seeks="a token that one origin refused and another took after that",
    look=look,
    way=Way(),
    guard=Recipe(
        world="supabase",
        left="LIFE / 2",
        scene="""
            async with client_of(race401_server, tokens) as client:
                await client.get("/messages")  # stands for another origin
                await client.get("/contacts")
                shorter = {"kind": "status", "status": 401, "times": 1, "which": {"target": "/messages*"}}
                race401_server.arm("rate-limited", name="shorter-life", fault=[shorter])  # of a token there
                await client.get("/messages")
                await client.get("/contacts")
            """,
        check="race401_verdict.check()",
        origins='{"/messages": "other"}',  # what stands for another one
    ),
)
