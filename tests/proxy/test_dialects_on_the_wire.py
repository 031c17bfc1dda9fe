"""What the proxy records of systems that say things in another way, what the judge says of it, and what is unread."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest
from proxied import app_at, proxy_at
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from race401.harness.judge.evidence import load
from race401.harness.judge.findings import Value
from race401.harness.judge.verdict import Verdict, judge
from race401.ledger.dialects.dialect import Dialect
from race401.ledger.dialects.presets import COOKIE, GITHUB, HASURA, OAUTH, SIMPLEJWT, SUPABASE, USUAL, naming
from race401.ledger.entry import Entry

Answers = Callable[[Request, dict[str, Any]], Response]
Run = Callable[[httpx.AsyncClient], Awaitable[None]]
EXPIRED = {"errors": [{"extensions": {"code": "invalid-jwt"}}]}


def recorded(
    folder: Path, answers: Answers, run: Run, dialects: Sequence[Dialect] = USUAL, said: list[str] | None = None
) -> list[Entry]:
    """What is recorded of requests to a target that answers so, given what it is asked in JSON."""

    async def target(scope: Any, receive: Any, send: Any) -> None:
        request = Request(scope, receive)
        asked = await request.json() if request.headers.get("content-type") == "application/json" else {}
        await answers(request, asked)(scope, receive, send)

    async def within() -> None:
        async with (
            app_at(target) as url,
            proxy_at(url, folder / "traffic.jsonl", dialects, said=said) as proxy,
            httpx.AsyncClient(base_url=proxy, trust_env=False) as client,
        ):
            await run(client)

    asyncio.run(within())
    return load(folder / "traffic.jsonl").entries


def verdict(folder: Path) -> Verdict:
    """What the judge says of it."""
    return judge(load(folder / "traffic.jsonl"))


def bearer(token: str) -> dict[str, str]:
    """The header."""
    return {"Authorization": f"Bearer {token}"}


def once(refresh: str, access: str = "access", fresh: str = "refresh") -> Answers:
    """A server that takes each refresh token once, in JSON of these names, and the API's requests always."""
    used: set[str] = set()

    def answer(request: Request, asked: dict[str, Any]) -> Response:
        if request.method != "POST":
            return JSONResponse({})
        if (token := asked.get(refresh)) is None:
            return JSONResponse({access: "a1", fresh: "r1"})
        if token in used:
            return JSONResponse({"detail": "Token is blacklisted"}, 401)
        used.add(token)
        return JSONResponse({access: "a2", fresh: "r2"})

    return answer


async def twice(client: httpx.AsyncClient) -> None:
    """Sign in, use the token, and refresh with one refresh token two times."""
    await client.post("/api/token/", json={"username": "ada"})
    await client.get("/me", headers=bearer("a1"))
    for _ in range(2):
        await client.post("/api/token/refresh/", json={"refresh": "r1"})


def test_another_name_is_read_in_its_dialect(tmp_path: Path) -> None:
    """A 401 of the token endpoint is a refused refresh, and no request of the app."""
    entries = recorded(tmp_path, once("refresh"), twice, [SIMPLEJWT])
    assert [(e.kind, e.grant_outcome) for e in entries] == [
        ("sign_in", None),
        ("api", None),
        ("exchange", "rotated"),
        ("exchange", "reused"),
    ]
    failed = [f.check for f in verdict(tmp_path).findings if f.value is Value.FAIL]
    assert failed == ["exchanges-per-generation"]


def test_what_is_named_and_cannot_be_read_makes_the_verdict_unknown(tmp_path: Path) -> None:
    entries = recorded(tmp_path, once("refresh"), twice, [naming(OAUTH, "/api/token/refresh/")])
    assert [e.kind for e in entries] == ["api", "api", "unreadable", "unreadable"]
    told = verdict(tmp_path)
    assert told.value is Value.UNKNOWN
    assert any("2 requests of a token endpoint could not be read" in f.sentence for f in told.findings)


