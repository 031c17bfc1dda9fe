"""No token, key or password is in any file that is written or in any byte that is printed, whatever runs."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote_to_bytes

import httpx
import pytest
from bounds import HANG

from race401.scenarios.__main__ import NAMES, scenario

ROOT = Path(__file__).parents[2]
MINTING = ROOT / "tests" / "minting"
SHORTEST = 8  # characters
RUN = re.compile(rb"[\w-]{8,}")
WHO = {"email": "ada@race401.test", "password": "a-password-of-nobody-else"}


class Watched:
    """A folder in which programs run, all that they write and print, and the secrets that they made meanwhile."""

    def __init__(self, folder: Path, *, planted: bool = False) -> None:
        self.folder, self.caught = folder / "run", folder / "caught"
        (self.folder / "tmp").mkdir(parents=True)
        self.environment = {
            **os.environ,
            "PYTHONPATH": str(MINTING),
            "PYTHONUNBUFFERED": "1",
            "CAUGHT": str(self.caught),
            "PLANTED": "1" if planted else "",
            "TMPDIR": str(self.folder / "tmp"),
            "HOME": str(self.folder),
        }
        self._printed = 0

    def printing(self) -> Path:
        """A file for what the next program prints."""
        self._printed += 1
        return self.folder / f"printed-{self._printed}"

    def run(self, *command: str) -> None:
        """Run a Python program to its end, however that is."""
        with self.printing().open("wb") as out:
            subprocess.run(
                [sys.executable, *command],
                cwd=self.folder,
                env=self.environment,
                stdout=out,
                stderr=out,
                timeout=HANG,
                check=False,
            )

    @contextmanager
    def serving(self, *command: str) -> Iterator[str]:
        """The address of a server, which the first line that it prints names."""
        with self.printing().open("wb") as out:
            process = subprocess.Popen(
                [sys.executable, "-m", *command],
                cwd=self.folder,
                env=self.environment,
                stdout=subprocess.PIPE,
                stderr=out,
            )
            assert process.stdout is not None
            line = process.stdout.readline()
            out.write(line)
            try:
                yield line.decode().split()[3]
            finally:
                process.send_signal(signal.SIGINT)
                out.write(process.communicate(timeout=HANG)[0])

    @property
    def secrets(self) -> set[str]:
        """All that were made, and each JWT's signature, which is one too.

        Not those below 8 characters: tests have passwords such as `x`, which are everywhere.
        """
        made = map(json.loads, self.caught.read_text().splitlines())
        whole = {secret for secret in made if len(secret) >= SHORTEST}
        return whole | {secret.rpartition(".")[2] for secret in whole if secret.count(".") == 2}

    def found(self) -> dict[str, list[str]]:
        """Where secrets are, in clear or percent-encoded: the files, by secret."""
        words: dict[bytes, str] = {}
        texts: dict[bytes, str] = {}
        for secret in self.secrets:
            said = secret.encode()
            (words if RUN.fullmatch(said) else texts)[said] = secret
        found: dict[str, list[str]] = {}
        for file in self.files():
            content = file.read_bytes()
            for said in (content, unquote_to_bytes(content)):
                there = {words[word] for word in words.keys() & set(RUN.findall(said))}
                there |= {secret for text, secret in texts.items() if b"." not in text and text in said}
                for secret in there:
                    found.setdefault(secret, []).append(str(file.relative_to(self.folder)))
        return found

    def files(self) -> list[Path]:
        """All that were written, and what was printed."""
        return [path for path in self.folder.rglob("*") if path.is_file()]


def visit(watched: Watched) -> None:
    """Sign in, refresh and read through the proxy, with every secret in every place where a client may put it."""
    where = ["--port", "0", "--ledger"]
    with (
        watched.serving("race401.harness", "serve", *where, str(watched.folder / "ledger.jsonl")) as mock,
        watched.serving(
            "race401.harness", "proxy", "--target", mock, *where, str(watched.folder / "traffic.jsonl")
        ) as url,
        httpx.Client(base_url=url, trust_env=False) as client,
    ):
        client.post("/auth/v1/signup", json=WHO)
        pair = client.post("/auth/v1/token?grant_type=password", json=WHO).json()
        refresh = {"refresh_token": pair["refresh_token"]}
        fresh = client.post("/auth/v1/token?grant_type=refresh_token", json=refresh).json()
        client.get("/contacts", headers={"Authorization": f"Bearer {fresh['access_token']}"})
        for secret in (pair["access_token"], *refresh.values(), fresh["refresh_token"], WHO["password"]):
            names = {"X-Race401-Client": f"me/{secret}", "X-Race401-Attempt": f"{secret}#1"}
            for name in ("jwt", "auth", "sig", "pass"):
                client.get("/contacts", params={name: secret})
            client.get("/contacts", params={"q": json.dumps({"refresh_token": secret})})
            client.get(f"/contacts;token={secret}")
            client.get(f"/reset/{secret}")
            client.get(f"/verify/{secret}")
            if secret != WHO["password"]:
                client.get("/contacts", headers=names)
        httpx.get(f"{mock}/_race401/counts", trust_env=False)


def searched(watched: Watched, least: int) -> None:
    """So many secrets were made, files were written, and none of the secrets is in them."""
    assert len(watched.secrets) >= least
    assert sum(file.stat().st_size for file in watched.files()) > 1000
    assert watched.found() == {}


def test_a_mock_and_a_proxy_keep_no_secret(tmp_path: Path) -> None:
    watched = Watched(tmp_path)
    visit(watched)
    searched(watched, least=8)


def test_the_search_finds_them_where_masking_is_off(tmp_path: Path) -> None:
    """Planted: both ledgers hold access token, refresh tokens and password then."""
    watched = Watched(tmp_path, planted=True)
    visit(watched)
    found = watched.found()
    assert set(found[WHO["password"]]) == {"ledger.jsonl", "traffic.jsonl"}
    assert len(found) >= 4


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_a_scenario_keeps_no_secret(tmp_path: Path, name: str) -> None:
    """Ledger, samples, manifest, reports and all that it prints, the burst's too."""
    watched, load = Watched(tmp_path), scenario(name).load
    words = ["-u", str(load.users), "-r", str(load.users), "-t", f"{load.seconds}s", "--narrate"]
    locustfile = str(ROOT / "scenarios" / f"{name}.py")
    watched.run("-m", "locust", "-f", locustfile, "--headless", *words, "--reports", str(watched.folder / "reports"))
    assert len(list((watched.folder / "reports").iterdir())) == 1
    searched(watched, least=20)


