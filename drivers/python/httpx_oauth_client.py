"""httpx-oauth: the app asks its token whether it has expired, and refreshes it by the method that the docs show."""

import asyncio
import os

import httpx
from httpx_oauth.oauth2 import BaseOAuth2, OAuth2Token
from protocol import about, aserve

URL, TOKEN_URL, REVOKE_URL = (os.environ[f"RACE401_{name}"] for name in ("URL", "TOKEN_URL", "REVOKE_URL"))
PASSWORD = {"username": os.environ["RACE401_EMAIL"], "password": os.environ["RACE401_PASSWORD"]}
DOCS = "https://frankie567.github.io/httpx-oauth/reference/httpx_oauth.oauth2/"
TOLD = about("httpx-oauth", DOCS, can=["sign_out"])


class Client:
    def __init__(self):
        self.oauth = BaseOAuth2(
            "race401",
            "none",
            authorize_endpoint=URL,
            access_token_endpoint=TOKEN_URL,
            refresh_token_endpoint=TOKEN_URL,
            revoke_token_endpoint=REVOKE_URL,
            revocation_endpoint_auth_method="client_secret_post",
        )
        self.api = httpx.AsyncClient(base_url=URL)

    async def sign_in(self):
        answer = await self.api.post(TOKEN_URL, data={"grant_type": "password", **PASSWORD})
        self.token = OAuth2Token(answer.raise_for_status().json())

    async def get(self, path):
        if self.token.is_expired():
            self.token = await self.oauth.refresh_token(self.token["refresh_token"])
        answer = await self.api.get(path, headers={"Authorization": f"Bearer {self.token['access_token']}"})
        answer.raise_for_status()

    async def sign_out(self):
        token, self.token = self.token, None
        await self.oauth.revoke_token(token["refresh_token"], "refresh_token")


asyncio.run(aserve(TOLD, Client()))
