"""A driver for your own client: copy this file, and put your client where it says YOURS. See docs/your-client.md."""

import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor, wait

import httpx

API_URL = os.environ["RACE401_URL"]  # /contacts and so on
TOKEN_URL = os.environ["RACE401_TOKEN_URL"]  # OAuth 2.0; Supabase's dialect is below SUPABASE_URL
WHO = {"username": os.environ["RACE401_EMAIL"], "password": os.environ["RACE401_PASSWORD"]}

HELLO = {
    "protocol": 2,
    "client": "my client",
    "version": "1.0",
    "world": "rfc9700",  # the kind of server that it is made for: `race401 worlds` lists them
    "can": [],  # of sign_out, tabs, post
    "claims": [],  # of single_flight, retry_on_401, serve_while_valid, keeps_session, sign_out, shared_flight
}


class Client:
    """YOURS. This one refreshes when it gets a 401, each call for itself."""

    http = httpx.Client(base_url=API_URL)

    def sign_in(self):
        self.pair = self.grant(grant_type="password", **WHO)

    def call(self, method, path, body=None):
        """Make a call as your app does; return the status that it is handed. What it raises is told too."""
        answer = self.ask(method, path, body)
        if answer.status_code == httpx.codes.UNAUTHORIZED:
            self.pair |= self.grant(grant_type="refresh_token", refresh_token=self.pair["refresh_token"])
            answer = self.ask(method, path, body)
        return answer.status_code

    def sign_out(self):
        """End the session, if `can` says that you can."""

    def ask(self, method, path, body):
        headers = {"Authorization": f"Bearer {self.pair['access_token']}"}
        return self.http.request(method, path, headers=headers, json=body)

    def grant(self, **form):
        return self.http.post(TOKEN_URL, data=form).raise_for_status().json()


def start(word):
    """Start one call: a path is a GET of it; if `can` has post, a word may be {"method", "path", "body"}."""
    asked = json.loads(word) if word.startswith("{") else {"method": "GET", "path": word}
    return asked["path"], pool.submit(client.call, **asked)


def came_to(path, call):
    """Say what a call came to by now, as the app sees it."""
    if not call.done():
        return {"path": path, "pending": True}
    if (error := call.exception()) is not None:
        return {"path": path, "error": f"{type(error).__name__}: {error}"}
    return {"path": path, "status": call.result()}


def tried(do):
    """Do it; an error is told on standard error, and does not end the driver."""
    try:
        do()
    except Exception as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return f"error {error}"
    return "ok"


client, begun, pool = Client(), [], ThreadPoolExecutor(32)
for line in sys.stdin:
    word, *given = line.split()
    answer = "ok"
    if word == "hello":
        answer = json.dumps(HELLO)
    elif word == "sign-in":
        answer = tried(client.sign_in)
    elif word == "begin":  # start all calls at once, and do not wait for them
        begun = [start(each) for each in given]
    elif word == "end":  # wait so many seconds at most; then say what each call came to, in their order
        wait([call for _, call in begun], timeout=float(given[0]))
        answer = json.dumps([came_to(path, call) for path, call in begun])
    elif word == "sign-out":
        tried(client.sign_out)
    elif word == "tabs":  # if `can` has tabs: be so many clients over one storage, and send calls round them
        answer = "error not written yet"
    elif word == "quit":
        break
    print(answer, flush=True)
os._exit(0)  # calls that never end would keep it
