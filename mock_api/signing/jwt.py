"""Access tokens as real JWTs, signed and verified by joserfc; what they claim is `claims`'s to say."""

import math
from pathlib import Path
from typing import Any, Literal, TypeAlias

import msgspec
from joserfc import jws, jwt
from joserfc.errors import BadSignatureError, JoseError, UnsupportedAlgorithmError
from joserfc.jws import CompactSignature

from race401.mock_api.signing import Algorithm, keys
from race401.mock_api.signing.keys import Key

Cause: TypeAlias = Literal[
    "missing_token",
    "expired",
    "not_yet_valid",
    "session_revoked",
    "ended_by_refresh",
    "bad_signature",
    "malformed",
    "wrong_audience",
]
CACHED = 20_000  # verified tokens, at about 1.3 KB each
ROOM = 100  # of them, before those that have expired are looked for
LONGEST = 8_192  # characters; a token with Supabase's claims has about 700
PARTS = 3
AUTHENTICATED = "authenticated"  # GoTrue's default audience and role


class NoKey(Exception):
    """No key of ours has this `kid` and is used with this `alg`."""


class Verified(msgspec.Struct, frozen=True, gc=False):
    """What a genuine token says of what the mock goes by, whether or not it is still valid."""

    exp: float = math.inf  # s since the epoch, as the others; a token without one never expires, as in GoTrue
    nbf: float = 0.0
    iat: float = 0.0
    sub: str = ""
    role: str = ""
    aud: str | tuple[str, ...] | None = None
    family: str = msgspec.field(name="session_id", default="")  # empty: it names no session, as an admin's key
    jti: str = ""

    @property
    def link(self) -> int:
        """The generation of the refresh token that it came with, where its id names that; -1: it does not."""
        _, _, generation = self.jti.rpartition(".")
        return int(generation) if generation.isdecimal() else -1

    @property
    def not_before(self) -> float:
        """The later of `nbf` and `iat`."""
        return max(self.nbf, self.iat)

    @property
    def for_us(self) -> bool:
        """Whether the audience is GoTrue's, or has it as its first (RFC 7519 s.4.1.3 allows a list)."""
        return self.aud == AUTHENTICATED or (isinstance(self.aud, tuple) and self.aud[:1] == (AUTHENTICATED,))


class Keys:
    """One world's keys: signs, and verifies with a bounded cache keyed by the whole token."""

    def __init__(
        self, secret: str | None = None, *, algorithm: Algorithm = "HS256", file: str = "", given: str = ""
    ) -> None:
        self._keys = keys.parsed(given) if given else _keys(secret, algorithm, file)
        self._signer = keys.signer(self._keys)
        self._secret = next((key for key in self._keys if keys.algorithm_of(key) == "HS256" and not key.kid), None)
        self._header = {"alg": keys.algorithm_of(self._signer), "typ": "JWT"}
        if self._signer.kid:
            self._header["kid"] = self._signer.kid
        self._algorithms: list[str] = sorted({keys.algorithm_of(key) for key in self._keys})
        self._decoder = msgspec.json.Decoder(Verified)
        self._cache: dict[str, Verified] = {}
        self._room = ROOM
        self._issued = 0.0  # s since the epoch; when a token was issued last, which is all that is known of the time

    def sign(self, claims: dict[str, Any]) -> str:
        """Return the token."""
        return jwt.encode(self._header, claims, self._signer)

    def written(self) -> str:
        """Return all that another process needs in order to sign as this one: `given` to another `Keys`."""
        return keys.written(self._keys)

    def public(self) -> list[dict[str, Any]]:
        """Return the JWKs to publish."""
        return keys.public(self._keys)

    def genuine(self, token: str) -> Verified | Cause:
        """Return what the token says, or why it is not one of ours. Its dates are the caller's to judge."""
        verified = self._cache.get(token)
        if verified is not None:
            return verified
        if len(token) > LONGEST or token.count(".") != PARTS - 1:
            return "malformed"
        try:
            payload = jws.deserialize_compact(token, self._find, algorithms=self._algorithms).payload
            verified = self._decoder.decode(payload)
        except (BadSignatureError, UnsupportedAlgorithmError, NoKey):
            return "bad_signature"
        except (JoseError, msgspec.MsgspecError, ValueError, TypeError, KeyError, RecursionError):
            return "malformed"
        self._keep(token, verified)
        return verified

    def _keep(self, token: str, verified: Verified) -> None:
        """Keep what a token says; where there are twice as many as lived lately, forget those that have expired."""
        self._issued = max(self._issued, verified.iat)
        if len(self._cache) >= self._room:
            living = {old: verified for old, verified in self._cache.items() if verified.exp > self._issued}
            self._cache = living if len(living) < CACHED else {}
            self._room = min(max(ROOM, 2 * len(self._cache)), CACHED)
        self._cache[token] = verified

    def _find(self, signed: Any) -> Key:
        """Return the key that the header names by `kid`; where none is named or it is not known, the shared secret.

        That is the one without a `kid`, as GoTrue's configured secret is. A key is used with its own algorithm alone:
        a public key never serves as a shared secret.
        """
        assert isinstance(signed, CompactSignature)
        header = signed.headers()
        kid, algorithm = header.get("kid"), header.get("alg")
        named = next((key for key in self._keys if kid is not None and key.kid == kid), self._secret)
        if named is None or keys.algorithm_of(named) != algorithm:
            raise NoKey
        return named


def _keys(secret: str | None, algorithm: Algorithm, file: str) -> list[Key]:
    if file:
        return keys.read(Path(file))
    return [keys.from_secret(secret)] if secret else keys.generated(algorithm)
