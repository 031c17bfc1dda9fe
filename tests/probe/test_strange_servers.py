"""Servers that speak in unusual ways: the card is true of each, and what cannot be read is unknown, in one line."""

import asyncio
import itertools
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

import pytest

from race401.harness.probe import show
from race401.harness.probe.asking import Target
from race401.harness.probe.card import Card, encoded
from race401.harness.probe.making import NotAnswered, make
from race401.harness.probe.settings import NothingKnown, toml
from race401.harness.probe.signing_in import parse
from race401.ledger.dialects.dialect import Dialect
from race401.ledger.dialects.presets import GITHUB, OAUTH

STRICT = {  # each token works once, a second use ends nothing, and a refresh ends no access token
    "rotates": "always",
    "second.accepted": "never",
    "second.lives": "always",
    "second.other": "always",
    "at-once-5.more": "never",
    "at-once-5.lives": "always",
    "lost.accepted": "never",
    "access.after-refresh": "always",
}
KEPT = {
    "rotates": "never",
    "rotates.kept": "always",
    "second.accepted": "always",
    "at-once-5.more": "always",
    "at-once-5.several": "never",
    "at-once-5.lives": "always",
    "grandparent.accepted": "always",
    "lost.accepted": "always",
}
SPENT = {  # the session is over after its first refresh, and that is no use's doing
    "rotates": "never",
    "rotates.kept": "never",
    "second.accepted": "never",
    "second.lives": "no chance",
    "second.other": "always",
    "grandparent.accepted": "no chance",
    "used.lives": "no chance",
    "at-once-5.more": "never",
    "at-once-5.lives": "no chance",
}


ERRORS = {  # shapes that answer each refresh so
    "limits all": (429, "slow_down"),
    "is broken": (503, "try later"),
    "wants a secret": (401, "invalid_client"),
}


class Strange(ThreadingHTTPServer):
    """An auth server with an API, strict in what it grants."""

    KEEPING = ("kept", "brings the same")

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, shape: str) -> None:
        super().__init__(("127.0.0.1", 0), Answers)
        self.shape, self.lock = shape, threading.Lock()
        self.numbers, self.live, self.access = itertools.count(), set[str](), set[str]()
        self.refreshes = itertools.count(1)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: a probe hangs up on purpose."""

    def issued(self, spent: str = "") -> dict[str, Any]:
        """A new pair; where tokens are kept, or spent, a refresh brings no refresh token."""
        with self.lock:
            n = next(self.numbers)
            self.access.add(f"access {n}")
            told: dict[str, Any] = {"access_token": f"access {n}", "token_type": "Bearer", "expires_in": 3600}
            if self.shape == "says little":
                told = {"access_token": f"access {n}", "token_type": "bearer"}
            if self.shape == "says seconds as text":
                told["expires_in"] = "3600"
            if not spent or self.shape not in ("kept", "spent"):
                fresh = spent if spent and self.shape == "brings the same" else f"opaque refresh {n}"
                self.live.add(fresh)
                told["refreshToken" if spent and self.shape == "names it otherwise" else "refresh_token"] = fresh
        return told

    def spent(self, token: str) -> bool:
        """Whether a refresh is granted."""
        with self.lock:
            granted = token in self.live
            if self.shape not in self.KEEPING:
                self.live.discard(token)
        return granted

    def busy(self) -> bool:
        """Whether it is too busy to look at a refresh: each fifth."""
        with self.lock:
            return self.shape == "limits each fifth" and next(self.refreshes) % 5 == 0


class Answers(BaseHTTPRequestHandler):
    """Answers in the server's shape."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body go out together: apart, each answer waits 40 ms for the client's delayed ACK
    server: Strange

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is its own
        """Log nothing."""

    def do_GET(self) -> None:
        """The API."""
        good = self.headers.get("Authorization", "").removeprefix("Bearer ") in self.server.access
        self._send(200 if good else 401, json.dumps({"me": good}))

    def do_POST(self) -> None:
        """Sign-in, and the token endpoint."""
        form, shape = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode()), self.server.shape
        token = form.get("refresh_token", [""])[0]
        if self.path == "/login":
            self._send(200, json.dumps(self.server.issued()))
        elif shape in ERRORS or self.server.busy():
            status, error = ERRORS.get(shape, (429, "slow_down"))
            self._send(status, json.dumps({"error": error}))
        elif shape == "hangs up":
            self.close_connection = True
        elif shape == "redirects":
            self._send(302, "", Location="/elsewhere")
        elif shape == "a page":
            self._send(200, "<p>Hello</p>", kind="text/html")
        elif self.server.spent(token):
            self._send(200, json.dumps(self.server.issued(token)))
        elif shape == "refuses with a page":
            self._send(400, "<h1>Bad Request</h1>", kind="text/html")
        elif shape == "refuses by a redirect":
            self._send(302, "", Location="/login.html")
        elif shape == "repeats the token":
            self._send(400, json.dumps({"error": f"invalid_grant: {token} was\nused"}))
        else:
            self._send(200 if shape == "refuses by a 200" else 400, json.dumps({"error": "invalid_grant"}))

    def _send(self, status: int, body: str, kind: str = "application/json", **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": kind, **headers}.items():
            self.send_header(name, value)
        if self.server.shape == "closes each connection":
            self.send_header("Connection", "close")
        if self.server.shape == "in chunks":
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            parts = [body[n : n + 7] for n in range(0, len(body), 7)]
            self.wfile.write("".join(f"{len(part):x}\r\n{part}\r\n" for part in [*parts, ""]).encode())
            return
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())


