"""Small clients that have a mechanism, as the code of a file: what a guard fails for, and what a scenario plays."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Naive:
    """A client. `code`: its `client_of`, in the place of a guard's; empty: race401's own with this policy."""

    policy: str = "replace(PRE_FIX, expiry_margin=MARGIN)"
    code: str = ""


FIXED = "replace(FIXED, expiry_margin=MARGIN)"
USUAL = Naive()
NAIVE: dict[str, Naive] = {
    "late-401": Naive(policy=FIXED),
    "sign-out-undone": Naive(policy=FIXED),
    "refresh-every-call": Naive(policy="replace(PRE_FIX, expiry_margin=172_800.0)"),  # no token lives for so long
    "ended-by-refresh": Naive(
        policy=(
            "replace(HARDENED, expiry_margin=MARGIN, margin_share=0.0, jitter=0.0, mandatory_margin=0.0, "
            "retry_on_401=False)"
        )
    ),
    "losers-clean-up": Naive(
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
    "stale-copy": Naive(
        code='''
            def client_of(server, tokens, storage):
                """A client with a copy of its own: whatever the storage says."""
                auth = TokenAuth(AuthServer(server.auth_url), policy=POLICY)
                auth.sign_in(TokenPair.from_answer(tokens))
                return httpx.AsyncClient(base_url=server.url, auth=auth)
            ''',
    ),
    "body-lost": Naive(
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
    "header-lost": Naive(
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
    "sign-in-stampede": Naive(
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
}
"""By name of the mechanism; of others it is `USUAL`."""
