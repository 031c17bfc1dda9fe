"""Each shipped race program: the race with a client that has it, and its absence with one that has not."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
import virtual

from race401.harness.tokens import FIXED, PRE_FIX, AuthServer, Policy, TokenAuth, TokenPair
from race401.mock_api.app import create_app
from race401.mock_api.ledger import Ledger
from race401.mock_api.program import ProgramError, parse

PAGE = ("/contacts?limit=1000", "/me/entitlements", "/contacts", "/persona-notes", "/messages")


class Racing:
    """The mock in process, a client of some policy, and a race program between them."""

    def __init__(self, policy: Policy, world: str) -> None:
        self.ledger, self.world = Ledger(), world
        self.saw: list[int] = []
        self.told: dict[str, Any] = {}
        self.app = create_app(ledger=self.ledger)
        base = f"http://mock/{world}"
        self.control = httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url="http://mock")
        wire = httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url=base)
        self.auth = TokenAuth(AuthServer(f"{base}/auth/v1", async_client=wire), policy=policy)
        self.client = httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url=base, auth=self.auth)

    async def sign_in(self, remaining: float = 3600.0) -> None:
        """Begin a session whose token has so much left."""
        body = {
            "world": self.world,
            "email": "ada@race401.test",
            "password": "correct horse",
            "remaining_s": remaining,
        }
        answer = (await self.control.post("/_race401/sessions", json=body)).raise_for_status().json()
        self.auth.sign_in(TokenPair(answer["access_token"], answer["refresh_token"], answer["expires_at"]))

    async def arm(self, name: str) -> str:
        """Arm a shipped program; return its id."""
        answer = await self.control.post(f"/_race401/programs?shipped_as={name}&world={self.world}")
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    async def burst(self, n: int = 5) -> list[int]:
        """Send n requests at once; return what the program saw."""
        answers = await asyncio.gather(*[self.client.get(PAGE[k]) for k in range(n)])
        return [answer.status_code for answer in answers]

    async def ended(self, program: str, until: str = "ended") -> dict[str, Any]:
        """How the program stands, once it has ended (or holds something)."""
        told: dict[str, Any] = (await self.control.get(f"/_race401/programs/{program}?until={until}")).json()
        return told

    @property
    def outcomes(self) -> Counter[str | None]:
        """What became of the exchanges."""
        return Counter(entry.grant_outcome for entry in self.ledger.entries if entry.grant_outcome)


def race(policy: Policy, world: str, run: Callable[[Racing], Awaitable[None]]) -> Racing:
    """Run one race and return what is left of it."""

    async def within() -> Racing:
        racing = Racing(policy, world)
        await run(racing)
        return racing

    return virtual.run(within())


async def double_refresh(racing: Racing) -> None:
    await racing.sign_in(remaining=30)
    program = await racing.arm("double-refresh")
    racing.saw = sorted(await racing.burst())
    racing.told = await racing.ended(program)


def test_double_refresh_before_the_fix() -> None:
    racing = race(PRE_FIX, "rfc9700", double_refresh)
    assert racing.told["state"] == "came_about"
    assert racing.told["rules"][0]["opened_by"] == "event"
    assert racing.saw == [200, 401, 401, 401, 401]
    assert racing.outcomes == {"rotated": 1, "reused": 1, "revoked": 3}


def test_double_refresh_after_the_fix() -> None:
    racing = race(FIXED, "rfc9700", double_refresh)
    assert racing.told["state"] == "came_about"
    assert racing.told["rules"][0]["opened_by"] == "time"
    assert racing.saw == [200] * 5
    assert racing.outcomes == {"rotated": 1}


async def sign_out_during_refresh(racing: Racing) -> None:
    await racing.sign_in(remaining=30)
    token = racing.auth.store.read()
    assert token is not None
    program = await racing.arm("sign-out-during-refresh")
    caller = asyncio.ensure_future(racing.client.get("/contacts"))
    assert (await racing.ended(program, "holding"))["rules"][0]["holding"]
    await racing.control.post(
        f"/{racing.world}/auth/v1/logout", headers={"Authorization": f"Bearer {token.access_token}"}
    )
    racing.auth.sign_out()
    await caller
    racing.told = await racing.ended(program)


def test_sign_out_during_refresh_brings_the_session_back() -> None:
    racing = race(FIXED, "supabase", sign_out_during_refresh)
    assert racing.told["state"] == "came_about"
    assert racing.auth.store.read() is not None


def test_a_program_that_does_not_come_about_says_so_and_lets_go() -> None:
    async def alone(racing: Racing) -> None:
        await racing.sign_in(remaining=30)
        program = await racing.arm("sign-out-during-refresh")
        racing.saw = await racing.burst(1)
        racing.told = await racing.ended(program)

    racing = race(FIXED, "supabase", alone)
    assert racing.saw == [200]
    assert racing.told["state"] == "did_not_come_about"
    assert racing.told["why"] == (
        "rule 1 held POST /auth/v1/token?grant_type=refresh_token (200) at answer, "
        "and waited for 1 of: request sign_out, world supabase; saw 0"
    )


@pytest.mark.parametrize(
    ("program", "said"),
    [
        (b"name = ", "program: Invalid value (at end of document)"),
        (b"name = 'x'", "program: a program has at least one `hold`"),
        (b"name = 'x'\nhold = [{which = {}, until = {}, gate = 'arrive'}]", "unknown field `gate` - at `$.hold[0]`"),
        (
            b"name = 'x'\nhold = [{which = {}, until = {}, at = 'exit'}]",
            "Invalid enum value 'exit' - at `$.hold[0].at`",
        ),
        (
            b"name = 'x'\nhold = [{which = {status = 401}, at = 'arrive', until = {}}]",
            "hold 1: status is not known yet",
        ),
        (b"name = 'x'\nwithin_s = 0\nhold = []", "Expected `float` > 0.0 - at `$.within_s`"),
    ],
)
def test_what_is_no_program_is_refused(program: bytes, said: str) -> None:
    with pytest.raises(ProgramError) as caught:
        parse(program, "toml")
    assert said in str(caught.value)
