"""The mock is killed under load: what a client was answered is in the ledger."""

import subprocess
import sys
import threading
from pathlib import Path

import httpx
import msgspec
import pytest
from bounds import HANG
from locustruns import ROOT

from race401.harness.judge import evidence

CLIENTS = 8
ANSWERS = 2_000  # before the kill


def load(url: str, name: str, answered: list[str], enough: threading.Event) -> None:
    """Ask until the mock is gone; note each attempt whose answer has come."""
    with httpx.Client(base_url=url, trust_env=False) as client:
        for n in range(1_000_000):
            attempt = f"{name}#{n}"
            try:
                client.get("/contacts", headers={"X-Race401-Client": name, "X-Race401-Attempt": attempt})
            except httpx.HTTPError:
                return
            answered.append(attempt)
            if len(answered) >= ANSWERS:
                enough.set()


@pytest.mark.slow
def test_no_answer_that_a_client_received_is_missing(tmp_path: Path) -> None:
    answered: list[str] = []
    path, enough = tmp_path / "ledger.jsonl", threading.Event()
    command = [sys.executable, "-m", "race401.mock_api", "--json", "--ledger", str(path)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as mock:
        assert mock.stdout is not None
        url = msgspec.json.decode(mock.stdout.readline())["url"]
        clients = [threading.Thread(target=load, args=(url, f"c{n}", answered, enough)) for n in range(CLIENTS)]
        for client in clients:
            client.start()
        assert enough.wait(HANG)
        mock.kill()
        for client in clients:
            client.join()
    written = {entry.attempt for entry in evidence.load(path).entries}
    assert len(answered) >= ANSWERS
    assert set(answered) <= written
    assert len(written) - len(answered) <= CLIENTS, "one answer of each may have been under way"
