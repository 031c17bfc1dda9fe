"""Real auth servers behind the proxy: what it counts is what their own tables say."""

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest
from proxied import proxy_at
from stacks import SERVERS, SIMPLEJWT, STACKS, Stack, listed, marked, running, tables

from race401.harness.judge.evidence import load
from race401.harness.judge.findings import Value
from race401.harness.judge.verdict import Verdict, judge
from race401.ledger.dialects.presets import DIALECTS, OAUTH, naming

pytestmark = pytest.mark.slow
CALLERS = 5
DIALECT = {
    stack: [DIALECTS["simplejwt"]] if stack is SIMPLEJWT else [naming(OAUTH, stack.token_path)] for stack in STACKS
}
LISTED = {listed(stack, setting): stack for stack in STACKS for setting in ("documented", stack.other)}
every_setting = pytest.mark.parametrize("name", marked(LISTED))


async def page(client: httpx.AsyncClient, stack: Stack, session: dict[str, Any], flights: int) -> None:
    """Five calls find the token near its end: so many of them refresh at once, and each goes on with what came."""
    token = session[stack.refresh]
    answers = await asyncio.gather(*(client.post(stack.token_path, **stack.asks(token)) for _ in range(flights)))
    granted = [answer.json()[stack.access] for answer in answers if answer.status_code == 200]
    used = granted[-1:] if flights == 1 else granted
    bearer = [{"Authorization": f"Bearer {access}"} for access in used * (CALLERS // max(1, len(used)))]
    await asyncio.gather(*(client.get("/me", headers=headers) for headers in bearer))


def played(folder: Path, name: str, flights: int) -> tuple[Verdict, int, int, int]:
    """The verdict, the exchanges of its table, the successors of the ledger, and those of the server's own tables."""
    ledger, stack = folder / "traffic.jsonl", LISTED[name]
    with running(SERVERS[name]) as url:
        session = httpx.post(f"{url}/seed", trust_env=False, timeout=60).json()

        async def run() -> None:
            async with (
                proxy_at(url, ledger, DIALECT[stack]) as proxy,
                httpx.AsyncClient(base_url=proxy, trust_env=False, timeout=60) as client,
            ):
                await client.get("/me", headers={"Authorization": f"Bearer {session[stack.access]}"})
                await page(client, stack, session, flights)

        asyncio.run(run())
        told = tables(url)
    evidence = load(ledger)
    result = judge(evidence)
    seen = {e.brought_refresh for e in evidence.entries if e.brought_refresh is not None}
    return result, sum(row.exchanges for row in result.rows), len(seen), told["refresh_tokens"] - 1


@every_setting
def test_a_client_of_one_flight_is_seen_to_refresh_once(tmp_path: Path, name: str) -> None:
    """One exchange, one successor in the ledger as in the server's tables, and no 401."""
    result, exchanges, seen, stored = played(tmp_path, name, 1)
    assert (exchanges, seen, stored) == (1, 1, 1)
    assert result.value is Value.PASS, result.sentence


@every_setting
def test_a_client_of_five_flights_is_seen_to_refresh_five_times(tmp_path: Path, name: str) -> None:
    """As many successors as the server's tables have, whatever the server makes of uses at once."""
    result, exchanges, seen, stored = played(tmp_path, name, CALLERS)
    assert (exchanges, seen) == (CALLERS, stored)
    assert result.value is Value.FAIL
    assert any(f"{CALLERS} exchanges of 1 refresh token" in f.sentence for f in result.findings)
