"""How each mechanism is guarded against by race401's fixtures: the pieces of a pytest file, which `guard` joins."""

from dataclasses import dataclass, replace


@dataclass(frozen=True, kw_only=True, slots=True)
class Recipe:
    """How a mechanism is guarded against. `scene`: what the client does, as statements of a coroutine."""

    world: str
    scene: str
    check: str
    arm: str = ""  # statements before it
    left: str = "LEFT"  # s of life of the first token, as an expression
    part: str = "client"  # of PARTS: what makes the client
    imports: tuple[str, ...] = ()
    policy: str = "mandatory_margin=None"  # of race401's own client: callers wait for a refresh


BACKGROUND = "mandatory_margin=0.0"  # callers go on while the token is refreshed, until it is over
BURST = """
async with client_of(race401_server, tokens) as client:
    await asyncio.gather(*(client.get(f"/contacts?call={n}") for n in range(CALLS)))
    await client.get("/messages")  # the session is still valid
"""
LATER = '        await client.get(f"/contacts?later={n}")\n'
IN_A_ROW = """
async with client_of(race401_server, tokens) as client:
    for n in range(CALLS + 3):
        await client.get(f"/contacts?call={n}")
"""


def _burst(world: str, scene: str = BURST) -> Recipe:
    """Return how a world is guarded in which refreshes at once spend one token."""
    arm, check = 'race401_server.arm("concurrent-expiry")', 'race401_verdict.check(covers="refresh")'
    return Recipe(world=world, arm=arm, scene=scene, check=check)


