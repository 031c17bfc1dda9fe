"""
A change of the signing key: good tokens are refused at once.

Shown: the server says that a signature, or its key, is no good, of a token that had been taken before.
Consistent: a token that had been taken was refused before its end with no sign-out and no refresh before; and a token
that was issued later was taken.
Excluded: requests were refused, each as its token was over or missing; or a token of the same key was taken after.
"""

import re
from typing import TypeAlias

from race401.harness.incident.mechanisms.case import Case, took
from race401.harness.incident.mechanisms.mechanism import Mechanism, Sign, consistent, excluded, shown
from race401.harness.incident.mechanisms.ways import Recipe, Way
from race401.harness.judge.causal import before
from race401.harness.judge.counted import counted
from race401.ledger.entry import Entry

WORDS = re.compile(r"(?:bad|invalid|wrong).{0,12}signature|signature.{0,24}(?:invalid|fail|mismatch|verif)|"
                   r"no (?:suitable|matching|applicable) key|(?:unknown|unrecogni[sz]ed|invalid)\b.{0,8}\bkid\b|"
                   r"(?:keys?|jwks|kid)\b.{0,16}(?:not found|n.t (?:have|find|match)|not (?:have|find|match))|"
                   r"n.t find.{0,24}key|jwserror")  # fmt: skip
OWN = frozenset({"expired", "missing_token"})
SIGNED = frozenset({"bad_signature", "generation_refused"})  # causes of a ledger; the second is our mock's own change


Good: TypeAlias = dict[tuple[str, str], Entry]
"""The first request that was taken with each token, by origin."""


def look(case: Case) -> Sign | None:
    """Say what the evidence shows of it."""
    good: Good = {(e.world, e.sent): e for e in reversed(case.api) if e.sent is not None and took(e)}
    return _signature(case, good) or _newer(case, good) or _untold(case)


def _signature(case: Case, good: Good) -> Sign | None:
    signed = [e for e in case.refused if e.cause in SIGNED or _blames_signature(case, e)]
    turned = [e for e in signed if (first := _good(good, e)) is not None and before(first, e)]
    again = next((y for e in turned for y in case.api if _same(y, e) and took(y) and before(e, y)), None)
    if again is not None:
        return excluded("the token that was refused was taken again by the same server", (turned[0], again))
    if turned:
        says = f"{counted(len(turned), 'request')} refused for the signature of a token that had been taken before"
        return shown(says, [_good(good, turned[0]), *turned])
    return None


def _blames_signature(case: Case, e: Entry) -> bool:
    """Whether the server's words do; "Invalid token: signature has expired" is of a token that is over."""
    words = case.server_words(e)
    over = e.cause in OWN or (e.token_left_s is not None and e.token_left_s <= 0) or "expir" in words
    return WORDS.search(words) is not None and not over


def _newer(case: Case, good: Good) -> Sign | None:
    for e in case.refused:
        if not _unexplained(case, e, good):
            continue
        after = next((y for y in case.api if took(y) and before(e, y) and y.sent not in (None, e.sent)), None)
        if after is not None and not _same_key(case, e, after):
            says = "a token that had been taken was refused before its end, and a newer one was taken"
            decides = "the key (`kid`) of both tokens, and the server's keys"
            return consistent(says, (_good(good, e), e, after), decides)
        if after is not None:
            return excluded("a newer token of the same key was taken", (e, after))
    return None


def _untold(case: Case) -> Sign | None:
    unknown = [e for e in case.refused if case.untold(e)]
    if unknown:
        n = counted(len(unknown), "request")
        says = f"{n} refused; the server does not say why, and their tokens are not recorded"
        return consistent(says, unknown, "the key (`kid`) of the refused tokens, and the server's keys at that time")
    if case.refused and all(e.cause in OWN for e in case.refused):
        return excluded("each request was refused as its token was over or missing", case.refused[:1])
    return None


def _good(good: Good, e: Entry) -> Entry | None:
    """Return the first request that the same server took with the same token."""
    return None if e.sent is None else good.get((e.world, e.sent))


def _same(y: Entry, e: Entry) -> bool:
    return (y.world, y.sent) == (e.world, e.sent)


def _unexplained(case: Case, e: Entry, good: Good) -> bool:
    """Whether a token that had been taken was refused for no reason that the files tell."""
    first = _good(good, e)
    if first is None or not before(first, e) or e.cause in OWN:
        return False
    if e.token_left_s is not None and e.token_left_s <= 0:
        return False
    refreshed = any(
        by.received_at < e.answered_at and not _heard_before(case, e, by) for by in case.graph.replaced(e)
    )
    return not refreshed and not case.ended(case.graph.session(e), e.answered_at)


def _heard_before(case: Case, e: Entry, by: Entry) -> bool:
    return any(x.sent == e.sent and x.answered_at <= by.received_at for x in case.refused)


def _same_key(case: Case, one: Entry, other: Entry) -> bool:
    key = case.seen(one).signed_by
    return key is not None and key == case.seen(other).signed_by


MECHANISM = Mechanism(
    name="key-change",
    title="a change of the signing key",
    answer="The server no longer takes the key of good tokens",
    seeks="tokens that were taken and then refused for their signature",
    look=look,
    way=Way("supabase", "concurrent-401s", "explore --policy fixed --world supabase --refuse"),
    guard=Recipe(
        world="supabase",
        left="LIFE / 2",
        scene="""
            async with client_of(race401_server, tokens) as client:
                await client.get("/me/entitlements")
                race401_server.arm("concurrent-401s")  # from now on its token is refused
                await asyncio.gather(*(client.get(f"/contacts?call={n}") for n in range(CALLS)))
                await client.get("/messages")  # the session is still valid
            """,
        check='race401_verdict.check(covers="two-401s-one-token")',
    ),
)
