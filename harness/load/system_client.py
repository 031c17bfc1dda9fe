"""What a browser asks of a system of your own: a new session, and a pair for a refresh token."""

from gevent import subprocess

from collections.abc import Callable

import httpx

from race401.harness.load.system import System
from race401.harness.probe.answers import place, why
from race401.harness.probe.asking import refresh
from race401.harness.probe.playing import Pair
from race401.harness.probe.signing_in import (
    SIGNS_IN_WITHIN,
    ByCommand,
    ByRequest,
    SignInFailed,
    failed,
    pair_of,
)
from race401.harness.tokens import RefreshRefused, RefreshUnavailable, TokenPair
from race401.harness.tokens.exchange import lifetime_of
from race401.ledger.dialects.reading import Tokens, brought, fields, first, outcome
from race401.ledger.outcomes import Outcome

REFUSED = frozenset({Outcome.SEEN_REFUSED, Outcome.REUSED, Outcome.NOT_FOUND, Outcome.BANNED})


class SystemClient:
    """One browser's side of it. `clock`: the browser's, by which it reckons how long its tokens live."""

    def __init__(self, system: System, http: httpx.Client, clock: Callable[[], float]) -> None:
        self._system, self._http, self._clock = system, http, clock

    def sign_in(self) -> TokenPair:
        """Return the pair of a new session; raises SignInFailed."""
        self._http.cookies.clear()
        asked = self._system.signs_in
        text, cookies, who = self._by_request(asked) if isinstance(asked, ByRequest) else _by_command(asked)
        pair = pair_of(self._system.target.dialect, text, cookies, who)
        if not pair.access:
            raise SignInFailed(f"{who}: there is no access token in its answer")
        told = brought(self._system.target.dialect, fields(text.encode()), cookies)
        life = self._life(told)
        if not life:
            raise SignInFailed(f"{who}: nothing says how long its access token is valid; give lifetime = SECONDS")
        return self._pair(pair.access, pair.refresh, life)

    def exchange(self, pair: TokenPair) -> TokenPair:
        """Return the pair that the refresh brought; raises RefreshRefused, RefreshUnavailable."""
        request = refresh(self._system.target, Pair(pair.refresh_token, pair.access_token))
        try:
            answer = self._http.request(request.method, request.url, headers=request.headers, content=request.content)
        except httpx.HTTPError as error:
            raise RefreshUnavailable(f"the auth server was not reached ({type(error).__name__})") from error
        dialect, told = self._system.target.dialect, fields(answer.content)
        tokens = brought(dialect, told, dict(answer.cookies))
        came = outcome(dialect, answer.status_code, told, tokens)
        if came is Outcome.SEEN_GRANTED and tokens.access is not None:
            life = self._life(tokens) or pair.expires_in
            return self._pair(tokens.access, tokens.refresh or pair.refresh_token, life)
        code = str(first(told, ("error_code", "error", "code")) or "unknown")
        if came in REFUSED:
            raise RefreshRefused(code, status=answer.status_code, code=code)
        raise RefreshUnavailable(f"the auth server answered {answer.status_code} {code}", status=answer.status_code)

    async def aexchange(self, pair: TokenPair) -> TokenPair:
        """Do the same; browsers are greenlets, and have no event loop."""
        return self.exchange(pair)

    def _by_request(self, asked: ByRequest) -> tuple[str, dict[str, str], str]:
        headers = {**self._system.target.headers, **({"content-type": asked.kind} if asked.content else {})}
        try:
            answer = self._http.request(asked.method, asked.url, content=asked.content, headers=headers)
        except httpx.HTTPError as error:
            raise SignInFailed(f"{place(asked.url)}: {why(error)}") from None
        if not answer.is_success:
            raise SignInFailed(f"{place(asked.url)} answered {answer.status_code}, which is no token answer")
        return answer.text, dict(answer.cookies), place(asked.url)

    def _life(self, tokens: Tokens) -> float:
        """Return s that an access token lives, by its answer, itself, or the file; 0: nobody says."""
        return tokens.lifetime or lifetime_of(tokens.access or "") or self._system.lifetime or 0.0

    def _pair(self, access: str, refresh_token: str, life: float) -> TokenPair:
        now = self._clock()
        return TokenPair(access, refresh_token, now + life, received_at=now, expires_in=life, lifetime=life)


def _by_command(asked: ByCommand) -> tuple[str, dict[str, str], str]:
    name = asked.command[0]  # what follows may be a password
    try:
        done = subprocess.run(
            list(asked.command), stdin=subprocess.DEVNULL, capture_output=True, timeout=SIGNS_IN_WITHIN, check=False
        )
    except OSError as error:
        raise SignInFailed(f"{name}: {error.strerror}") from None
    except subprocess.TimeoutExpired:
        raise SignInFailed(f"{name}: has not ended within {SIGNS_IN_WITHIN:g} s") from None
    if done.returncode:
        raise SignInFailed(failed(name, done.returncode, done.stderr))
    return done.stdout.decode("utf-8", "replace"), {}, name
