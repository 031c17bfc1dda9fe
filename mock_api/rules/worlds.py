"""
What the servers do, as data: a world is a few orthogonal settings, and a preset is a name for some of them.

A new setting is a field here, and the rule that reads it. World files know it by the field; one that is an `option`
is in the command line of `race401 serve` as well.
"""

from dataclasses import dataclass, field, fields, replace
from typing import Any, Literal

from race401.mock_api.rules.real_servers import REAL_SERVERS
from race401.mock_api.signing import Algorithm

LONGEST = 1e9  # s, 31 years: the longest span that a request or a file may give


def option(default: Any, about: str, least: float = 0.0) -> Any:
    """Return a setting that the command line has too, for every world: `--lifetime 300`; `least`, what it may be."""
    return field(default=default, metadata={"option": about, "least": least})


@dataclass(frozen=True, slots=True)
class World:
    """The rules of one world. Durations are in s; where 0 switches a rule off, it says so."""

    name: str
    summary: str

    # --- what an exchange does to a refresh token ---
    rotates: bool = True
    """Each exchange consumes the refresh token and brings another; otherwise it is kept, and none is sent."""
    refresh_format: Literal["random", "counted", "jwt"] = "random"
    """Of refresh tokens: GoTrue's v1 (12 characters) or v2 (session and counter, signed; always the same bytes), or
    a JWT."""
    unacknowledged_brings: Literal["as_reuse", "live", "same", "sibling"] = "live"
    """Until its successor is acknowledged a consumed token brings, at any time, what any reuse does; the newest live
    token; the pair of the first use again; or a new token beside the other."""
    acknowledged_by: Literal["refresh", "use"] = "refresh"
    """A successor is acknowledged when it is exchanged itself, or when a resource first accepts its access token."""
    reuse_interval: float = option(10.0, "in s, in every world")
    """For so long a consumed refresh token is accepted again; 0: never."""
    reuse_counts_from: Literal["use", "refresh"] = "use"
    """The interval begins with the presented token's use, or with whatever exchange the session had last."""
    reuse_slides: bool = True
    """A tolerated use counts as a use: the interval begins again."""
    reuse_brings: Literal["sibling", "same", "live"] = "sibling"
    """A new token beside the other, the pair of the first use again, or the newest live token."""
    reuse_of: Literal["any", "parent"] = "any"
    """Of which consumed tokens: of any, or only of the parent of the newest live one."""
    reuse_count: int = 0
    """So often each of them is accepted again, whenever that is (Keycloak's Refresh Token Max Reuse)."""
    always_reusable: bool = False
    """A consumed counted token is accepted for ever (GOTRUE_SECURITY_REFRESH_TOKEN_ALLOW_REUSE; not read in v1)."""
    on_reuse: Literal["refuse", "revoke", "delete", "delete_all"] = "revoke"
    """What any other use of a consumed token ends: nothing, the family's refresh tokens, the whole session, or all
    sessions of the user."""
    refusal_status: Literal[400, 401, 403, 200] = 400
    """Of an exchange that is refused for good; 200 as GitHub, whose error is in the body."""
    refusal_body: Literal["supabase", "oauth"] = "supabase"
    """Its error: GoTrue's, or RFC 6749's `error` and `error_description`, which `/oauth/token` has in any world."""
    revoke_ends: Literal["family", "token"] = "family"
    """What revoking a refresh token (RFC 7009) ends: its whole session, or that token alone: a successor lives on."""
    revoke_of_consumed: Literal["as_live", "refusal", "reuse"] = "as_live"
    """Who revokes a consumed token gets what any other gets; a refusal that ends nothing; or one that ends what a
    reuse ends."""
    revoked_last_lives: bool = True
    """A family revocation counts as a use: the token that it revoked works on for the reuse interval."""
    losers_get: Literal["as_reuse", "refusal", "same", "sibling", "overwrite"] = "as_reuse"
    """Whoever was received before the presented token's consumption was committed gets what any reuse gets; a refusal
    that ends nothing; the winner's pair; a token of its own, all of which live; or one that is a lost update: an
    exchange writes what it checked over what others wrote meanwhile."""
    transaction: float = 0.0
    """An exchange takes so long. As reuse: it holds its session, and others wait (a 409 after 5 s); otherwise not."""

    # --- how long a session lives ---
    timebox: float = 0.0
    """After so long a session cannot be refreshed; 0: no limit (GOTRUE_SESSIONS_TIMEBOX)."""
    inactivity: float = 0.0
    """So long without an exchange ends a session; 0: no limit (GOTRUE_SESSIONS_INACTIVITY_TIMEOUT)."""
    single_session: bool = False
    """Only a user's most recently refreshed session can be refreshed (GOTRUE_SESSIONS_SINGLE_PER_USER)."""

    # --- accounts ---
    database: str = ""
    """Worlds with one name here share accounts and sessions, as auth servers over one database do; empty: its own."""
    signups: bool = True
    """Accounts can be made (GOTRUE_DISABLE_SIGNUP says the opposite)."""
    autoconfirm: bool = True
    """They are confirmed at once; otherwise by an admin (GOTRUE_MAILER_AUTOCONFIRM)."""
    anonymous: bool = False
    """Anonymous sign-in is allowed (GOTRUE_EXTERNAL_ANONYMOUS_USERS_ENABLED)."""
    shortest_password: int = 6
    """In bytes (GOTRUE_PASSWORD_MIN_LENGTH)."""
    rate_limit_header: str = ""
    """Requests with this header are limited per value of it; empty: no limits (GOTRUE_RATE_LIMIT_HEADER)."""

    # --- access tokens, and who checks them ---
    algorithm: Algorithm = "HS256"
    """What signs them, unless a key file says."""
    keys: str = ""
    """A file of signing keys: PEM, JWK, JWK set, or a shared secret; empty: a key is generated."""
    access_format: Literal["jwt", "opaque"] = "jwt"
    """Of access tokens: JWTs, or texts in which a client can read nothing."""
    jti: bool = False
    """Each access token has an id of its own (RFC 7519 s.4.1.7); without, two of one second are equal bytes."""
    lifetime: float = option(3600.0, "of access tokens, in s, in every world", least=1.0)
    """Of access tokens (GOTRUE_JWT_EXP)."""
    leeway: float = option(0.0, "of the resources, in s, in every world")
    """How long past `exp` resources still accept; PostgREST has 30 s."""
    refresh_ends_access_tokens: Literal["no", "at_once", "at_first_use"] = "no"
    """Resources refuse an access token once its refresh token is consumed, or once the new one is first used there;
    and once the family is revoked."""
    unauthorized_status: Literal[401, 403, 419, 200] = 401
    """What resources answer where a token is missing or no good; django-oauth-toolkit and AWS say 403, Laravel says
    419, and of GraphQL the error is in the body of a 200."""
    unauthorized_body: str = ""
    """What stands in that answer, word for word, whatever the reason; empty: PostgREST's, which names it."""
    check_session: bool = option(False, "resources check whether the session is still valid")
    """Resources also check whether the session is still valid; by default they verify the JWT alone."""
    latency: float = 0.0
    """Added between the decision and its answer."""

    @property
    def kept_in(self) -> str:
        """The name of the database that has its accounts and sessions."""
        return self.database or self.name


