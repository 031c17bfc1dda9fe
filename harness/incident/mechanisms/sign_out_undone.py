"""
A sign-out undone: a refresh that was under way wrote its tokens back.

Shown: a session was signed out; a refresh of it was under way meanwhile and brought tokens; and those were used after
the sign-out had been answered.
Consistent: the same order, and the files do not tell the tokens.
Excluded: a session was signed out, and nothing of it was used after that.
"""

from race401.harness.incident.mechanisms.case import Case, was_granted
from race401.harness.incident.mechanisms.mechanism import Mechanism, Sign, consistent, excluded, shown
from race401.harness.incident.mechanisms.ways import FIXED, Naive, Play, Recipe, Way
from race401.harness.judge.causal import before, concurrent
from race401.harness.judge.graph import TAKEN
from race401.ledger.entry import Entry


def look(case: Case) -> Sign | None:
    """Say what the evidence shows of it."""
    for session, out in case.sign_outs:
        for e in case.exchanges:
            if case.graph.session(e) != session or not was_granted(e) or not concurrent(e, out):
                continue
            brought = {e.brought_access, e.brought_refresh} - {None}
            use = next((y for y in case.entries if _later(y, out) and {y.sent, y.presented} & brought), None)
            if use is not None:
                says = "tokens that a refresh returned during the sign-out were used after it"
                return shown(says, (e, out, use))
    outs = [e for e in case.entries if e.kind == "sign_out" and e.status in TAKEN]
    for out in outs:
        if (found := _untold(case, out)) is not None:
            return found
    for session, out in case.sign_outs:
        if not any(before(out, y) and case.graph.session(y) == session for y in case.entries):
            return excluded("after the sign-out nothing of the session was used", (out,))
    return None


def _later(y: Entry, out: Entry) -> bool:
    return before(out, y) and y.kind in ("api", "exchange")


def _untold(case: Case, out: Entry) -> Sign | None:
    mine = [e for e in case.entries if case.who(e) == case.who(out)]
    during = next((e for e in mine if e.kind == "exchange" and was_granted(e) and concurrent(e, out)), None)
    again = [e for e in mine if e.kind == "sign_in" and before(out, e)]
    later = [
        e for e in mine
        if e.kind == "api" and e.status in TAKEN and before(out, e) and not any(before(s, e) for s in again)
    ]  # fmt: skip
    use = next((e for e in later if case.untold(e)), None)
    if during is None or use is None:
        return None
    says = "a refresh was granted during the sign-out, and requests went on after it"
    return consistent(says, (during, out, use), "whether the requests after the sign-out had a token, and which")


MECHANISM = Mechanism(
    name="sign-out-undone",
    title="a sign-out undone by a refresh under way",
    answer="A refresh under way brought the session back after sign-out",
    seeks="tokens of a refresh during the sign-out that were used after it",
    look=look,
    way=Way("supabase", "sign-out", "explore --policy fixed --world supabase --sign-out"),
    guard=Recipe(
        world="supabase",
        arm='race = race401_server.arm("sign-out-during-refresh")',
        scene="""
            async with client_of(race401_server, tokens) as client:
                last = asyncio.create_task(client.get("/messages"))
                await asyncio.to_thread(race.status, "holding")  # until the server holds the refresh
                await sign_out(client, race401_server)
                await last
                await client.get("/contacts")
            """,
        check='race401_verdict.check(covers="refresh-during-sign-out", caller_401s="any")',
        part="client that signs out",
    ),
    naive=Naive(policy=FIXED),
    play=Play(
        world="supabase",
        about="a refresh is answered after the sign-out was",
        control='Expectation("any", "any", sessions_lost="any", after_sign_out="some")',
        policies="fixed:expiry_margin={margin:g},hardened",
        subject='Expectation("any", "any", sessions_lost="any")',
        more="""
            left={left:g},
            visit=2,
            program={{
                "name": "sign-out-during-refresh",
                "hold": [
                    {{
                        "which": {{"request": "exchange", "nth": 1}},
                        "until": {{"request": "sign_out"}},
                        "settle_s": 0.1,
                    }}
                ],
            }},
            happens="sign-out",
            covers=("refresh-during-sign-out",),
            """,
    ),
)
