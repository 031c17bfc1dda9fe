"""requests-oauthlib with automatic refresh and a token updater, the third way of its docs, "recommended" there."""

import os

from oauthlib.oauth2 import LegacyApplicationClient
from protocol import about, serve
from requests_oauthlib import OAuth2Session

URL, TOKEN_URL = os.environ["RACE401_URL"], os.environ["RACE401_TOKEN_URL"]
EMAIL, PASSWORD = os.environ["RACE401_EMAIL"], os.environ["RACE401_PASSWORD"]
os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"  # loopback has no TLS
TOLD = about(
    "requests-oauthlib",
    "https://requests-oauthlib.readthedocs.io/en/latest/oauth2_workflow.html#refreshing-tokens",
    can=["post"],
)


class Client:
    def __init__(self):
        self.session = OAuth2Session(
            client=LegacyApplicationClient("race401"),
            auto_refresh_url=TOKEN_URL,
            auto_refresh_kwargs={"client_id": "race401"},
            token_updater=lambda token: None,  # an app saves it here; the session has it already
        )

    def sign_in(self):
        self.session.fetch_token(TOKEN_URL, username=EMAIL, password=PASSWORD)

    def get(self, path):
        self.session.get(URL + path).raise_for_status()

    def post(self, path, body):
        self.session.post(URL + path, json=body).raise_for_status()

    def sign_out(self):
        raise NotImplementedError("it has no sign-out")


serve(TOLD, Client())
