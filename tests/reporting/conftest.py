"""A chromium for the tests that look at pages."""

from collections.abc import Iterator

import pytest
from looking import Browser, chromium


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Called, it opens a window."""
    with chromium(tmp_path_factory.mktemp("profile")) as opened:
        yield opened
