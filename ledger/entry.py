"""An entry: one request as the server saw it. The mock and the proxy write entries, the judge reads them."""

from typing import Literal, TypeAlias

import msgspec

SCHEMA = 1  # of the facts below; an entry of schema 0 has none
Kind: TypeAlias = Literal[
    "api",
    "exchange",
    "sign_in",
    "sign_out",
    "preflight",
    "other",  # of the auth server, or without a token by its nature
    "unreadable",  # of a token endpoint, in a dialect that the recorder does not know
    "unnamed",  # looks like a refresh, at a path that was not named as a token endpoint
]
UNAUTHORIZED = 401
Ended: TypeAlias = Literal["none", "token", "family", "session", "user"]  # family: its refresh tokens


class Entry(msgspec.Struct, gc=False, omit_defaults=True):
    """
    One request. Instants are s since the epoch on the server's clock.

    A field without a default is in every stored line: a line that lacks one is no entry. Those with one are facts:
    what was on the wire, and nothing that was concluded from it. Tokens, peers and redirects are fingerprints, of 16
    hexadecimal digits; those of different keys cannot be compared.
    """

    seq: int  # the order of decision; 0: not decided yet
    world: str
    client: str | None  # X-Race401-Client
    attempt: str | None  # X-Race401-Attempt
    family: str | None
    generation: int | None  # of the token that was presented
    method: str
    target: str  # path and query, without the world
    received_at: float
    answered_at: float
    status: int  # 0: cut off before any answer, or the client hung up while it was held
    cause: str | None
    token_left_s: float | None  # of the access token that was sent, or that came with the refresh token
    grant_outcome: str | None
    fault: str | None
    schema: int = 0  # SCHEMA, if whoever wrote this knows facts
    kind: Kind | None = None  # what was asked for; None: an older ledger does not say
    key: str | None = None  # which key the fingerprints are under
    sent: str | None = None  # the access token that came with the request
    presented: str | None = None  # the refresh token
    credentials: str | None = None  # with which, and for which scope, a client signed in as itself
    brought_access: str | None = None  # what the answer brought
    brought_refresh: str | None = None
    peer: str | None = None  # client address and user agent
    hung_up: bool = False  # the client did, before the answer
    hung_up_at: float | None = None  # when it did, s; None: that was not seen
    body_length: int | None = None  # of the request, in bytes
    redirect: str | None = None  # where this answer redirects to, or what redirect this request may follow
    ended: Ended | None = None  # by this decision, where the server itself says so
    rewritten: str | None = None  # what a proxy changed in this answer on purpose: location, cookie, ...
    clock_set: float | None = None  # s by which the recorder's clock was set since the entry before; None: it was not
    unwritten: int = 0  # entries of this process, just before this one, that could not be written
    refusal: bool = False  # of the access token, in the server's dialect, by another status than 401

    @property
    def unauthorized(self) -> bool:
        """Whether the answer refuses the access token, or the want of one: by a 401, or as the server says it."""
        return self.status == UNAUTHORIZED or self.refusal


def received(
    world: str, method: str, target: str, at: float, client: str | None = None, attempt: str | None = None
) -> Entry:
    """Return the entry of a request that arrived at `at`: nothing is decided about it yet."""
    return Entry(0, world, client, attempt, None, None, method, target, at, 0.0, 0, None, None, None, None)
