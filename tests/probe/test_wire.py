"""What goes over the wire in each dialect, and what its answers mean."""

import asyncio
import json
from dataclasses import replace
from typing import Any

import httpx
import pytest

from race401.harness.probe import asking
from race401.harness.probe.answers import Answer
from race401.harness.probe.asking import Request, Target
from race401.harness.probe.playing import Pair
from race401.harness.probe.sequences import Refresh, SignOut, Step, Use
from race401.harness.probe.signing_in import SignInFailed, parse
from race401.harness.probe.wire import Wire
from race401.ledger.dialects.presets import COGNITO, COOKIE, GITHUB, OAUTH, SIMPLEJWT, SUPABASE

PAIR = Pair("R", "A")
AT = "http://127.0.0.1:1"
FORM, JSON = "application/x-www-form-urlencoded", "application/json"


def sent(request: Request) -> tuple[str, str, str]:
    """Address, kind and content."""
    return request.url, request.headers.get("content-type", ""), request.content.decode()


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        (Target(f"{AT}/oauth/token", OAUTH), (FORM, "grant_type=refresh_token&refresh_token=R")),
        (
            Target(f"{AT}/oauth/token", OAUTH, client="app", secret="s"),
            (FORM, "grant_type=refresh_token&refresh_token=R&client_id=app&client_secret=s"),
        ),
        (Target(f"{AT}/api/token/refresh/", SIMPLEJWT), (JSON, '{"refresh": "R"}')),
        (Target(f"{AT}/auth/v1/token?grant_type=refresh_token", SUPABASE), (JSON, '{"refresh_token": "R"}')),
        (Target(f"{AT}/x", OAUTH, body="json"), (JSON, '{"grant_type": "refresh_token", "refresh_token": "R"}')),
        (Target(f"{AT}/auth/refresh", COOKIE), (JSON, "{}")),
        (
            Target(f"{AT}/", COGNITO, body="json"),
            (JSON, '{"AuthFlow": "REFRESH_TOKEN_AUTH", "AuthParameters": {"REFRESH_TOKEN": "R"}}'),
        ),
    ],
)
def test_a_refresh_is_said_in_the_dialect(target: Target, expected: tuple[str, str]) -> None:
    """A form or JSON, the grant where it belongs, the token under its name."""
    assert sent(asking.refresh(target, PAIR)) == (target.token_url, *expected)


def test_a_cookie_and_a_secret_go_into_headers() -> None:
    """The refresh token as a cookie; a client's secret by HTTP Basic, percent-encoded as RFC 6749 s.2.3.1 has it."""
    assert asking.refresh(Target(f"{AT}/auth/refresh", COOKIE), PAIR).headers["cookie"] == "refresh_token=R"
    basic = Target(f"{AT}/oauth/token", OAUTH, client="a:b", secret="c", auth="basic")
    assert asking.refresh(basic, PAIR).headers["authorization"] == "Basic YSUzQWI6Yw=="


def test_a_sign_out_is_a_revocation_unless_the_dialect_has_its_own_name() -> None:
    """RFC 7009's `token`, or the field of a refresh."""
    plain = Target(f"{AT}/token", OAUTH, revoke=f"{AT}/revoke")
    assert sent(asking.sign_out(plain, PAIR)) == (f"{AT}/revoke", FORM, "token=R&token_type_hint=refresh_token")
    own = Target(f"{AT}/api/token/refresh/", SIMPLEJWT, revoke=f"{AT}/api/token/blacklist/")
    assert sent(asking.sign_out(own, PAIR)) == (own.revoke, JSON, '{"refresh": "R"}')


async def _answered(target: Target, step: Step, status: int, body: Any) -> Answer:
    """Each request is answered so."""
    wire = Wire(target, parse("true", target.dialect))
    await wire._http.aclose()
    told = httpx.MockTransport(lambda _: httpx.Response(status, content=json.dumps(body).encode()))
    async with httpx.AsyncClient(transport=told) as wire._http:
        [(answer, _)] = await wire.send([(step, PAIR)])
    return answer