RECIPES: dict[str, Recipe] = {
    "reuse-forgiven": _burst("supabase"),
    "reuse-refused": _burst("rotate-strict"),
    "reuse-revoked": _burst("rfc9700"),
    "losers-clean-up": replace(
        _burst("rotate-strict", BURST + "    for n in range(CALLS):\n" + LATER),
        arm="""
            every = {"request": "exchange", "at": "arrive", "count": CALLS}
            hold = [
                {"which": {"request": "exchange"}, "at": "arrive", "until": every, "or_after_s": 2.0},
                {
                    "which": {"request": "exchange", "grant_outcome": "reused"},
                    "until": {"request": "resource", "status": 200},
                    "or_after_s": 1.0,
                },
            ]  # who is refused hears of it once the winner's token was taken
            race401_server.arm("concurrent-expiry", hold=hold)
            """,
    ),
    "missing-token": _burst("rfc9700"),
    "ended-by-refresh": Recipe(
        world="oauth2-server",
        arm="""
            taken, refreshed = {"request": "resource", "status": 200}, {"request": "exchange", "at": "answer"}
            hold = [
                {"which": {"request": "exchange"}, "at": "arrive", "until": taken, "or_after_s": 1.0},
                {"which": {"request": "resource", "nth": 2}, "at": "arrive", "until": refreshed, "or_after_s": 1.0},
            ]  # the second call leaves before the refresh, and arrives after it
            race401_server.arm("slow-refresh", hold=hold)
            """,
        scene="""
            async with client_of(race401_server, tokens) as client:
                await asyncio.gather(*(client.get(f"/contacts?call={n}") for n in range(CALLS)))
            """,
        check='race401_verdict.check(covers="refresh")',
        policy=BACKGROUND,
    ),
    "lost-answer": Recipe(
        world="supabase",
        arm='race401_server.arm("lost-answer")',
        scene="""
            async with client_of(race401_server, tokens) as client:
                for n in range(2):
                    with suppress(httpx.HTTPError):  # a call may fail with the refresh; the session may not
                        await client.get(f"/contacts?call={n}")
            """,
        check='race401_verdict.check(covers="lost-answer", exchanges_per_generation="any")',
        imports=("from contextlib import suppress",),
    ),
    "late-401": Recipe(
        world="supabase",
        arm='race401_server.arm("late-401")',
        left="LIFE / 2",
        scene=BURST.replace("range(CALLS)", "range(2)"),
        check='race401_verdict.check(covers="late-401")',
    ),
    "key-change": Recipe(
        world="supabase",
        left="LIFE / 2",
        scene="""
            async with client_of(race401_server, tokens) as client:
                await client.get("/me/entitlements")
                race401_server.arm("concurrent-401s")  # from now on its token is refused
                await asyncio.gather(*(client.get(f"/contacts?call={n}") for n in range(CALLS)))
                await client.get("/messages")  # the session is still valid
            """,
        check='race401_verdict.check(covers="two-401s-one-token")',
    ),
    "clock-skew": Recipe(
        world="supabase",
        arm="race401_server.set_clock(ahead=BEHIND)",
        left="-1.0",
        scene=BURST,
        check='race401_verdict.check(covers="expiry")',
    ),
    "sign-out-undone": Recipe(
        world="supabase",
        arm='race = race401_server.arm("sign-out-during-refresh")',
        scene="""
            async with client_of(race401_server, tokens) as client:
                last = asyncio.create_task(client.get("/messages"))
                await asyncio.to_thread(race.status, "holding")  # until the server holds the refresh
                await sign_out(client, race401_server)
                await last
                await client.get("/contacts")
            """,
        check='race401_verdict.check(covers="refresh-during-sign-out", caller_401s="any")',
        part="client that signs out",
    ),
    "stale-copy": Recipe(
        world="rfc9700",
        arm="""
            slow = {"kind": "delay", "fixed_s": 1.2, "which": {"request": "resource", "nth": 2}}
            race401_server.arm("rate-limited", name="slow-answer", fault=[slow])  # no burst: over a second passes
            """,
        scene="""
            one, other = (client_of(race401_server, tokens, storage) for storage in [tmp_path / "session"] * 2)
            async with one, other:
                await one.get("/contacts")
                await one.get("/messages")  # its new token is in use
                await other.get("/contacts?of=another")
            """,
        check='race401_verdict.check(covers="refresh")',
        part="clients over one storage",
    ),
    "refresh-every-call": Recipe(world="supabase", scene=IN_A_ROW, check='race401_verdict.check(covers="refresh")'),
    "rate-limit-storm": Recipe(
        world="supabase",
        arm="""
            limited = {"kind": "status", "status": 429, "retry_after_s": WAIT, "which": {"request": "exchange"}}
            race401_server.arm("rate-limited", fault=[{**limited, "for_s": WAIT}])
            """,
        scene=IN_A_ROW,
        check="""
            asked = [entry for entry in race401_server.ledger() if entry.grant_outcome]
            assert asked, "the client never refreshed: its token has to be within its margin"
            assert len(asked) == 1, f"told to wait for {WAIT} s, it asked {len(asked) - 1} times more"
            """,
    ),
    "body-lost": Recipe(
        world="rfc9700",
        arm='race401_server.arm("concurrent-401s")',
        left="LIFE / 2",
        scene="""
            async with client_of(race401_server, tokens) as client:
                await client.post("/messages", json=NOTE)
            """,
        check="""
            sent = [entry.body_length for entry in race401_server.ledger() if entry.target.endswith("/messages")]
            assert sent, "the POST never arrived"
            assert len(set(sent)) == 1, f"the server got bodies of {sent} bytes"
            """,
    ),
    "header-lost": Recipe(
        world="supabase",
        arm="""
            moved = {"kind": "redirect", "to": "/messages", "which": {"target": "/contacts*"}}
            race401_server.arm("rate-limited", name="moved", fault=[moved])
            """,
        left="LIFE / 2",
        scene="""
            async with client_of(race401_server, tokens) as client:
                await client.get("/messages")
                await client.get("/contacts")  # redirects there
            """,
        check="""
            after = [entry for entry in race401_server.ledger() if entry.redirect and entry.status != 307]
            assert len(after) > 1, "the client did not follow the redirect"
            assert all(entry.sent for entry in after), "the redirect was followed without the token"
            """,
        part="client that follows redirects",
    ),
    "two-origins": Recipe(
        world="supabase",
        left="LIFE / 2",
        scene="""
            async with client_of(race401_server, tokens) as client:
                await client.get("/messages")  # stands for another origin
                await client.get("/contacts")
                shorter = {"kind": "status", "status": 401, "times": 1, "which": {"target": "/messages*"}}
                race401_server.arm("rate-limited", name="shorter-life", fault=[shorter])  # of a token there
                await client.get("/messages")
                await client.get("/contacts")
            """,
        check="race401_verdict.check()",
    ),
    "sign-in-stampede": Recipe(
        world="no-rotation",
        arm="""
            third = {"request": "sign_in", "at": "arrive", "count": 3}
            hold = [{"which": {"request": "sign_in"}, "at": "arrive", "until": third, "or_after_s": 2.0}]
            race401_server.arm("slow-refresh", name="sign-ins-at-once", hold=hold)
            """,
        scene="""
            async with client_of(race401_server) as client:
                await asyncio.gather(*(client.get(f"/contacts?call={n}") for n in range(CALLS)))
            """,
        check="""
            signed_in = [entry for entry in race401_server.ledger() if entry.kind == "sign_in"]
            assert signed_in, "the client never signed in"
            assert len(signed_in) == 1, f"{len(signed_in)} sign-ins for {CALLS} calls at once"
            """,
        part="client that signs in",
    ),
}
"""By name of the mechanism: one for each."""

