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
TESTS = ROOT / "tests"
MINTING = TESTS / "minting"
ROOMS = sorted({str(file.parent.relative_to(TESTS)) for file in TESTS.rglob("test_*.py")})
SHORTEST = 8  # characters
RUN = re.compile(rb"[\w-]{8,}")
WHO = {"email": "ada@race401.test", "password": "a-password-of-nobody-else"}

PLANTED = """
from mocks import Mock

def test_planted(tmp_path, capsys):
    mock, file = Mock(), tmp_path / "removed"
    print(mock.sign_in()["refresh_token"])
    assert capsys.readouterr().out
    file.write_text(mock.sign_in()["refresh_token"])
    file.unlink()
    (tmp_path / "left").write_text(mock.sign_in()["refresh_token"])
"""
SOURCES = ".hypothesis/constants/*"  # what Hypothesis copies out of source files, passwords of the tests too
ASKED_FOR = [  # secrets, and the files that hold them because that is what they are for
    ("correct horse", "*.env"),  # the password of a card's account, which is the same always, for its driver
    ("correct horse", "*.py"),  # the same in a copy of the sources
    ("correct horse", "*.pyc"),  # and in what is compiled of it
    ("a shared secret that is long enough to sign with", "test_*/keys"),  # a test's file of keys
    (None, "test_a_key_file_that_others_ca*/key"),  # which is refused, as a test wants it
    (None, "test_a_card_in_every_form*/seen"),  # what a test's sign-in brought, to be looked for
    (None, "test_the_same_session_twice*/tokens.json"),  # what a test's sign-in brings
]


class Watched:
    """A folder in which programs run, all that they write and print, and the secrets that they made meanwhile."""

    def __init__(self, folder: Path, *, planted: bool = False) -> None:
        self.folder, self.caught = folder / "run", folder / "caught"
        for name in ("tmp", "removed"):
            (self.folder / name).mkdir(parents=True)
        self.environment = {
            **os.environ,
            "PYTHONPATH": str(MINTING),
            "PYTHONUNBUFFERED": "1",
            "CAUGHT": str(self.caught),
            "PRINTED": str(self.folder / "printed"),
            "REMOVED": str(self.folder / "removed"),
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
        """Where secrets are that nobody asked for, in clear or percent-encoded: the files, by secret."""
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
                    if not asked_for(secret, file, content):
                        found.setdefault(secret, []).append(str(file.relative_to(self.folder)))
        return found

    def files(self) -> list[Path]:
        """All that were written, and what was printed."""
        return [path for path in self.folder.rglob("*") if path.is_file() and not path.match(SOURCES)]


def asked_for(secret: str, file: Path, content: bytes) -> bool:
    """Whether the file is there to hold it: a `--key-file` or a `FileStore`, its owner's alone, or one of these."""
    name = re.sub(r"^[0-9a-f-]{36}-", "", file.name)  # as it was before it was removed
    holds = (name == "key" and content.strip() == secret.encode()) or name in {"pair", "session"}
    alone = file.stat().st_mode & 0o077 == 0
    return (holds and alone) or any(secret == (only or secret) and file.match(path) for only, path in ASKED_FOR)


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


def run_tests(watched: Watched, *files: Path) -> str:
    """Run these files of tests, keep all that they leave, and say what pytest said."""
    for name in ("docs", "scenarios"):  # tests name them as from the project's folder
        (watched.folder / name).symlink_to(ROOT / name)
    config = ["--rootdir", str(ROOT), "-c", str(ROOT / "pyproject.toml"), "-p", "no:cacheprovider"]
    kept = ["--basetemp", str(watched.folder / "tests"), "-o", "tmp_path_retention_policy=all"]
    workers = ["-n", "2" if len(files) > 1 else "0"]
    watched.run("-m", "pytest", *config, *kept, *workers, "-m", "not slow and not browser", *map(str, files))
    return (watched.folder / "printed-1").read_text()


@pytest.mark.slow
@pytest.mark.parametrize("room", ROOMS)
def test_a_room_of_tests_keeps_no_secret(tmp_path: Path, room: str) -> None:
    """Whatever the tests do that `make test` runs, but for this file's, which search themselves."""
    watched = Watched(tmp_path)
    said = run_tests(watched, *(file for file in sorted((TESTS / room).glob("test_*.py")) if file != Path(__file__)))
    assert " passed" in said
    assert " failed" not in said, said
    assert watched.found() == {}


def test_secrets_that_a_test_prints_or_writes_are_found(tmp_path: Path) -> None:
    """Planted: one that it prints and takes from what was captured, one in a file that it removes, one in another."""
    test = tmp_path / "test_planted.py"
    test.write_text(PLANTED)
    watched = Watched(tmp_path)
    run_tests(watched, test)
    places = sorted(file.split("/")[0] for files in watched.found().values() for file in set(files))
    assert places == ["printed", "removed", "tests"]
