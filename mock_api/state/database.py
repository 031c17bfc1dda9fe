"""Where the state of a world lives: in this process, or wherever `State` says. Worlds may share a database."""

import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from race401.mock_api.rules.rate_limits import Buckets, Limit
from race401.mock_api.rules.worlds import World
from race401.mock_api.signing.jwt import Keys, Verified
from race401.mock_api.state.accounts import Accounts, MemoryAccounts
from race401.mock_api.state.store import MemoryStore, Sleep, Store, Tables, TwoStepStore

TOKENS, SIGNUPS = 150, 30  # requests in 5 minutes (GoTrue's defaults)


@dataclass(frozen=True)
class State:
    """Where a world's state lives, if not in this process alone."""

    store: Store
    accounts: Accounts
    token_limit: Limit
    signup_limit: Limit
    keys: Keys
    seal: bytes
    foresee: Callable[[Verified], Awaitable[None] | None] | None = None
    """What to await so that the store knows the token's family before `verify` asks; memory needs nothing."""


class Database:
    """What worlds of one database share, in this process: sessions, accounts, and what signs v2 refresh tokens."""

    def __init__(self) -> None:
        self.tables, self.accounts, self.seal = Tables(), MemoryAccounts(), secrets.token_bytes(32)


def in_memory(
    world: World, clock: Callable[[], float], secret: str | None, sleep: Sleep, database: Database
) -> State:
    """Return a state that lives and dies with this process."""
    store = TwoStepStore if world.losers_get == "overwrite" else MemoryStore
    return State(
        store(world.transaction, clock, sleep, queued=world.losers_get == "as_reuse", tables=database.tables),
        database.accounts,
        Buckets(TOKENS, clock),
        Buckets(SIGNUPS, clock),
        Keys(secret, algorithm=world.algorithm, file=world.keys),
        database.seal,
    )