PARTS = {
    "client that follows redirects": '''
        def client_of(server, tokens):
            """Your client, signed in with these tokens. Until it is here: race401's own, which is sound."""
            auth = TokenAuth(AuthServer(server.auth_url), policy=POLICY)
            auth.sign_in(TokenPair.from_answer(tokens))
            return httpx.AsyncClient(base_url=server.url, auth=auth, follow_redirects=True)
        ''',
    "client that signs in": '''
        def client_of(server):
            """Your client, which signs in by itself. Until it is here: race401's own, which does so once."""
            auth = TokenAuth(AuthServer(server.auth_url), policy=POLICY)
            auth.sign_in(AuthServer(server.auth_url).sign_in(server.email, server.password))
            return httpx.AsyncClient(base_url=server.url, auth=auth)
        ''',
    "client": '''
        def client_of(server, tokens):
            """Your client, signed in with these tokens. Until it is here: race401's own, which is sound."""
            auth = TokenAuth(AuthServer(server.auth_url), policy=POLICY)
            auth.sign_in(TokenPair.from_answer(tokens))
            return httpx.AsyncClient(base_url=server.url, auth=auth)
        ''',
    "client that signs out": '''
        def client_of(server, tokens):
            """Your client, signed in with these tokens. Until it is here: race401's own, which is sound."""
            auth = TokenAuth(AuthServer(server.auth_url), policy=POLICY)
            auth.sign_in(TokenPair.from_answer(tokens))
            return httpx.AsyncClient(base_url=server.url, auth=auth)


        async def sign_out(client, server):
            """Your client's sign-out: at the auth server, and on its own side."""
            auth = client.auth
            await asyncio.to_thread(AuthServer(server.auth_url).sign_out, auth.store.read())
            auth.sign_out()
        ''',
    "clients over one storage": '''
        def client_of(server, tokens, storage):
            """Your client over a storage that others share. Until it is here: race401's own, which is sound."""
            store = FileStore(storage)
            auth = TokenAuth(AuthServer(server.auth_url), store=store, policy=POLICY, tab_lock=store.lock)
            if store.read() is None:
                auth.sign_in(TokenPair.from_answer(tokens))
            return httpx.AsyncClient(base_url=server.url, auth=auth)
        ''',
}
