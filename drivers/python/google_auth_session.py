"""google-auth's AuthorizedSession over user credentials with a refresh token."""

import os
from datetime import UTC, datetime, timedelta

import requests
from google.auth.transport.requests import AuthorizedSession
from google.oauth2.credentials import Credentials
from protocol import about, serve

URL, TOKEN_URL = os.environ["RACE401_URL"], os.environ["RACE401_TOKEN_URL"]
PASSWORD = {"username": os.environ["RACE401_EMAIL"], "password": os.environ["RACE401_PASSWORD"]}
TOLD = about(
    "google-auth",
    "https://googleapis.dev/python/google-auth/latest/user-guide.html#user-credentials",
    world="no-rotation",  # Google's refresh tokens stay
    can=["post"],
    claims=["retry_on_401"],
)


class Client:
    def sign_in(self):
        token = requests.post(TOKEN_URL, data={"grant_type": "password", **PASSWORD}, timeout=10).json()
        credentials = Credentials(
            token["access_token"],
            refresh_token=token["refresh_token"],
            token_uri=TOKEN_URL,
            client_id="race401",
            client_secret="none",
            expiry=datetime.now(UTC).replace(tzinfo=None) + timedelta(seconds=token["expires_in"]),
        )
        self.session = AuthorizedSession(credentials)

    def get(self, path):
        self.session.get(URL + path).raise_for_status()

    def post(self, path, body):
        self.session.post(URL + path, json=body).raise_for_status()

    def sign_out(self):
        raise NotImplementedError("it has no sign-out")


serve(TOLD, Client())
