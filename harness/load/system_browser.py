"""A browser of a system of your own: it asks through the recorder, and a clock set wrong makes its token due."""

from locust.exception import StopUser

import contextlib
from collections.abc import Container
from typing import Any

import httpx

from race401.harness.load.browser import TIMEOUT, TLS, Browser
from race401.harness.load.system_client import SystemClient
from race401.harness.probe.signing_in import SignInFailed
from race401.harness.tokens import AuthError, TokenPair
from race401.harness.tokens.due import clamped
from race401.harness.tokens.model import Exchange, Exchanged, Step

KEPT_ALIVE = 1.0  # s; a connection that was idle for longer is not used again: the server may be closing it


class SystemBrowser(Browser):
    """See the module's docstring."""

    abstract = True
    ahead = 0.0  # s that its clock is ahead of ours; below 0: behind
    newest: TokenPair | None = None  # that an exchange brought

    def connect(self) -> None:
        """Make the API's client, and the auth server's with connections of its own: it may be elsewhere."""
        run, self.presented = self.its_run, set[str]()  # refresh tokens
        assert run.plan.system is not None
        self.system = run.plan.system.behind(run.places)
        self.clock = lambda: self.now() + self.ahead
        limits = httpx.Limits(max_connections=run.plan.connections, keepalive_expiry=KEPT_ALIVE)
        mine = {"X-Race401-Client": self.me}
        self.own = httpx.Client(verify=TLS, trust_env=False, timeout=TIMEOUT, limits=limits, headers=mine)
        self.http = self.client()
        self.server: Any = SystemClient(self.system, self.own, self.clock)

    @property
    def base_url(self) -> str:
        """Where the API is, behind the recorder."""
        return self.system.api

    @property
    def headers(self) -> dict[str, str]:
        """What every request of the API has."""
        return super().headers | self.system.target.headers

    @property
    def unauthorized(self) -> Container[int]:
        """As its file says."""
        return self.system.target.dialect.unauthorized

    def aged(self, decisive: float) -> TokenPair:
        """Sign in, and set the clock such that the token is due in so many s, while it lives; or behind its end."""
        pair = self.signed_in()
        if self.condition.at_expiry:
            ahead = self.condition.skew
        else:
            margin = clamped(self.policy, pair, self.policy.expiry_margin - self.policy.jitter * self.jitter_share)
            ahead = pair.lifetime - self.condition.remaining(decisive, margin)
        self.ahead = ahead
        return pair

    def observe(self, step: Step) -> None:
        """Notice that a refresh was refused, and which refresh tokens are left."""
        super().observe(step)
        if isinstance(step, Exchange):
            self.presented.add(step.pair.refresh_token)
        elif isinstance(step, Exchanged):
            self.newest = step.pair

    def before_page(self, page: int) -> None:
        """Go on with the newest token, if a refresh was refused and that one was not tried: its session may live.

        A refusal says so to whoever presented a token; whether it ended the session, only the next exchange does.
        """
        if self.refused and self.newest is not None and self.newest.refresh_token not in self.presented:
            self.presented.add(self.newest.refresh_token)
            with contextlib.suppress(AuthError):
                self.auth.sign_in(self.server.exchange(self.newest))
                self.refused = False
        super().before_page(page)

    def signed_in(self) -> TokenPair:
        """Begin a session that nobody had before."""
        try:
            pair: TokenPair = self.server.sign_in()
        except SignInFailed as error:
            self.its_run.problem(f"sign_in {error}")
            raise StopUser from None
        if pair.refresh_token in self.its_run.seen:
            self.its_run.problem("sign_in returned another browser's session: each call must begin a new one")
            raise StopUser
        self.its_run.seen.add(pair.refresh_token)
        return pair
