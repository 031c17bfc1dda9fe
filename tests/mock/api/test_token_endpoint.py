"""The token endpoint over the wire: headers, both formats of refresh tokens, session rules, limits, contention."""

from typing import Any

import httpx
import pytest
from mocks import NOW, WHO, Mock, families, run

from race401.mock_api.rules import refresh_tokens
from race401.mock_api.rules.family import REMEMBERED
from race401.mock_api.rules.rate_limits import KEPT, Buckets
from race401.mock_api.rules.worlds import WORLDS
from race401.mock_api.state.store import MemoryStore

CONTENDED = "Too many concurrent token refresh requests on the same session or refresh token"


def session_headers(answer: httpx.Response) -> dict[str, str]:
    """The headers that tell of the session."""
    plain = {name.removeprefix("sb-auth-"): value for name, value in answer.headers.items() if name.startswith("sb-")}
    return {name.removeprefix("refresh-token-"): value for name, value in plain.items()}


def refusal_of(answer: httpx.Response) -> tuple[int, str, str]:
    """Status, code and message."""
    body = answer.json()
    return answer.status_code, body["error_code"], body["msg"]


def test_headers_of_v1() -> None:
    mock = Mock()
    sign_in = mock.client.post("/auth/v1/token?grant_type=password", json=WHO)
    assert sign_in.status_code == 400
    first = mock.sign_in()
    session = {"user-id": first["user"]["id"]}
    rotated = mock.refresh(first["refresh_token"])
    session["session-id"] = session_headers(rotated)["session-id"]
    second = rotated.json()["refresh_token"]
    assert session_headers(rotated) == {**session, "prefix": second[:5], "reuse": "false"}
    assert session_headers(mock.refresh(first["refresh_token"])) == {**session, "prefix": second[:5]}
    mock.refresh(second)
    mock.now += 11
    assert session_headers(mock.refresh(first["refresh_token"])) == session, "an error tells whose it was"


def test_headers_of_v2() -> None:
    mock = Mock()
    first = mock.sign_in("supabase-v2")["refresh_token"]
    rotated = mock.refresh(first, "supabase-v2")
    session = {name: session_headers(rotated)[name] for name in ("user-id", "session-id")}
    assert session_headers(rotated) == {**session, "counter": "1", "reuse": "false"}
    again = session_headers(mock.refresh(first, "supabase-v2"))
    assert again == {**session, "counter": "1", "reuse": "true", "reuse-cause": "concurrent-refresh,fail-to-save"}
    mock.now += 10
    late = session_headers(mock.refresh(first, "supabase-v2"))
    assert late["reuse-cause"] == "fail-to-save"
    mock.refresh(rotated.json()["refresh_token"], "supabase-v2")
    older = session_headers(mock.refresh(first, "supabase-v2"))
    assert (older["counter"], older["reuse-cause"]) == ("2", "concurrent-refresh")
    mock.now += 10
    assert session_headers(mock.refresh(first, "supabase-v2")) == {**session, "rotated": "true"}


def test_headers_where_reuse_is_always_allowed() -> None:
    mock = Mock(always_reusable=True)
    first = mock.sign_in("supabase-v2")["refresh_token"]
    mock.refresh(mock.refresh(first, "supabase-v2").json()["refresh_token"], "supabase-v2")
    mock.now += 99
    assert session_headers(mock.refresh(first, "supabase-v2"))["reuse-cause"] == "always-allow"


def test_v1_never_reads_that() -> None:
    """There the same setting has no effect: the grandparent is refused."""
    mock = Mock(always_reusable=True)
    first = mock.sign_in()["refresh_token"]
    mock.refresh(mock.refresh(first).json()["refresh_token"])
    mock.now += 99
    assert mock.refresh(first).json()["error_code"] == "refresh_token_already_used"


def test_v2_is_deterministic_and_ends_with_the_session() -> None:
    """However many ask at once, they get the same bytes; abuse deletes the session, access tokens included."""
    mock = Mock()
    session = mock.sign_in("supabase-v2")
    first = session["refresh_token"]
    assert len(first) == 51
    (second,) = {mock.refresh(first, "supabase-v2").json()["refresh_token"] for _ in range(20)}
    third = mock.refresh(second, "supabase-v2").json()
    mock.now += 10
    assert refusal_of(mock.refresh(first, "supabase-v2"))[1] == "refresh_token_already_used"
    gone = refusal_of(mock.refresh(third["refresh_token"], "supabase-v2"))
    assert gone == (400, "refresh_token_not_found", "Invalid Refresh Token: Refresh Token Not Found")
    assert refusal_of(mock.get("/supabase-v2/auth/v1/user", third["access_token"]))[1] == "session_not_found"
    assert mock.get("/supabase-v2/contacts", third["access_token"]).status_code == 200


