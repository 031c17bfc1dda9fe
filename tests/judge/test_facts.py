"""Facts that the mock writes: the kind of a request, its tokens as fingerprints, and what a decision ended."""

from typing import Any

import pytest
from mocks import WHO, Mock

from race401.ledger.entry import SCHEMA, Entry

PASSWORD = "/auth/v1/token?grant_type=password"


def fact_of(mock: Mock, token: str) -> str:
    """A token's fingerprint under the mock's key."""
    return mock.ledger.fingerprints.fingerprint(token)


def test_a_request_of_the_api_says_which_token_it_sent_and_who_sent_it() -> None:
    mock = Mock()
    session = mock.sign_in()
    mock.get("/contacts", session["access_token"])
    one = mock.last
    mock.get("/contacts", session["access_token"], **{"User-Agent": "another"})
    assert (one.schema, one.kind, one.key) == (SCHEMA, "api", mock.ledger.fingerprints.key_id)
    assert one.sent == mock.last.sent == fact_of(mock, session["access_token"])
    assert one.peer is not None
    assert one.peer != mock.last.peer


def test_an_exchange_says_what_was_presented_and_what_it_brought() -> None:
    mock = Mock()
    first = mock.sign_in("rfc9700")
    second = mock.refresh(first["refresh_token"], "rfc9700").json()
    told = mock.last
    assert (told.kind, told.presented, told.ended) == ("exchange", fact_of(mock, first["refresh_token"]), "none")
    assert told.brought_access == fact_of(mock, second["access_token"])
    assert told.brought_refresh == fact_of(mock, second["refresh_token"])


def test_a_kept_refresh_token_is_not_brought() -> None:
    """As it is not sent."""
    mock = Mock()
    mock.refresh(mock.sign_in("no-rotation")["refresh_token"], "no-rotation")
    assert mock.last.brought_access is not None
    assert mock.last.brought_refresh is None


@pytest.mark.parametrize(
    ("world", "ended"),
    [("rfc9700", "family"), ("supabase-v2", "session"), ("rotate-strict", "none")],
)
def test_a_refused_reuse_says_what_it_ended(world: str, ended: str) -> None:
    """And the refusal after it ended nothing more."""
    mock = Mock(reuse_interval=0.0, unacknowledged_brings="as_reuse")
    first = mock.sign_in(world)
    mock.refresh(mock.refresh(first["refresh_token"], world).json()["refresh_token"], world)
    mock.now += 60
    mock.refresh(first["refresh_token"], world)
    assert (mock.last.status, mock.last.ended) == (400, ended)
    mock.refresh(first["refresh_token"], world)
    assert mock.last.ended == "none"


def asked(mock: Mock, method: str, path: str, **more: Any) -> Entry:
    """The entry of a request."""
    mock.client.request(method, path, **more)
    return mock.last


def test_kinds() -> None:
    """Each is told by what was asked; a sign-in only if it brought a session."""
    mock = Mock()
    assert asked(mock, "POST", "/auth/v1/signup", json=WHO).kind == "sign_in"
    signed_in = asked(mock, "POST", PASSWORD, json=WHO)
    assert (signed_in.kind, signed_in.brought_access is not None) == ("sign_in", True)
    assert asked(mock, "POST", PASSWORD, json={**WHO, "password": "wrong"}).kind == "other"
    form = {"grant_type": "refresh_token", "refresh_token": "abcdefghijkl"}
    assert asked(mock, "POST", "/oauth/token", data=form).kind == "exchange"
    assert asked(mock, "OPTIONS", "/contacts").kind == "preflight"
    assert asked(mock, "GET", "/auth/v1/user").kind == "other"
    assert asked(mock, "GET", "/nowhere").kind == "api"


@pytest.mark.parametrize(
    ("scope", "kind", "ended"), [("global", "sign_out", "user"), ("local", "sign_out", "session")]
)
def test_a_sign_out_says_what_it_ends(scope: str, kind: str, ended: str) -> None:
    mock = Mock()
    bearer = {"Authorization": f"Bearer {mock.sign_in()['access_token']}"}
    told = asked(mock, "POST", f"/auth/v1/logout?scope={scope}", headers=bearer)
    assert (told.kind, told.ended) == (kind, ended)


def test_a_sign_out_of_the_others_is_none_of_the_session_that_asks() -> None:
    mock = Mock()
    bearer = {"Authorization": f"Bearer {mock.sign_in()['access_token']}"}
    told = asked(mock, "POST", "/auth/v1/logout?scope=others", headers=bearer)
    assert (told.kind, told.ended) == ("other", None)


def test_either_token_may_be_revoked() -> None:
    mock = Mock()
    session = mock.sign_in("rfc9700")
    by_refresh = asked(mock, "POST", "/rfc9700/oauth/revoke", data={"token": session["refresh_token"]})
    assert (by_refresh.presented, by_refresh.ended) == (fact_of(mock, session["refresh_token"]), "session")
    session = mock.sign_in("rfc9700")
    by_access = asked(mock, "POST", "/rfc9700/oauth/revoke", data={"token": session["access_token"]})
    assert (by_access.sent, by_access.ended) == (fact_of(mock, session["access_token"]), "session")


def test_how_long_a_body_was() -> None:
    """Of a request that may have one."""
    mock = Mock()
    assert asked(mock, "POST", "/messages", content=b"12345").body_length == 5
    assert asked(mock, "POST", "/messages").body_length == 0
    assert asked(mock, "GET", "/messages").body_length is None


def same_second(mock: Mock, world: str) -> bool:
    """Whether a refresh in the second of the sign-in brought the same access token."""
    first = mock.sign_in(world)
    second = mock.refresh(first["refresh_token"], world).json()
    return bool(first["access_token"] == second["access_token"])


def test_two_access_tokens_of_one_second_differ() -> None:
    """But for Supabase's, which have no `jti`: their bytes are the same, and tell nothing apart."""
    mock = Mock()
    same = {name for name in mock.app.realms if same_second(mock, name)}
    assert same == {"supabase", "supabase-v2"}


def test_the_same_pair_again_is_the_same_bytes() -> None:
    """Where a world brings the pair of the first use again; another token of that second is another."""
    mock = Mock()
    first = mock.sign_in("overlap-same-pair")
    one = mock.refresh(first["refresh_token"], "overlap-same-pair").json()
    again = mock.refresh(first["refresh_token"], "overlap-same-pair").json()
    assert (one["access_token"], one["refresh_token"]) == (again["access_token"], again["refresh_token"])
    acknowledged = mock.sign_in("retire-on-acknowledge")
    one = mock.refresh(acknowledged["refresh_token"], "retire-on-acknowledge").json()
    again = mock.refresh(acknowledged["refresh_token"], "retire-on-acknowledge").json()
    assert one["refresh_token"] == again["refresh_token"]
    assert one["access_token"] != again["access_token"]
