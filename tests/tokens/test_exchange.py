"""The auth server on the wire: what each kind of answer becomes. Answers are tiny callables behind MockTransport."""

import asyncio

import httpx
import pytest

from race401.harness.tokens import AuthServer, RefreshRefused, RefreshUnavailable, TokenPair, skewed
from race401.harness.tokens.errors import AuthError

OLD = TokenPair("access-0", "refresh-0", 1000.0)
ISSUED = {"access_token": "access-1", "refresh_token": "refresh-1", "expires_in": 3600, "expires_at": 4600}
V1 = {"code": 400, "error_code": "refresh_token_not_found", "msg": "Invalid Refresh Token: Refresh Token Not Found"}
V2 = {"code": "refresh_token_already_used", "message": "Invalid Refresh Token: Already Used"}
OAUTH = {"error": "invalid_grant", "error_description": "reused"}


def server(response: httpx.Response, asked: list[httpx.Request] | None = None) -> AuthServer:
    """An AuthServer whose every request gets this answer, on both clients."""

    def answer(request: httpx.Request) -> httpx.Response:
        if asked is not None:
            asked.append(request)
        return response

    return AuthServer(
        "http://auth/auth/v1/",
        client=httpx.Client(transport=httpx.MockTransport(answer), headers={"X-Race401-Client": "me"}),
        async_client=httpx.AsyncClient(transport=httpx.MockTransport(answer)),
        clock=lambda: 1000.0,
    )


def test_the_refresh_grant() -> None:
    """The request is the contract's, carries the client's own headers, and the pair is the answer's."""
    asked: list[httpx.Request] = []
    assert server(httpx.Response(200, json=ISSUED), asked).exchange(OLD) == TokenPair(
        *("access-1", "refresh-1", 4600.0), received_at=1000.0, expires_in=3600.0, lifetime=3600.0
    )
    (request,) = asked
    assert str(request.url) == "http://auth/auth/v1/token?grant_type=refresh_token"
    assert request.content == b'{"refresh_token":"refresh-0"}'
    assert request.headers["X-Supabase-Api-Version"] == "2024-01-01"
    assert request.headers["X-Race401-Client"] == "me"


def test_the_refresh_grant_on_an_event_loop() -> None:
    """The async twin brings the same."""
    assert asyncio.run(server(httpx.Response(200, json=ISSUED)).aexchange(OLD)).access_token == "access-1"


def test_a_refresh_token_that_is_not_sent_is_kept() -> None:
    """Servers that do not rotate omit it; a sign-in without one is no answer."""
    omitted = {key: value for key, value in ISSUED.items() if key != "refresh_token"}
    times = {"received_at": 1000.0, "expires_in": 3600.0, "lifetime": 3600.0}
    kept = TokenPair("access-1", "refresh-0", 4600.0, **times)  # type: ignore[arg-type]
    assert server(httpx.Response(200, json=omitted)).exchange(OLD) == kept
    assert asyncio.run(server(httpx.Response(200, json=omitted)).aexchange(OLD)) == kept
    with pytest.raises(RefreshUnavailable):
        server(httpx.Response(200, json=omitted)).sign_in("ada@race401.test", "correct horse")


def test_expiry_from_receipt_where_the_server_names_no_instant() -> None:
    """Without `expires_at`, expiry is the client's clock at receipt + `expires_in`."""
    body = {key: value for key, value in ISSUED.items() if key != "expires_at"}
    assert server(httpx.Response(200, json=body)).exchange(OLD).expires_at == 4600.0


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        (V1, "refresh_token_not_found", "Invalid Refresh Token: Refresh Token Not Found"),
        (V2, "refresh_token_already_used", "Invalid Refresh Token: Already Used"),
        (OAUTH, "invalid_grant", "reused"),
    ],
    ids=["first format", "2024-01-01", "oauth"],
)
def test_a_refusal(body: dict[str, object], code: str, message: str) -> None:
    """A 400 is the server's no, in whichever of the formats it is said."""
    with pytest.raises(RefreshRefused) as caught:
        server(httpx.Response(400, json=body)).exchange(OLD)
    assert (caught.value.status, caught.value.code, str(caught.value)) == (400, code, message)


@pytest.mark.parametrize(
    "response",
    [
        httpx.Response(500, text="oops"),
        httpx.Response(503, json=V2),
        httpx.Response(429, json={"code": "over_request_rate_limit", "message": "Request rate limit reached"}),
        httpx.Response(200, text="<html>"),
        httpx.Response(200, json={"access_token": "access-1"}),
        httpx.Response(200, json=["not", "an", "object"]),
    ],
    ids=["500", "503", "429", "html", "no refresh token", "a list"],
)
def test_no_usable_answer(response: httpx.Response) -> None:
    """What does not judge the grant is unavailable, and says nothing of tokens."""
    with pytest.raises(RefreshUnavailable) as caught:
        server(response).exchange(OLD)
    assert caught.value.status == response.status_code
    assert "access-1" not in str(caught.value)


@pytest.mark.parametrize("mode", ["sync", "async"])
def test_no_answer_at_all(mode: str) -> None:
    """A transport error becomes RefreshUnavailable, with its kind."""

    def fail(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    transport = httpx.MockTransport(fail)
    unreached = AuthServer(
        "http://auth", client=httpx.Client(transport=transport), async_client=httpx.AsyncClient(transport=transport)
    )
    with pytest.raises(RefreshUnavailable, match="ConnectError"):
        unreached.exchange(OLD) if mode == "sync" else asyncio.run(unreached.aexchange(OLD))


def test_sign_out_carries_the_token_and_the_scope() -> None:
    """`POST /logout?scope=local` with the pair's own token; a refusal is an AuthError."""
    asked: list[httpx.Request] = []
    server(httpx.Response(204), asked).sign_out(OLD, scope="local")
    assert (asked[0].url.query, asked[0].headers["Authorization"]) == (b"scope=local", "Bearer access-0")
    with pytest.raises(AuthError):
        server(httpx.Response(403, json=V2)).sign_out(OLD)


def test_clients_made_here_are_closed_here() -> None:
    """A server without clients makes them on first use and closes them."""
    own = AuthServer("http://127.0.0.1:1")
    with pytest.raises(RefreshUnavailable):
        own.exchange(OLD)
    own.close()

    async def scene() -> None:
        with pytest.raises(RefreshUnavailable):
            await own.aexchange(OLD)
        await own.aclose()

    asyncio.run(scene())


def test_a_skewed_clock_is_the_same_clock_set_wrong() -> None:
    """90 s behind is 90 s less."""
    assert skewed(lambda: 1000.0, -90)() == 910.0
