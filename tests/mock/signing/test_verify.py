"""Wrong tokens of every kind, refused with the right cause by API and auth server, whatever signs the right ones."""

import base64
import hmac
import json
from collections.abc import Callable
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, JWKRegistry, OctKey, RSAKey
from mocks import NOW, Mock
from vectors import VECTORS, Vector

from race401.mock_api.signing import Algorithm
from race401.mock_api.signing.jwt import CACHED, ROOM, Keys, Verified

ALGORITHMS: tuple[Algorithm, ...] = ("HS256", "RS256", "ES256")
EVERY = ["HS256", "HS384", "HS512", "RS256", "RS512", "PS256", "ES256", "none"]
OTHERS: dict[str, Any] = {
    "HS256": OctKey.import_key("another secret, and no shorter than it"),
    "RS256": RSAKey.generate_key(2048),
    "ES256": ECKey.generate_key("P-256"),
}


class Issued:
    """A genuine token of a world, its claims, and what made it."""

    def __init__(self, algorithm: Algorithm) -> None:
        self.algorithm = algorithm
        self.mock = Mock(names=["supabase", "rfc9700"], algorithm=algorithm)
        self.keys = self.mock.realm().mint.keys
        self.token: str = self.mock.sign_in()["access_token"]
        self.header, self.claims, _ = map(opened, self.token.split("."))

    def signed(self, key: Any = None, header: dict[str, Any] | None = None, **claims: Any) -> str:
        """The token with these claims changed, signed by the world's key or by another."""
        head = {**self.header, **(header or {})}
        return jwt.encode(head, self.claims | claims, key or self.keys._signer, algorithms=EVERY)


def opened(part: str) -> Any:
    """What a part of a token says; the signature says nothing."""
    try:
        return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except ValueError:
        return None


def closed(value: Any) -> str:
    """A part of a token."""
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def parts(token: str) -> list[str]:
    """Header, payload, signature."""
    return token.split(".")


def public_as_secret(issued: Issued) -> str:
    """The confusion of RS256 and HS256: the public key, which everybody has, as the shared secret."""
    signer: Any = issued.keys._signer
    secret = b"this world has no public key at all" if issued.algorithm == "HS256" else signer.as_pem(private=False)
    said = f"{closed({**issued.header, 'alg': 'HS256'})}.{closed(issued.claims)}"
    return f"{said}.{closed(hmac.digest(secret, said.encode(), 'sha256'))}"


WRONG: dict[str, tuple[Callable[[Issued], str], str]] = {
    "alg none": (lambda i: f"{closed({'alg': 'none', 'typ': 'JWT'})}.{parts(i.token)[1]}.", "bad_signature"),
    "alg none, with its kid": (
        lambda i: f"{closed({**i.header, 'alg': 'none'})}.{parts(i.token)[1]}.",
        "bad_signature",
    ),
    "alg None": (lambda i: f"{closed({**i.header, 'alg': 'None'})}.{parts(i.token)[1]}.", "bad_signature"),
    "no alg": (lambda i: f"{closed({'typ': 'JWT'})}.{'.'.join(parts(i.token)[1:])}", "malformed"),
    "alg that is no text": (
        lambda i: f"{closed({**i.header, 'alg': 1})}.{'.'.join(parts(i.token)[1:])}",
        "malformed",
    ),
    "the public key as shared secret": (public_as_secret, "bad_signature"),
    "another key, same kid": (lambda i: i.signed(OTHERS[i.algorithm]), "bad_signature"),
    "another kid": (
        lambda i: i.signed(OTHERS[i.algorithm], header={"kid": "another"}),
        "bad_signature",
    ),
    "a kid that is no text": (
        lambda i: f"{closed({**i.header, 'kid': {}})}.{'.'.join(parts(i.token)[1:])}",
        "malformed",
    ),
    "signature cut": (lambda i: i.token[:-4], "bad_signature"),
    "no signature": (lambda i: ".".join(parts(i.token)[:2]) + ".", "bad_signature"),
    "payload tampered": (
        lambda i: f"{parts(i.token)[0]}.{closed(i.claims | {'role': 'service_role'})}.{parts(i.token)[2]}",
        "bad_signature",
    ),
    "payload not UTF-8": (
        lambda i: f"{parts(i.token)[0]}.{closed(bytes([0xFF, 0xFE]))}.{parts(i.token)[2]}",
        "bad_signature",
    ),
    "header tampered": (
        lambda i: f"{closed({**i.header, 'typ': 'at+jwt'})}.{'.'.join(parts(i.token)[1:])}",
        "bad_signature",
    ),
    "header no JSON": (lambda i: f"{closed(b'{')}.{'.'.join(parts(i.token)[1:])}", "malformed"),
    "header a list": (lambda i: f"{closed([1])}.{'.'.join(parts(i.token)[1:])}", "malformed"),
    "header too deep": (lambda i: f"{closed(b'[' * 4_000)}.{'.'.join(parts(i.token)[1:])}", "malformed"),
    "critical header": (
        lambda i: f"{closed({**i.header, 'crit': ['exp']})}.{'.'.join(parts(i.token)[1:])}",
        "malformed",
    ),
    "one part": (lambda _: "token", "malformed"),
    "two parts": (lambda i: ".".join(parts(i.token)[:2]), "malformed"),
    "four parts": (lambda i: i.token + ".x", "malformed"),
    "five parts": (lambda i: i.token + ".x.y", "malformed"),
    "empty parts": (lambda _: "..", "malformed"),
    "not base64": (lambda _: "%%.%%.%%", "malformed"),
    "oversized": (lambda i: i.signed(padding="x" * 9_000), "malformed"),
    "expired": (lambda i: i.signed(exp=int(NOW)), "expired"),
    "not yet valid": (lambda i: i.signed(nbf=int(NOW) + 1), "not_yet_valid"),
    "issued in the future": (lambda i: i.signed(iat=int(NOW) + 1), "not_yet_valid"),
    "an expiry of null": (lambda i: i.signed(exp=None), "malformed"),
    "expiry as a text": (lambda i: i.signed(exp=str(int(NOW) + 60)), "malformed"),
    "expiry as a truth": (lambda i: i.signed(exp=True), "malformed"),
    "expiry beyond all numbers": (lambda i: i.signed(exp=10**400), "malformed"),
    "expiry not a number": (lambda i: i.signed(exp=float("nan")), "malformed"),
    "subject not a text": (lambda i: i.signed(sub=["a"]), "malformed"),
    "session not a text": (lambda i: i.signed(session_id={}), "malformed"),
}


