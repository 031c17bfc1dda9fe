"""What the servers do, as data: a world is a few orthogonal settings."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class World:
    """The rules of one world. Durations are in s."""

    name: str
    summary: str
    parent_of_active: bool = True
    """The parent of the newest live refresh token is accepted at any time and brings that token again."""
    reuse_interval: float = 10.0
    """For so long after its last use a consumed refresh token still brings a new one; 0: never."""
    revoked_last_lives: bool = True
    """A family revocation counts as a use: the token that it revoked works on for the reuse interval."""
    lifetime: float = 3600.0
    """Of access tokens (GoTrue's GOTRUE_JWT_EXP)."""
    leeway: float = 0.0
    """How long past `exp` resources still accept; PostgREST has 30 s."""
    check_session: bool = False
    """Resources also ask whether the server session lives; by default they verify the JWT alone."""
    latency: float = 0.0
    """Added between the decision and its answer."""


WORLDS = {
    world.name: world
    for world in (
        World(
            "supabase",
            "Supabase Auth, rotation v1: concurrent reuse is forgiven, a reuse of an older token is not",
        ),
        World(
            "rfc9700",
            "RFC 9700 s.4.14.2 to the letter: whoever presents a consumed token revokes the whole family",
            parent_of_active=False,
            reuse_interval=0.0,
            revoked_last_lives=False,
        ),
    )
}
DEFAULT = "supabase"
