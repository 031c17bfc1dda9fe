"""Worlds whose state several processes share, in a Redis."""

from race401.mock_api.shared.link import Link
from race401.mock_api.shared.state import state

__all__ = ["Link", "state"]
