"""What a sign-in or a refresh brings."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Tokens:
    """An access token, the refresh token that came with it, and when the first one ends (s since the epoch)."""

    access: str = field(repr=False)
    refresh: str = field(repr=False)
    ends_at: float

    @classmethod
    def of(cls, answer, now):
        """Return those in a token endpoint's answer, received at `now`."""
        return cls(answer["access_token"], answer["refresh_token"], now + answer["expires_in"])
