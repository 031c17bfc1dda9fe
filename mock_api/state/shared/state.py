"""A world's state in a Redis, put together."""

from collections.abc import Callable

from race401.mock_api.rules.worlds import World
from race401.mock_api.signing.jwt import Keys
from race401.mock_api.state.database import SIGNUPS, TOKENS, State
from race401.mock_api.state.shared.accounts import SharedAccounts
from race401.mock_api.state.shared.families import SharedFamilies
from race401.mock_api.state.shared.limits import SharedBuckets
from race401.mock_api.state.shared.link import Link


def state(link: Link, world: World, clock: Callable[[], float], keys: Keys, seal: bytes) -> State:
    """Return it; keys and seal must be the same in every process."""
    store = SharedFamilies(link, world, clock)
    return State(
        store,
        SharedAccounts(link, world),
        SharedBuckets(link, world, "tokens", TOKENS, clock),
        SharedBuckets(link, world, "signups", SIGNUPS, clock),
        keys,
        seal,
        store.foresee,
    )
