"""Gets a new session: a command that prints a token answer as JSON, or a request in a simple form."""

import asyncio
import json
import shlex
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import urlencode, urlsplit

import httpx

from race401.harness.probe.answers import place, why
from race401.harness.probe.playing import Pair
from race401.ledger.dialects.dialect import Dialect
from race401.ledger.dialects.reading import brought
from race401.ledger.visible import Visible

METHODS = ("GET", "POST", "PUT")
SIGNS_IN_WITHIN = 60.0  # s that a command may take
SHOWN = 120  # characters of what a command said wrong


class SignInFailed(Exception):
    """There is no new session; the message says why, and what would be right."""


class SignsIn(Protocol):
    """Begins a session."""

    async def __call__(self, http: httpx.AsyncClient) -> Pair:
        """Return the tokens of a new session; raises SignInFailed."""
        ...


@dataclass(frozen=True)
class ByRequest:
    """`POST URL NAME=VALUE ...` (a form), or `POST URL {JSON}`."""

    method: str
    url: str
    content: str
    kind: str
    dialect: Dialect

    async def __call__(self, http: httpx.AsyncClient) -> Pair:
        """Send it."""
        headers = {"content-type": self.kind} if self.content else {}
        try:
            answer = await http.request(self.method, self.url, content=self.content, headers=headers)
        except httpx.HTTPError as error:
            raise SignInFailed(f"{place(self.url)}: {why(error)}") from None
        if not answer.is_success:
            raise SignInFailed(f"{place(self.url)} answered {answer.status_code}, which is no token answer")
        return pair_of(self.dialect, answer.text, dict(answer.cookies), place(self.url))


@dataclass(frozen=True)
class ByCommand:
    """A program of the user's own."""

    command: tuple[str, ...]
    dialect: Dialect

    async def __call__(self, http: httpx.AsyncClient) -> Pair:
        """Run it."""
        del http  # it has its own way
        name = self.command[0]  # what follows may be a password
        try:
            process = await asyncio.create_subprocess_exec(
                *self.command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
            )
        except OSError as error:
            raise SignInFailed(f"{self.command[0]}: {error.strerror}") from None
        try:
            out, wrong = await asyncio.wait_for(process.communicate(), SIGNS_IN_WITHIN)
        except TimeoutError:
            process.kill()
            await process.wait()
            raise SignInFailed(f"{name}: has not ended within {SIGNS_IN_WITHIN:g} s") from None
        if process.returncode:
            raise SignInFailed(failed(name, process.returncode, wrong))
        return pair_of(self.dialect, out.decode("utf-8", "replace"), {}, name)


def failed(name: str, code: int, wrong: bytes) -> str:
    """Return what is said of a command that failed, with the last line that it wrote; no secret that this shows."""
    last = (wrong.decode("utf-8", "replace").strip().splitlines() or ["it says nothing"])[-1]
    return f"{name}: exit {code}: {Visible(lambda _: '...').text(last)[:SHOWN]}"


def parse(said: str, dialect: Dialect) -> ByRequest | ByCommand:
    """Return what was asked for; raises SignInFailed."""
    try:
        words = shlex.split(said)
    except ValueError as error:
        raise SignInFailed(f"cannot be read: {error}") from None
    if not words:
        raise SignInFailed("is empty; give a command that prints a token answer, or POST URL NAME=VALUE ...")
    if words[0] not in METHODS:
        return ByCommand(tuple(words), dialect)
    if len(words) < 2 or urlsplit(words[1]).scheme not in ("http", "https"):  # noqa: PLR2004 - method and address
        raise SignInFailed(f"expected an address after {words[0]}, as in POST http://127.0.0.1:8401/...")
    method, url, *rest = words
    text = said.split(url, 1)[1].strip().strip("'")
    if text.startswith("{"):
        return ByRequest(method, url, text, "application/json", dialect)
    wrong = [word for word in rest if "=" not in word]
    if wrong:
        raise SignInFailed("expected NAME=VALUE, or one JSON object, after the address")
    fields = urlencode([(name, value) for name, _, value in (word.partition("=") for word in rest)])
    return ByRequest(method, url, fields, "application/x-www-form-urlencoded", dialect)


def pair_of(dialect: Dialect, text: str, cookies: dict[str, str], who: str) -> Pair:
    """Return the tokens of a token answer; raises SignInFailed."""
    try:
        told: Any = json.loads(text)
    except (ValueError, RecursionError):
        told = {}
        if not cookies:
            raise SignInFailed(f"{who}: prints no JSON; expected a token answer") from None
    tokens = brought(dialect, told if isinstance(told, dict) else {}, cookies)
    if tokens.refresh is None:
        names = ", ".join(dialect.new_refresh)
        raise SignInFailed(f"{who}: there is no refresh token in its answer (the dialect {dialect.name} has {names})")
    return Pair(tokens.refresh, tokens.access or "")
