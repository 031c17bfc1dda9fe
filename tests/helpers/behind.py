"""The mock behind the recording proxy: what is asked through it, what directly, and what was recorded."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
from mocks import WHO
from proxied import app_at, proxy_at

from race401.mock_api.app import create_app as create_mock
from race401.mock_api.ledger import Ledger

TOKEN = "/auth/v1/token"


class Behind:
    """The mock behind the proxy."""

    def __init__(self, path: Path, ledger: Ledger, direct: httpx.AsyncClient, client: httpx.AsyncClient) -> None:
        self.path, self.ledger, self.direct, self.client = path, ledger, direct, client

    async def grant(self, kind: str, body: dict[str, str], path: str = TOKEN) -> Any:
        """The token endpoint's answer."""
        return (await self.client.post(f"{path}?grant_type={kind}", json=body)).json()

    async def refresh(self, token: str, path: str = TOKEN) -> Any:
        """The answer to a refresh grant."""
        return await self.grant("refresh_token", {"refresh_token": token}, path)

    async def sign_in(self, world: str = "") -> Any:
        """The first pair."""
        await self.direct.post(f"{world}/auth/v1/signup", json=WHO)
        return await self.grant("password", WHO, f"{world}{TOKEN}")

    @property
    def entries(self) -> list[dict[str, Any]]:
        """What was recorded."""
        return [json.loads(line) for line in self.path.read_text().splitlines()]


def behind(folder: Path, run: Callable[[Behind], Awaitable[None]]) -> Behind:
    """Run it on a loop of its own."""

    async def within() -> Behind:
        path, ledger = folder / "traffic.jsonl", Ledger()
        async with (
            app_at(create_mock(ledger=ledger)) as mock,
            proxy_at(mock, path) as proxy,
            httpx.AsyncClient(base_url=mock, trust_env=False) as direct,
            httpx.AsyncClient(base_url=proxy, trust_env=False) as client,
        ):
            proxied = Behind(path, ledger, direct, client)
            await run(proxied)
            return proxied

    return asyncio.run(within())
