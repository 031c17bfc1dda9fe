"""
`make peers SUITE=DIR RUN="..."`: the own tests of a client of Supabase Auth, unchanged, against the mock.

DIR is a checkout with `infra/docker-compose.yml`, as src/auth of supabase/supabase-py and supabase/auth-js have: what
that says of each auth server becomes a world, and `race401 proxy` puts it where the tests look for it. RUN is what
runs them, in DIR, with all that they need installed.
"""

import contextlib
import hashlib
import json
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

COMPOSE = Path("infra") / "docker-compose.yml"
SERVICE, IMAGE = re.compile(r"^  \w+:", re.MULTILINE), "image: supabase/auth:"
SETTING = re.compile(r"^ +(GOTRUE_\w+|PORT|DATABASE_URL): '?(.*?)'?$", re.MULTILINE)
USAGE = 2


def main(suite: Path, command: Sequence[str]) -> int:
    """Serve what the suite wants, run it, and return its exit code."""
    try:
        told = (suite / COMPOSE).read_text()
    except OSError as error:
        print(f"{suite / COMPOSE}: {error.strerror}; SUITE is a checkout of a client's repository", file=sys.stderr)
        return USAGE
    every = [dict(SETTING.findall(one)) for one in SERVICE.split(told) if IMAGE in one]
    servers = {int(each["PORT"]): each for each in every}
    ports = sorted(servers)
    if not ports or ports != list(range(ports[0], ports[0] + len(ports))):
        print(f"{suite / COMPOSE}: its auth servers have the ports {ports}, not one after another", file=sys.stderr)
        return USAGE
    with tempfile.TemporaryDirectory(prefix="race401-peers-") as folder, contextlib.ExitStack() as stack:
        here = Path(folder)
        (here / "worlds.toml").write_text("\n".join(_world(servers[port], here) for port in ports))
        mock = stack.enter_context(_running(here, "serve", "--port", "0", "--worlds", str(here / "worlds.toml")))
        targets = [part for port in ports for part in ("--target", f"{mock}/peer-{port}/auth/v1")]
        ledger = ["--ledger", str(here / "traffic.jsonl")]
        stack.enter_context(_running(here, "proxy", "--port", str(ports[0]), *targets, *ledger))
        return subprocess.run(command, cwd=suite, check=False).returncode


def _world(server: dict[str, str], folder: Path) -> str:
    """Return a world as TOML, and write its keys; what signs comes first."""
    keys = folder / server["PORT"]
    if "GOTRUE_JWT_KEYS" in server:
        told = sorted(json.loads(server["GOTRUE_JWT_KEYS"]), key=lambda key: "sign" not in key["key_ops"])
        signs_by_secret = told[0]["kty"] == "oct"
        keys.write_text(server["GOTRUE_JWT_SECRET"] if signs_by_secret else json.dumps({"keys": told}))
    else:
        keys.write_text(server["GOTRUE_JWT_SECRET"])
    keys.chmod(0o600)
    settings = {
        "like": "supabase",
        "summary": f"an auth server at {server['PORT']}",
        "keys": str(keys),
        "database": f"peers-{hashlib.sha256(server.get('DATABASE_URL', '').encode()).hexdigest()[:8]}",
        "signups": server["GOTRUE_DISABLE_SIGNUP"] != "true",
        "autoconfirm": server["GOTRUE_MAILER_AUTOCONFIRM"] == "true",
        "anonymous": server.get("GOTRUE_EXTERNAL_ANONYMOUS_USERS_ENABLED") == "true",
    }
    return f"[peer-{server['PORT']}]\n" + "".join(
        f"{name} = {json.dumps(value)}\n" for name, value in settings.items()
    )


@contextlib.contextmanager
def _running(folder: Path, *command: str) -> Iterator[str]:
    """Run one of our commands until this is left; yield the address that it prints first."""
    with (
        (folder / f"{command[0]}.err").open("w") as errors,
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
