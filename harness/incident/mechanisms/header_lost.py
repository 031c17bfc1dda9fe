"""
The header was lost at a redirect.

Shown: a request with a token was redirected, and what followed the redirect had none and was refused.
Consistent: the same, and the files do not tell tokens.
Excluded: what followed the redirect had a token.
"""

import re

from race401.harness.incident.mechanisms.case import AT_ONCE_S, Case
from race401.harness.incident.mechanisms.mechanism import Mechanism, Sign, consistent, excluded, shown
from race401.harness.incident.mechanisms.ways import Naive, Recipe, Way
from race401.harness.judge.causal import before
from race401.harness.judge.causes import REDIRECTION
from race401.harness.judge.counted import counted
from race401.ledger.entry import Entry

LOGIN = re.compile(
    r"log-?in|sign-?in|authori[sz]e|\bsso\b|saml", re.IGNORECASE
)  # where a session that is over leads to


def look(case: Case) -> Sign | None:
    """Say what the evidence shows of it."""
    hops = [(r, e) for r, e in _hops(case) if e.unauthorized]
    lost = [(r, e) for r, e in hops if case.causes.get(e.seq) == "header_lost" and case.evidence.without_token(e)]
    if lost:
        says = f"{counted(len(lost), 'redirected request')} arrived without the token that it had left with"
        return shown(says, [row for pair in lost for row in pair])
    for r, e in hops:
        if case.untold(e):
            says = "what followed a redirect was refused; its token is not recorded"
            return consistent(says, (r, e), "whether the request that followed the redirect had a token")
    followed = [(r, e) for r, e in _hops(case) if e.sent is not None]
    if followed:
        return excluded("what followed the redirect had its token", followed[0])
    return None


def _hops(case: Case) -> list[tuple[Entry, Entry]]:
    """Return each redirect of the API with the request that followed it."""
    found = []
    redirects = [e for e in case.api if e.status in REDIRECTION and e.redirect is not None]
    for r in redirects:
        after = (e for e in case.api if e.redirect == r.redirect and e is not r and _follows(r, e))
        if (e := next(after, None)) is not None:
            found.append((r, e))
    return found


def _follows(r: Entry, e: Entry) -> bool:
    login = LOGIN.search(e.target.partition("?")[0]) is not None
    return not login and before(r, e) and e.peer == r.peer and e.received_at - r.answered_at <= AT_ONCE_S


MECHANISM = Mechanism(
    name="header-lost",
    title="a token lost at a redirect",
    answer="A redirect was followed without the token",
    seeks="a redirect that was followed without the token that the first request had",
    look=look,
    way=Way(),
    guard=Recipe(
        world="supabase",
        arm="""
            moved = {"kind": "redirect", "to": "/messages", "which": {"target": "/contacts*"}}
            race401_server.arm("rate-limited", name="moved", fault=[moved])
            """,
        left="LIFE / 2",
        scene="""
            async with client_of(race401_server, tokens) as client:
                await client.get("/messages")
                await client.get("/contacts")  # redirects there
            """,
        check="""
            after = [entry for entry in race401_server.ledger() if entry.redirect and entry.status != 307]
            assert len(after) > 1, "the client did not follow the redirect"
            assert all(entry.sent for entry in after), "the redirect was followed without the token"
            """,
        part="client that follows redirects",
    ),
    naive=Naive(
        code='''
            class LosesHeaders(httpx.AsyncClient):
                """Follows redirects on its own, without the header."""

                async def get(self, url):
                    answer = await super().get(url)
                    async with httpx.AsyncClient() as bare:
                        while answer.has_redirect_location:
                            answer = await bare.get(answer.url.join(answer.headers["location"]))
                    return answer


            def client_of(server, tokens):
                """A client that loses headers."""
                headers = {"Authorization": f"Bearer {tokens['access_token']}"}
                return LosesHeaders(base_url=server.url, headers=headers)
            ''',
    ),
)
