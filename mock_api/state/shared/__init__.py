"""Worlds whose state several processes share, in a Redis."""

from race401.mock_api.state.shared.link import Link
from race401.mock_api.state.shared.state import state

__all__ = ["Link", "state"]