def test_v2_tokens_that_were_never_issued() -> None:
    """Signed by the session's key but ahead of its counter; signed by another key; of another session."""
    mock = Mock()
    realm = mock.realm("supabase-v2")
    mock.sign_in("supabase-v2")
    (session,) = (family.id for family in families(realm))
    ahead = refresh_tokens.counted(realm.mint._key(session), session, 1)
    assert refusal_of(mock.refresh(ahead, "supabase-v2")) == (
        400,
        "validation_failed",
        "Invalid Refresh Token: Not Issued By This Server",
    )
    assert mock.last.grant_outcome == "not_issued"
    forged = refresh_tokens.counted(b"x", session, 0)
    assert refusal_of(mock.refresh(forged, "supabase-v2"))[1] == "refresh_token_not_found"
    assert refusal_of(mock.refresh(ahead, "supabase"))[1] == "refresh_token_not_found"


def test_v2_knows_its_oldest_token_for_ever() -> None:
    """The counter says it all: no number of exchanges makes the first token unknown."""
    mock = Mock()
    first = token = mock.sign_in("supabase-v2")["refresh_token"]
    for _ in range(3 * REMEMBERED):
        token = mock.refresh(token, "supabase-v2").json()["refresh_token"]
    assert mock.refresh(first, "supabase-v2").json()["refresh_token"] == token, "within the interval"
    mock.now += 10
    assert refusal_of(mock.refresh(first, "supabase-v2"))[1] == "refresh_token_already_used"


def test_the_same_pair_is_the_same_bytes() -> None:
    mock = Mock()
    first = mock.sign_in("overlap-same-pair")["refresh_token"]
    pair = mock.refresh(first, "overlap-same-pair").json()
    mock.now += 30
    again = mock.refresh(first, "overlap-same-pair").json()
    assert [again[key] for key in ("access_token", "refresh_token", "expires_at")] == [
        pair[key] for key in ("access_token", "refresh_token", "expires_at")
    ]
    assert again["expires_in"] == pair["expires_in"] - 30


def test_a_refresh_token_that_stays_is_not_sent_again() -> None:
    mock = Mock()
    first = mock.sign_in("no-rotation")["refresh_token"]
    for turn in range(3):
        mock.now += 1
        answer = mock.refresh(first, "no-rotation")
        assert "refresh_token" not in answer.json()
        assert (mock.last.grant_outcome, mock.last.generation) == ("kept", turn)


RULES: dict[str, tuple[dict[str, Any], float, str]] = {
    "timebox": ({"timebox": 3_600.0}, 3_600.5, "Session Expired"),
    "inactivity": ({"inactivity": 60.0}, 60.5, "Session Expired (Inactivity)"),
}


@pytest.mark.parametrize("case", RULES)
@pytest.mark.parametrize("world", ["supabase", "supabase-v2"])
def test_a_session_that_lasted_too_long(world: str, case: str) -> None:
    settings, after, message = RULES[case]
    mock = Mock(**settings)
    session = mock.sign_in(world)
    mock.now = NOW + after
    expected = (400, "session_expired", f"Invalid Refresh Token: {message}")
    assert refusal_of(mock.refresh(session["refresh_token"], world)) == expected
    assert mock.get(f"/{world}/auth/v1/user", session["access_token"]).status_code == (
        403 if case == "timebox" else 200
    )


def test_a_single_session() -> None:
    """The most recently refreshed session counts; sessions that ended by themselves do not."""
    mock = Mock(single_session=True, inactivity=100.0)
    old = mock.sign_in()
    mock.now += 1
    new = mock.sign_in()
    expected = (400, "session_expired", "Invalid Refresh Token: Session Expired (Revoked by Newer Login)")
    assert refusal_of(mock.refresh(old["refresh_token"])) == expected
    assert mock.last.grant_outcome == "superseded"
    assert mock.refresh(new["refresh_token"]).status_code == 200
    other = mock.sign_in(email="grace@race401.test")
    assert mock.refresh(other["refresh_token"]).status_code == 200, "another user's session is no rival"


def test_of_two_sessions_of_one_instant_both_count() -> None:
    mock = Mock(single_session=True)
    pairs = [mock.sign_in() for _ in range(2)]
    assert [mock.refresh(pair["refresh_token"]).status_code for pair in pairs] == [200, 200]


