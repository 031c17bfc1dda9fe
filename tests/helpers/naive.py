"""Guards with another client in them: for each mechanism one that has it."""

import re

OWN = re.compile(r"replace\(HARDENED, expiry_margin=MARGIN.*\)")
IMPORTED = "import HARDENED, "
PRE_FIX = "replace(PRE_FIX, expiry_margin=MARGIN)"
FIXED = "replace(FIXED, expiry_margin=MARGIN)"
SOUND = "replace(HARDENED, expiry_margin=MARGIN, margin_share=0.0, jitter=0.0, mandatory_margin={})"
LOSES_BODIES = '''
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
    return httpx.AsyncClient(base_url=server.url, auth=LosesBodies(server, tokens))


@pytest.mark'''
CLEANS_UP = '''
class CleansUp:
    """Forgets the session whenever a refresh fails, its own or not."""

    def __init__(self, auth):
        self.auth = auth

    def __call__(self, step):
        if type(step).__name__ == "ExchangeFailed":
            self.auth.store.write(None)


def client_of(server, tokens):
    auth = TokenAuth(AuthServer(server.auth_url), policy=POLICY, observers=(observers := []))
    auth._observers = (CleansUp(auth),)
    auth.sign_in(TokenPair.from_answer(tokens))
    return httpx.AsyncClient(base_url=server.url, auth=auth)


@pytest.mark'''
POLICIES = {
    "late-401": FIXED,
    "sign-out-undone": FIXED,
    "ended-by-refresh": SOUND.format("0.0, retry_on_401=False"),
    "refresh-every-call": "replace(PRE_FIX, expiry_margin=2 * 3600.0)",
}


def naive(name: str, source: str) -> str:
    """The guard with a client that has the mechanism."""
    changed = OWN.sub(POLICIES.get(name, PRE_FIX), source).replace(IMPORTED, "import FIXED, HARDENED, PRE_FIX, ", 1)
    assert changed != source
    if name == "stale-copy":  # each has a copy of its own
        changed = changed.replace("FileStore(storage)", "FileStore(storage.with_name(f'{id(tokens)}{len(SEEN)}'))")
        changed = changed.replace("store = FileStore", "SEEN.append(storage)\n    store = FileStore")
        changed = changed.replace("\n\ndef client_of", "\nSEEN = []\n\n\ndef client_of", 1)
    if name == "body-lost":
        changed = changed.replace("@pytest.mark", LOSES_BODIES.lstrip(), 1)
    if name == "losers-clean-up":
        changed = changed.replace("@pytest.mark", CLEANS_UP.lstrip(), 1)
    return changed