@contextmanager
def served(shape: str) -> Iterator[str]:
    """Run it; yield its URL."""
    with Strange(shape) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def card_of(url: str, dialect: Dialect = OAUTH) -> Card:
    """Its card, over the wire."""
    target = Target(f"{url}/token", dialect, f"{url}/me")
    card, _ = asyncio.run(make(target, parse(f"POST {url}/login user=ada", dialect), 2, 600.0, lambda _: None))
    return card


def said(card: Card, rows: dict[str, str]) -> dict[str, str]:
    """What the card says in these rows."""
    return {name: card.row(name).said for name in rows}


SHAPES = {
    "plain": STRICT,
    "closes each connection": STRICT,
    "in chunks": STRICT,
    "refuses with a page": STRICT,
    "says little": STRICT,
    "says seconds as text": STRICT,
    "repeats the token": STRICT,
    "kept": KEPT,
    "brings the same": KEPT,
    "spent": SPENT,
    "names it otherwise": SPENT,
    "refuses by a redirect": {"second.accepted": "unknown", "at-once-5.more": "unknown"},
    "refuses by a 200": {"second.accepted": "unknown", "at-once-5.more": "unknown", "lost.accepted": "unknown"},
    "limits each fifth": {"at-once-5.more": "unknown", "at-once-5.lives": "unknown"},
}


@pytest.mark.parametrize("shape", SHAPES)
def test_the_card_is_true_however_a_server_speaks(shape: str) -> None:
    with served(shape) as url:
        card = card_of(url)
    assert said(card, SHAPES[shape]) == SHAPES[shape]
    if "unknown" in SHAPES[shape].values():
        assert card.exit_code == 3


@pytest.mark.parametrize(
    ("shape", "says"),
    [
        ("redirects", "answered 302 (a redirect, which is not followed) to a new session's refresh token"),
        ("a page", "answered 200 to a new session's refresh token: not a token endpoint"),
        (
            "limits all",
            "answered 429 slow_down to a new session's refresh token: nothing can be learnt while it says so",
        ),
        (
            "is broken",
            "answered 503 try later to a new session's refresh token: nothing can be learnt while it says so",
        ),
        (
            "wants a secret",
            "answered 401 invalid_client to a new session's refresh token: it wants another client, or",
        ),
        ("hangs up", "/token: Server disconnected without sending a response."),
    ],
)
def test_what_is_no_token_endpoint_is_said_in_one_line(shape: str, says: str) -> None:
    with served(shape) as url, pytest.raises(NotAnswered) as refused:
        card_of(url)
    assert says in str(refused.value)
    assert "\n" not in str(refused.value)


def test_what_to_do_with_a_refresh_token_is_said_by_what_becomes_of_it() -> None:
    """Who is told to keep one that is spent loses the session; and no world would behave so."""
    for shape, told in (("kept", "keep the refresh token"), ("spent", "a session is refreshed once")):
        with served(shape) as url:
            card = card_of(url)
        assert told in card.row("rotates.kept").advice
        assert "keep" not in card.row("rotates").advice
        if shape == "spent":
            with pytest.raises(NothingKnown, match="no setting says that a refresh token is spent"):
                toml("mine", card)


def test_a_token_that_a_server_repeats_is_in_no_card() -> None:
    """Not even a part of it, or a second line."""
    with served("repeats the token") as url:
        card = card_of(url)
    assert list(card.refusals) == ["400 invalid_grant: ... was used"]
    assert b"opaque refresh" not in encoded(card)


def test_an_error_in_a_200_leads_to_the_dialect_that_reads_it() -> None:
    """Which has the rows of the same server that refuses by a 400."""
    with served("refuses by a 200") as url:
        assert "not read     200 invalid_grant" in show.card(card_of(url), 100)
        card = card_of(url, GITHUB)
    assert said(card, STRICT) == STRICT
    assert not card.unread
