"""Real auth servers in processes of their own, as `make servers` sets them up; without them a test is skipped."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

ROOT = Path(__file__).parents[2] / "servers"


@dataclass(frozen=True)
class Stack:
    """A server that is set up in `servers/`, and in which words it is asked."""

    name: str
    token_path: str
    json: bool = False  # else a form
    refresh: str = "refresh_token"
    access: str = "access_token"

    def command(self, setting: str) -> list[str]:
        """How it is started; skips where it is not set up."""
        folder = ROOT / self.name
        python, script = folder / ".venv/bin/python", folder / "serve.mjs"
        if script.exists() and (folder / "node_modules").is_dir() and (node := shutil.which("node")) is not None:
            return [node, str(script), setting]
        if (python.parent.parent / ".ready").exists():
            return [str(python), str(folder / "serve.py"), setting]
        pytest.skip(f"{self.name} is not set up: make servers")

    def asks(self, token: str) -> dict[str, Any]:
        """A refresh, as httpx takes its body."""
        form = {"grant_type": "refresh_token", "client_id": "app", self.refresh: token}
        return {"json": {self.refresh: token}} if self.json else {"data": form}


DJANGO_OAUTH_TOOLKIT = Stack("django-oauth-toolkit", "/o/token/")
SIMPLEJWT = Stack("simplejwt", "/api/token/refresh/", json=True, refresh="refresh", access="access")
OIDC_PROVIDER = Stack("oidc-provider", "/token")
AUTHLIB = Stack("authlib", "/oauth/token")
OAUTH2_SERVER = Stack("oauth2-server", "/oauth/token")
BETTER_AUTH = Stack("better-auth", "/api/auth/oauth2/token")
STACKS = (DJANGO_OAUTH_TOOLKIT, SIMPLEJWT, OIDC_PROVIDER, AUTHLIB, OAUTH2_SERVER, BETTER_AUTH)


@contextmanager
def served(stack: Stack, setting: str) -> Iterator[str]:
    """Run it; yield its URL."""
    with subprocess.Popen(stack.command(setting), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().decode().split()[2]
        finally:
            process.terminate()


def tables(url: str) -> dict[str, int]:
    """What the server's own tables say."""
    told: dict[str, int] = httpx.get(f"{url}/tables", trust_env=False, timeout=60).json()
    return told
