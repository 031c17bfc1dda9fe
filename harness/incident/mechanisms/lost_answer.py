"""
A lost answer: the server rotated, and the client never received it.

Shown: a refresh is known to have been granted and its answer is known not to have arrived; and the same refresh token
was presented again, after that.
Consistent: the answer did not arrive, or a gateway gave one in its place, and the same refresh token, or one that is
not told, was presented again; whether the first was granted is not recorded.
Excluded: each refresh got its answer, by what the client saw.
"""

from race401.harness.incident.mechanisms import reuse
from race401.harness.incident.mechanisms.case import Case, was_granted
from race401.harness.incident.mechanisms.mechanism import Mechanism, Sign, consistent, excluded, shown
from race401.harness.incident.mechanisms.ways import Play, Recipe, Way
from race401.harness.judge.causal import before
from race401.ledger.entry import Entry

GATEWAY = frozenset({502, 504})  # said by one that heard nothing from the auth server, which may have rotated


def look(case: Case) -> Sign | None:
    """Say what the evidence shows of it."""
    lost = [e for e in case.exchanges if case.no_answer(e) or e.status in GATEWAY]
    maybe: list[tuple[Entry, Entry]] = []
    for e in lost:
        for again in case.graph.exchanges.get(e.presented or "", ()):
            if again is e or again.received_at <= max(e.received_at, e.answered_at) or _used(case, e, again):
                continue
            if was_granted(e):
                says = "a refresh was granted, its answer was lost, and the same refresh token came again"
                return shown(says, (e, again))
            maybe.append((e, again))
        maybe += [(e, again) for again in case.exchanges if _may_be_again(case, e, again)]
    if maybe:
        says = "a refresh got no answer, and another followed; whether the first was granted is not recorded"
        return consistent(says, maybe[0], "the auth server's log: whether it granted the refresh without an answer")
    said = reuse.called_reuse(case)
    for e in case.exchanges:
        if (
            said
            and was_granted(e)
            and before(e, said[0])
            and not case.by_clients([e])
            and _may_be_again(case, e, said[0])
        ):
            says = "a used token was refused after a granted refresh; whether that answer arrived is not recorded"
            return consistent(says, (e, said[0]), "the same minute as the client saw it: a HAR, or the app's log")
    if case.exchanges and not lost and case.by_clients(case.exchanges):
        return excluded("each refresh got its answer", case.exchanges[:1])
    return None


def _used(case: Case, e: Entry, again: Entry) -> bool:
    """Whether what it brought was used before the same token came again: then the answer had arrived."""
    brought = {e.brought_access, e.brought_refresh} - {None, e.presented}
    return any({y.sent, y.presented} & brought and y.received_at < again.received_at for y in case.entries)


def _may_be_again(case: Case, e: Entry, again: Entry) -> bool:
    unknown = e.presented is None or again.presented is None
    after = again.received_at > max(e.received_at, e.answered_at)
    return unknown and after and case.who(e) == case.who(again)


MECHANISM = Mechanism(
    name="lost-answer",
    title="a lost answer: rotated, and the client never received it",
    answer="A refresh was granted, and its answer was lost",
    seeks="a refresh that was granted without its answer arriving, and then the same token again",
    look=look,
    way=Way("supabase", "lost-answer", "explore --policy fixed --world supabase --lose 1"),
    guard=Recipe(
        world="supabase",
        arm='race401_server.arm("lost-answer")',
        scene="""
            async with client_of(race401_server, tokens) as client:
                for n in range(2):
                    with suppress(httpx.HTTPError):  # a call may fail with the refresh; the session may not
                        await client.get(f"/contacts?call={n}")
            """,
        check='race401_verdict.check(covers="lost-answer", exchanges_per_generation="any")',
        imports=("from contextlib import suppress",),
    ),
    play=Play(
        world="supabase",
        about="the server rotates, its answer is lost, and the old token is all that the client has",
        control='Expectation("some", "any", cause="missing_token")',
        subject='NOTHING_WRONG.but(exchanges_per_generation="any", refreshes="any")',
        more="""
            left={left:g},
            visit=2,
            program={{
                "name": "lost-answer",
                "fault": [{{"kind": "cut", "where": "answer", "which": {{"request": "exchange"}}, "times": 1}}],
            }},
            covers=("lost-answer",),
            """,
    ),
)
