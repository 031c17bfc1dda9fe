"""Which client is guarded: `pytest` takes the one that is shipped, `pytest --client naive` the one before it."""

import pytest

from addressbook import Client
from addressbook.naive import NaiveClient

CLIENTS = {"shipped": Client, "naive": NaiveClient}


def pytest_addoption(parser):
    parser.addoption("--client", choices=CLIENTS, default="shipped")


@pytest.fixture
def client_of(request):
    """The class of the client under test."""
    return CLIENTS[request.config.getoption("--client")]
