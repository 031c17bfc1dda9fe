"""Closed-loop users for `test_locust.py`: the same request, through TokenAuth or with a constant header."""

from locust import FastHttpUser, User, events, task
from locust.env import Environment

import json
import os
import time
from typing import Any

import httpx

from race401.harness.load.fasthttp import FastClient
from race401.harness.tokens import FIXED, AuthServer, TokenAuth, TokenPair

TLS = httpx.create_ssl_context()
HOST, KIND, PAIR = os.environ["BENCH_HOST"], os.environ["BENCH_KIND"], json.loads(os.environ["BENCH_PAIR"])
CONSTANT = {"Authorization": f"Bearer {PAIR['access_token']}"}
TARGET = "/me/entitlements"
measured: dict[str, float] = {}


def signed_in() -> TokenAuth:
    """Return a token manager of its own, with the common pair."""
    auth = TokenAuth(AuthServer(f"{HOST}/auth/v1"), policy=FIXED)
    auth.sign_in(TokenPair(**PAIR))
    return auth


class Asker(User):
    """Asks again as soon as it was answered."""

    abstract = True
    http: Any

    @task
    def ask(self) -> None:
        """Ask, and tell locust."""
        started = time.time()
        response = self.http.send(self.http.build_request("GET", TARGET, headers={}))
        assert response.status_code == 200
        self.environment.events.request.fire(
            request_type="GET",
            name=TARGET,
            response_time=(time.time() - started) * 1000,
            response_length=len(response.content),
            exception=None,
            context={},
        )


class Httpx(Asker):
    """Has an httpx client of its own, over the shared TLS context."""

    abstract = not KIND.startswith("httpx")

    def on_start(self) -> None:
        """Make it."""
        given: dict[str, Any] = {"auth": signed_in()} if KIND == "httpx, TokenAuth" else {"headers": CONSTANT}
        self.http = httpx.Client(base_url=HOST, verify=TLS, trust_env=False, timeout=60, **given)


class Fast(Asker):
    """Has a FastClient of its own."""

    abstract = KIND != "fasthttp, TokenAuth"

    def on_start(self) -> None:
        """Make it."""
        self.http = FastClient(HOST, {}, timeout=60, connections=1)
        self.http.auth = signed_in()


class Plain(FastHttpUser):
    """Locust's own, which tells locust itself."""

    abstract = KIND != "fasthttp, constant header"
    host = HOST

    @task
    def ask(self) -> None:
        """Ask."""
        assert self.client.get(TARGET, headers=CONSTANT).status_code == 200


@events.spawning_complete.add_listener
def begin(**_: Any) -> None:
    """Count from here: every user runs."""
    measured["cpu"], measured["requests"] = time.process_time(), measured["runner"].stats.total.num_requests  # type: ignore[attr-defined]


@events.init.add_listener
def keep(environment: Environment, **_: Any) -> None:
    """Keep the runner."""
    measured["runner"] = environment.runner  # type: ignore[assignment]


@events.test_stop.add_listener
def end(environment: Environment, **_: Any) -> None:
    """Print the CPU that a request took."""
    assert environment.runner is not None
    requests = environment.runner.stats.total.num_requests - measured["requests"]
    print(json.dumps({"us": 1e6 * (time.process_time() - measured["cpu"]) / requests}), flush=True)
