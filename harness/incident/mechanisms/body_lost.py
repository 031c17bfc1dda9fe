"""
The body was lost at a retry.

Shown: a refused request had a body, its retry had none, and the retry failed in another way than by its token.
Consistent: a refused request that may have a body was tried again and failed, and the files do not tell the bodies.
Excluded: the retry of a request with a body had a body.
"""

from race401.harness.incident.mechanisms.case import Case
from race401.harness.incident.mechanisms.mechanism import Mechanism, Sign, consistent, excluded, shown
from race401.harness.incident.mechanisms.ways import Naive, Recipe, Way
from race401.harness.judge.causal import before
from race401.harness.judge.causes import body_lost
from race401.harness.judge.counted import counted
from race401.ledger.entry import Entry

WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
COMPLAINS = frozenset({400, 411, 415, 422})  # what servers answer where a body is missed


def look(case: Case) -> Sign | None:
    """Say what the evidence shows of it."""
    posts = [e for e in case.refused if e.method in WITH_BODY]
    pairs = [(x, case.retry_of[x.seq]) for x in posts if x.seq in case.retry_of]
    lost = [(x, y) for x, y in pairs if body_lost(x, y)]
    if lost:
        says = f"{counted(len(lost), 'retry', 'retries')} without the body of the request that was refused"
        return shown(says, [row for pair in lost for row in pair])
    for x in posts:
        y = case.retry_of.get(x.seq) or next((y for y in case.api if _failed_again(case, x, y)), None)
        if y is not None and y.status in COMPLAINS and (None in (x.body_length, y.body_length)):
            return consistent("a retry failed; its body is not recorded", (x, y), "the length of the retry's body")
        if y is not None and body_lost(x, y):
            says = "a request like the refused one failed without a body"
            return consistent(says, (x, y), "whether it was its retry: the tokens of both")
    for x in posts:
        y = next((y for y in case.api if _follows(case, x, y) and y.body_length), None)
        if x.body_length and y is not None:
            return excluded("a retry had the body of the request that was refused", (x, y))
    return None


def _follows(case: Case, x: Entry, y: Entry) -> bool:
    same = (x.method, x.target) == (y.method, y.target) and case.who(x) == case.who(y)
    return same and before(x, y)


def _failed_again(case: Case, x: Entry, y: Entry) -> bool:
    return _follows(case, x, y) and y.status in COMPLAINS


MECHANISM = Mechanism(
    name="body-lost",
    title="a body lost at the retry",
    answer="A retry after a 401 was sent without its body",
    seeks="a retry without the body of the request that was refused",
    look=look,
    way=Way("rfc9700", "post-after-401"),
    guard=Recipe(
        world="rfc9700",
        arm='race401_server.arm("concurrent-401s")',
        left="LIFE / 2",
        scene="""
            async with client_of(race401_server, tokens) as client:
                await client.post("/messages", json=NOTE)
            """,
        check="""
            sent = [entry.body_length for entry in race401_server.ledger() if entry.target.endswith("/messages")]
            assert sent, "the POST never arrived"
            assert len(set(sent)) == 1, f"the server got bodies of {sent} bytes"
            """,
    ),
    naive=Naive(
        code='''
            class LosesBodies(httpx.Auth):
                """Tries again after a 401, without what it had sent."""

                def __init__(self, server, tokens):
                    self.server, self.tokens = AuthServer(server.auth_url), TokenPair.from_answer(tokens)

                async def async_auth_flow(self, request):
                    request.headers["Authorization"] = f"Bearer {self.tokens.access_token}"
                    answer = yield request
                    if answer.status_code == 401:
                        self.tokens = await self.server.aexchange(self.tokens)
                        headers = {"Authorization": f"Bearer {self.tokens.access_token}"}
                        yield httpx.Request(request.method, request.url, headers=headers)


            def client_of(server, tokens):
                """A client that loses bodies."""
                return httpx.AsyncClient(base_url=server.url, auth=LosesBodies(server, tokens))
            ''',
    ),
)
