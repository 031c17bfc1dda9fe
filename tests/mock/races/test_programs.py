"""Each shipped race program: the race with a client that has it, and its absence with one that has not."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from mocks import WHO
from racing import Client, Racing, race
from sound import Sound

from race401.harness.tokens import FIXED, PRE_FIX, TokenAuth
from race401.mock_api.races.program import ProgramError, parse, shipped

NO_SINGLE_FLIGHT = replace(FIXED, name="no-single-flight", single_flight=False)
JSON = {"Content-Type": "application/json"}
RACES = [
    # program, world, remaining s, client, what the app saw of its burst, what became of the exchanges
    ("concurrent-expiry", "rfc9700", 30, PRE_FIX, [200] + [401] * 4, {"rotated": 1, "reused": 1, "revoked": 3}),
    ("concurrent-expiry", "rfc9700", 30, FIXED, [200] * 5, {"rotated": 1}),
    ("concurrent-401s", "supabase", 3600, NO_SINGLE_FLIGHT, [200] * 5, {"rotated": 1, "reuse_tolerated": 4}),
    ("concurrent-401s", "supabase", 3600, FIXED, [200] * 5, {"rotated": 1}),
    ("late-401", "rfc9700", 3600, FIXED, [200] * 2, {"rotated": 2}),
    ("late-401", "rfc9700", 3600, Sound, [200] * 2, {"rotated": 1}),
    ("slow-refresh", "rfc9700", 30, PRE_FIX, [200] + [401] * 4, {"rotated": 1, "reused": 1, "revoked": 3}),
    ("slow-refresh", "rfc9700", 30, FIXED, [200] * 5, {"rotated": 1}),
    ("lost-answer", "rfc9700", 30, FIXED, [401], {"rotated": 1, "reused": 1}),
    ("lost-answer", "supabase", 30, FIXED, [200], {"rotated": 1, "reuse_tolerated": 1}),
    ("refresh-fails", "supabase", 30, FIXED, [401], {}),
    ("refresh-fails", "supabase", 30, Sound, [200], {}),
    ("rate-limited", "supabase", 30, FIXED, [401], {"rate_limited": 2}),
    ("rate-limited", "supabase", 30, Sound, [200], {"rate_limited": 1}),
]


@pytest.mark.parametrize(("name", "world", "remaining", "client", "saw", "outcomes"), RACES)
def test_race(
    name: str, world: str, remaining: float, client: Client, saw: list[int], outcomes: dict[str, int]
) -> None:
    async def run(racing: Racing) -> None:
        await racing.sign_in(remaining)
        program = await racing.arm(name)
        racing.saw = await racing.burst(len(saw))
        racing.told = await racing.program(program)

    racing = race(client, world, run)
    assert racing.told["state"] == "came_about"
    assert sorted(racing.saw) == saw
    assert racing.outcomes == outcomes


async def sign_out_during_refresh(racing: Racing) -> None:
    token = await racing.sign_in(remaining=30)
    program = await racing.arm("sign-out-during-refresh")
    caller = asyncio.ensure_future(racing.client.get("/contacts"))
    assert (await racing.program(program, "holding"))["rules"][0]["holding"]
    bearer = {"Authorization": f"Bearer {token.access_token}"}
    await racing.control.post(f"/{racing.world}/auth/v1/logout", headers=bearer)
    racing.auth.sign_out()
    await caller
    racing.told = await racing.program(program)


def test_sign_out_during_refresh_brings_the_session_back() -> None:
    racing = race(FIXED, "supabase", sign_out_during_refresh)
    assert racing.told["state"] == "came_about"
    assert isinstance(racing.auth, TokenAuth)
    assert racing.auth.store.read() is not None


def test_sign_out_during_refresh_brings_nothing_back_to_a_client_that_looks() -> None:
    racing = race(Sound, "supabase", sign_out_during_refresh)
    assert racing.told["state"] == "came_about"
    assert isinstance(racing.auth, Sound)
    assert racing.auth.pair is None


def test_every_shipped_program_has_its_race() -> None:
    assert set(shipped()) == {name for name, *_ in RACES} | {"sign-out-during-refresh"}


@pytest.mark.parametrize(("apart", "opened_by"), [(0.9, "event"), (1.1, "time")])
def test_a_rule_waits_anew_from_each_of_those_that_it_waits_for(apart: float, opened_by: str) -> None:
    """A slow machine makes a race slower, not different: refreshes over 3.6 s are a burst, if none is 1 s late."""

    async def one_after_another(racing: Racing) -> None:
        spent = {"refresh_token": (await racing.sign_in(remaining=30)).refresh_token}
        program = await racing.arm("concurrent-expiry")
        sent = []
        for _ in range(5):
            url = f"/{racing.world}/auth/v1/token?grant_type=refresh_token"
            sent.append(asyncio.ensure_future(racing.control.post(url, json=spent)))
            await asyncio.sleep(apart)
        await asyncio.gather(*sent)
        racing.told = await racing.program(program)

    (rule,) = race(FIXED, "rfc9700", one_after_another).told["rules"]
    assert rule["opened_by"] == opened_by


@pytest.mark.parametrize(
    ("begins", "held"),
    [({"after": {"method": "POST", "status": 200, "at": "answer"}}, ["refresh"]), ({}, ["sign-in", "refresh"])],
    ids=["from the sign-in on", "from the beginning"],
)
def test_a_rule_holds_nothing_before_what_it_comes_after(begins: dict[str, Any], held: list[str]) -> None:
    """At the gate `arrive` nobody knows a form's grant: only what has happened tells a refresh from a sign-in."""
    waiting: list[str] = []

    async def run(racing: Racing) -> None:
        await racing.control.post("/rfc9700/auth/v1/signup", json=WHO)
        never = {"request": "sign_out"}
        hold = {"which": {"request": "exchange"}, "at": "arrive", "until": never, "or_after_s": 1.0, **begins}
        form: dict[str, str] = {"username": WHO["email"], "password": WHO["password"], "grant_type": "password"}
        for what in ("sign-in", "refresh"):
            if what == "sign-in" or not begins:
                told = await racing.control.post("/_race401/programs", json={"name": "from", "hold": [hold]})
                at = f"/_race401/programs/{told.json()['id']}"
            sent = asyncio.ensure_future(racing.control.post("/rfc9700/oauth/token", data=form))
            await asyncio.sleep(0.5)
            (rule,) = (await racing.control.get(at)).json()["rules"]
            waiting.extend([what] * len(rule["holding"]))
            form = {"grant_type": "refresh_token", "refresh_token": (await sent).json()["refresh_token"]}

    race(FIXED, "rfc9700", run)
    assert waiting == held