REFRESH, USE, OUT = Refresh("0", "1"), Use("0", "use"), SignOut("0")
LOST = Refresh("0", "1", heard=False)


@pytest.mark.parametrize(
    ("step", "status", "body", "what"),
    [
        (REFRESH, 200, {"access_token": "a", "refresh_token": "b"}, "granted"),
        (REFRESH, 400, {"error": "invalid_grant"}, "refused"),
        (REFRESH, 401, {}, "refused"),
        (REFRESH, 400, {"error": "invalid_client"}, "unknown"),
        (REFRESH, 200, {"hello": "world"}, "unknown"),
        (REFRESH, 404, {}, "unknown"),
        (REFRESH, 409, {}, "unknown"),
        (REFRESH, 429, {"error": "slow_down"}, "unknown"),
        (REFRESH, 500, {}, "unknown"),
        (REFRESH, 302, {}, "unknown"),
        (USE, 200, {}, "granted"),
        (USE, 403, {}, "refused"),
        (USE, 429, {}, "unknown"),
        (USE, 503, {}, "unknown"),
        (OUT, 200, {}, "granted"),
        (OUT, 400, {}, "refused"),
        (OUT, 500, {}, "unknown"),
        (LOST, 200, {"access_token": "a", "refresh_token": "b"}, "unheard"),
        (LOST, 400, {"error": "invalid_grant"}, "refused"),
        (LOST, 429, {"error": "slow_down"}, "unknown"),
        (LOST, 500, {}, "unknown"),
    ],
)
def test_what_an_answer_means(step: Step, status: int, body: Any, what: str) -> None:
    """Yes, no, or nothing that anybody could know."""
    target = Target(f"{AT}/token", OAUTH, me=f"{AT}/me", revoke=f"{AT}/revoke")
    assert asyncio.run(_answered(target, step, status, body)).what == what


def test_an_answer_is_lost_only_once_the_server_gave_it() -> None:
    """Who hangs up before may never be served: puma drops such a request, and a retry would be the first use."""
    target, decided = Target(f"{AT}/token", OAUTH), list[str]()

    def answer(request: httpx.Request) -> httpx.Response:
        decided.append(request.content.decode())
        return httpx.Response(200, json={"access_token": "a", "refresh_token": "b"})

    async def run() -> list[tuple[Answer, Pair | None]]:
        wire = Wire(target, parse("true", OAUTH))
        await wire._http.aclose()
        async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as wire._http:
            return await wire.send([(LOST, PAIR)])

    [(lost, brought)] = asyncio.run(run())
    assert decided == ["grant_type=refresh_token&refresh_token=R"]
    assert (lost.what, lost.refresh, brought) == ("unheard", "", None)


def test_a_refusal_in_a_200_is_one() -> None:
    """Where the dialect has such errors."""
    target = replace(Target(f"{AT}/token", OAUTH), dialect=GITHUB)
    assert asyncio.run(_answered(target, REFRESH, 200, {"error": "bad_refresh_token"})).what == "refused"
    assert asyncio.run(_answered(target, REFRESH, 200, {"error": "incorrect_client_credentials"})).what == "unknown"


@pytest.mark.parametrize("error", [httpx.ReadTimeout, httpx.ReadError])
def test_an_error_without_words_is_named(error: type[httpx.TransportError]) -> None:
    """Of a sign-in, and of a step."""

    def answer(_: httpx.Request) -> httpx.Response:
        raise error("")

    async def run() -> tuple[str, str]:
        target, wordless = Target(f"{AT}/token", OAUTH), httpx.MockTransport(answer)
        wire = Wire(target, parse(f"POST {AT}/login", OAUTH))
        await wire._http.aclose()
        async with httpx.AsyncClient(transport=wordless) as wire._http:
            with pytest.raises(SignInFailed) as failed:
                await wire.sign_in()
            [(step, _)] = await wire.send([(REFRESH, PAIR)])
        return str(failed.value), step.error

    sign_in, step = asyncio.run(run())
    assert sign_in == f"{AT}/login: {error.__name__}"
    assert step == ("no answer within 15 s" if error is httpx.ReadTimeout else "ReadError")
