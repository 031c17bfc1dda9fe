"""One browser: it signs in aged, then loads the page again and again, five requests at once."""

import gevent
from gevent.pool import Group
from locust import User, task
from locust.exception import StopUser
from locust.user.task import LOCUST_STATE_STOPPING

import random
import time
from collections.abc import Callable, Container
from contextlib import AbstractContextManager
from typing import Any, TypeAlias

import httpx

from race401.harness.load.conditions import Condition
from race401.harness.load.fasthttp import FastClient, FastTransport
from race401.harness.load.plan import Plan
from race401.harness.load.run import Run
from race401.harness.tokens import (
    TRACE,
    AuthServer,
    RefreshRefused,
    SessionStore,
    TokenAuth,
    TokenPair,
    Trace,
    narrate,
    skewed,
)
from race401.harness.tokens.model import ExchangeFailed, Step

gevent.config.track_greenlet_tree = False  # who spawned whom: a stack kept for each caller, and nobody looks

TLS = httpx.create_ssl_context()  # shared: one of its own costs a client 60 ms and 1 MB
TIMEOUT = 10.0  # s
REFUSALS = frozenset({401, 403, 419})  # that a world may have (`unauthorized_status`); of a 200 no client is told
TabLock: TypeAlias = Callable[[], AbstractContextManager[object]]
PASSWORD = "race401-browser"  # noqa: S105 - of accounts that live as long as the mock


def instant(plan: Plan, condition: str, pair: int) -> float:
    """Return s from sign-in to the decisive instant: one draw for a pair of browsers, whatever their policy."""
    draw = random.Random(f"{plan.seed}/{condition}/{pair}")  # noqa: S311 - a seed is the point
    return draw.uniform(1.5, 4.5) * plan.idle


