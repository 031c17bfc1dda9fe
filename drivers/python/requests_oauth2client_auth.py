"""requests_oauth2client: its auth handler in its ApiClient, as the README shows; sign-out forgets and revokes."""

import os

from protocol import about, serve
from requests_oauth2client import ApiClient, OAuth2AccessTokenAuth, OAuth2Client

URL, TOKEN_URL, REVOKE_URL = (os.environ[f"RACE401_{name}"] for name in ("URL", "TOKEN_URL", "REVOKE_URL"))
PASSWORD = {"username": os.environ["RACE401_EMAIL"], "password": os.environ["RACE401_PASSWORD"]}
DOCS = "https://guillp.github.io/requests_oauth2client/"
TOLD = about("requests_oauth2client", DOCS, can=["sign_out", "post"])


class Client:
    def __init__(self):
        self.oauth = OAuth2Client(
            token_endpoint=TOKEN_URL,
            revocation_endpoint=REVOKE_URL,
            client_id="race401",
            testing=True,  # loopback has no TLS
        )

    def sign_in(self):
        self.auth = OAuth2AccessTokenAuth(self.oauth, self.oauth.resource_owner_password(**PASSWORD))
        self.api = ApiClient(URL, auth=self.auth)  # it raises for what is no success

    def get(self, path):
        self.api.get(path)

    def post(self, path, body):
        self.api.post(path, json=body)

    def sign_out(self):
        token = self.auth.token
        self.auth.forget_token()
        self.oauth.revoke_refresh_token(token)


serve(TOLD, Client())
