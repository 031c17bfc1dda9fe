"""httpx-auth's password grant over its file cache: it fetches the first token by itself, and refreshes by itself."""

import json
import os
import subprocess
import sys
from threading import Lock

import httpx
from httpx_auth import JsonTokenFileCache, OAuth2, OAuth2ResourceOwnerPasswordCredentials
from protocol import about, serve

URL, CACHE = os.environ["RACE401_URL"], os.environ.get("RACE401_DOTENV", "") + ".tokens"  # in the race's folder
TOLD = about("httpx-auth", "https://github.com/Colin-b/httpx_auth#managing-token-cache", can=["post", "tabs"])


class Client:
    def __init__(self):
        OAuth2.token_cache = JsonTokenFileCache(CACHE)
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

    def tab(self):
        return Tab()


class Tab:
    """This driver once more, in a process of its own, which has one cache; it ends with the first one's pipe."""

    def __init__(self):
        pipes, self.one = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}, Lock()
        self.process = subprocess.Popen([sys.executable, __file__], **pipes, text=True)  # noqa: S603 - this file
        self.ask("hello")  # it has begun before the race does

    def ask(self, line):
        print(line, file=self.process.stdin, flush=True)
        return self.process.stdout.readline()

    def get(self, path):
        with self.one:
            self.ask(f"begin {path}")
            (came_to,) = json.loads(self.ask("end 60"))
        if "error" in came_to:
            raise RuntimeError(came_to["error"])


serve(TOLD, Client())