class Browser(User):
    """One browser, with the policy of its role, in one condition."""

    abstract = True
    run_in_hand: Callable[[], Run | None]  # these three, with its class: see `listeners`
    part: str  # of its condition
    role: str
    condition: Condition  # of its run

    def on_start(self) -> None:
        """Sign in with a token that has the drawn life left."""
        if (run := self.run_in_hand()) is None:
            raise StopUser("the run did not begin")
        self.condition = run.plan.condition(self.part)
        pair = run.number(self.condition.name, self.role)
        self.number = f"{run.share}.{pair:03}"  # no name begins another
        self.its_run, self.policy = run, run.plan.policies[self.role]
        self.me = f"{run.id}/{self.condition.name}/{self.role}/{self.number}"
        self.chance = random.Random(f"{run.plan.seed}/{self.me.removeprefix(run.id)}")  # noqa: S311
        self.jitter_share = random.Random(f"{run.plan.seed}/{pair}").random()  # noqa: S311
        self.now = run.clock.now
        self.page, self.refused, self.intended = 0, False, self.now()
        self.bursts = Group()  # of the open model: those that are not answered yet
        self.clock = skewed(self.now, self.condition.skew)
        self.connect()
        self.auth = self.manager()
        self.http.auth = self.auth
        try:
            self.auth.sign_in(self.aged(instant(run.plan, self.condition.name, pair)))
        except httpx.HTTPError as error:
            raise StopUser(f"no sign-in ({type(error).__name__})") from None
        self.pause(self.chance.uniform(0, run.plan.idle))

    def connect(self) -> None:
        """Make the API's client, and the auth server's: httpx keeps their connections apart, fasthttp does not."""
        self.http, mine = self.client(), {"X-Race401-Client": self.me}
        if isinstance(self.http, FastClient):
            self.own = httpx.Client(transport=FastTransport(self.http), trust_env=False, headers=mine)
        else:
            limits = httpx.Limits(max_connections=self.its_run.plan.connections)
            self.own = httpx.Client(verify=TLS, trust_env=False, timeout=TIMEOUT, limits=limits, headers=mine)
        self.server = AuthServer(f"{self.base_url}/auth/v1", client=self.own, clock=self.clock)

    @property
    def base_url(self) -> str:
        """Where the browser's world is."""
        return f"{self.its_run.host}/{self.condition.world}"

    @property
    def headers(self) -> dict[str, str]:
        """What every request of the API has."""
        return {"X-Race401-Client": self.me}

    @property
    def unauthorized(self) -> Container[int]:
        """By which statuses the API refuses an access token: those that a world of the mock may have."""
        return REFUSALS

    def client(self) -> Any:
        """Return a client of the API: httpx.Client, or one with the same calls: build_request, send, close."""
        plan, mine = self.its_run.plan, self.headers
        if plan.transport == "fasthttp":
            return FastClient(self.base_url, mine, TIMEOUT, plan.connections)
        limits = httpx.Limits(max_connections=plan.connections)
        return httpx.Client(
            base_url=self.base_url, verify=TLS, trust_env=False, timeout=TIMEOUT, limits=limits, headers=mine
        )

    def manager(self, store: SessionStore | None = None, tab_lock: TabLock | None = None) -> TokenAuth:
        """Return a token manager of this browser's policy, alone or with others over the same store."""
        return TokenAuth(
            self.server,
            store,
            self.policy,
            clock=self.clock,
            observers=(self.observe, narrate) if self.its_run.narrate else (self.observe,),
            tab_lock=tab_lock,
            jitter_share=self.jitter_share,
            unauthorized=self.unauthorized,
        )

    def stop(self, force: bool = False) -> bool:
        """Stop after the page; who is told twice, by the terminal and by a master, stops once."""
        return False if self._state == LOCUST_STATE_STOPPING and not force else super().stop(force)

    def on_stop(self) -> None:
        """Give the bursts that are under way their time, and close the connections."""
        try:
            self.bursts.join(TIMEOUT)
        finally:
            self.bursts.kill()
            self.http.close()
            self.own.close()

    def aged(self, decisive: float) -> TokenPair:
        """Sign in through the mock's control API, such that the token's life is decided in so many s."""
        margin = self.policy.expiry_margin - self.policy.jitter * self.jitter_share
        remaining = self.condition.remaining(decisive, margin)
        body = {"world": self.condition.world, "email": self.email, "password": PASSWORD, "remaining_s": remaining}
        return TokenPair.from_answer(self.steer("POST", "sessions", body))

    def steer(self, method: str, what: str, body: Any = None) -> Any:
        """Ask the mock's control API, and return its answer."""
        where, run = f"{self.its_run.host}/_race401/{what}", self.its_run
        answer = self.own.request(method, where, json=body, headers=run.steering)
        return answer.raise_for_status().json() if answer.content else None

    @property
    def email(self) -> str:
        """An address of this browser's own."""
        return f"{self.condition.name}.{self.role}.{self.number}.{self.its_run.id}@race401.test"

    def observe(self, step: Step) -> None:
        """Notice that the session is lost."""
        if isinstance(step, ExchangeFailed) and isinstance(step.error, RefreshRefused):
            self.refused = True

    @task
    def load(self) -> None:
        """Load the page once; idle is what follows, in `wait_time`. In the open model nobody waits for the page."""
        plan = self.its_run.plan
        late = self.now() - self.intended if plan.arrivals else 0.0
        if time.monotonic() - late > self.its_run.last_page_at:
            return
        self.page += 1
        if plan.arrivals:
            self.bursts.spawn(self.burst, self.page, self.intended)
        else:
            self.burst(self.page, self.intended)
        if self.page == plan.pages:
            self.bursts.join()
            self.its_run.done()
            raise StopUser

    def burst(self, page: int, intended: float) -> None:
        """Send the page's requests and wait for the answers."""
        self.before_page(page)
        targets = self.its_run.plan.page
        callers = [gevent.spawn(self.call, targets[0], page, 1, intended)]
        try:
            if self.its_run.plan.arrival == "first-then-rest":
                callers[0].join()
            callers += [gevent.spawn(self.call, target, page, k, intended) for k, target in enumerate(targets[1:], 2)]
            gevent.joinall(callers, raise_error=True)
        finally:
            gevent.killall(callers)
        self.after_page(page)

    def before_page(self, page: int) -> None:  # noqa: ARG002 - a scenario with visits asks which
        """Sign in again if the session is lost, as people do."""
        if self.refused:
            self.refused = False
            self.auth.sign_in(self.signed_in())

    def signed_in(self) -> TokenPair:
        """Return the pair of a new session of its user."""
        return self.server.sign_in(self.email, PASSWORD)

    def after_page(self, page: int) -> None:
        """Do what a scenario does when a page is loaded."""

    def client_of(self, k: int) -> Any:  # noqa: ARG002 - a scenario with several tabs asks which
        """Return the client that sends the page's request number `k`."""
        return self.http

    def call(self, target: str, page: int, k: int, intended: float) -> None:
        """Send one of the page's requests, and report what came of it."""
        attempt, started = f"{self.me}#{page}.{k}", self.now()
        status = error = None
        length = 0  # bytes
        http = self.client_of(k)
        request = http.build_request("GET", target, headers={"X-Race401-Attempt": attempt})
        cut_off = True
        try:
            response = http.send(request)
            status, length, cut_off = response.status_code, len(response.content), False
            self.its_run.clock.note(response.headers.get("date"), started, self.now())
            problem = None if response.is_success else Exception(f"HTTP {status}")
        except httpx.HTTPError as failure:
            error, problem, cut_off = type(failure.__cause__ or failure).__name__, failure, False
        finally:
            ended = self.now()
            trace = request.extensions.get(TRACE, Trace())
            self.its_run.report(
                {
                    "client": self.me,
                    "attempt": attempt,
                    "target": target,
                    "intended_at": intended,
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
            response_length=length,
            exception=problem,
            context={},
            start_time=started,
            url=target,
        )

    def wait_time(self) -> float:
        """Return s until the next page is meant to begin.

        Closed: an idle time after the answers. Open: an interval after the last page was meant to begin, drawn so
        that all browsers' pages together arrive as independent visitors do (a Poisson process).
        """
        plan = self.its_run.plan
        if plan.arrivals:
            self.intended += self.chance.expovariate(1 / plan.idle)
            return max(0.0, self.intended - self.now())
        idle = self.chance.uniform(0.6, 1.4) * plan.idle
        self.intended = self.now() + idle
        return idle

    def pause(self, seconds: float) -> None:
        """Wait before the first page."""
        self.intended = self.now() + seconds
        gevent.sleep(seconds)
