"""supabase_auth, the asynchronous client: each call reads the session and sends its token, as the docs show."""

import asyncio
import os

import httpx
from protocol import about, aserve
from supabase_auth import AsyncGoTrueClient, AsyncMemoryStorage

URL = os.environ["SUPABASE_URL"]
WHO = {"email": os.environ["RACE401_EMAIL"], "password": os.environ["RACE401_PASSWORD"]}
TOLD = about(
    "supabase-auth",
    "https://supabase.com/docs/reference/python/auth-getsession",
    name="supabase_auth (async)",
    world="supabase",
    can=["sign_out", "tabs"],
    claims=["sign_out"],
)


class Client:
    def __init__(self, storage):
        self.storage = storage
        self.auth = AsyncGoTrueClient(url=f"{URL}/auth/v1", storage=storage)
        self.api = httpx.AsyncClient(base_url=URL)

    async def sign_in(self):
        await self.auth.sign_in_with_password(WHO)

    async def get(self, path):
        session = await self.auth.get_session()
        answer = await self.api.get(path, headers={"Authorization": f"Bearer {session.access_token}"})
        answer.raise_for_status()

    async def sign_out(self):
        await self.auth.sign_out()

    def tab(self):
        return Client(self.storage)


asyncio.run(aserve(TOLD, Client(AsyncMemoryStorage())))