def test_a_rival_that_has_ended_does_not_count() -> None:
    mock = Mock(single_session=True, timebox=100.0)
    mock.now -= 50
    rival = mock.sign_in()
    mock.now += 50
    mine = mock.sign_in()
    mock.now += 40
    assert mock.refresh(rival["refresh_token"]).json()["error_code"] == "session_expired"
    mock.now += 40
    assert mock.refresh(mine["refresh_token"]).status_code == 200


def test_the_rate_limit() -> None:
    """Thirty at once, then one every two seconds, for each value of the header; and no limit without it."""
    mock = Mock(rate_limit_header="X-Forwarded-For")
    token = mock.sign_in()["refresh_token"]

    def ask(address: str = "203.0.113.9") -> httpx.Response:
        headers = {"X-Forwarded-For": address} if address else {}
        path = "/auth/v1/token?grant_type=refresh_token"
        return mock.client.post(path, json={"refresh_token": token}, headers=headers)

    assert {ask().status_code for _ in range(30)} == {200}
    limited = ask()
    assert refusal_of(limited) == (429, "over_request_rate_limit", "Request rate limit reached")
    assert "retry-after" not in limited.headers
    assert (mock.last.grant_outcome, mock.last.status) == ("rate_limited", 429)
    assert ask("203.0.113.10").status_code == ask("").status_code == 200
    mock.now += 1.99
    assert ask().status_code == 429
    mock.now += 0.01
    assert [ask().status_code for _ in range(2)] == [200, 429]
    mock.now += 300
    assert [ask().status_code for _ in range(31)] == [200] * 30 + [429]


def test_sign_ins_share_the_bucket_and_sign_ups_have_their_own() -> None:
    mock = Mock(rate_limit_header="X-Forwarded-For")
    mock.client.headers["X-Forwarded-For"] = "203.0.113.9"
    statuses = [mock.client.post("/auth/v1/token?grant_type=password", json=WHO).status_code for _ in range(31)]
    assert statuses == [400] * 30 + [429]
    assert mock.last.grant_outcome is None, "no exchange was asked for"
    assert mock.refresh("a" * 12).status_code == 429
    statuses = [mock.client.post("/auth/v1/signup", json={}).status_code for _ in range(31)]
    assert statuses == [422] * 30 + [429]


def test_without_the_setting_nobody_is_limited() -> None:
    mock = Mock()
    mock.client.headers["X-Forwarded-For"] = "203.0.113.9"
    assert {mock.refresh("a" * 12).status_code for _ in range(100)} == {400}


def test_full_buckets_are_forgotten() -> None:
    """However many addresses ask, only those that are near their limit are kept; nobody notices."""
    now = 0.0
    buckets = Buckets(150, lambda: now)
    for number in range(KEPT):
        assert run(buckets.take(f"address {number}"))
    now = 300.0
    assert run(buckets.take("another"))
    assert list(buckets.levels) == ["another"]
    assert [run(buckets.take("another")) for _ in range(30)] == [True] * 29 + [False]


def test_a_conflict_over_the_wire() -> None:
    """Whoever finds the session held for more than 5 s is told so, after 5 s."""
    mock = Mock(transaction=2.0)
    token = mock.sign_in()["refresh_token"]
    (family,) = (family.id for family in families(mock.realm()))
    store = mock.realm().store
    assert isinstance(store, MemoryStore)
    store._free_at[family] = NOW + 5.5
    assert refusal_of(mock.refresh(token)) == (409, "conflict", CONTENDED)
    assert (mock.last.grant_outcome, mock.last.answered_at) == ("conflict", NOW + 5)


@pytest.mark.parametrize("world", WORLDS)
def test_every_world_signs_in_refreshes_and_signs_out(world: str) -> None:
    mock = Mock()
    session = mock.sign_in(world)
    mock.now += 100
    refreshed = mock.refresh(session["refresh_token"], world).json()
    bearer = {"Authorization": f"Bearer {refreshed['access_token']}"}
    assert mock.client.get(f"/{world}/contacts", headers=bearer).status_code == 200
    assert mock.client.get(f"/{world}/auth/v1/user", headers=bearer).json()["email"] == WHO["email"]
    assert mock.client.post(f"/{world}/auth/v1/logout", headers=bearer).status_code == 204
    token = refreshed.get("refresh_token", session["refresh_token"])
    refused = mock.refresh(token, world).json()
    assert refused.get("error_code", refused.get("error")) in ("refresh_token_not_found", "invalid_grant")
    assert mock.last.grant_outcome == "not_found"
