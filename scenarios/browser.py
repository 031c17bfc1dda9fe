"""One browser: it signs in aged, then loads the page again and again, five requests at once."""

import gevent
from locust import User, task
from locust.exception import StopUser

import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx

from race401.harness.tokens import (
    TRACE,
    AuthServer,
    Policy,
    RefreshRefused,
    TokenAuth,
    TokenPair,
    Trace,
    narrate,
    skewed,
    system_clock,
)
from race401.harness.tokens.model import ExchangeFailed, Step
from race401.scenarios.conditions import Condition

PAGE = ("/contacts?limit=1000", "/me/entitlements", "/contacts", "/persona-notes", "/messages")
CONNECTIONS = httpx.Limits(max_connections=6)  # per host, as a browser has over HTTP/1.1
TLS = httpx.create_ssl_context()  # shared: one of its own costs a client 60 ms and 1 MB
TIMEOUT = 10.0  # s
NO_PAGE_IN_THE_LAST = 2.0  # s of a timed run, so that every page that was begun ends in it
PASSWORD = "race401-browser"  # noqa: S105 - of accounts that live as long as the mock


@dataclass(frozen=True, slots=True)
class Run:
    """What every browser of a run knows."""

    id: str
    seed: int
    arrival: str
    pages: int | None
    idle: float  # s between two pages, on average
    last_page_at: float  # s since the epoch; no page begins later
    policies: dict[str, Policy]  # by role
    report: Callable[[dict[str, Any]], None]  # takes a sample
    done: Callable[[], None]  # a browser has loaded all its pages
    narrate: bool = False

    def instant(self, condition: str, number: str) -> float:
        """Return s from sign-in to the decisive instant: one draw for a pair of browsers, whatever their policy."""
        pair = number.rpartition(".")[2]  # without the worker: locust may put a pair's browsers on two of them
        draw = random.Random(f"{self.seed}/{condition}/{pair}")  # noqa: S311 - a seed is the point
        return draw.uniform(1.5, 4.5) * self.idle


class Browser(User):
    """One browser, with the policy of its role, in one condition."""

    abstract = True
    run_: Run  # set when the test starts, before any browser does
    condition: Condition
    role: str
    numbers: Iterator[int]

    def on_start(self) -> None:
        """Sign in with a token that has the drawn life left."""
        run, self.number = self.run_, f"{getattr(self.environment.runner, 'worker_index', 0)}.{next(self.numbers)}"
        self.policy = run.policies[self.role]
        self.me = f"{run.id}/{self.condition.name}/{self.role}/{self.number}"
        self.chance = random.Random(f"{run.seed}/{self.me.removeprefix(run.id)}")  # noqa: S311
        self.page, self.refused, self.intended = 0, False, time.time()
        host = (self.environment.host or "").rstrip("/")
        mine = {"X-Race401-Client": self.me}
        self.own = httpx.Client(verify=TLS, trust_env=False, timeout=TIMEOUT, headers=mine)
        clock = skewed(system_clock, self.condition.skew)
        self.server = AuthServer(f"{host}/{self.condition.world}/auth/v1", client=self.own, clock=clock)
        observers = (self.observe, narrate) if run.narrate else (self.observe,)
        self.auth = TokenAuth(self.server, policy=self.policy, clock=clock, observers=observers)
        self.http = httpx.Client(
            base_url=f"{host}/{self.condition.world}",
            auth=self.auth,
            verify=TLS,
            trust_env=False,
            timeout=TIMEOUT,
            limits=CONNECTIONS,
            headers=mine,
        )
        try:
            self.auth.sign_in(self.aged(host))
        except httpx.HTTPError as error:
            raise StopUser(f"no sign-in ({type(error).__name__})") from None
        self.pause(self.chance.uniform(0, run.idle))

    def on_stop(self) -> None:
        """Close the connections."""
        self.http.close()
        self.own.close()

    def aged(self, host: str) -> TokenPair:
        """Sign in through the mock's control API."""
        remaining = self.condition.remaining(
            self.run_.instant(self.condition.name, self.number), self.policy.expiry_margin
        )
        body = {"world": self.condition.world, "email": self.email, "password": PASSWORD, "remaining_s": remaining}
        answer = self.own.post(f"{host}/_race401/sessions", json=body).raise_for_status().json()
        return TokenPair(answer["access_token"], answer["refresh_token"], answer["expires_at"])

    @property
    def email(self) -> str:
        """An address of this browser's own."""
        return f"{self.condition.name}.{self.role}.{self.number}.{self.run_.id}@race401.test"

    def observe(self, step: Step) -> None:
        """Notice that the session is lost."""
        if isinstance(step, ExchangeFailed) and isinstance(step.error, RefreshRefused):
            self.refused = True

    @task
    def load(self) -> None:
        """Load the page once; idle is what follows, in `wait`."""
        if time.time() > self.run_.last_page_at:
            return
        if self.refused:
            self.refused = False
            self.auth.sign_in(self.server.sign_in(self.email, PASSWORD))
        self.page += 1
        callers = [gevent.spawn(self.call, PAGE[0], 1)]
        try:
            if self.run_.arrival == "first-then-rest":
                callers[0].join()
            callers += [gevent.spawn(self.call, target, k) for k, target in enumerate(PAGE[1:], 2)]
            gevent.joinall(callers, raise_error=True)
        finally:
            gevent.killall(callers)
        if self.page == self.run_.pages:
            self.run_.done()
            raise StopUser

    def call(self, target: str, k: int) -> None:
        """Send one of the page's requests, and report what came of it."""
        attempt, started = f"{self.me}#{self.page}.{k}", time.time()
        status = error = None
        request = self.http.build_request("GET", target, headers={"X-Race401-Attempt": attempt})
        cut_off = True
        try:
            response = self.http.send(request)
            status, cut_off = response.status_code, False
            problem = None if response.is_success else Exception(f"HTTP {status}")
        except httpx.HTTPError as failure:
            error, problem, cut_off = type(failure).__name__, failure, False
        finally:
            ended = time.time()
            trace = request.extensions.get(TRACE, Trace())
            self.run_.report(
                {
                    "client": self.me,
                    "attempt": attempt,
                    "target": target,
                    "intended_at": self.intended,
                    "started_at": started,
                    "ended_at": ended,
                    "status": status,
                    "error": error,
                    "sends": trace.sends,
                    "store_reads": trace.store_reads,
                    "cut_off": cut_off,
                }
            )
        self.environment.events.request.fire(
            request_type="GET",
            name=f"[{self.policy.name}] {self.condition.name} {target}",
            response_time=(ended - started) * 1000,
            response_length=len(response.content) if error is None else 0,
            exception=problem,
            context={},
            start_time=started,
            url=target,
        )

    def wait_time(self) -> float:
        """Return the idle time after a page, in s; the next page is meant to begin when it is over."""
        idle = self.chance.uniform(0.6, 1.4) * self.run_.idle
        self.intended = time.time() + idle
        return idle

    def pause(self, seconds: float) -> None:
        """Wait before the first page."""
        self.intended = time.time() + seconds
        gevent.sleep(seconds)
