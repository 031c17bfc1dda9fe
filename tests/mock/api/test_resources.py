"""The app's own API: what it serves, and each way in which it refuses a token, with the cause in the ledger."""

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey
from mocks import NOW, Mock

PATHS = ("/contacts?limit=1000", "/me/entitlements", "/contacts", "/persona-notes", "/messages")


@pytest.fixture
def mock() -> Mock:
    """A mock whose time stands still."""
    return Mock()


def signed(mock: Mock, secret: str | None = None, header: dict[str, Any] | None = None, **claims: Any) -> str:
    """A token like a real one, with these claims changed, signed by the world's key or by another."""
    session = mock.sign_in()
    body = session["access_token"].split(".")[1]
    plain = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    key = mock.realm().mint.keys._signer if secret is None else OctKey.import_key(secret)
    return jwt.encode(header or {"alg": "HS256", "typ": "JWT"}, plain | claims, key, algorithms=["HS256", "HS512"])


def test_a_thousand_contacts_are_the_same_in_every_run(mock: Mock) -> None:
    token = mock.sign_in()["access_token"]
    answer = mock.get("/contacts?limit=1000", token)
    people = answer.json()
    assert len(people) == 1000
    assert 90_000 <= len(answer.content) <= 110_000, "about 100 KB"
    first = {"id": 1, "name": "Katherine Hopper", "email": "katherine.hopper.1@example.com", "city": "Tunis"}
    assert people[0] == first, "drawn from a fixed seed"
    assert len({person["email"] for person in people}) == 1000
    assert mock.get("/contacts", token).json() == people[:50]
    assert mock.get("/contacts?limit=0", token).json() == []


@pytest.mark.parametrize("limit", ["-1", "1001", "x"])
def test_a_limit_out_of_range_is_a_client_error(mock: Mock, limit: str) -> None:
    answer = mock.get(f"/contacts?limit={limit}", mock.sign_in()["access_token"])
    assert (answer.status_code, answer.json()["message"]) == (400, "limit is a number from 0 to 1000")


@pytest.mark.parametrize("path", ["/persona-notes", "/messages"])
def test_what_is_posted_is_listed_for_its_user_alone(mock: Mock, path: str) -> None:
    mine = {"Authorization": f"Bearer {mock.sign_in()['access_token']}"}
    other = mock.sign_in(email="grace@race401.test")["access_token"]
    assert mock.client.post(path, json={"text": "hello"}, headers=mine).json() == {"id": 1, "body": {"text": "hello"}}
    assert mock.client.post(path, content=b"{", headers=mine).status_code == 400
    assert mock.client.get(path, headers=mine).json() == [{"id": 1, "body": {"text": "hello"}}]
    assert mock.get(path, other).json() == []


@pytest.mark.parametrize("path", PATHS)
def test_every_path_wants_a_token(mock: Mock, path: str) -> None:
    answer = mock.get(path)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer", "RFC 6750 s.3: no error code where no token was sent"
    assert answer.json()["code"] == "PGRST302"
    assert mock.last.cause == "missing_token"


@pytest.mark.parametrize(
    ("left", "leeway", "status"),
    [(0.001, 0.0, 200), (0.0, 0.0, 401), (-29.999, 30.0, 200), (-30.0, 30.0, 401)],
)
def test_a_token_is_good_up_to_its_expiry_and_the_leeway(left: float, leeway: float, status: int) -> None:
    mock = Mock(leeway=leeway)
    token = mock.sign_in()["access_token"]
    mock.now = NOW + 3600 - left
    answer = mock.get("/me/entitlements", token)
    assert answer.status_code == status
    assert mock.last.token_left_s == pytest.approx(left, abs=1e-6)
    if status == 401:
        assert mock.last.cause == "expired"
        assert answer.json() == {"code": "PGRST303", "details": None, "hint": None, "message": "JWT expired"}
        challenge = 'Bearer error="invalid_token", error_description="JWT expired"'
        assert answer.headers["WWW-Authenticate"] == challenge


def tampered(token: str) -> str:
    """The token with another subject, and the old signature."""
    head, body, mac = token.split(".")
    plain = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    changed = base64.urlsafe_b64encode(json.dumps(plain | {"sub": "somebody-else"}).encode()).rstrip(b"=").decode()
    return f"{head}.{changed}.{mac}"


