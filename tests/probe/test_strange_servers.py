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

from race401.harness.probe.asking import Target
from race401.harness.probe.card import Card
from race401.harness.probe.making import NotAnswered, make
from race401.harness.probe.signing_in import parse
from race401.ledger.dialects.presets import OAUTH

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
KEPT = {"rotates": "never", "second.accepted": "always", "at-once-5.more": "always", "lost.accepted": "always"}


class Strange(ThreadingHTTPServer):
    """An auth server with an API, strict in what it grants."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, shape: str) -> None:
        super().__init__(("127.0.0.1", 0), Answers)
        self.shape, self.lock = shape, threading.Lock()
        self.numbers, self.live, self.access = itertools.count(), set[str](), set[str]()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: a probe hangs up on purpose."""

    def issued(self, *, first: bool) -> dict[str, Any]:
        """A new pair; where tokens are kept, a refresh brings no refresh token."""
        with self.lock:
            n = next(self.numbers)
            self.access.add(f"access {n}")
            told = {"access_token": f"access {n}", "token_type": "Bearer", "expires_in": 3600}
            if first or self.shape != "kept":
                self.live.add(f"refresh {n}")
                told["refresh_token"] = f"refresh {n}"
        return told

    def spent(self, token: str) -> bool:
        """Whether a refresh is granted."""
        with self.lock:
            granted = token in self.live
            if self.shape != "kept":
                self.live.discard(token)
        return granted


class Answers(BaseHTTPRequestHandler):
    """Answers in the server's shape."""

    protocol_version = "HTTP/1.1"
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
        if self.path == "/login":
            self._send(200, json.dumps(self.server.issued(first=True)))
        elif shape == "redirects":
            self._send(302, "", Location="/elsewhere")
        elif shape == "a page":
            self._send(200, "<p>Hello</p>", kind="text/html")
        elif self.server.spent(form.get("refresh_token", [""])[0]):
            self._send(200, json.dumps(self.server.issued(first=False)))
        elif shape == "refuses with a page":
            self._send(400, "<h1>Bad Request</h1>", kind="text/html")
        elif shape == "refuses by a redirect":
            self._send(302, "", Location="/login.html")
        else:
            self._send(400, json.dumps({"error": "invalid_grant"}))

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


def card_of(url: str) -> Card:
    """Its card, over the wire."""
    target = Target(f"{url}/token", OAUTH, f"{url}/me")
    card, _ = asyncio.run(make(target, parse(f"POST {url}/login user=ada", OAUTH), 2, 600.0, lambda _: None))
    return card


def said(card: Card, rows: dict[str, str]) -> dict[str, str]:
    """What the card says in these rows."""
    return {name: card.row(name).said for name in rows}


SHAPES = {
    "plain": STRICT,
    "closes each connection": STRICT,
    "in chunks": STRICT,
    "refuses with a page": STRICT,
    "kept": KEPT,
    "refuses by a redirect": {"second.accepted": "unknown", "at-once-5.more": "unknown"},
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
    ],
)
def test_what_is_no_token_endpoint_is_said_in_one_line(shape: str, says: str) -> None:
    with served(shape) as url, pytest.raises(NotAnswered) as refused:
        card_of(url)
    assert says in str(refused.value)
    assert "\n" not in str(refused.value)
