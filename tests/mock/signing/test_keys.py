"""Signing keys: what is generated, what a file may hold, what is published, and what a wrong file says."""

import base64
import hmac
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from inprocess import SyncTransport
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OctKey, RSAKey
from mocks import NOW, WHO, Mock

from race401.mock_api.app import create_app
from race401.mock_api.rules.world_files import WorldFileError, load
from race401.mock_api.rules.worlds import WORLDS
from race401.mock_api.signing import Algorithm
from race401.mock_api.signing.keys import KeysError, read

SECRET = "a shared secret that is long enough to sign with"
RSA, EC = RSAKey.generate_key(2048), ECKey.generate_key("P-256")
PRIVATE = {"d", "p", "q", "dp", "dq", "qi", "k"}


def jwk(key: Any, **more: Any) -> dict[str, Any]:
    """A private key as GOTRUE_JWT_KEYS has it."""
    return {**key.as_dict(private=True), **more}


FILES: dict[str, tuple[Callable[[], str], Algorithm]] = {
    "a shared secret": (lambda: SECRET + "\n", "HS256"),
    "RSA as PEM": (lambda: RSA.as_pem(private=True).decode(), "RS256"),
    "EC as PEM": (lambda: EC.as_pem(private=True).decode(), "ES256"),
    "a JWK": (lambda: json.dumps(jwk(EC)), "ES256"),
    "a JWK set": (lambda: json.dumps({"keys": [jwk(RSA)]}), "RS256"),
    "a list of JWKs": (lambda: json.dumps([jwk(RSA)]), "RS256"),
    "a secret as JWK": (lambda: json.dumps({"kty": "oct", "k": "A" * 43, "kid": "legacy"}), "HS256"),
    "the one that is marked signs": (
        lambda: json.dumps([jwk(RSA, key_ops=["verify"]), jwk(EC, key_ops=["sign", "verify"])]),
        "ES256",
    ),
    "a public one beside it only verifies": (lambda: json.dumps([RSA.as_dict(private=False), jwk(EC)]), "ES256"),
}


@pytest.mark.parametrize("case", FILES)
def test_a_file_of_keys(tmp_path: Path, case: str) -> None:
    """Signed with the file's key, found by its `kid` among what is published, and accepted by the mock itself."""
    text, algorithm = FILES[case]
    mock = signing(tmp_path, text())
    token = mock.sign_in()["access_token"]
    said = mock.get("/auth/v1/.well-known/jwks.json").json()["keys"]
    assert mock.get("/contacts", token).status_code == 200
    assert mock.get("/auth/v1/user", token).json()["email"] == WHO["email"]
    if algorithm == "HS256":
        assert said == []
    else:
        header = jwt.decode(token, KeySet.import_key_set({"keys": said}), algorithms=[algorithm]).header
        assert header["alg"] == algorithm
        assert header["kid"] in {key["kid"] for key in said}
    assert not [name for key in said for name in PRIVATE & set(key)]


@pytest.mark.parametrize("algorithm", ["HS256", "RS256", "ES256"])
def test_a_generated_key(algorithm: Algorithm) -> None:
    """HS256 from a plain secret names no `kid`; the others do, and each world has its own."""
    names = ("supabase", "rfc9700")
    app = create_app([replace(WORLDS[name], algorithm=algorithm) for name in names])
    with httpx.Client(base_url="http://localhost", transport=SyncTransport(app)) as client:
        told = [client.get(f"/{name}/auth/v1/.well-known/jwks.json").json()["keys"] for name in names]
        token = client.post("/_race401/sessions", json=WHO).json()["access_token"]
        bearer = {"Authorization": f"Bearer {token}"}
        assert [client.get(f"/{name}/contacts", headers=bearer).status_code for name in names] == [200, 401]
    if algorithm == "HS256":
        assert told == [[], []]
        return
    (mine,), (other,) = told
    assert mine["kid"] != other["kid"]
    assert (mine["alg"], mine["use"], mine["key_ops"]) == (algorithm, "sig", ["verify"])
    assert not PRIVATE & set(mine)


def test_after_a_key_change_old_tokens_are_good_while_the_old_key_verifies(tmp_path: Path) -> None:
    """GoTrue keeps the old key as one that only verifies; without it, old tokens have no key."""
    old = signing(tmp_path, json.dumps(jwk(RSA)))
    token = old.sign_in()["access_token"]
    both = [RSA.as_dict(private=False), jwk(EC)]
    assert signing(tmp_path, json.dumps(both)).get("/contacts", token).status_code == 200
    assert signing(tmp_path, json.dumps(jwk(EC))).get("/contacts", token).status_code == 401


