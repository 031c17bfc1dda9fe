"""The lock of the control API: from elsewhere nothing but the key reaches it, however its path is spelled."""

import asyncio
from typing import Any

import pytest
from doors import KEY, PAGES, PLAIN, SPELLINGS, Served

WITHOUT_THE_KEY: dict[str, tuple[str | None, str | None]] = {  # the mock's, and what is given
    "no key, none given": (None, None),
    "an empty key": ("", None),
    "an empty key, given": ("", ""),
    "none given": (KEY, None),
    "an empty one given": (KEY, ""),
    "a wrong one": (KEY, KEY[:-1]),
}
IN_EVERY_SPELLING = {"a wrong one"}  # where it is enough to ask quickly


def walked(name: str, spellings: list[str]) -> list[str]:
    """The doors that are open to somebody from elsewhere."""
    key, given = WITHOUT_THE_KEY[name]
    return asyncio.run(Served(key).open_doors({} if given is None else {"X-Race401-Key": given}, spellings))


@pytest.mark.parametrize("name", WITHOUT_THE_KEY)
def test_from_elsewhere_nothing_but_the_key_reaches_a_control_route(name: str) -> None:
    """Every route that is not for everybody, a new one too, on whatever path is routed to it."""
    assert walked(name, SPELLINGS if name in IN_EVERY_SPELLING else PLAIN) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(WITHOUT_THE_KEY.keys() - IN_EVERY_SPELLING))
def test_nor_does_it_in_any_spelling(name: str) -> None:
    """The same for what is given instead of the key, however the path is written."""
    assert walked(name, SPELLINGS) == []


HERE = {
    "X-Forwarded-For": "127.0.0.1",
    "X-Real-IP": "127.0.0.1",
    "Forwarded": "for=127.0.0.1",
    "X-Forwarded-Host": "localhost",
}
TRICKS: dict[str, dict[str, str]] = {
    "headers of a proxy": HERE,
    "another method": {"X-HTTP-Method-Override": "POST", "X-Original-URL": "/_race401", "X-Rewrite-URL": "/_race401"},
    "an upgrade": {"Upgrade": "h2c", "Connection": "Upgrade"},
    "a key and more": {"X-Race401-Key": f"{KEY} x"},
}
TARGETS = [
    "http://localhost{path}",
    "HTTP://127.0.0.1:8401{path}",
    "http://127.0.0.1@elsewhere{path}",
    "//localhost{path}",
    "{path}.",
    "{path}%2e",
    "{path}/..;/",
    "/;{path}",
    "/%5c{path}",
    "/%c0%af{path}",
    "/%252e%252e{path}",
    "/supabase/rfc9700{path}",
    "/~a/supabase{path}",
    "/supabase/~a/~b{path}",
    "/docs/..{path}",
]


@pytest.mark.parametrize("trick", TRICKS)
def test_nor_do_headers_that_say_that_it_is_from_here(trick: str) -> None:
    """As a proxy would set them, or as an old server would take them."""
    assert asyncio.run(Served(KEY).open_doors(TRICKS[trick], PLAIN)) == []


@pytest.mark.parametrize(
    "trick", [pytest.param(trick, marks=[] if TRICKS[trick] is HERE else pytest.mark.slow) for trick in TRICKS]
)
def test_nor_does_a_target_that_says_so(trick: str) -> None:
    """By a whole URL as the target, by worlds and clients within one another; with such headers, too."""
    assert asyncio.run(Served(KEY).open_doors(TRICKS[trick], TARGETS)) == []


def test_the_key_reaches_every_one_of_them() -> None:
    """Else the walk above would prove nothing."""
    served = Served(KEY)
    ours = [f"{method} {route.path}" for route in served.locked() for method in route.methods or ()]
    with_it = {"X-Race401-Key": KEY, "Host": "mock.example", "Origin": "http://a.example"}
    doors = asyncio.run(served.open_doors(with_it, PLAIN))
    for prefix in ("", "/supabase", "/~x", "/rfc9700/~"):
        assert {each.replace(" ", f" {prefix}").replace("{", "").replace("}", "") for each in ours} <= set(doors)


def test_a_new_route_is_held_to_it() -> None:
    served = Served(None)

    async def planted() -> None:
        """Answer whoever asks."""

    served.api.add_api_route("/_admin", planted)
    doors = asyncio.run(served.open_doors({}, PLAIN))
    assert "GET /_admin" in doors
    assert "GET /supabase/~x/_admin" in doors


def test_a_guard_that_looks_before_it_strips_would_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the lock is there to prevent, planted."""
    served = Served(None)
    ours = served.guard._ours

    async def early(path: str, scope: Any, receive: Any, send: Any) -> None:
        if scope["path"].startswith("/_race401"):
            await ours(path, scope, receive, send)
        else:
            scope["path"] = path
            await served.api(scope, receive, send)

    monkeypatch.setattr(served.guard, "_ours", early)
    assert "GET /supabase/_race401" in asyncio.run(served.open_doors({}, PLAIN))


def test_the_pages_are_for_everybody_and_tell_what_the_source_does() -> None:
    """Routes and worlds; no key, and nothing of who has signed in."""
    served = Served(KEY)
    for page in PAGES:
        before, within = (asyncio.run(served.ask("GET", at + page, {"Host": "a.example"})) for at in ("", "/~x"))
        assert before.startswith(b"HTTP/1.1 200")
        assert before == within
        for realm in served.guard.realms.values():
            assert realm.mint.service_key().encode() not in before
        assert KEY.encode() not in before
    assert not served.guard.ledger.entries


def test_the_servers_themselves_are_for_everybody() -> None:
    answer = asyncio.run(Served(KEY).ask("GET", "/contacts", {"Host": "a.example", "Origin": "http://b.example"}))
    assert answer.startswith(b"HTTP/1.1 401")
