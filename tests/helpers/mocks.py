"""The mock in this process, on a clock that the test holds."""

from collections.abc import Coroutine, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import httpx
from inprocess import SyncTransport

from race401.ledger.entry import Entry
from race401.mock_api.app import create_app
from race401.mock_api.ledger import Ledger
from race401.mock_api.rules.family import Family
from race401.mock_api.rules.worlds import WORLDS
from race401.mock_api.state.realm import Realm
from race401.mock_api.state.store import MemoryStore

NOW = 1_759_614_660.0  # 2025-10-04T21:51:00Z
WHO = {"email": "ada@race401.test", "password": "correct horse"}


T = TypeVar("T")


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Its result; nothing in it waits for anybody."""
    try:
        while True:
            coroutine.send(None)
    except StopIteration as done:
        result: T = done.value
        return result


def families(realm: Realm) -> list[Family]:
    """Every session of a world."""
    return [family for user in run(realm.accounts.everyone()) for family in run(realm.store.families_of(user.id))]


class Mock:
    """An app, its ledger, its realms, a client for it, and `now` to turn."""

    def __init__(self, path: Path | None = None, names: Iterable[str] = WORLDS, **settings: Any) -> None:
        self.now = NOW
        self.ledger = Ledger(path)
        worlds = [replace(WORLDS[name], **settings) for name in names]
        self.app = create_app(worlds, clock=lambda: self.now, ledger=self.ledger)
        for realm in self.app.realms.values():
            assert isinstance(realm.store, MemoryStore)
            realm.store.sleep = self.sleep
        self.client = httpx.Client(base_url="http://localhost", transport=SyncTransport(self.app))

    async def sleep(self, seconds: float) -> None:
        """Let the time pass at once: here nobody else waits."""
        self.now += seconds

    def realm(self, world: str = "supabase") -> Realm:
        """A world at work."""
        return self.app.realms[world]

    def sign_in(self, world: str = "supabase", **body: Any) -> dict[str, Any]:
        """The token answer of an aged sign-in."""
        answer = self.client.post("/_race401/sessions", json={"world": world, **WHO, **body})
        assert answer.status_code == 200, answer.text
        plain: dict[str, Any] = answer.json()
        return plain

    def get(self, path: str, token: str | None = None, **headers: str) -> httpx.Response:
        """The answer to a GET with this Bearer token."""
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        return self.client.get(path, headers=headers)

    def refresh(self, token: str, world: str = "supabase") -> httpx.Response:
        """The answer to a refresh grant."""
        return self.client.post(f"/{world}/auth/v1/token?grant_type=refresh_token", json={"refresh_token": token})

    def admin(self, method: str, path: str = "", body: Any = None, world: str = "supabase") -> httpx.Response:
        """The answer to an admin's request."""
        bearer = {"Authorization": f"Bearer {self.realm(world).mint.service_key()}"}
        return self.client.request(method, f"/{world}/auth/v1/admin/users{path}", json=body, headers=bearer)

    @property
    def last(self) -> Entry:
        """The newest entry of the ledger."""
        return self.ledger.entries[-1]