@pytest.mark.parametrize(
    ("path", "about", "shows"),
    [
        ("/renew", {"json": {"refresh_token": "r"}}, True),
        ("/renew", {"json": {"refreshToken": "r"}}, True),
        ("/renew", {"data": {"grant_type": "refresh_token"}}, True),
        ("/renew", {"data": {"grant_type": "refresh_token_rotation"}}, False),
        ("/session/refresh", {"headers": {"Cookie": "a=1; refresh_token=r"}}, True),
        ("/session/refresh", {"headers": {"Cookie": "a=1"}}, False),
        ("/feed", {"headers": {"Cookie": "refresh_token=r"}}, False),
        ("/notes", {"json": {"text": "my refresh token, refresh_token=r"}}, False),
        ("/oauth/token", {"json": {"grant_type": "refresh_token", "refresh_token": "r"}}, False),  # this one is read
    ],
)
def test_what_looks_like_a_refresh_and_was_not_named_is_pointed_out(
    tmp_path: Path, path: str, about: dict[str, Any], *, shows: bool
) -> None:
    """While the proxy runs, once a path, and in the verdict, with the option that would read it."""
    said: list[str] = []

    async def run(client: httpx.AsyncClient) -> None:
        for _ in range(2):
            await client.post(path, **about)

    entries = recorded(tmp_path, lambda *_: JSONResponse({"access_token": "a"}), run, said=said)
    assert [e.kind == "unnamed" for e in entries] == [shows, shows]
    pointed = f"POST {path} looks like a refresh and is not read; name it by --token-path PATH, or a --dialect"
    assert said == ([pointed] if shows else [])
    told = [f for f in verdict(tmp_path).findings if f"record again with --token-path {path}" in f.sentence]
    assert [f.value for f in told] == ([Value.UNKNOWN] if shows else [])


def test_a_refusal_in_a_200_counts_as_one(tmp_path: Path) -> None:
    """GraphQL's code, in its dialect alone; another error of the same shape is none."""

    def answer(request: Request, asked: dict[str, Any]) -> Response:
        if request.url.path == "/oauth/token":
            return JSONResponse({"access_token": "a1", "refresh_token": "r1"})
        return JSONResponse(EXPIRED if asked["query"] == "mine" else {"errors": [{"extensions": {"code": "x"}}]})

    async def run(client: httpx.AsyncClient) -> None:
        await client.post("/oauth/token", json={"grant_type": "password"})
        for query in ("other", "mine"):
            await client.post("/v1/graphql", json={"query": query}, headers=bearer("a1"))

    for name, dialect, refused in (("with", HASURA, [False, False, True]), ("without", OAUTH, [False] * 3)):
        (tmp_path / name).mkdir()
        entries = recorded(tmp_path / name, answer, run, [dialect])
        assert [e.refusal for e in entries] == refused
        assert [e.unauthorized for e in entries] == refused
    found = {f.check: f.value for f in verdict(tmp_path / "with").findings}
    assert found["caller-401s"] is Value.FAIL
    assert verdict(tmp_path / "without").value is not Value.FAIL


def test_a_refresh_token_in_a_cookie_is_rotated_by_a_cookie(tmp_path: Path) -> None:
    """And the access token, which is in one too, is the session's."""

    def answer(request: Request, _: dict[str, Any]) -> Response:
        response = JSONResponse({})
        if request.url.path.startswith("/auth/"):
            number = 1 if request.url.path == "/auth/login" else 2
            response.set_cookie("access_token", f"a{number}")
            response.set_cookie("refresh_token", f"r{number}", httponly=True)
        return response

    async def run(client: httpx.AsyncClient) -> None:
        for method, path in (("POST", "/auth/login"), ("GET", "/me"), ("POST", "/auth/refresh"), ("GET", "/me")):
            await client.request(method, path)

    login, first, refresh, second = recorded(tmp_path, answer, run, [COOKIE])
    assert [e.kind for e in (login, first, refresh, second)] == ["sign_in", "api", "exchange", "api"]
    assert (refresh.presented, refresh.grant_outcome) == (login.brought_refresh, "rotated")
    assert (first.sent, second.sent) == (login.brought_access, refresh.brought_access)
    assert first.sent != second.sent