def unsigned(token: str) -> str:
    """The token with `alg: none` and no signature."""
    head = base64.urlsafe_b64encode(b'{"alg":"none","typ":"JWT"}').rstrip(b"=").decode()
    return f"{head}.{token.split('.')[1]}."


REFUSED: dict[str, tuple[Callable[[Mock], str], str]] = {
    "not a JWT": (lambda mock: "abc", "malformed"),
    "two parts": (lambda mock: "a.b", "malformed"),
    "not base64": (lambda mock: "%%.%%.%%", "malformed"),
    "empty": (lambda mock: "", "malformed"),
    "alg none": (lambda mock: unsigned(signed(mock)), "bad_signature"),
    "tampered": (lambda mock: tampered(signed(mock)), "bad_signature"),
    "another secret": (lambda mock: signed(mock, secret="x" * 32), "bad_signature"),
    "another algorithm": (lambda mock: signed(mock, header={"alg": "HS512"}, secret="x" * 64), "bad_signature"),
    "another audience": (lambda mock: signed(mock, aud="anon"), "wrong_audience"),
    "not yet valid": (lambda mock: signed(mock, nbf=int(NOW) + 60), "not_yet_valid"),
    "issued in the future": (lambda mock: signed(mock, iat=int(NOW) + 60), "not_yet_valid"),
    "no expiry": (lambda mock: signed(mock, exp=None), "malformed"),
    "no session": (lambda mock: signed(mock, session_id=None), "malformed"),
    "another world's": (lambda mock: mock.sign_in("rfc9700")["access_token"], "bad_signature"),
    "oversized": (lambda mock: "a" * 100_000, "malformed"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_a_wrong_token_is_refused_with_its_cause(mock: Mock, kind: str) -> None:
    make, cause = REFUSED[kind]
    answer = mock.get("/supabase/contacts", make(mock))
    assert (answer.status_code, mock.last.cause) == (401, cause)


def test_bytes_that_are_no_text_are_refused(mock: Mock) -> None:
    answer = mock.client.get("/contacts", headers=[(b"Authorization", b"Bearer \xff\xfe.\xff.\xff")])
    assert (answer.status_code, mock.last.cause) == (401, "malformed")


@pytest.mark.parametrize("header", ["Basic abc", "Bearer", "Token x"])
def test_a_header_that_is_no_bearer_is_no_token(mock: Mock, header: str) -> None:
    answer = mock.client.get("/contacts", headers={"Authorization": header})
    assert (answer.status_code, mock.last.cause) == (401, "missing_token")


def test_bearer_is_spelt_in_any_case(mock: Mock) -> None:
    token = mock.sign_in()["access_token"]
    assert mock.client.get("/contacts", headers={"Authorization": f"bEaReR {token}"}).status_code == 200


@pytest.mark.parametrize(("check", "status", "cause"), [(False, 200, None), (True, 401, "session_revoked")])
def test_a_session_that_has_ended(check: bool, status: int, cause: str | None) -> None:
    """Resources verify the JWT alone, unless they are set to ask for the session."""
    mock = Mock(check_session=check)
    token = mock.sign_in()["access_token"]
    assert mock.get("/contacts", token).status_code == 200
    mock.client.post("/auth/v1/logout", headers={"Authorization": f"Bearer {token}"})
    assert mock.get("/contacts", token).status_code == status
    assert mock.last.cause == cause


def test_a_world_answers_below_its_name_and_the_default_one_at_the_root(mock: Mock) -> None:
    token = mock.sign_in()["access_token"]
    for path, world in {
        "/contacts": "supabase",
        "/supabase/contacts": "supabase",
        "/rfc9700/contacts": "rfc9700",
    }.items():
        mock.get(path, token)
        assert (mock.last.world, mock.last.target) == (world, "/contacts")


def test_an_unknown_path_is_a_404_with_its_entry(mock: Mock) -> None:
    assert mock.get("/nowhere").status_code == 404
    assert (mock.last.target, mock.last.status, mock.last.cause) == ("/nowhere", 404, None)
