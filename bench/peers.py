"""
`make peers SUITE=DIR RUN="..."`: the own tests of a client of Supabase Auth, unchanged, against the mock.

DIR is a checkout that says which auth servers its tests want: in `infra/docker-compose.yml`, as src/auth of
supabase/supabase-py and supabase/auth-js have it, or for Supabase's command line in `test/supabase/config.toml`, as
packages/core/auth-js of supabase/supabase-js has it. Each becomes a world, and `race401 proxy` puts it where the
tests look for it. RUN is what runs them, in DIR, with all that they need installed.
"""

import contextlib
import hashlib
import json
import re
import shlex
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

COMPOSE = Path("infra") / "docker-compose.yml"
CONFIG = Path("test") / "supabase" / "config.toml"
SERVICE, IMAGE = re.compile(r"^  \w+:", re.MULTILINE), "image: supabase/auth:"
SETTING = re.compile(r"^ +(GOTRUE_\w+|PORT|DATABASE_URL): '?(.*?)'?$", re.MULTILINE)
PREFIX = "/auth/v1"
USAGE = 2


@dataclass(frozen=True, slots=True)
class Server:
    """An auth server that a suite wants."""

    port: int
    prefix: str  # of its paths, where the tests look for it
    keys: str  # a secret, or a set of keys as JSON
    settings: dict[str, Any]  # of its world

    @property
    def name(self) -> str:
        """Its world's."""
        return f"peer-{self.port}"


def main(suite: Path, command: Sequence[str]) -> int:
    """Serve what the suite wants, run it, and return its exit code."""
    try:
        servers = list(_composed(suite)) if (suite / COMPOSE).exists() else []
        servers += [_configured(suite / CONFIG)] if (suite / CONFIG).exists() else []
    except OSError as error:
        print(f"{error.filename}: {error.strerror}", file=sys.stderr)
        return USAGE
    if not servers:
        print(f"{suite}: no auth server in {COMPOSE} or {CONFIG}; SUITE is a checkout of a client", file=sys.stderr)
        return USAGE
    with tempfile.TemporaryDirectory(prefix="race401-peers-") as folder, contextlib.ExitStack() as stack:
        here = Path(folder)
        (here / "worlds.toml").write_text("\n".join(_world(server, here) for server in servers))
        mock = stack.enter_context(_running(here, "serve", "--port", "0", "--worlds", str(here / "worlds.toml")))
        for server in servers:
            target = f"{mock}/{server.name}{PREFIX.removesuffix(server.prefix)}"
            ledger = str(here / f"{server.port}.jsonl")
            stack.enter_context(
                _running(here, "proxy", "--port", str(server.port), "--target", target, "--ledger", ledger)
            )
        return subprocess.run(command, cwd=suite, check=False).returncode


def _composed(suite: Path) -> Iterator[Server]:
    """Yield the auth servers of the containers; what signs comes first."""
    for service in SERVICE.split((suite / COMPOSE).read_text()):
        if IMAGE not in service:
            continue
        told = dict(SETTING.findall(service))
        keys = told["GOTRUE_JWT_SECRET"]
        if "GOTRUE_JWT_KEYS" in told:
            listed = sorted(json.loads(told["GOTRUE_JWT_KEYS"]), key=lambda key: "sign" not in key["key_ops"])
            keys = keys if listed[0]["kty"] == "oct" else json.dumps({"keys": listed})
        settings = {
            "database": f"peers-{hashlib.sha256(told.get('DATABASE_URL', '').encode()).hexdigest()[:8]}",
            "signups": told["GOTRUE_DISABLE_SIGNUP"] != "true",
            "autoconfirm": told["GOTRUE_MAILER_AUTOCONFIRM"] == "true",
            "anonymous": told.get("GOTRUE_EXTERNAL_ANONYMOUS_USERS_ENABLED") == "true",
        }
        yield Server(int(told["PORT"]), "", keys, settings)


def _configured(path: Path) -> Server:
    """Return the auth server that Supabase's command line would start."""
    told = tomllib.loads(path.read_text())
    auth = told["auth"]
    keys = auth.get("jwt_secret", "")
    if "signing_keys_path" in auth:
        keys = json.dumps({"keys": json.loads((path.parent / auth["signing_keys_path"]).read_text())})
    settings = {
        "signups": auth["enable_signup"],
        "autoconfirm": not auth["email"]["enable_confirmations"],
        "anonymous": auth["enable_anonymous_sign_ins"],
    }
    return Server(told["api"]["port"], PREFIX, keys, settings)


def _world(server: Server, folder: Path) -> str:
    """Return a world as TOML, and write its keys."""
    keys = folder / str(server.port)
    keys.write_text(server.keys)
    keys.chmod(0o600)
    about = {"like": "supabase", "summary": f"an auth server at {server.port}", "keys": str(keys), **server.settings}
    return f"[{server.name}]\n" + "".join(f"{name} = {json.dumps(value)}\n" for name, value in about.items())


@contextlib.contextmanager
def _running(folder: Path, *command: str) -> Iterator[str]:
    """Run one of our commands until this is left; yield the address that it prints first."""
    with (
        (folder / f"{command[0]}.err").open("a") as errors,
        subprocess.Popen(
            [sys.executable, "-m", "race401.harness", *command], stdout=subprocess.PIPE, stderr=errors, text=True
        ) as process,
    ):
        assert process.stdout is not None
        try:
            found = re.search(r" at (http://\S+)", process.stdout.readline())
            if found is None:
                raise SystemExit((folder / f"{command[0]}.err").read_text().strip() or f"{command[0]} did not start")
            yield found[1]
        finally:
            process.terminate()


if __name__ == "__main__":
    if len(sys.argv) != 3 or not all(sys.argv[1:]):
        print(
            'make peers SUITE=DIR RUN="python -m pytest tests": a checkout, and what runs its tests', file=sys.stderr
        )
        raise SystemExit(USAGE)
    raise SystemExit(main(Path(sys.argv[1]), shlex.split(sys.argv[2])))
