"""Authlib's AsyncOAuth2Client: it refreshes by itself where `token_endpoint` and a refresh token are known."""

import asyncio
import os
import warnings

from protocol import about, aserve

warnings.simplefilter("ignore")  # it prefers httpx2
from authlib.integrations.httpx_client import AsyncOAuth2Client  # noqa: E402

URL, TOKEN_URL = os.environ["RACE401_URL"], os.environ["RACE401_TOKEN_URL"]
EMAIL, PASSWORD = os.environ["RACE401_EMAIL"], os.environ["RACE401_PASSWORD"]
TOLD = about(
    "Authlib",
    "https://docs.authlib.org/en/stable/oauth2/client/http/index.html#auto-update-token",
    name="Authlib (async)",
    can=["sign_out", "post"],
    claims=["single_flight"],
)


class Client:
    def __init__(self):
        self.client = AsyncOAuth2Client("race401", token_endpoint=TOKEN_URL, token_endpoint_auth_method="none")

    async def sign_in(self):
        await self.client.fetch_token(TOKEN_URL, username=EMAIL, password=PASSWORD)

    async def get(self, path):
        (await self.client.get(URL + path)).raise_for_status()

    async def post(self, path, body):
        (await self.client.post(URL + path, json=body)).raise_for_status()

    async def sign_out(self):
        token, self.client.token = self.client.token, None
        await self.client.revoke_token(os.environ["RACE401_REVOKE_URL"], token=token["refresh_token"])


asyncio.run(aserve(TOLD, Client()))