def test_a_key_is_used_with_its_own_algorithm_alone(tmp_path: Path) -> None:
    """With a legacy secret beside it, an asymmetric key still never verifies HS256, and the secret needs no `kid`."""
    legacy = OctKey.import_key(SECRET)
    mock = signing(tmp_path, json.dumps([jwk(RSA), legacy.as_dict(private=True)]))
    claims = {"aud": "authenticated", "exp": int(NOW) + 60}
    assert mock.get("/contacts", jwt.encode({"alg": "HS256"}, claims, legacy)).status_code == 200
    for header in ({"alg": "HS256"}, {"alg": "HS256", "kid": RSA.thumbprint()}):
        said = ".".join(closed(part) for part in (header, claims))
        mac = hmac.digest(RSA.as_pem(private=False), said.encode(), "sha256")
        assert mock.get("/contacts", f"{said}.{closed(mac)}").status_code == 401
        assert mock.last.cause == "bad_signature"


def closed(value: Any) -> str:
    """A part of a token."""
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


WRONG = {
    "a short secret": "too short",
    "a short secret as JWK": json.dumps({"kty": "oct", "k": "AAAA"}),
    "a public key": RSA.as_pem(private=False).decode(),
    "no PEM": "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----",
    "no JSON": "{",
    "no JWK": '{"a": 1}',
    "a number": "[1]",
    "an empty set": '{"keys": []}',
    "another curve": json.dumps(jwk(ECKey.generate_key("P-384"))),
    "a key that signs nothing": json.dumps(RSA.as_dict(private=False)),
    "another kind": json.dumps({"kty": "OKP", "crv": "Ed25519", "x": "A" * 43, "d": "A" * 43}),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_file_says_what_would_be_right(tmp_path: Path, case: str) -> None:
    path = written(tmp_path, WRONG[case])
    with pytest.raises(KeysError) as caught:
        read(path)
    assert str(caught.value).startswith(f"{path}: no key that can sign (")
    assert "give a PEM private key" in str(caught.value)


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(KeysError, match="No such file"):
        read(tmp_path / "none")
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    with pytest.raises(KeysError, match="not a text"):
        read(tmp_path / "binary")


def test_a_world_file_names_its_keys(tmp_path: Path) -> None:
    """The path is the file's neighbour, wherever the mock is started; a wrong one is told with the rest."""
    written(tmp_path, SECRET)
    (tmp_path / "worlds.toml").write_text('[mine]\nkeys = "keys"\n')
    assert load(tmp_path / "worlds.toml")["mine"].keys == str(tmp_path / "keys")
    (tmp_path / "worlds.toml").write_text('[mine]\nkeys = "other"\nleeway = -1\n')
    with pytest.raises(WorldFileError, match=r"\[mine\] keys: .*other: No such file.*\[mine\] leeway"):
        load(tmp_path / "worlds.toml")


def test_a_secret_with_a_kid_is_not_the_shared_one(tmp_path: Path) -> None:
    """A token without a `kid` is checked with the configured secret, not with the first HS256 key of a set."""
    named = OctKey.import_key({"kty": "oct", "k": "A" * 43, "kid": "named"})
    plain = OctKey.import_key(SECRET)
    claims = {"aud": "authenticated", "exp": int(NOW) + 60}
    mock = signing(tmp_path, json.dumps([named.as_dict(private=True), plain.as_dict(private=True)]))
    assert mock.get("/contacts", jwt.encode({"alg": "HS256", "kid": "named"}, claims, named)).status_code == 200
    assert mock.get("/contacts", jwt.encode({"alg": "HS256"}, claims, plain)).status_code == 200
    assert mock.get("/contacts", jwt.encode({"alg": "HS256"}, claims, named)).status_code == 401


def test_a_shared_secret_is_shared(tmp_path: Path) -> None:
    """Whoever holds the secret can verify, as a Supabase project's own backend does."""
    token = signing(tmp_path, SECRET).sign_in()["access_token"]
    assert jwt.decode(token, OctKey.import_key(SECRET), algorithms=["HS256"]).claims["email"] == WHO["email"]


def signing(folder: Path, text: str) -> Mock:
    """A mock of one world, since an RSA key takes a while to be checked, which signs with a file of keys."""
    return Mock(names=["supabase"], keys=str(written(folder, text)))


def written(folder: Path, text: str) -> Path:
    """A file of keys."""
    path = folder / "keys"
    path.write_text(text)
    return path
