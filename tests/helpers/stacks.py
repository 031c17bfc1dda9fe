"""Real auth servers in processes of their own, as `make servers` sets them up; without them a test is skipped."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from _pytest.mark.structures import ParameterSet
from bounds import HANG

from race401.harness.commands import server_board
from race401.harness.commands.server_board import NotServed
from race401.harness.probe.servers import Server, load

ROOT = Path(__file__).parents[2] / "servers"
SERVERS = load(ROOT / "servers.toml")


@dataclass(frozen=True)
class Stack:
    """A server that is set up in `servers/`, and in which words it is asked."""

    name: str
    token_path: str
    json: bool = False  # else a form
    other: str = "safe"  # a setting beside `documented`
    refresh: str = "refresh_token"
    access: str = "access_token"

    def asks(self, token: str) -> dict[str, Any]:
        """A refresh, as httpx takes its body."""
        form = {"grant_type": "refresh_token", "client_id": "app", self.refresh: token}
        return {"json": {self.refresh: token}} if self.json else {"data": form}


DJANGO_OAUTH_TOOLKIT = Stack("django-oauth-toolkit", "/o/token/")
SIMPLEJWT = Stack("simplejwt", "/api/token/refresh/", json=True, refresh="refresh", access="access")
OIDC_PROVIDER = Stack("oidc-provider", "/token")
AUTHLIB = Stack("authlib", "/oauth/token")
OAUTH2_SERVER = Stack("oauth2-server", "/oauth/token", other="one-row")
BETTER_AUTH = Stack("better-auth", "/api/auth/oauth2/token")
DOORKEEPER = Stack("doorkeeper", "/oauth/token", other="instant")
STACKS = (DJANGO_OAUTH_TOOLKIT, SIMPLEJWT, OIDC_PROVIDER, AUTHLIB, OAUTH2_SERVER, BETTER_AUTH, DOORKEEPER)


def marked(names: Iterable[str]) -> list[ParameterSet]:
    """Servers of the list as parameters of a test; what `make servers` cannot set up may be missing in CI."""
    own = {name: SERVERS[name].set_up == "make servers" for name in names}
    return [pytest.param(name, marks=() if own[name] else pytest.mark.elsewhere, id=name) for name in own]


@contextmanager
def running(server: Server) -> Iterator[str]:
    """Run it; yield its URL."""
    try:
        with server_board.served(server, ROOT) as url:
            yield url
    except NotServed as missing:
        pytest.skip(f"{server.server}: {missing}")


def listed(stack: Stack, setting: str) -> str:
    """Its name in the list."""
    return next(name for name, each in SERVERS.items() if (each.folder, each.setting) == (stack.name, setting))


def tables(url: str) -> dict[str, int]:
    """What the server's own tables say."""
    told: dict[str, int] = httpx.get(f"{url}/tables", trust_env=False, timeout=HANG).json()
    return told
