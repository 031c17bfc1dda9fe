"""
A stale copy: a token that somebody held on to after its successor had come.

Shown: a request was refused with an access token whose successor had been issued before the request was
received, long enough for its client to know; or a refresh token was presented again, more than a second after its
first use, whose tokens had been used.
Consistent: the same within a moment, as of a burst; or a refresh token was presented again after its first use was
answered, and nothing tells whether that answer had arrived; or a request was refused after a refresh, and the files
do not tell its token.
Excluded: each token that was refused was the newest of its session.
"""

from race401.harness.incident.mechanisms import reuse
from race401.harness.incident.mechanisms.case import AT_ONCE_S, Case, refused_for_good, was_granted
from race401.harness.incident.mechanisms.mechanism import Mechanism, Sign, consistent, excluded, shown
from race401.harness.incident.mechanisms.ways import Naive, Recipe, Way
from race401.harness.judge.causal import before
from race401.harness.judge.counted import counted
from race401.harness.judge.graph import kept_its_token
from race401.ledger.entry import Entry

HEARD_S = 0.05  # a browser's own time from an answer to what its page does about it


def look(case: Case) -> Sign | None:
    """Say what the evidence shows of it."""
    return _refused(case) or _again(case) or _untold(case) or _newest(case)


def _refused(case: Case) -> Sign | None:
    """Say what requests show that were refused with an access token that had been replaced."""
    replaced = [e for e in case.refused if case.causes.get(e.seq) == "stale_copy"]
    stale = [e for e in replaced if any(_long_before(case, by, e) for by in case.graph.replaced(e))]
    if stale:
        by = [done for e in stale for done in case.graph.replaced(e) if before(done, e)]
        says = f"{counted(len(stale), 'request')} refused with a token whose successor had been issued before"
        return shown(says, [*by[:1], *stale])
    if replaced and not any(_second_uses(case)):
        first = next(done for done in case.graph.replaced(replaced[0]) if before(done, replaced[0]))
        says = "a request arrived just behind the refresh that replaced its token"
        return consistent(says, (first, *replaced), "when it left its client: the same second in a HAR")
    return None


def _again(case: Case) -> Sign | None:
    """Say what refresh tokens show that were presented again."""
    arrived, unknown = _second_uses(case)
    if arrived:
        says = "a refresh token was presented again after the tokens that it had returned were in use"
        return shown(says, arrived)
    if unknown:
        says = "a refresh token was presented again after its first use was answered"
        return consistent(says, unknown, "whether the first answer had arrived")
    return None


def _newest(case: Case) -> Sign | None:
    tokens = [e for e in case.refused if e.sent is not None]
    replaced = any(case.graph.replaced(e) for e in tokens)
    if tokens and not replaced and any(case.graph.brought.get(e.sent or "") for e in tokens):
        return excluded("each token that was refused was the newest of its session", tokens[:1])
    return None


def _long_before(case: Case, by: Entry, e: Entry) -> bool:
    """Whether its client had long heard of the successor as a request left; s."""
    margin = (
        HEARD_S if case.by_clients((by, e)) else AT_ONCE_S
    )  # a server sees neither answers arrive nor requests leave
    return before(by, e) and case.made_at(e) - by.answered_at > margin


def _second_uses(case: Case) -> tuple[list[Entry], list[Entry]]:
    """Return uses one after the other: of which the first answer is known to have arrived, and of which not."""
    arrived: list[Entry] = []
    unknown: list[Entry] = []
    for uses in case.uses():
        for first in uses:
            later = [
                e
                for e in uses
                if before(first, e) and not kept_its_token(e) and (was_granted(e) or refused_for_good(e))
            ]
            if not later or not was_granted(first) or kept_its_token(first) or case.no_answer(first):
                continue
            used = (
                e
                for e in case.entries
                if {e.sent, e.presented} & _brought(first) and e.received_at >= first.answered_at
            )
            use = next((e for e in used if e.received_at < later[0].received_at), None)
            held = [e for e in later if e.received_at - first.answered_at > AT_ONCE_S]  # before that it is a burst
            if use is not None and held:
                arrived += [first, use, *held]
            else:
                unknown += [first, *later]
    return arrived, unknown


def _untold(case: Case) -> Sign | None:
    """Say what a refusal of a token fits that the files do not tell."""
    for by in (e for e in case.exchanges if was_granted(e)):
        for e in case.refused:
            if case.untold(e) and before(by, e) and case.who(e) == case.who(by):
                says = "a request was refused after a refresh; its token is not recorded"
                return consistent(says, (by, e), "whether it had the token from before the refresh")
    said = reuse.called_reuse(case)
    for by in (e for e in case.exchanges if was_granted(e) and said and before(e, said[0])):
        says = "the server refused a used token after it had granted a refresh; their tokens are not recorded"
        return consistent(says, (by, said[0]), "whether both presented the same refresh token, and who each was")
    return None


def _brought(e: Entry) -> set[str | None]:
    return {e.brought_access, e.brought_refresh} - {None, e.presented}


MECHANISM = Mechanism(
    name="stale-copy",
    title="a stale copy of a token",
    answer="Somebody used a stale copy of a refreshed token",
    seeks="a token that was used after its successor had come",
    look=look,
    way=Way("supabase", "three-tabs", "explore --policy fixed --world rfc9700 --tabs 2 --callers 1"),
    guard=Recipe(
        world="rfc9700",
        arm="""
            slow = {"kind": "delay", "fixed_s": 1.2, "which": {"request": "resource", "nth": 2}}
            race401_server.arm("rate-limited", name="slow-answer", fault=[slow])  # no burst: over a second passes
            """,
        scene="""
            one, other = (client_of(race401_server, tokens, storage) for storage in [tmp_path / "session"] * 2)
            async with one, other:
                await one.get("/contacts")
                await one.get("/messages")  # its new token is in use
                await other.get("/contacts?of=another")
            """,
        check='race401_verdict.check(covers="refresh")',
        part="clients over one storage",
    ),
    naive=Naive(
        code='''
            def client_of(server, tokens, storage):
                """A client with a copy of its own: whatever the storage says."""
                auth = TokenAuth(AuthServer(server.auth_url), policy=POLICY)
                auth.sign_in(TokenPair.from_answer(tokens))
                return httpx.AsyncClient(base_url=server.url, auth=auth)
            ''',
    ),
)
