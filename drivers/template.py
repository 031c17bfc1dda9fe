"""A driver for your own client: copy this file, and put your client where it says YOURS. See docs/your-client.md."""

import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor

import httpx

URL = os.environ["RACE401_URL"]  # the API: /contacts and so on
TOKEN_URL = os.environ["RACE401_TOKEN_URL"]  # OAuth 2.0; Supabase's dialect is below SUPABASE_URL
WHO = {"username": os.environ["RACE401_EMAIL"], "password": os.environ["RACE401_PASSWORD"]}

HELLO = {
    "client": "my client",
    "version": "1.0",
    "world": "rfc9700",  # the kind of server that it is made for: `race401 worlds` lists them
    "can": [],  # of sign_out, tabs
    "claims": [],  # of single_flight, retry_on_401, serve_while_valid, keeps_session, sign_out, shared_flight
}


class Client:
    """YOURS. This one refreshes when it gets a 401, each call for itself."""

    http = httpx.Client(base_url=URL)

    def sign_in(self):
        self.pair = self.grant(grant_type="password", **WHO)

    def get(self, path):
        if self.ask(path).status_code == httpx.codes.UNAUTHORIZED:
            self.pair |= self.grant(grant_type="refresh_token", refresh_token=self.pair["refresh_token"])
            self.ask(path)

    def sign_out(self):
        """End the session, if `can` says that you can."""

    def ask(self, path):
        return self.http.get(path, headers={"Authorization": f"Bearer {self.pair['access_token']}"})

    def grant(self, **form):
        return self.http.post(TOKEN_URL, data=form).raise_for_status().json()


client, begun = Client(), []
with ThreadPoolExecutor(32) as pool:
    for line in sys.stdin:
        word, *paths = line.split()
        if word == "sign-in":
            client.sign_in()
        elif word == "begin":  # start all calls at once, and do not wait for them
            begun = [pool.submit(client.get, path) for path in paths]
        elif word == "end":  # wait for them; a call that failed is no error of the driver
            [call.exception() for call in begun]
        elif word == "sign-out":
            client.sign_out()
        elif word == "quit":
            break
        print(json.dumps(HELLO) if word == "hello" else "ok", flush=True)
