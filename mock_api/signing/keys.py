"""A world's signing keys: generated, or read from a file; and what of them is public."""

import json
import secrets
from pathlib import Path
from typing import Any, TypeAlias

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, JWKRegistry, OctKey, RSAKey

from race401.mock_api.signing import Algorithm

Key: TypeAlias = OctKey | RSAKey | ECKey

RSA_BITS, CURVE = 2048, "P-256"
SHORTEST_SECRET = 32  # bytes, for HS256 (RFC 7518 s.3.2)
WANTED = "a PEM private key (RSA or P-256), a JWK, a JWK set, or a shared secret of 32 bytes or more"


class KeysError(Exception):
    """The file cannot be used; the message says what is wrong and what would be right."""


def generated(algorithm: Algorithm) -> list[Key]:
    """Return a new key for this algorithm."""
    if algorithm == "HS256":
        return [from_secret(secrets.token_urlsafe(32))]
    key = RSAKey.generate_key(RSA_BITS) if algorithm == "RS256" else ECKey.generate_key(CURVE)
    return [_named(key)]


def from_secret(secret: str) -> OctKey:
    """Return the key of a shared secret, which has no `kid`, as GoTrue's has none."""
    return OctKey.import_key(secret)


def read(path: Path) -> list[Key]:
    """Return the keys of a file; the first that may sign is the one that does."""
    try:
        text = path.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise KeysError(f"{path}: {getattr(error, 'strerror', None) or 'not a text'}; give {WANTED}") from None
    try:
        keys = parsed(text)
        signer(keys)
    except (JoseError, ValueError, TypeError, KeyError, AttributeError, StopIteration) as error:
        raise KeysError(f"{path}: no key that can sign ({str(error) or 'none is private'}); give {WANTED}") from None
    return keys


def algorithm_of(key: Key) -> Algorithm:
    """Return the one algorithm that a key is used with."""
    if isinstance(key, OctKey):
        return "HS256"
    return "RS256" if isinstance(key, RSAKey) else "ES256"


def signer(keys: list[Key]) -> Key:
    """Return the key that signs: GoTrue's is marked so (`key_ops`), and else the first private one."""
    private = [key for key in keys if isinstance(key, OctKey) or key.is_private]
    marked = [key for key in private if "sign" in (key.as_dict().get("key_ops") or ())]
    return next(iter(marked or private))


def public(keys: list[Key]) -> list[dict[str, Any]]:
    """Return the JWKs to publish: no secret, and of no shared secret anything at all."""
    about = {"use": "sig", "key_ops": ["verify"]}
    return [
        {**key.as_dict(private=False), **about, "alg": algorithm_of(key)}
        for key in keys
        if not isinstance(key, OctKey)
    ]


def written(keys: list[Key]) -> str:
    """Return the keys as a JWK set that `parsed` reads again, secrets and all."""
    return json.dumps({"keys": [key.as_dict(private=True) for key in keys]})


def parsed(text: str) -> list[Key]:
    """Return the keys of a text: PEM, JWK, JWK set or a shared secret."""
    if text.startswith("-----BEGIN"):
        kind = ECKey if "EC PRIVATE" in text or not _is_rsa(text) else RSAKey
        return [_named(kind.import_key(text))]
    if text.startswith(("{", "[")):
        content = json.loads(text)
        found = content["keys"] if isinstance(content, dict) and "keys" in content else content
        return [_named(_usable(jwk)) for jwk in (found if isinstance(found, list) else [found])]
    _long_enough(len(text.encode()))
    return [from_secret(text)]


def _is_rsa(pem: str) -> bool:
    try:
        RSAKey.import_key(pem)
    except (JoseError, ValueError, TypeError):
        return False
    return True


def _usable(jwk: dict[str, Any]) -> Key:
    if jwk.get("kty") == "oct":
        _long_enough(len(jwk["k"]) * 3 // 4)
    key = JWKRegistry.import_key(jwk)
    if not isinstance(key, OctKey | RSAKey | ECKey) or (isinstance(key, ECKey) and key.curve_name != CURVE):
        raise ValueError(f"a key of type {jwk.get('kty')} {jwk.get('crv', '')} is none of HS256, RS256 and ES256")
    return key


def _long_enough(size: int) -> None:
    if size < SHORTEST_SECRET:
        raise ValueError(f"a secret of {size} bytes is too short")


def _named(key: Key) -> Key:
    """Give an asymmetric key the `kid` that follows from it (RFC 7638), unless it has one."""
    if not isinstance(key, OctKey):
        key.ensure_kid()
    return key
