"""Scenes for the explorer: `TokenAuth` with `httpx.AsyncClient`, and a client as people write it at first."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx

from race401.harness.explore.application import Scene, Stage
from race401.harness.tokens import AuthServer, MemoryStore, Policy, TokenAuth, TokenPair, skewed

TARGETS = ("/contacts?limit=1", "/messages", "/persona-notes", "/me/entitlements")
NEXT_PAGE = "/me/entitlements"


@asynccontextmanager
async def signed_in(
    stage: Stage, policy: Policy, world: str, left: float, skew: float = 0.0
) -> AsyncIterator[tuple[httpx.AsyncClient, TokenAuth]]:
    """A client whose first token has `left` s of life."""
    pair, clock = TokenPair.from_answer(await stage.signed_in(world, left=left)), skewed(stage.clock, skew)
    async with httpx.AsyncClient(transport=stage.transport) as bare:
        server = AuthServer(f"http://mock/{world}/auth/v1", async_client=bare, clock=clock)
        auth = TokenAuth(server, MemoryStore(pair), policy, clock=clock)
        base = f"http://mock/{world}"
        async with httpx.AsyncClient(transport=stage.transport, base_url=base, auth=auth) as client:
            yield client, auth


def burst(policy: Policy, world: str, callers: int, *, left: float = 30.0, skew: float = 0.0) -> Scene:
    """So many callers leave at once."""

    async def scene(stage: Stage) -> None:
        async with signed_in(stage, policy, world, left, skew) as (client, _):
            await stage.run(*[client.get(target) for target in TARGETS[:callers]])

    return scene


def lost_answer(policy: Policy, world: str) -> Scene:
    """Two callers, and the server's answer to the first exchange is lost after it rotated the token."""

    async def scene(stage: Stage) -> None:
        async with signed_in(stage, policy, world, left=30) as (client, _):
            fault = {"kind": "cut", "which": {"request": "exchange"}, "times": 1}
            async with httpx.AsyncClient(transport=stage.transport) as control:
                (await control.post("http://localhost/_race401/faults", json=fault)).raise_for_status()
            await stage.run(client.get(TARGETS[0]), client.get(TARGETS[1]))

    return scene


def sign_out(policy: Policy, world: str) -> Scene:
    """One caller, a sign-out at any time, and the next page when all is quiet."""

    async def scene(stage: Stage) -> None:
        async with signed_in(stage, policy, world, left=30) as (client, auth):

            async def leave() -> None:
                pair = auth.store.read()
                assert pair is not None
                async with httpx.AsyncClient(transport=stage.transport) as bare:
                    headers = {"Authorization": f"Bearer {pair.access_token}"}
                    await bare.post(f"http://mock/{world}/auth/v1/logout", headers=headers)
                auth.sign_out()

            await stage.run(client.get(TARGETS[0]), sign_out=leave())
            await client.get(NEXT_PAGE)

    return scene


class Client:
    """A client as people write it: one refresh for all, retried once. `careful` is what they add after a while."""

    def __init__(self, stage: Stage, world: str, answer: dict[str, Any], *, careful: bool) -> None:
        self.http = httpx.AsyncClient(transport=stage.transport, base_url=f"http://mock/{world}")
        self.tokens: dict[str, Any] | None = answer
        self.refreshing: asyncio.Task[None] | None = None
        self.careful = careful

    async def get(self, target: str) -> httpx.Response:
        """Send, and on a 401 refresh and send again."""
        sent = self.tokens
        answer = await self._send(target)
        if answer.status_code == 401 and self.tokens is not None:
            if not self.careful or self.tokens is sent:
                await self._refresh()
            answer = await self._send(target)
        return answer

    async def sign_out(self) -> None:
        """Forget the tokens."""
        self.tokens = None

    async def _send(self, target: str) -> httpx.Response:
        tokens = self.tokens
        headers = {"Authorization": f"Bearer {tokens['access_token']}"} if tokens is not None else {}
        return await self.http.get(target, headers=headers)

    async def _refresh(self) -> None:
        if self.refreshing is None:
            self.refreshing = asyncio.create_task(self._exchange())
        await asyncio.shield(self.refreshing)

    async def _exchange(self) -> None:
        tokens = self.tokens
        assert tokens is not None
        body = {"refresh_token": tokens["refresh_token"]}
        answer = await self.http.post("/auth/v1/token?grant_type=refresh_token", json=body)
        self.refreshing = None
        if not self.careful or self.tokens is tokens:
            self.tokens = answer.json()


def late_401(callers: int, *, careful: bool) -> Scene:
    """So many callers leave with a token that the server takes for expired."""

    async def scene(stage: Stage) -> None:
        client = Client(stage, "supabase", await stage.signed_in("supabase", left=-1), careful=careful)
        await stage.run(*[client.get(target) for target in TARGETS[:callers]])

    return scene


def resurrection(*, careful: bool) -> Scene:
    """One caller refreshes, and somebody signs out meanwhile."""

    async def scene(stage: Stage) -> None:
        client = Client(stage, "supabase", await stage.signed_in("supabase", left=-1), careful=careful)
        await stage.run(client.get(TARGETS[0]), sign_out=client.sign_out())
        assert client.tokens is None, "the session is still valid after the sign-out"

    return scene
