"""`make peers`: another client's own tests, against worlds that its repository describes."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from bounds import HANG
from joserfc.jwk import RSAKey
from ports import free_port

ROOT = Path(__file__).parents[2]
COMPOSE = """
services:
  gotrue: # sign-ups are confirmed at once
    image: supabase/auth:v2.187.0
    environment:
      GOTRUE_JWT_SECRET: '37c304f8-51aa-419a-a1af-06154e63707a'
      PORT: {port}
      GOTRUE_DISABLE_SIGNUP: '{closed}'
      GOTRUE_MAILER_AUTOCONFIRM: 'true'
  db:
    image: supabase/postgres:15.1.1.46
"""
SIGN_UP = """
import httpx
who = {{"email": "ada@race401.test", "password": "correct horse"}}
answer = httpx.post("http://localhost:{port}/signup", json=who)
print(answer.status_code, sorted(answer.json())[:2])
raise SystemExit(7)
"""


def peers(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run it."""
    command = [sys.executable, str(ROOT / "bench" / "peers.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=HANG, check=False)


@pytest.mark.slow
@pytest.mark.parametrize(("closed", "printed"), [("false", "200 ['access_token', 'expires_at']"), ("true", "422 [")])
def test_a_suite_finds_the_servers_of_its_repository_where_it_looks_for_them(
    tmp_path: Path, closed: str, printed: str
) -> None:
    """Below no path, on the port that it has in its code; the exit code is the suite's."""
    port = free_port()
    (tmp_path / "infra").mkdir()
    (tmp_path / "infra" / "docker-compose.yml").write_text(COMPOSE.format(port=port, closed=closed))
    (tmp_path / "suite.py").write_text(SIGN_UP.format(port=port))
    done = peers(str(tmp_path), f"{sys.executable} suite.py")
    assert (done.returncode, done.stdout.startswith(printed)) == (7, True), done.stdout + done.stderr


CONFIG = """
[api]
port = {port}
[auth]
signing_keys_path = "./keys.json"
enable_signup = true
enable_anonymous_sign_ins = {anonymous}
[auth.email]
enable_confirmations = false
"""
AS_A_GUEST = """
import httpx
at = "http://127.0.0.1:{port}/auth/v1"
answer = httpx.post(at + "/signup", json={{}})
print(answer.status_code, [key["kid"] for key in httpx.get(at + "/.well-known/jwks.json").json()["keys"]])
"""


@pytest.mark.slow
@pytest.mark.parametrize(("anonymous", "printed"), [("true", "200 ['mine']"), ("false", "422 ['mine']")])
def test_a_suite_for_supabases_command_line_finds_its_server(tmp_path: Path, anonymous: str, printed: str) -> None:
    """Below the gateway's path, with the keys that the suite has made."""
    port, folder = free_port(), tmp_path / "test/supabase"
    folder.mkdir(parents=True)
    key = RSAKey.generate_key(2048).as_dict(private=True) | {"kid": "mine", "alg": "RS256", "key_ops": ["sign"]}
    (folder / "config.toml").write_text(CONFIG.format(port=port, anonymous=anonymous))
    done = peers(str(tmp_path), "true")
    assert (done.returncode, "keys.json: No such file" in done.stderr) == (2, True)
    (folder / "keys.json").write_text(json.dumps([key]))
    (tmp_path / "suite.py").write_text(AS_A_GUEST.format(port=port))
    done = peers(str(tmp_path), f"{sys.executable} suite.py")
    assert (done.returncode, done.stdout.strip()) == (0, printed), done.stdout + done.stderr


def test_without_a_suite_it_says_what_it_wants(tmp_path: Path) -> None:
    assert (done := peers("", "")).returncode == 2
    assert done.stderr.startswith("make peers SUITE=DIR")
    assert (done := peers(str(tmp_path), "true")).returncode == 2
    assert "no auth server in infra/docker-compose.yml or test/supabase/config.toml; SUITE is" in done.stderr
