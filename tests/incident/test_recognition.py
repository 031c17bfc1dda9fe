"""The dialect of a file is recognised by its requests; those that say the same are looked at once."""

import json
from collections import Counter
from itertools import product
from typing import Any

import pytest

from race401.harness.incident.readers import recognition
from race401.harness.incident.readers.recognition import Recogniser
from race401.harness.incident.readers.watched import Exchanged

TARGET = "x-amz-target"
BODIES = [
    b"",
    b"grant_type=refresh_token&refresh_token=r0",
    b"grant_type=password&refresh_token=r0",
    b'{"refresh_token": "r0"}',
    b'{"refresh": "r0"}',
    b'{"AuthFlow": "REFRESH_TOKEN_AUTH", "AuthParameters": {"REFRESH_TOKEN": "r0"}}',
    b'{"AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": {"REFRESH_TOKEN": ""}}',
]
ANSWERS: list[tuple[int, dict[str, Any]]] = [
    (200, {"access_token": "a0", "refresh_token": "r1"}),
    (200, {"access_token": "", "error": "bad_refresh_token"}),
    (200, {"AuthenticationResult": {"AccessToken": "a0"}}),
    (200, {"access": "a0"}),
    (400, {"error": "invalid_grant"}),
    (404, {}),
    (419, {}),
    (200, {"errors": [{"extensions": {"code": "invalid-jwt"}}]}),
]
PATHS = [
    *("/oauth/token", "/auth/v1/token?grant_type=refresh_token", "/auth/v1/token?grant_type=password"),
    *("/", "/api/token/refresh/", "/login/oauth/access_token", "/v1/graphql", "/auth/refresh", "/contacts"),
]


def exchanged(path: str, body: bytes, status: int, answer: dict[str, Any], n: int = 0) -> Exchanged:
    """A request; `n` makes its tokens others."""
    return Exchanged(
        method="POST",
        target=path,
        headers=[("cookie", f"refresh_token=c{n}"), (TARGET, "AWSCognitoIdentityProviderService.InitiateAuth")],
        body=body.replace(b"r0", b"r0%d" % n),
        status=status,
        answer_headers=[],
        answer_body=json.dumps(answer).encode(),
        received_at=1.0 + n,
        answered_at=1.1 + n,
        peer="somebody",
    )


def all_kinds() -> list[Exchanged]:
    """Each path with each body and each answer."""
    return [exchanged(path, body, *answer) for path, body, answer in product(PATHS, BODIES, ANSWERS)]


def test_what_is_remembered_of_one_shape_is_what_each_request_says() -> None:
    """Near misses: equal names with another grant, with an empty token, with another field within a field."""
    together, alone = Recogniser(), Counter[object]()
    for one in all_kinds():
        fresh = Recogniser()
        fresh.see(one)
        alone.update(fresh.said)
        together.see(one)
    assert together.said == alone
    assert len(alone) > len(PATHS), "they say different things"


def test_a_thousand_refreshes_of_one_shape_are_scored_as_often_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Speed: scoring each of them in every dialect took most of the time that a long HAR needs."""
    scored = Counter[str]()
    score = recognition._score

    def counted(*args: Any) -> int | None:
        scored["times"] += 1
        return score(*args)

    monkeypatch.setattr(recognition, "_score", counted)
    recogniser = Recogniser()
    for n in range(1000):
        recogniser.see(exchanged(PATHS[1], BODIES[3], *ANSWERS[0], n))
    assert scored["times"] == len(recogniser.presets)
    assert [each.name for each in recogniser.best()] == ["supabase"]


def test_what_many_say_counts_more_than_what_one_says() -> None:
    """Requests of one shape count as often as they come."""
    recogniser = Recogniser()
    for n in range(3):
        recogniser.see(exchanged("/oauth/token", BODIES[3], 404, {}, n))
    recogniser.see(exchanged("/oauth/token", BODIES[3], *ANSWERS[0]))
    assert "oauth" not in {each.name for each in recogniser.best()}, "one that is read outweighs three that are not"
