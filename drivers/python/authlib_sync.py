"""Authlib's OAuth2Session on requests: it refreshes by itself where it knows `token_endpoint` and a refresh token."""

import os

from authlib.integrations.requests_client import OAuth2Session
from protocol import about, serve

URL, TOKEN_URL = os.environ["RACE401_URL"], os.environ["RACE401_TOKEN_URL"]
EMAIL, PASSWORD = os.environ["RACE401_EMAIL"], os.environ["RACE401_PASSWORD"]
TOLD = about(
    "Authlib",
    "https://docs.authlib.org/en/stable/oauth2/client/http/index.html#auto-update-token",
    name="Authlib (requests)",
    can=["sign_out", "post"],
)


class Client:
    def __init__(self):
        self.session = OAuth2Session("race401", token_endpoint=TOKEN_URL, token_endpoint_auth_method="none")

    def sign_in(self):
        self.session.fetch_token(TOKEN_URL, username=EMAIL, password=PASSWORD)

    def get(self, path):
        self.session.get(URL + path).raise_for_status()

    def post(self, path, body):
        self.session.post(URL + path, json=body).raise_for_status()

    def sign_out(self):
        token, self.session.token = self.session.token, None
        self.session.revoke_token(os.environ["RACE401_REVOKE_URL"], token=token["refresh_token"])


serve(TOLD, Client())
