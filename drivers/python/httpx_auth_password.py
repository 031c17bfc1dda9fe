"""httpx-auth's password grant: it fetches the first token with the first request, and refreshes by itself."""

import os

import httpx
from httpx_auth import OAuth2, OAuth2ResourceOwnerPasswordCredentials
from protocol import about, serve

URL = os.environ["RACE401_URL"]
TOLD = about(
    "httpx-auth",
    "https://github.com/Colin-b/httpx_auth#resource-owner-password-credentials-flow",
    can=["post"],
)


class Client:
    def __init__(self):
        auth = OAuth2ResourceOwnerPasswordCredentials(
            os.environ["RACE401_TOKEN_URL"],
            username=os.environ["RACE401_EMAIL"],
            password=os.environ["RACE401_PASSWORD"],
        )
        self.client = httpx.Client(base_url=URL, auth=auth)

    def sign_in(self):
        OAuth2.token_cache.clear()
        self.client.get("/me/entitlements").raise_for_status()

    def get(self, path):
        self.client.get(path).raise_for_status()

    def post(self, path, body):
        self.client.post(path, json=body).raise_for_status()

    def sign_out(self):
        raise NotImplementedError("it has no sign-out")


serve(TOLD, Client())