OPTIONS = {each.name: each for each in fields(World) if "option" in each.metadata}
LEAST: dict[str, float] = {each.name: each.metadata.get("least", 0.0) for each in fields(World)}
"""What a number may be, by its setting: none may be negative."""

SUPABASE = World(
    "supabase",
    "Supabase Auth, rotation v1: concurrent reuse is forgiven, a reuse of an older token is not",
    jti=False,
)
STRICT = World(
    "rotate-strict",
    "each refresh token works once; a second use is refused and changes nothing",
    unacknowledged_brings="as_reuse",
    reuse_interval=0.0,
    on_reuse="refuse",
    revoked_last_lives=False,
    jti=True,
)
RFC9700 = replace(
    STRICT,
    name="rfc9700",
    summary="RFC 9700 s.4.14.2 to the letter: whoever presents a consumed token revokes the whole family",
    on_reuse="revoke",
)
# 30 s is what Okta begins with and WorkOS has: see `real_servers`. ASSUMPTION: a use beyond it is answered as RFC
# 9700 has it, which Okta's documentation says and that of WorkOS does not.
OVERLAP = replace(RFC9700, reuse_interval=30.0, reuse_slides=False)

WORLDS: dict[str, World] = {
    world.name: world
    for world in (
        SUPABASE,
        replace(
            SUPABASE,
            name="supabase-v2",
            summary="Supabase Auth, rotation v2: a counter for each session; reuse beyond the interval deletes it",
            refresh_format="counted",
            reuse_counts_from="refresh",
            reuse_brings="live",
            on_reuse="delete",
        ),
        STRICT,
        RFC9700,
        replace(
            OVERLAP,
            name="overlap-same-pair",
            summary="a consumed token returns the same successor again for 30 s, like WorkOS",
            reuse_brings="same",
        ),
        replace(
            OVERLAP,
            name="overlap-new-sibling",
            summary="a consumed token returns another successor for 30 s, like Auth0 in its overlap period",
        ),
        replace(
            RFC9700,
            name="retire-on-acknowledge",
            summary="a token is retired when its successor is first used: FAPI 2.0's rule that a retry must succeed",
            unacknowledged_brings="live",
        ),
        replace(
            STRICT,
            name="no-rotation",
            summary="the refresh token stays the same, and answers omit it, like Google",
            rotates=False,
        ),
        replace(
            RFC9700,
            name="toctou",
            summary="defective, as many real servers are: RFC 9700's rules, but uses at once return a token each",
            losers_get="sibling",
            transaction=0.005,  # ASSUMPTION: a round trip to a database
        ),
    )
}
WORLDS |= {
    name: replace(WORLDS[server.like], name=name, summary=server.summary, **server.settings)
    for name, server in REAL_SERVERS.items()
}
DEFAULT = "supabase"
