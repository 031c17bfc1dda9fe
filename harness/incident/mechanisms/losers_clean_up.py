"""
The loser's clean-up: whoever is refused wipes what the winner has stored.

Shown: a reuse was refused; after that the winner's access token was taken; and still later the same client sent two
requests or more without any token, beside one for each refusal, and none with the winner's, although nothing had
refused that, nor the refresh token that came with it, and nobody had signed out or loaded the page anew.
Consistent: a reuse was refused, and the same client sent a request without a token after that.
Excluded: a reuse was refused, and after it the client sent nothing without a token.
"""

from dataclasses import replace

from race401.harness.incident.mechanisms import reuse
from race401.harness.incident.mechanisms.case import Case, refused_for_good
from race401.harness.incident.mechanisms.mechanism import Mechanism, Sign, consistent, excluded, shown
from race401.harness.incident.mechanisms.ways import CALLS_AT_ONCE, Naive, Way, at_once
from race401.harness.judge.causal import before
from race401.harness.judge.graph import TAKEN
from race401.ledger.entry import Entry

SOON_S = 10.0  # after the refusal within which a client that wipes has wiped, what it holds in memory too
LEAST = 2  # requests without a token, after the winner's was taken: one may have been on its way


def look(case: Case) -> Sign | None:
    """Say what the evidence shows of it."""
    open_: list[tuple[Entry, Entry, Entry]] = []
    pairs = list(reuse.refusals(case))
    without = [e for e in case.refused if case.evidence.without_token(e)]
    for grant, refused in pairs:
        bare = [e for e in without if _bare_after(case, e, refused)]
        if not bare or case.ended(case.graph.session(grant), bare[0].received_at):
            continue
        if case.left(case.who(refused), refused.received_at, bare[0].received_at):
            continue
        if (proof := _wiped(case, grant, refused, bare)) is not None:
            says = "after a refused reuse the client sent no token any more, although the winner's was taken"
            return shown(says, (grant, refused, proof, *bare))
        open_.append((grant, refused, bare[0]))
    if open_:
        says = "after a refused reuse a request left without a token"
        return consistent(says, open_[0], "whether the winner's token was still in the client's storage by then")
    untold = [e for e in case.refused if case.untold(e)]
    for grant, refused in [*pairs, *reuse.untold_uses(case)] if untold else []:
        for e in untold:
            if before(refused, e) and case.who(e) == case.who(refused):
                says = "a request was refused after a refused reuse; its token is not recorded"
                return consistent(
                    says, (grant, refused, e), "whether it had a token, and whether it was the winner's"
                )
    after = next((e for e in case.api if pairs and before(pairs[0][1], e) and e.sent is not None), None)
    if after is not None:
        return excluded("after the refused reuse every request had a token", (*pairs[0], after))
    return None


def _bare_after(case: Case, e: Entry, refused: Entry) -> bool:
    return before(refused, e) and case.who(e) == case.who(refused) and case.causes.get(e.seq) != "header_lost"


def _wiped(case: Case, grant: Entry, refused: Entry, bare: list[Entry]) -> Entry | None:
    """Return the request that shows that the winner's token was good and known to the client."""
    winners = [e for e in case.api if e.sent is not None and e.sent == grant.brought_access]
    if any(e.unauthorized for e in winners):
        return None
    last = max((e for e in winners if e.status in TAKEN), key=lambda e: e.received_at, default=None)
    if last is None or case.who(last) != case.who(refused):
        return None
    tries = case.graph.exchanges.get(grant.brought_refresh or "", ())
    tried = any(e.received_at <= bare[-1].received_at for e in tries)
    if tried or last.received_at > refused.answered_at + SOON_S or not _one_page(case, last, bare):
        return None
    losers = [e for e in case.graph.exchanges.get(grant.presented or "", ()) if refused_for_good(e)]
    later = [e for e in bare[len(losers) :] if before(last, e)]  # each loser's own request goes without, too
    others = any(e.sent is not None and before(last, e) for e in case.api if case.who(e) == case.who(refused))
    over = last.token_left_s is not None and later and last.received_at + last.token_left_s <= later[-1].received_at
    return last if len(later) >= LEAST and not others and not over else None


def _one_page(case: Case, last: Entry, bare: list[Entry]) -> bool:
    """Whether no page was loaded between: what a page holds in memory is lost with it."""
    pages = {case.seen(e).page for e in (last, *bare)} - {None}
    return len(pages) < 2  # noqa: PLR2004 - one, or nobody says


MECHANISM = Mechanism(
    name="losers-clean-up",
    title="the loser's clean-up: it wiped the winner's tokens",
    answer="A refused refresh wiped the tokens that another had returned",
    seeks="requests without a token after a refused reuse, although the winner's token was good",
    look=look,
    way=Way("rotate-strict", "losers-clean-up"),
    guard=replace(
        at_once(
            "rotate-strict",
            CALLS_AT_ONCE + '    for n in range(CALLS):\n        await client.get(f"/contacts?later={n}")\n',
        ),
        arm="""
            every = {"request": "exchange", "at": "arrive", "count": CALLS}
            hold = [
                {"which": {"request": "exchange"}, "at": "arrive", "until": every, "or_after_s": 2.0},
                {
                    "which": {"request": "exchange", "grant_outcome": "reused"},
                    "until": {"request": "resource", "status": 200},
                    "or_after_s": 1.0,
                    "if_any": True,
                },
            ]  # who is refused hears of it once the winner's token was taken
            race401_server.arm("concurrent-expiry", hold=hold)
            """,
    ),
    naive=Naive(
        code='''
            class CleansUp:
                """Forgets the session whenever a refresh fails, its own or not."""

                def __init__(self):
                    self.store = MemoryStore()

                def __call__(self, step):
                    if isinstance(step, ExchangeFailed):
                        self.store.write(None)


            def client_of(server, tokens):
                """A client whose losers clean up."""
                loser = CleansUp()
                auth = TokenAuth(AuthServer(server.auth_url), loser.store, POLICY, observers=(loser,))
                auth.sign_in(TokenPair.from_answer(tokens))
                return httpx.AsyncClient(base_url=server.url, auth=auth)
            ''',
    ),
)