@pytest.fixture(scope="module", params=ALGORITHMS)
def issued(request: pytest.FixtureRequest) -> Issued:
    """A genuine token for each algorithm."""
    return Issued(request.param)


def test_the_genuine_token_is_accepted(issued: Issued) -> None:
    assert issued.mock.get("/contacts", issued.token).status_code == 200
    assert issued.mock.get("/contacts", issued.signed()).status_code == 200
    assert issued.mock.get("/auth/v1/user", issued.token).status_code == 200


@pytest.mark.parametrize("kind", WRONG)
def test_a_wrong_token(issued: Issued, kind: str) -> None:
    make, cause = WRONG[kind]
    token = make(issued)
    answer = issued.mock.get("/contacts", token)
    assert (answer.status_code, issued.mock.last.cause) == (401, cause)
    answer = issued.mock.get("/auth/v1/user", token)
    assert (answer.status_code, answer.json()["error_code"], issued.mock.last.cause) == (403, "bad_jwt", cause)
    admin = issued.mock.get("/auth/v1/admin/users", token)
    assert (admin.status_code, admin.json()["error_code"]) == (403, "bad_jwt")


def test_a_token_without_an_expiry_never_expires(issued: Issued) -> None:
    """As GoTrue's own service tokens, which have none; the ledger says of it no time that is left."""
    claims = {name: value for name, value in issued.claims.items() if name != "exp"}
    token = jwt.encode(issued.header, claims, issued.keys._signer, algorithms=EVERY)
    assert issued.mock.get("/contacts", token).status_code == 200
    assert issued.mock.last.token_left_s is None
    assert issued.mock.get("/auth/v1/user", token).status_code == 200


@pytest.mark.parametrize("kid", [None, "another"])
def test_a_token_whose_key_is_not_known_is_checked_with_the_shared_secret(issued: Issued, kid: str | None) -> None:
    """Where the world has one, which names no `kid`; an asymmetric key is found by its `kid` alone."""
    header = {"alg": issued.algorithm, "typ": "JWT"} | ({} if kid is None else {"kid": kid})
    token = jwt.encode(header, issued.claims, issued.keys._signer, algorithms=EVERY)
    wanted = (200, None) if issued.algorithm == "HS256" else (401, "bad_signature")
    assert (issued.mock.get("/contacts", token).status_code, issued.mock.last.cause) == wanted


def test_another_worlds_token(issued: Issued) -> None:
    """Each world has keys of its own."""
    token = issued.mock.sign_in("rfc9700")["access_token"]
    assert issued.mock.get("/supabase/contacts", token).status_code == 401
    assert issued.mock.last.cause == "bad_signature"


