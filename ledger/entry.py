"""An entry: one request as the server saw it. The mock and the proxy write entries, the judge reads them."""

import msgspec


class Entry(msgspec.Struct, gc=False):
    """
    One request. Instants are s since the epoch on the server's clock.

    A field without a default is in every stored line: a line that lacks one is no entry.
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


def received(
    world: str, method: str, target: str, at: float, client: str | None = None, attempt: str | None = None
) -> Entry:
    """Return the entry of a request that arrived at `at`: nothing is decided about it yet."""
    return Entry(0, world, client, attempt, None, None, method, target, at, 0.0, 0, None, None, None, None)