@pytest.mark.slow
@pytest.mark.parametrize("driver", [["template.py"], ["python/race401_policy.py", "hardened"]], ids=lambda d: d[-1])
def test_a_round_of_cards_keeps_no_secret(tmp_path: Path, driver: Sequence[str]) -> None:
    watched = Watched(tmp_path)
    command = [sys.executable, str(ROOT / "drivers" / driver[0]), *driver[1:]]
    watched.run("-m", "race401.harness", "card", "--keep", str(watched.folder / "cards"), "--", *command)
    assert list((watched.folder / "cards").iterdir())
    searched(watched, least=20)


@pytest.mark.slow
def test_the_mocks_of_the_tests_keep_no_secret(tmp_path: Path) -> None:
    """Whatever tests do to them: ledgers in files, workers, fixtures, the proxy."""
    watched = Watched(tmp_path)
    rooms = {
        "serve": "commands",
        "ledger": "mock",
        "fixtures": "fixtures",
        "auth_routes": "mock/api",
        "faults": "mock/races",
    }
    chosen = [f"tests/{room}/test_{name}.py" for name, room in rooms.items()]
    temporary = ["--basetemp", str(watched.folder / "tests"), "-p", "no:cacheprovider", "-m", "not slow"]
    watched.run("-m", "pytest", "--rootdir", str(ROOT), *temporary, *(str(ROOT / each) for each in chosen))
    searched(watched, least=20)
