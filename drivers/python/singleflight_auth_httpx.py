"""singleflight-auth over httpx: its README's first example; `refresh` keeps the new refresh token as well."""

import os

import httpx
from protocol import about, serve
from singleflight_auth import SingleFlightAuth

URL, TOKEN_URL = os.environ["RACE401_URL"], os.environ["RACE401_TOKEN_URL"]
PASSWORD = {"username": os.environ["RACE401_EMAIL"], "password": os.environ["RACE401_PASSWORD"]}
TOLD = about(
    "singleflight-auth",
    "https://github.com/alibeg-begow/singleflight_auth#30-second-example",
    can=["post"],
    claims=["single_flight", "retry_on_401"],  # singleflight_auth/_core.py:5, httpx_auth.py:269
)


class Client:
    def __init__(self):
        self.stored = {}
        auth = SingleFlightAuth(get_token=lambda: self.stored["access_token"], refresh=self.refresh)
        self.client = httpx.Client(auth=auth, base_url=URL)

    def refresh(self):
        form = {"grant_type": "refresh_token", "refresh_token": self.stored["refresh_token"]}
        self.stored |= httpx.post(TOKEN_URL, data=form).raise_for_status().json()
        return self.stored["access_token"]

    def sign_in(self):
        self.stored = httpx.post(TOKEN_URL, data={"grant_type": "password", **PASSWORD}).raise_for_status().json()

    def get(self, path):
        self.client.get(path).raise_for_status()

    def post(self, path, body):
        self.client.post(path, json=body).raise_for_status()


serve(TOLD, Client())
