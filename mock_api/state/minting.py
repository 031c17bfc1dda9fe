"""A world's tokens: made as its settings say, and told from those that nobody here made."""

import hashlib
import hmac
import uuid
from collections.abc import Callable

from race401.mock_api.rules import refresh_tokens
from race401.mock_api.rules.family import Family, Link
from race401.mock_api.rules.issuer import tracks
from race401.mock_api.rules.worlds import World
from race401.mock_api.signing.jwt import Cause, Keys, Verified
from race401.mock_api.signing.opaque import closed, opened
from race401.mock_api.state.accounts import User
from race401.mock_api.state.claims import claims_of, refresh_claims, service_claims


class Mint:
    """Makes tokens and reads them. `seal` signs v2 refresh tokens; `now` is in s; `see` hears of each secret."""

    def __init__(
        self, world: World, keys: Keys, seal: bytes, now: Callable[[], float], see: Callable[[str], object]
    ) -> None:
        self._world, self.keys, self._seal, self._now, self._see = world, keys, seal, now, see
        self._tracks, self._opaque = tracks(world), world.access_format == "opaque"
        self._issuer = f"http://race401.test/{world.name}/auth/v1"

    def refresh_token(self, session: str, generation: int) -> str:
        """Return a new refresh token of a session, of this generation."""
        match self._world.refresh_format:
            case "random":
                token = refresh_tokens.chance()
            case "counted":
                token = refresh_tokens.counted(self._key(session), session, generation)
            case "jwt":
                token = self.keys.sign(refresh_claims(self._issuer, self._now()))
        self._see(token)
        return token

    def is_genuine(self, token: refresh_tokens.Counted) -> bool:
        """Return whether a v2 refresh token was made here."""
        return refresh_tokens.genuine(self._key(token.session), token)

    def access_token(
        self, family: Family, link: Link, user: User, issued_at: int, expires_at: int, *, anew: bool = False
    ) -> str:
        """Return the access token that comes with a link: the same one each time, unless it is made anew."""
        jti = self._jti(family, link, anew=anew)
        token = self.keys.sign(claims_of(family, user, self._issuer, issued_at, expires_at, jti))
        if self._opaque:
            token = closed(token)
            self._see(token)
        return token

    def read(self, token: str) -> Verified | Cause:
        """Return what an access token of ours says, or why it is none. Its dates are the caller's to judge."""
        return self.keys.genuine(opened(token) if self._opaque else token)

    def service_key(self) -> str:
        """Return an admin's token for this world."""
        key = self.keys.sign(service_claims(self._issuer, self._now()))
        return closed(key) if self._opaque else key

    def _key(self, session: str) -> bytes:
        return hmac.digest(self._seal, session.encode(), hashlib.sha256)

    def _jti(self, family: Family, link: Link, *, anew: bool) -> str | None:
        """Return the access token's id: that of the link with which it came, so that the same pair is the same."""
        if not (self._world.jti or self._tracks):
            return None
        named = f"{link.generation} {link.token}".encode()
        jti = str(uuid.uuid4()) if anew else hmac.digest(self._key(family.id), named, hashlib.sha256).hex()[:32]
        return f"{jti}.{link.generation}" if self._tracks else jti
