"""
A stampede of sign-ins: every call fetches a token of its own.

Shown: one client, known to be one, had three sign-ins and more under way at once; or signed in three times in a row
although more than half of the last token's life was left and nothing had refused it, with no sign-out between, and
nothing of the last session was used again.
Consistent: as many sign-ins at once from one address, or each for an origin of its own, or of a client whose tokens'
life is not told.
Excluded: sign-ins were seen, and each was over before the next, with the token before it over or refused.
"""

from itertools import pairwise

from race401.harness.incident.mechanisms.case import Case
from race401.harness.incident.mechanisms.mechanism import Mechanism, Sign, consistent, excluded, shown
from race401.harness.incident.mechanisms.ways import EXPIRY, Naive, Recipe, Way
from race401.harness.judge.causal import before, concurrent
from race401.harness.judge.counted import counted
from race401.harness.judge.graph import TAKEN
from race401.harness.judge.streaks import HALF, IN_A_ROW
from race401.ledger.entry import Entry


def look(case: Case) -> Sign | None:
    """Say what the evidence shows of it."""
    granted = [e for e in case.entries if e.kind == "sign_in" and e.status in TAKEN and e.brought_access is not None]
    maybe: Sign | None = None
    for mine in case.by_peer(granted).values():
        if len(together := _together(mine)) >= IN_A_ROW:
            says = f"{counted(len(together), 'sign-in')} of one client at once"
            apart = _each_for_an_origin(case, together)
            if _one(case, together) and not apart:
                return shown(says, together)
            decides = "for which services they are" if apart else "whether they are of one client, or of several"
            maybe = consistent(says, together, decides)
        early, unknown = _needless(case, mine)
        if len(early) >= IN_A_ROW and _one(case, early):
            says = f"{counted(len(early), 'sign-in')} in a row, while the last token had more than half of its life"
            return shown(says, early)
        if maybe is None and len(unknown) >= IN_A_ROW:
            says = f"{counted(len(unknown), 'sign-in')} in a row that nothing called for"
            maybe = consistent(says, unknown, "how long their tokens live, and whether they are of one client")
    return maybe or (excluded("no sign-in was needless", granted[:1]) if granted else None)


def _together(mine: list[Entry]) -> list[Entry]:
    """Return the most sign-ins that were under way at one instant."""
    return max(
        ([y for y in mine if concurrent(x, y) and y.received_at <= x.received_at] for x in mine), key=len, default=[]
    )


def _needless(case: Case, mine: list[Entry]) -> tuple[list[Entry], list[Entry]]:
    """Return the longest row of sign-ins for which the one before was enough, and of which that may be."""
    best: dict[str, list[Entry]] = {"early": [], "unknown": []}
    row: dict[str, list[Entry]] = {"early": mine[:1], "unknown": mine[:1]}
    for last, e in pairwise(mine):
        called = not before(last, e) or _called_for(case, last, e) or _lives_on(case, last, e)
        life = case.seen(last).lifetime
        left = None if life is None else last.answered_at + life - e.received_at
        holds = {"early": left is not None and life is not None and left > HALF * life, "unknown": left is None}
        for kind, held in holds.items():
            row[kind] = [*row[kind], e] if held and not called else [e]
            best[kind] = max(best[kind], row[kind], key=len)
    return best["early"], best["unknown"]


def _lives_on(case: Case, last: Entry, e: Entry) -> bool:
    """Whether the session is used on: then the next one is of another window, or for another service."""
    mine = {last.brought_access, last.brought_refresh} - {None}
    return any({y.sent, y.presented} & mine and before(e, y) for y in case.entries)


def _each_for_an_origin(case: Case, together: list[Entry]) -> bool:
    """Whether each brought a token for an origin of its own."""
    origins = [{y.world for y in case.api if y.sent == e.brought_access} for e in together]
    return all(origins) and sum(map(len, origins)) == len(set[str]().union(*origins))


def _called_for(case: Case, last: Entry, e: Entry) -> bool:
    """Whether something between two sign-ins calls for the second: a refusal, or a sign-out."""
    between = (
        x for x in case.entries if last.answered_at < x.received_at < e.received_at and case.who(x) == case.who(e)
    )
    return any(x.unauthorized or x.seq in case.ways_out or x.status >= 400 for x in between)  # noqa: PLR2004 - of errors


def _one(case: Case, entries: list[Entry]) -> bool:
    """Whether these are known to be of one client."""
    sides = {case.evidence.sources[case.seen(e).source].side for e in entries}
    users = {case.seen(e).user for e in entries}
    pages = {case.seen(e).page for e in entries}
    if len(users) > 1 or (None not in pages and len(pages) == len(entries)):
        return False  # of several people, or each of a page that was loaded anew
    if sides == {"client"}:
        return True
    named = {e.client for e in entries}
    return (len(users) == 1 and None not in users) or (len(named) == 1 and None not in named)


MECHANISM = Mechanism(
    name="sign-in-stampede",
    title="a stampede of sign-ins",
    answer="The client signs in again and again without need",
    seeks="three sign-ins and more of one client at once, or in a row without need",
    look=look,
    way=Way("no-rotation", EXPIRY),
    guard=Recipe(
        world="no-rotation",
        arm="""
            third = {"request": "sign_in", "at": "arrive", "count": 3}
            hold = [{"which": {"request": "sign_in"}, "at": "arrive", "until": third, "or_after_s": 2.0}]
            race401_server.arm("slow-refresh", name="sign-ins-at-once", hold=hold)
            """,
        scene="""
            async with client_of(race401_server) as client:
                await asyncio.gather(*(client.get(f"/contacts?call={n}") for n in range(CALLS)))
            """,
        check="""
            signed_in = [entry for entry in race401_server.ledger() if entry.kind == "sign_in"]
            assert signed_in, "the client never signed in"
            assert len(signed_in) == 1, f"{len(signed_in)} sign-ins for {CALLS} calls at once"
            """,
        part="client that signs in",
    ),
    naive=Naive(
        code='''
            class SignsIn(httpx.Auth):
                """Signs in for each call."""

                def __init__(self, server):
                    self.server, self.who = AuthServer(server.auth_url), (server.email, server.password)

                async def async_auth_flow(self, request):
                    pair = await asyncio.to_thread(self.server.sign_in, *self.who)
                    request.headers["Authorization"] = f"Bearer {pair.access_token}"
                    yield request


            def client_of(server):
                """A client that signs in for each call."""
                return httpx.AsyncClient(base_url=server.url, auth=SignsIn(server))
            ''',
    ),
)
