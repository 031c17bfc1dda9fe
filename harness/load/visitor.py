"""
A browser to which things happen: visits, race programs, faults, sign-outs, several tabs, as its condition says.

What happens is the mock's to do: it is asked through the control API, for this browser alone.
"""

import gevent
from locust.exception import StopUser

import contextlib
import threading
from collections.abc import Sequence
from typing import Any

import httpx

from race401.harness.load.browser import Browser
from race401.harness.tokens import AuthError, MemoryStore, TokenAuth, TokenPair

UNDER_WAY_WITHIN = 5.0  # s, for the refresh during which somebody signs out


class Visitor(Browser):
    """See the module's docstring."""

    abstract = True
    tabs: Sequence[tuple[Any, TokenAuth]] = ()  # client and manager of each
    program = ""  # the one that is armed, by its id at the mock
    leaving: gevent.Greenlet | None = None

    def pause(self, seconds: float) -> None:
        """Make everything ready for the first visit, and wait for its time."""
        try:
            for fault in self.condition.faults:
                mine = {"client": self.me, "world": self.condition.world}
                self.steer("POST", "faults", {**fault, "which": {**fault.get("which", {}), **mine}})
            self.begin_visit(self.auth.store.read())
        except httpx.HTTPError as error:
            raise StopUser(f"the mock does not do what the condition says ({type(error).__name__})") from None
        super().pause(self.until_in_step() or seconds)

    def on_stop(self) -> None:
        """Take back what was asked for, and close the connections."""
        with contextlib.suppress(httpx.HTTPError):  # the mock is gone, and all of it
            self.forget_program()
        for client, _ in self.tabs[1:]:
            client.close()
        super().on_stop()

    def wait_time(self) -> float:
        """Return the idle time after a page, in s."""
        idle = self.until_in_step() or super().wait_time()
        self.intended = self.now() + idle
        return idle

    def until_in_step(self) -> float:
        """Return s until everybody loads a page; 0: everybody does in a time of his own."""
        step = self.condition.in_step
        return step - self.now() % step if step else 0.0

    def client_of(self, k: int) -> Any:
        """Return the client of the tab that sends the page's request number `k`."""
        return self.tabs[k % len(self.tabs)][0]

    # --- visits -----------------------------------------------------------------------------------

    def begin_visit(self, pair: TokenPair | None) -> None:
        """Open the tabs over one session store, and have the mock do what happens in this visit."""
        condition, store, lock = self.condition, MemoryStore(pair), threading.Lock()
        clients = [client for client, _ in self.tabs] or [
            self.http,
            *(self.client() for _ in range(condition.tabs - 1)),
        ]
        self.tabs = [(client, self.manager(store, lambda: lock)) for client in clients]
        for client, manager in self.tabs:
            client.auth = manager
        self.auth = self.tabs[0][1]
        if condition.program is not None:
            where = f"programs?world={condition.world}&client={self.me}"
            self.program = self.steer("POST", where, condition.program)["id"]
        if condition.happens == "ended-elsewhere":
            for session in self.steer("GET", f"sessions?world={condition.world}&email={self.email.lower()}"):
                self.steer("DELETE", f"sessions/{session['id']}")

    def before_page(self, page: int) -> None:
        """Let begin what happens during a visit's first page; without visits, be a browser like any other."""
        visit = self.condition.visit
        if not visit:
            super().before_page(page)
        elif self.condition.happens == "sign-out" and (page - 1) % visit == 0:
            self.leaving = gevent.spawn(self.sign_out)

    def after_page(self, page: int) -> None:
        """End a visit with its last page, and begin the next one."""
        if self.leaving is not None:
            self.leaving.join()
            self.leaving = None
        if self.condition.visit and page % self.condition.visit == 0:
            self.forget_program()
            self.begin_visit(self.aged(0.0))

    def sign_out(self) -> None:
        """Sign out while a refresh is under way."""
        self.steer("GET", f"programs/{self.program}?until=holding&wait_s={UNDER_WAY_WITHIN}")
        if (pair := self.auth.store.read()) is not None:
            with contextlib.suppress(AuthError):  # the session is gone already
                self.server.sign_out(pair)
        for _, manager in self.tabs:
            manager.sign_out()

    def forget_program(self) -> None:
        """Have the mock let go of what it still holds."""
        if self.program:
            self.steer("DELETE", f"programs/{self.program}")
            self.program = ""
