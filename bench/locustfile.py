"""Closed-loop users for `test_locust.py`: the same request, through TokenAuth or with a constant header."""

from locust import User, events, task
from locust.env import Environment

import json
import os
import time
from typing import Any

import httpx

from race401.harness.tokens import FIXED, AuthServer, TokenAuth, TokenPair

TLS = httpx.create_ssl_context()
HOST, KIND, PAIR = os.environ["BENCH_HOST"], os.environ["BENCH_KIND"], json.loads(os.environ["BENCH_PAIR"])
measured: dict[str, float] = {}


class Asker(User):
    """Asks again as soon as it was answered."""

    def on_start(self) -> None:
        """Make a client of its own over the shared TLS context."""
        auth = TokenAuth(AuthServer(f"{HOST}/auth/v1"), policy=FIXED)
        auth.sign_in(TokenPair(**PAIR))
        constant = {"headers": {"Authorization": f"Bearer {PAIR['access_token']}"}}
        given: dict[str, Any] = {"auth": auth} if KIND == "TokenAuth" else constant
        self.http = httpx.Client(base_url=HOST, verify=TLS, trust_env=False, timeout=60, **given)

    @task
    def ask(self) -> None:
        """Ask, and tell locust."""
        started = time.time()
        response = self.http.get("/me/entitlements")
        assert response.status_code == 200
        self.environment.events.request.fire(
            request_type="GET",
            name="/me/entitlements",
            response_time=(time.time() - started) * 1000,
            response_length=len(response.content),
            exception=None,
            context={},
        )


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