FIRST_HEARD = {  # who is refused hears of it after the winner's call
    "which": {"request": "exchange", "grant_outcome": "reused"},
    "until": {"request": "resource", "status": 200},
    "or_after_s": 1.0,
}


@pytest.mark.parametrize(
    ("client", "more", "state", "opened_by"),
    [
        (PRE_FIX, {"if_any": True}, "came_about", "event"),
        (PRE_FIX, {}, "came_about", "event"),
        (FIXED, {"if_any": True}, "came_about", None),
        (FIXED, {}, "waiting", None),
    ],
    ids=["held", "held, and had to be", "nothing to hold", "nothing to hold, and there had to be"],
)
def test_a_rule_for_what_a_sound_client_does_not_do_need_not_hold_anything(
    client: Client, more: dict[str, Any], state: str, opened_by: str | None
) -> None:
    async def run(racing: Racing) -> None:
        await racing.sign_in(remaining=30)
        all_of_them = {"request": "exchange", "at": "arrive", "count": 5}
        first = {"which": {"request": "exchange"}, "at": "arrive", "until": all_of_them, "or_after_s": 1.0}
        told = await racing.control.post(
            "/_race401/programs", json={"name": "heard-last", "hold": [first, FIRST_HEARD | more]}
        )
        await racing.burst()
        racing.told = await racing.program(told.json()["id"], "now")

    told = race(client, "rfc9700", run).told
    assert told["state"] == state
    assert told["rules"][1]["opened_by"] == opened_by


