"""A driver of sound clients by different designs, each with one flaw at most: designs.py DESIGN [FLAW]."""

import os
import queue
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx

sys.path.insert(0, str(Path(__file__).parents[2] / "drivers/python"))
from protocol import serve  # type: ignore[import-not-found, unused-ignore]

URL, TOKENS, REVOKE = (os.environ[f"RACE401_{name}"] for name in ("URL", "TOKEN_URL", "REVOKE_URL"))
WHO = {"username": os.environ["RACE401_EMAIL"], "password": os.environ["RACE401_PASSWORD"]}
DESIGN, FLAW = sys.argv[1], "".join(sys.argv[2:])
MARGIN = {"on401": 0.0, "timer": 0.0}.get(DESIGN, 60.0)  # s
TRIES = 3 if DESIGN == "backoff" else 1
LONGEST = 30.0  # s to wait for another caller's refresh
CLAIMS = ["single_flight", "retry_on_401", "serve_while_valid", "keeps_session", "sign_out"]
TOLD = {"protocol": 2, "client": DESIGN, "can": ["sign_out", "post"], "claims": CLAIMS}


class Flight:
    """A refresh that several wait for."""

    def __init__(self, seen: dict[str, Any]) -> None:
        self.seen, self.over = seen, threading.Event()
        self.pair: dict[str, Any] = {}
        self.error: Exception | None = None

    def result(self) -> dict[str, Any]:
        """What it brought, once it is over."""
        self.over.wait(LONGEST)
        if self.error is not None:
            raise self.error
        return self.pair


class Client:
    """lock: a lock, and a look again; memo: callers share a flight; actor: one thread refreshes; timer: it renews at
    half of a life; on401: nothing before a 401; backoff: a refresh is tried three times.
    """

    def __init__(self) -> None:
        self.http, self.lock, self.epoch = httpx.Client(base_url=URL, timeout=60), threading.Lock(), 0
        self.pair: dict[str, Any] | None = None
        self.flight: Flight | None = None
        self.asked: queue.Queue[Flight] = queue.Queue()
        if DESIGN == "actor":
            threading.Thread(target=self.acts, daemon=True).start()

    def grant(self, **form: str) -> dict[str, Any]:
        """Ask the token endpoint."""
        pair: dict[str, Any] = self.http.post(TOKENS, data=form).raise_for_status().json()
        return pair | {"over_at": time.time() + pair["expires_in"]}

    def keep(self, pair: dict[str, Any]) -> None:
        """Store it, and renew it in time."""
        self.pair = pair
        if DESIGN == "timer":
            timer = threading.Timer((pair["over_at"] - time.time()) / 2, self.ticks, [pair])
            timer.daemon = True
            timer.start()

    def ticks(self, pair: dict[str, Any]) -> None:
        """Half of this pair's life is over."""
        with suppress(httpx.HTTPError):  # whoever needs it next tries again
            self.refreshed(pair)

    def exchange(self, spent: dict[str, Any]) -> dict[str, Any]:
        """Refresh, and store what comes unless the user has signed out meanwhile."""
        epoch = self.epoch
        for n in range(TRIES):
            try:
                fresh = self.grant(grant_type="refresh_token", refresh_token=spent["refresh_token"])
                break
            except httpx.HTTPError:
                if FLAW == "drops":
                    self.pair = None
                if n + 1 == TRIES:
                    raise
                time.sleep(0.3 * 2**n)
        if FLAW == "keeps":
            fresh["refresh_token"] = spent["refresh_token"]
        if epoch == self.epoch:
            self.keep(fresh)
        return fresh

    def replaced(self, seen: dict[str, Any]) -> dict[str, Any] | None:
        """The pair that somebody else has put in place of this one."""
        other = FLAW != "blind" and self.pair is not None and self.pair["access_token"] != seen["access_token"]
        return self.pair if other else None

    def refreshed(self, seen: dict[str, Any]) -> dict[str, Any]:
        """A pair that is not the one seen."""
        if DESIGN == "actor":
            self.asked.put(asked := Flight(seen))
            return asked.result()
        if DESIGN == "memo":
            return self.shared(seen)
        with self.lock:
            return self.replaced(seen) or self.exchange(self.pair or seen)

    def shared(self, seen: dict[str, Any]) -> dict[str, Any]:
        """The result of the flight that is under way, or of a new one."""
        with self.lock:
            if (other := self.replaced(seen)) is not None:
                return other
            mine = self.flight is None
            flight = self.flight = self.flight or Flight(seen)
        if mine:
            self.fly(flight)
            self.flight = flight if FLAW == "stuck" else None
        return flight.result()

    def acts(self) -> None:
        """Refresh for whoever asks, one after the other."""
        while True:
            self.fly(self.asked.get())

    def fly(self, flight: Flight) -> None:
        """Refresh for all who wait for it."""
        try:
            flight.pair = self.replaced(flight.seen) or self.exchange(self.pair or flight.seen)
        except httpx.HTTPError as error:
            flight.error = error
        flight.over.set()

    def sign_in(self) -> None:
        """A new session."""
        self.epoch += 1
        self.keep(self.grant(grant_type="password", **WHO))

    def sign_out(self) -> None:
        """No refresh under way brings it back."""
        pair, self.pair = self.pair or {}, None
        self.epoch += FLAW != "unfenced"
        self.http.post(REVOKE, data={"token": pair["refresh_token"]})

    def call(self, method: str, path: str, body: Any = None) -> None:
        """A call with a token that is good, once more after a 401."""
        if (pair := self.pair) is None:
            raise RuntimeError("nobody is signed in")
        if pair["over_at"] - time.time() < MARGIN:
            try:
                pair = self.refreshed(pair)
            except httpx.HTTPError:
                if FLAW == "gives-up" or pair["over_at"] < time.time():
                    raise
        answer = self.ask(method, path, body, pair)
        if answer.status_code == httpx.codes.UNAUTHORIZED and FLAW != "once":
            fresh = self.refreshed(pair)
            answer = self.ask(method, path, body, pair if FLAW == "stale" else fresh)
        answer.raise_for_status()

    def ask(self, method: str, path: str, body: Any, pair: dict[str, Any]) -> httpx.Response:
        """One request."""
        return self.http.request(method, path, json=body, headers={"Authorization": f"Bearer {pair['access_token']}"})

    def get(self, path: str) -> None:
        """A GET."""
        self.call("GET", path)

    def post(self, path: str, body: Any) -> None:
        """A POST."""
        self.call("POST", path, body)


serve(TOLD, Client())
