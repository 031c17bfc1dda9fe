"""Before a run against a system of your own: each thing that its browsers will do, once, and what is wrong."""

import locust  # noqa: F401 - first of all: it patches the process

import time

import httpx

from race401.harness.load.browser import TIMEOUT, TLS
from race401.harness.load.plan import LONGEST, SHORTEST, Plan, Refused
from race401.harness.load.system import System
from race401.harness.load.system_client import SystemClient
from race401.harness.probe.answers import place, why
from race401.harness.probe.signing_in import SignInFailed
from race401.harness.reporting.streams import print_to
from race401.harness.tokens import RefreshRefused, RefreshUnavailable, TokenPair
from race401.harness.tokens.due import clamped

OK, REDIRECTS = 200, 300  # statuses
LATEST = 4.5  # idle times until the last decisive instant: see `browser.instant`


def tried(system: System, plan: Plan) -> float:
    """Sign in twice, refresh, load the page with a token and without; return their lifetime in s. Raises Refused."""
    with httpx.Client(verify=TLS, trust_env=False, timeout=TIMEOUT) as http:
        client = SystemClient(system, http, time.time)
        try:
            first, second = client.sign_in(), client.sign_in()
        except SignInFailed as error:
            raise Refused(f"sign_in {error}") from None
        if first.refresh_token == second.refresh_token:
            raise Refused("sign_in returns the same session twice; each call must begin a new one")
        where = place(system.target.token_url)
        try:
            client.exchange(first)
        except (RefreshRefused, RefreshUnavailable) as error:
            if error.status is None:
                raise Refused(f"token {where}: {error.__cause__}") from None
            told = f"{error.status} {error.code}" if isinstance(error, RefreshRefused) else str(error.status)
            why = f"not a token endpoint, or not the dialect {system.target.dialect.name}"
            raise Refused(f"token {where} answered {told} to a new session's refresh token: {why}") from None
        for path in dict.fromkeys(system.page):
            asked = f"GET {place(system.api + path)}"
            status = _asked(http, system, path, second.access_token)
            if not OK <= status < REDIRECTS:
                raise Refused(f"page: {asked} answered {status} to a new session's access token")
            without = _asked(http, system, path, None)
            if without not in system.target.dialect.unauthorized:
                known = ", ".join(map(str, system.target.dialect.unauthorized))
                how = f"the dialect knows refusals by {known} alone: unauthorized = [{known}, {without}]"
                why = "it needs none, so that it shows nothing" if without < REDIRECTS else how
                raise Refused(f"page: {asked} answered {without} without an access token: {why}")
    _check_time(plan, first)
    return first.lifetime


def _asked(http: httpx.Client, system: System, path: str, token: str | None) -> int:
    """Return the status that a GET with this access token gets."""
    headers = (
        system.target.headers if token is None else {**system.target.headers, "authorization": f"Bearer {token}"}
    )
    try:
        return http.get(f"{system.api}{path}", headers=headers).status_code
    except httpx.HTTPError as error:
        raise Refused(f"api {place(system.api)}: {why(error)}") from None


def _check_time(plan: Plan, pair: TokenPair) -> None:
    """Refuse a run that ends before its tokens come due; say how long it waits where only time helps."""
    life = pair.lifetime
    for condition in plan.conditions:
        if not condition.at_expiry:
            if life <= LATEST * plan.idle:
                why = "a browser of this run needs one for longer; give a shorter -t"
                raise Refused(f"access tokens are valid for {life:g} s, and {why}")
            for policy in plan.policies.values():
                margin = clamped(policy, pair, policy.expiry_margin)
                if life <= margin + LATEST * plan.idle:
                    why = (
                        f"{policy.name} would refresh at every page, with {margin:g} s left; give it a smaller margin"
                    )
                    smaller = (
                        f"{policy.name}:expiry_margin={life / 4:.0f}, or a sign_in whose tokens are valid for longer"
                    )
                    raise Refused(f"access tokens are valid for {life:g} s, and {why}: {smaller}")
            continue
        needed = life + SHORTEST + plan.ramp
        how = f"{condition.name} waits until access tokens end, and they are valid for {life:g} s"
        if plan.run_time is None or plan.run_time < needed:
            raise Refused(f"{how}: give -t {needed:.0f}s or longer, or a sign_in whose tokens expire sooner")
        if plan.run_time > life + LONGEST:
            raise Refused(f"-t {plan.run_time:g}s: at most {life + LONGEST:g} s against this system")
        print_to(f"race401: {how}: only time helps, {life:g} s of it and the API's leeway")