async def nobody_signs_out(racing: Racing) -> None:
    await racing.sign_in(remaining=30)
    program = await racing.arm("sign-out-during-refresh")
    racing.saw = await racing.burst(1)
    racing.told = await racing.program(program)


async def nobody_comes(racing: Racing) -> None:
    program = await racing.arm("late-401")
    racing.told = await racing.program(program)


def test_a_program_that_does_not_come_about_says_so_and_lets_go() -> None:
    racing = race(FIXED, "supabase", nobody_signs_out)
    assert racing.saw == [200]
    assert racing.told["state"] == "did_not_come_about"
    assert racing.told["why"] == (
        "rule 1 held POST /auth/v1/token?grant_type=refresh_token (200) at answer, "
        "and waited for 1 of: request sign_out, world supabase; saw 0"
    )


def test_a_program_that_nobody_comes_to_waits_on() -> None:
    assert race(FIXED, "supabase", nobody_comes).told["state"] == "waiting"


async def deleted(racing: Racing) -> None:
    await racing.sign_in(remaining=30)
    program = await racing.arm("sign-out-during-refresh")
    caller = asyncio.ensure_future(racing.burst(1))
    await racing.program(program, "holding")
    assert (await racing.control.delete(f"/_race401/programs/{program}")).status_code == 204
    racing.saw = await caller
    assert (await racing.control.get(f"/_race401/programs/{program}")).status_code == 404


def test_a_program_that_is_deleted_lets_go() -> None:
    assert race(FIXED, "supabase", deleted).saw == [200]


@pytest.mark.parametrize(
    ("program", "said"),
    [
        (b"name = ", "program: Invalid value (at end of document)"),
        (b"name = 'x'", "program: a program has at least one `hold` or `fault`"),
        (b"name = 'x'\nhold = [{which = {}, until = {}, gate = 'arrive'}]", "unknown field `gate` - at `$.hold[0]`"),
        (
            b"name = 'x'\nhold = [{which = {}, until = {}, at = 'exit'}]",
            "Invalid enum value 'exit' - at `$.hold[0].at`",
        ),
        (
            b"name = 'x'\nhold = [{which = {status = 401}, at = 'arrive', until = {}}]",
            "hold 1: status is not known yet",
        ),
        (
            b"name = 'x'\nhold = [{which = {}, until = {}, after = {cause = 'expired', at = 'arrive'}}]",
            "hold 1: cause is not known yet",
        ),
        (b"name = 'x'\nwithin_s = 0\nhold = []", "Expected `float` > 0.0 - at `$.within_s`"),
        (b"name = 'x'\nfault = [{kind = 'delay'}]", "a delay has one of fixed_s, uniform_s and lognormal_s"),
        (b"name = 'x'\nfault = [{kind = 'fire'}]", "Invalid value 'fire' - at `$.fault[0].kind`"),
    ],
)
def test_what_is_no_program_is_refused(program: bytes, said: str) -> None:
    with pytest.raises(ProgramError) as caught:
        parse(program, "toml")
    assert said in str(caught.value)


def test_the_control_api_refuses_what_it_cannot_arm() -> None:
    async def run(racing: Racing) -> None:
        for query, body, said in (
            ("?shipped_as=luck", b"", "no program 'luck' is shipped; known: concurrent-401s, "),
            ("?shipped_as=late-401&world=mars", b"", "unknown world 'mars'; known: supabase, "),
            ("", b"{}", "program: Object missing required field `name`"),
        ):
            answer = await racing.control.post(f"/_race401/programs{query}", content=body, headers=JSON)
            assert answer.status_code == 422
            assert said in answer.json()["message"]

    race(FIXED, "supabase", run)
