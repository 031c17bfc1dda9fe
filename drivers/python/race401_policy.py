"""Our own TokenAuth, under asyncio, with the policy that the command line names."""

import asyncio
import os
import sys
import tempfile
from pathlib import Path

import httpx
from protocol import about, aserve

from race401.harness.tokens import POLICIES, AuthServer, MemoryStore, TokenAuth
from race401.harness.tokens.tabs import FileStore

URL, *WHO = (os.environ[f"RACE401_{name}"] for name in ("URL", "EMAIL", "PASSWORD"))
POLICY = POLICIES[sys.argv[1]]
CLAIMS = {
    "single_flight": POLICY.single_flight,
    "retry_on_401": POLICY.retry_on_401,
    "serve_while_valid": POLICY.on_refresh_failure == "send_current",
    "keeps_session": POLICY.failure_cooldown > 0,
    "sign_out": POLICY.clear_on_sign_out or POLICY.fence_sign_out,
    "shared_flight": POLICY.lock_across_tabs,
}
TOLD = about(
    "race401",
    "README.md, The token manager in your own client",
    name=f"race401 {POLICY.name}",
    can=["sign_out", "tabs", "post"],
    claims=[name for name, promised in CLAIMS.items() if promised],
)


class Client:
    def __init__(self, store):
        self.server = AuthServer(f"{URL}/auth/v1")
        self.auth = TokenAuth(self.server, policy=POLICY, store=store, tab_lock=getattr(store, "lock", None))
        self.api = httpx.AsyncClient(base_url=URL, auth=self.auth)

    async def sign_in(self):
        self.auth.sign_in(await asyncio.to_thread(self.server.sign_in, *WHO))

    async def get(self, path):
        (await self.api.get(path)).raise_for_status()

    async def post(self, path, body):
        (await self.api.post(path, json=body)).raise_for_status()

    async def sign_out(self):
        await asyncio.to_thread(self.server.sign_out, self.auth.store.read())
        self.auth.sign_out()

    def tab(self):
        return Client(self.auth.store)


with tempfile.TemporaryDirectory() as folder:
    store = FileStore(Path(folder, "pair")) if POLICY.lock_across_tabs else MemoryStore()
    asyncio.run(aserve(TOLD, Client(store)))
