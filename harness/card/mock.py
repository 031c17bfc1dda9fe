"""The mock as a child process, and what a card or a test asks of its control API."""

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any, Self

import httpx
import msgspec

from race401.harness.card.forked import Forked
from race401.ledger.entry import Entry

GONE_WITHIN = 5.0  # s; nothing is asked any more of a mock that takes longer, on a busy machine
EMAIL, PASSWORD = "ada@race401.test", "correct horse"


class MockFailed(Exception):
    """There is no mock, or it does not do what was asked; the message says why."""


class Mock:
    """A running mock at `url` with these settings (its command line); it ends with this process, at the latest."""

    def __init__(self, settings: tuple[str, ...]) -> None:
        try:
            self._process = Forked(["--json", "--exit-with-parent", *settings])
        except (OSError, ValueError):
            raise MockFailed("the process that starts mocks has ended; standard error may say why") from None
        if not (answer := self._process.first_line()):
            code = self._process.end(GONE_WITHIN)
            raise MockFailed(f"the mock did not start (exit {code}); standard error has its last words")
        self.url: str = json.loads(answer)["url"]
        # it speaks plain HTTP to this machine; certificates to trust would cost a client 20 ms
        self._http = httpx.Client(base_url=self.url, timeout=120, trust_env=False, verify=False)  # noqa: S501

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self._http.close()
        with suppress(OSError, ValueError):  # who forked it is gone, and cannot say how it ended
            self._process.end(GONE_WITHIN)

    def let_go(self) -> None:
        """Forget all programs, and hold nothing back any more."""
        self._ask("DELETE", "/_race401/programs")

    def clear(self, world: str) -> None:
        """Make a new start: no programs, the machine's clock, an account, an empty ledger; raises MockFailed."""
        self.let_go()
        self.set_clock(0)
        self.age_sign_ins(world, None)
        self._http.post(f"/{world}/auth/v1/signup", json={"email": EMAIL, "password": PASSWORD})
        self._ask("POST", "/_race401/reset")

    def age_sign_ins(self, world: str, remaining: float | None) -> None:
        """Let sign-ins begin with so many s left; None: the whole lifetime."""
        given = {"world": world} | ({} if remaining is None else {"remaining_s": str(remaining)})
        self._ask("PUT", "/_race401/aging", params=given)

    def set_clock(self, ahead: float) -> None:
        """Set the mock's clock so many s ahead of the machine's."""
        self._ask("POST", "/_race401/clock", json={"ahead_s": ahead})

    def advance_clock(self, seconds: float) -> None:
        """Let so many s pass at once, by the mock's clock."""
        self._ask("POST", "/_race401/clock", json={"advance_s": seconds})

    def now(self) -> float:
        """Return the mock's time, in s since the epoch."""
        return float(self._ask("GET", "/_race401/clock").json()["now"])

    def signed_in(self, world: str, left: float | None, email: str) -> dict[str, Any]:
        """Sign in with so many s left of the access token's life; return the token endpoint's answer."""
        body = {"world": world, "remaining_s": left, "email": email, "password": PASSWORD}
        answer: dict[str, Any] = self._ask("POST", "/_race401/sessions", json=body).json()
        return answer

    def arm(self, name: str, changes: dict[str, Any]) -> dict[str, Any]:
        """Put a shipped program to work, with these of its fields changed; return how it stands.

        Raises MockFailed if there is none of this name.
        """
        shipped = self._ask("GET", "/_race401/programs/shipped").json()
        if name not in shipped:
            raise MockFailed(f"no race program {name!r} is shipped; known: {', '.join(shipped)}")
        return self.put_to_work(shipped[name] | changes)

    def put_to_work(self, program: dict[str, Any]) -> dict[str, Any]:
        """Put a whole program to work; return how it stands."""
        answer: dict[str, Any] = self._ask("POST", "/_race401/programs", json=program).json()
        return answer

    def program(self, name: str, until: str = "now", wait_s: float = 0.0) -> dict[str, Any]:
        """Return how a program stands, waiting for it to be holding a request, or to have ended, if asked to."""
        given = {"until": until, "wait_s": str(wait_s)}
        answer: dict[str, Any] = self._ask("GET", f"/_race401/programs/{name}", params=given).json()
        return answer

    def disarm(self, name: str) -> None:
        """Forget a program, and let go of what it holds."""
        self._ask("DELETE", f"/_race401/programs/{name}")

    def revoke_everywhere(self, world: str) -> None:
        """End all sessions of the account, as its user would from another device."""
        for session in self._ask("GET", "/_race401/sessions", params={"world": world, "email": EMAIL}).json():
            self._ask("DELETE", f"/_race401/sessions/{session['id']}")

    def ledger(self, client: str) -> list[Entry]:
        """Return what this client has sent since the last `clear`, in the order of decision."""
        return self.book(client)[0]

    def book(self, client: str) -> tuple[list[Entry], int]:
        """Return the same, and how many entries the mock has dropped since then, whoever's they were."""
        answer = self._ask("GET", "/_race401/ledger", params={"client": client})
        entries = [msgspec.json.decode(line, type=Entry) for line in answer.content.splitlines()]
        return entries, int(answer.headers["X-Race401-Dropped"])

    def _ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        answer = self._http.request(method, path, **more)
        if answer.is_error:
            raise MockFailed(f"{method} {path}: {answer.json().get('message') or answer.text}")
        return answer


class Mocks:
    """Running mocks, each lent to one race at a time, and started when there is none to lend."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._idle: dict[tuple[str, ...], list[Mock]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self._stack.close()

    @contextmanager
    def one(self, settings: tuple[str, ...]) -> Iterator[Mock]:
        """Lend a mock with these settings."""
        idle = self._idle.setdefault(settings, [])
        mock = idle.pop() if idle else self._stack.enter_context(Mock(settings))
        yield mock
        idle.append(mock)