def test_another_audience(issued: Issued) -> None:
    """RFC 7519 s.4.1.3: one name or a list; GoTrue reads the first."""
    for audience, status in {"anon": 401, ("anon", "authenticated"): 401, ("authenticated", "x"): 200}.items():
        token = issued.signed(aud=audience if isinstance(audience, str) else list(audience))
        assert issued.mock.get("/contacts", token).status_code == status
        if status == 401:
            assert issued.mock.last.cause == "wrong_audience"
            assert issued.mock.get("/auth/v1/user", token).status_code == 400
            assert issued.mock.last.cause == "wrong_audience"


def test_a_role_that_somebody_wrote_makes_no_admin(issued: Issued) -> None:
    forged = f"{parts(issued.token)[0]}.{closed(issued.claims | {'role': 'service_role'})}.{parts(issued.token)[2]}"
    assert issued.mock.get("/auth/v1/admin/users", forged).status_code == 403
    assert issued.mock.get("/auth/v1/admin/users", issued.token).json()["error_code"] == "not_admin"


def test_a_wrong_token_is_not_remembered_as_a_right_one(issued: Issued) -> None:
    """The cache is keyed by the whole token: a changed signature misses it."""
    assert isinstance(issued.keys.genuine(issued.token), Verified)
    changed = issued.token[:-6] + ("AAAAAA" if issued.token[-6:] != "AAAAAA" else "BBBBBB")
    assert issued.keys.genuine(changed) == issued.keys.genuine(changed) == "bad_signature"
    assert issued.token in issued.keys._cache
    assert changed not in issued.keys._cache


def test_the_cache_is_bounded() -> None:
    """However many tokens live."""
    keys = Keys("x" * 32)
    keys._cache = {str(n): Verified(1.0) for n in range(CACHED)}
    assert isinstance(keys.genuine(keys.sign({"exp": 1})), Verified)
    assert len(keys._cache) == 1


def most_kept(keys: Keys, sessions: int, issued: range) -> int:
    """How many tokens are kept at most, while each session gets one of 126 s at each of these instants."""
    most = 0
    for iat in issued:
        for n in range(sessions):
            assert isinstance(keys.genuine(keys.sign({"iat": iat, "exp": iat + 126, "sub": str(n)})), Verified)
            most = max(most, len(keys._cache))
    return most


@pytest.mark.parametrize("sessions", [1, 10])
def test_tokens_that_have_expired_are_forgotten(sessions: int) -> None:
    """After twice as many lifetimes as many are kept: twice those that live, or a few."""
    keys = Keys("x" * 32)
    first, second = (most_kept(keys, sessions, range(at, at + 1260, 6)) for at in (0, 1260))
    assert first == second <= max(ROOM, 2 * sessions * 126 // 6)


def test_tokens_that_live_are_kept() -> None:
    keys = Keys("x" * 32)
    tokens = [keys.sign({"iat": n / 10, "exp": 3600 + n}) for n in range(5 * ROOM)]
    assert all(isinstance(keys.genuine(token), Verified) for token in tokens)
    assert list(keys._cache) == tokens


# --- public vectors ---


def verifier(vector: Vector) -> Keys:
    """A world whose only key is the vector's."""
    keys = Keys("x" * 32)
    key: Any = JWKRegistry.import_key(vector.key)
    keys._keys, keys._secret = [key], key  # no vector names its key
    keys._algorithms = [vector.algorithm]
    return keys


@pytest.mark.parametrize("name", VECTORS)
def test_a_vector_of_the_rfcs(name: str) -> None:
    """Whole through our verify path: what is genuine is read, and one bit of the signature undoes it."""
    vector = VECTORS[name]
    said = verifier(vector).genuine(vector.token)
    assert said == vector.expected
    head, body, signature = vector.token.split(".")
    raw = bytearray(base64.urlsafe_b64decode(signature + "=" * (-len(signature) % 4)))
    if raw:
        raw[len(raw) // 2] ^= 1
        assert verifier(vector).genuine(f"{head}.{body}.{closed(bytes(raw))}") == "bad_signature"


@pytest.mark.parametrize("name", VECTORS)
def test_no_world_accepts_a_vector(name: str) -> None:
    mock = Mock()
    assert mock.get("/contacts", VECTORS[name].token).status_code == 401
    assert mock.last.cause == "bad_signature"


def test_the_vectors_expiry_is_judged() -> None:
    """RFC 7515 A.1's token is genuine and was good until 2011-03-22T18:43:00Z."""
    vector = VECTORS["RFC 7515 A.1, HS256"]
    mock = Mock()
    realm = mock.realm()
    realm.mint.keys = verifier(vector)
    assert mock.get("/contacts", vector.token).status_code == 401
    assert mock.last.cause == "expired"
    mock.now = 1_300_819_379.0
    assert mock.get("/contacts", vector.token).status_code == 401
    assert mock.last.cause == "wrong_audience", "it names none"
