"""The edge: sends a probe's requests with httpx. Those at once leave with the last byte of each released together."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Sequence
from typing import Any

import httpx

from race401.harness.probe import asking
from race401.harness.probe.answers import Answer, place, why
from race401.harness.probe.asking import Target
from race401.harness.probe.playing import Gone, Pair
from race401.harness.probe.sequences import Refresh, SignOut, Step, Use
from race401.harness.probe.signing_in import SignInFailed, SignsIn
from race401.ledger.dialects.reading import brought, first, outcome
from race401.ledger.fingerprints import Fingerprints
from race401.ledger.masking import SHORTEST
from race401.ledger.outcomes import Outcome
from race401.ledger.visible import Visible

ANSWERS_WITHIN = 15.0  # s until a request that is not answered is given up
SETTLED = 0.03  # s; until a server has read all but the last bytes of what comes at once
IDLE = 1.0  # s; a connection that was idle for longer is not used again: the server may be closing it
UNAUTHORIZED = frozenset({401, 403})
LONGEST = 60  # characters of what a server said
REFUSED = frozenset({Outcome.SEEN_REFUSED, Outcome.REUSED, Outcome.NOT_FOUND, Outcome.BANNED})


class Barrier:
    """Holds the last byte of each of so many requests until all others are at theirs."""

    def __init__(self, n: int, settled: float) -> None:
        self._missing, self._open, self._settled = n, asyncio.Event(), settled if n > 1 else 0.0

    async def reach(self) -> None:
        """Wait for the others."""
        self.leave()
        await self._open.wait()

    def leave(self) -> None:
        """Be waited for no longer."""
        self._missing -= 1
        if self._missing == 0:
            asyncio.get_running_loop().call_later(self._settled, self._open.set)


class Wire:
    """A real server, by HTTP; `spreads` and `answered` in s, of each group that left at once."""

    def __init__(
        self, target: Target, signs_in: SignsIn, fingerprints: Fingerprints | None = None, settled: float = SETTLED
    ) -> None:
        self.target, self._signs_in, self._settled = target, signs_in, settled
        self._fingerprint = (fingerprints or Fingerprints()).fingerprint
        self._visible = Visible(self._fingerprint)
        limits = httpx.Limits(keepalive_expiry=IDLE)
        tls = httpx.create_ssl_context()  # by SSL_CERT_FILE, too: no other variable is heeded
        self._http = httpx.AsyncClient(
            verify=tls, trust_env=False, timeout=ANSWERS_WITHIN, limits=limits, headers={"accept": "*/*"}
        )
        self._seen: set[str] = set()
        self.sessions = self.requests = 0
        self.spreads: list[float] = []
        self.answered: list[float] = []
        self.facts: dict[str, Any] = {}

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    def now(self) -> float:
        """Return the machine's monotonic clock."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)

    async def sign_in(self) -> Pair:
        """Begin a session; raises SignInFailed, Gone."""
        self._http.cookies.clear()
        try:
            pair = await self._signs_in(self._http)
        except SignInFailed as error:
            if self.sessions:
                raise Gone(f"sign-in {self.sessions + 1} failed: {error}") from None
            raise
        if pair.refresh in self._seen:
            what = "the same refresh token twice; each call must begin a new session"
            raise SignInFailed(f"returned {what}") if self.sessions == 1 else Gone(f"a sign-in returned {what}")
        self._seen.add(pair.refresh)
        self.sessions += 1
        return pair

    async def send(self, steps: Sequence[tuple[Step, Pair]]) -> list[tuple[Answer, Pair | None]]:
        """Send these at once; raises Gone."""
        barrier = Barrier(len(steps), self._settled)
        seen = await asyncio.gather(*(self._one(step, pair, barrier) for step, pair in steps))
        if len(steps) > 1:
            answers = [answer for answer, _ in seen if answer.heard]
            if answers:
                self.spreads.append(max(a.sent for a in answers) - min(a.sent for a in answers))
                self.answered.append(max(a.heard for a in answers) - min(a.heard for a in answers))
        return list(seen)

    async def _one(self, step: Step, pair: Pair, barrier: Barrier) -> tuple[Answer, Pair | None]:
        assert isinstance(step, Refresh | Use | SignOut)
        ask = {Refresh: asking.refresh, Use: asking.use, SignOut: asking.sign_out}[type(step)]
        given = ask(self.target, pair)
        self.requests += 1
        self._http.cookies.clear()
        sent = [0.0]
        presented = self._fingerprint(pair.access if isinstance(step, Use) else pair.refresh)
        try:
            request = self._http.build_request(
                given.method,
                given.url,
                headers={**given.headers, **({"content-length": str(len(given.content))} if given.content else {})},
                content=self._parts(given.content, barrier, sent) if given.content else None,
            )
            if not given.content:
                barrier.leave()
                sent[0] = self.now()
            answer = await self._http.send(request, stream=True)
            heard = self.now()
            body = await answer.aread()
        except httpx.ConnectError as error:
            raise Gone(f"{place(given.url)} cannot be reached: {why(error)}") from None
        except httpx.HTTPError as error:
            return Answer("unknown", presented, error=self._plain(_unanswered(error), pair), sent=sent[0]), None
        finally:
            if not sent[0]:
                barrier.leave()
        seen, brings = self._read(step, pair, answer, body)
        if isinstance(step, Refresh) and not step.heard and brings is not None:
            return Answer("unheard", presented=presented, sent=sent[0]), None
        return Answer(**seen, presented=presented, sent=sent[0], heard=heard), brings

    async def _parts(self, content: bytes, barrier: Barrier, sent: list[float]) -> AsyncIterator[bytes]:
        yield content[:-1]
        await barrier.reach()
        sent[0] = self.now()
        yield content[-1:]

    def _read(
        self, step: Step, pair: Pair, answer: httpx.Response, body: bytes
    ) -> tuple[dict[str, Any], Pair | None]:
        """Return what an answer says, and the pair that it brought."""
        status, dialect = answer.status_code, self.target.dialect
        told = _object(body)
        if not isinstance(step, Refresh):
            what = "granted" if answer.is_success else "unknown"
            refuses = (*dialect.unauthorized, *UNAUTHORIZED) if isinstance(step, Use) else dialect.refused
            if status in refuses:
                what = "refused"
            return {"what": what, "status": status, "error": "" if what != "unknown" else f"{status}"}, None
        cookies = dict(answer.cookies)
        tokens = brought(dialect, told, cookies)
        came = outcome(dialect, status, told, tokens)
        if came is Outcome.SEEN_GRANTED:
            brings = Pair(tokens.refresh or pair.refresh, tokens.access or "")
            self._note(brings, tokens.lifetime)
            marks = {"refresh": self._fingerprint(brings.refresh), "access": self._fingerprint(brings.access)}
            return {"what": "granted", "status": status, **marks}, brings
        said = self._plain(str(first(told, (*dialect.errors, "error", "error_code", "code")) or ""), pair)
        if came in REFUSED:
            return {"what": "refused", "status": status, "error": said}, None
        return {"what": "unknown", "status": status, "error": f"{status} {said}".strip()}, None

    def _plain(self, said: str, pair: Pair) -> str:
        """Return what a server said on one line, short, and without the tokens that it repeats."""
        for token in pair:
            if len(token) >= SHORTEST:
                said = said.replace(token, "...")
        return self._visible.text(" ".join(said.split()))[:LONGEST]

    def _note(self, pair: Pair, lifetime: float | None) -> None:
        """Keep what a world needs to know of access tokens."""
        if lifetime is not None:
            self.facts["lifetime"] = lifetime
        jwt = pair.access.count(".") == 2  # noqa: PLR2004 - RFC 7515 s.7.1: three parts
        self.facts["access_format"] = "jwt" if jwt else "opaque"


def _object(body: bytes) -> dict[str, Any]:
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}


def _unanswered(error: Exception) -> str:
    return f"no answer within {ANSWERS_WITHIN:g} s" if isinstance(error, httpx.TimeoutException) else why(error)