@pytest.mark.parametrize(
    ("headers", "answered", "kind", "cause"),
    [
        ({}, {}, "api", "missing_token"),
        ({"Authorization": "Basic YTpi"}, {}, "other", None),
        ({"Authorization": "AWS4-HMAC-SHA256 Credential=a"}, {}, "other", None),
        ({"Cookie": "session=s"}, {}, "api", None),
        ({"Cookie": "session=s"}, {"WWW-Authenticate": "Bearer"}, "api", "missing_token"),
        ({"Authorization": "Bearer anon", "apikey": "anon"}, {}, "api", "missing_token"),
        ({"Authorization": "Bearer mine", "apikey": "anon"}, {}, "api", None),
    ],
)
def test_a_401_is_for_want_of_a_token_only_where_one_was_wanted(
    tmp_path: Path, headers: dict[str, str], answered: dict[str, str], kind: str, cause: str | None
) -> None:
    """Basic, a signature or a cookie are other ways to say who asks; a key that all clients send is no session's."""

    async def run(client: httpx.AsyncClient) -> None:
        await client.get("/me", headers=headers)

    (entry,) = recorded(tmp_path, lambda *_: JSONResponse({}, 401, answered), run)
    assert (entry.kind, entry.sent is not None) == (kind, headers.get("Authorization") == "Bearer mine")
    if kind == "api":
        assert entry.cause == cause


def test_a_preflight_is_no_request_of_the_app_and_a_sign_out_names_its_session(tmp_path: Path) -> None:
    async def run(client: httpx.AsyncClient) -> None:
        await client.options("/auth/v1/token")
        await client.post("/auth/v1/logout", headers=bearer("a"))
        await client.post("/auth/v1/logout?scope=others", headers=bearer("a"))
        await client.post("/oauth/revoke", data={"token": "r"})

    preflight, out, others, revoked = recorded(tmp_path, lambda *_: Response(status_code=204), run, [SUPABASE, OAUTH])
    assert [e.kind for e in (preflight, out, others, revoked)] == ["preflight", "sign_out", "other", "sign_out"]
    assert out.sent is not None
    assert revoked.presented is not None


def test_a_refusal_that_github_sends_with_a_200_is_one(tmp_path: Path) -> None:
    async def run(client: httpx.AsyncClient) -> None:
        await client.post("/login/oauth/access_token", data={"grant_type": "refresh_token", "refresh_token": "r"})

    def answer(*_: Any) -> Response:
        return Response("error=bad_refresh_token&error_description=x", media_type="application/x-www-form-urlencoded")

    assert [e.grant_outcome for e in recorded(tmp_path, answer, run, [GITHUB])] == ["refused"]


@pytest.mark.parametrize(("auth", "anew"), [(("app", "secret"), True), (None, True), (("app", "secret"), False)])
def test_tokens_of_a_client_that_fetches_them_for_each_call(
    tmp_path: Path, auth: tuple[str, str] | None, *, anew: bool
) -> None:
    """A stampede of sign-ins, by Basic or by fields; near miss: one token for all calls."""
    count = iter(range(9))

    def answer(request: Request, _: dict[str, Any]) -> Response:
        return JSONResponse(
            {"access_token": f"a{next(count)}", "expires_in": 300} if request.method == "POST" else {}
        )

    async def run(client: httpx.AsyncClient) -> None:
        fields = {"grant_type": "client_credentials"} | ({} if auth else {"client_id": "app", "client_secret": "x"})
        for n in range(4):
            if anew or n == 0:
                told = (await client.post("/oauth/token", data=fields, auth=auth or httpx.USE_CLIENT_DEFAULT)).json()
            await client.get("/me", headers=bearer(told["access_token"]))

    entries = recorded(tmp_path, answer, run)
    assert len({e.credentials for e in entries if e.kind == "sign_in"}) == 1
    (row,) = verdict(tmp_path).rows
    assert (row.sessions, len(row.sign_ins_anew_seqs)) == (1, 3 if anew else 0)
