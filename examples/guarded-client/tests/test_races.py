"""What the client has to survive. The server orders its answers so that each race happens every time."""

import asyncio

import pytest
from race401.mock_api.app import create_app

PAGE = ("/contacts?limit=1", "/me/entitlements", "/contacts", "/persona-notes", "/messages")


def load_two_pages(client_of, server, left=None):
    """Send a page's five requests at once, by a client that has just signed in; then again: the session lives on."""

    async def visit():
        async with client_of(server.url, server.signed_in(left=left)) as client:
            for _ in range(2):
                await asyncio.gather(*map(client.get, PAGE))

    asyncio.run(visit())


def test_a_page_that_is_loaded_as_the_token_ends(client_of, race401_server, race401_verdict):
    race401_server.arm("concurrent-expiry")
    load_two_pages(client_of, race401_server, left=30)
    race401_verdict.check(covers="refresh")


def test_a_page_whose_token_is_refused_as_a_whole(client_of, race401_server, race401_verdict):
    race401_server.arm("concurrent-401s")
    load_two_pages(client_of, race401_server)
    race401_verdict.check(covers="two-401s-one-token")


def test_a_refusal_that_comes_after_the_token_was_replaced(client_of, race401_server, race401_verdict):
    race401_server.arm("late-401")
    load_two_pages(client_of, race401_server)
    race401_verdict.check(covers="late-401")


def test_a_refresh_whose_answer_is_slow(client_of, race401_server, race401_verdict):
    race401_server.arm("slow-refresh")
    load_two_pages(client_of, race401_server, left=30)
    race401_verdict.check(covers="refresh")


def test_a_sign_out_while_a_refresh_is_under_way(client_of, race401_server, race401_verdict):
    race = race401_server.arm("sign-out-during-refresh")

    async def visit():
        async with client_of(race401_server.url, race401_server.signed_in(left=30)) as client:
            last = asyncio.create_task(client.get("/messages"))
            await asyncio.to_thread(race.status, "holding")  # until the server holds the refresh
            await client.sign_out()
            await last
            await client.get("/contacts")

    asyncio.run(visit())
    race401_verdict.check(covers="refresh-during-sign-out", caller_401s="any")


@pytest.mark.parametrize("signs_out", [False, True], ids=["two callers", "two callers and a sign-out"])
def test_every_order_of_a_page(client_of, race401_explore, signs_out):
    """Not one order, but all of them, in this process: callers, refresh, and a sign-out at any time."""

    async def scene(stage):
        answer = await stage.signed_in("rfc9700", left=30)
        async with client_of("http://mock/rfc9700", answer, transport=stage.transport, clock=stage.clock) as client:
            callers = client.get("/contacts"), client.get("/messages")
            await stage.run(*callers, sign_out=client.sign_out() if signs_out else None)

    race401_explore(scene, create_app)
