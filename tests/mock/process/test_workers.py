"""Several mock processes over one store: what holds across processes, when one is killed, when the store is lost."""

import asyncio
import itertools
import os
import signal
import subprocess
import tempfile
import threading
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from bounds import HANG
from mocks import WHO
from redis import Redis
from sharing import Workers, broken_at, forker_of, needs_redis, redis, refresh, workers

from race401.harness.judge import evidence, verdict
from race401.ledger.entry import Entry
from race401.mock_api.http.guard import Guard
from race401.mock_api.process.options import add_options
from race401.mock_api.process.serving import prepare
from race401.mock_api.process.workers import ADDRESS, FORKING, NAMED, Plan, starts
from race401.mock_api.state.shared.link import reach
from race401.mock_api.state.store import StoreLost

pytestmark = needs_redis
EACH = 4  # clients of each process
OFTEN = 100  # times; one is enough on a quiet machine


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workers]:
    """Two processes for the tests that harm none."""
    file = tmp_path_factory.mktemp("worlds") / "worlds.toml"
    file.write_text('[lost-update]\nlike = "rfc9700"\nlosers_get = "overwrite"\ntransaction = 0.005\n')
    segments = tmp_path_factory.mktemp("segments")
    with redis() as (store, _), workers(store, segments, 2, "--worlds", str(file)) as running:
        yield running


def contended(running: Workers, world: str, rounds: int) -> None:
    """Clients of both processes exchange one token at the same instant; and again, the newest that they got."""
    clients = [running.client(pid) for pid in running.pids() for _ in range(EACH)]
    together, newest = threading.Barrier(len(clients)), [running.sign_in(world)["refresh_token"]]

    def load(client: httpx.Client) -> None:
        for number in range(rounds):
            together.wait(HANG)
            token = newest[number]
            answer = refresh(client, world, token)
            if answer.status_code == 200 and len(newest) == number + 1:
                newest.append(answer.json().get("refresh_token", token))
            together.wait(HANG)
            if len(newest) == number + 1:
                newest.append(token)

    threads = [threading.Thread(target=load, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for client in clients:
        client.close()


def of_world(entries: list[Entry], world: str) -> list[Entry]:
    """The exchanges of a world."""
    return [entry for entry in entries if entry.world == world and entry.grant_outcome is not None]


def test_one_token_rotates_once_whichever_process_is_asked(two: Workers) -> None:
    """Eight clients of two processes, one token, one instant: one success, one reuse, and then a revoked family."""
    contended(two, "rfc9700", 1)
    outcomes = [entry.grant_outcome for entry in of_world(two.entries(), "rfc9700")]
    assert outcomes == ["rotated", "reused", *["revoked"] * 6]


@pytest.mark.parametrize("world", ["supabase", "supabase-v2", "rotate-strict", "overlap-new-sibling"])
def test_the_history_of_a_contended_run_is_one_exchange_after_another(two: Workers, world: str) -> None:
    """Sorted by `seq`, every outcome is what the issuer's pure rules say after those before it."""
    contended(two, world, 10)
    mine = of_world(two.entries(), world)
    assert len(mine) == 10 * 2 * EACH
    assert broken_at(mine) is None
    assert len({entry.seq for entry in mine}) == len(mine)


def test_a_history_that_no_order_explains_is_found(two: Workers) -> None:
    """The planted violation: a store that checks and writes in two steps rotates one token more than once.

    Played until it does: two that a busy machine serves one after the other are no race.
    """
    rotated: Counter[tuple[str | None, int | None]] = Counter()
    for _ in range(OFTEN):
        contended(two, "lost-update", 5)
        mine = [entry_of(entry, "rfc9700") for entry in of_world(two.entries(), "lost-update")]
        rotated = Counter((entry.family, entry.generation) for entry in mine if entry.grant_outcome == "rotated")
        if max(rotated.values()) > 1:
            break
    assert max(rotated.values()) > 1
    assert broken_at(mine) is not None


def entry_of(entry: Entry, world: str) -> Entry:
    """The same, as if it were another world's."""
    plain = {name: getattr(entry, name) for name in entry.__struct_fields__}
    return Entry(**{**plain, "world": world})


def test_both_processes_have_the_same_keys_accounts_and_notes(two: Workers) -> None:
    """Whoever is asked: a token is good, an account is there once, and what one wrote the other reads."""
    one, other = (two.client(pid) for pid in two.pids())
    who = {"email": "both@race401.test", "password": "correct horse"}
    answer = one.post("/supabase-v2/auth/v1/signup", json=who)
    mine = {"Authorization": f"Bearer {answer.json()['access_token']}"}
    assert other.post("/supabase-v2/auth/v1/signup", json=who).json()["error_code"] == "user_already_exists"
    assert other.get("/supabase-v2/me/entitlements", headers=mine).status_code == 200
    for writer, reader, n in ((one, other, 1), (other, one, 2)):
        assert writer.post("/supabase-v2/persona-notes", json="n", headers=mine).json() == {"id": n, "body": "n"}
        assert len(reader.get("/supabase-v2/persona-notes", headers=mine).json()) == n
    refreshed = refresh(other, "supabase-v2", answer.json()["refresh_token"]).json()
    assert refreshed["user"]["email"] == "both@race401.test"
    assert one.post("/supabase-v2/auth/v1/logout", headers=mine).status_code == 204
    assert refresh(other, "supabase-v2", refreshed["refresh_token"]).json()["error_code"] == "refresh_token_not_found"
    one.close()
    other.close()


def test_they_are_forked_by_one_process_that_has_imported_what_they_need(two: Workers) -> None:
    """The keeper has threads, and no use for most of it."""
    forker = forker_of(*two.pids())
    assert (forker != two.process.pid) is (starts() is FORKING)
    for pid, imported in {two.process.pid: False, forker: forker != two.process.pid}.items():
        assert ("pydantic_core" in Path(f"/proc/{pid}/maps").read_text()) is imported


@pytest.mark.parametrize(("longer", "forked"), [(0, True), (1, False)], ids=["as long as may be", "a byte longer"])
def test_where_no_socket_fits_into_the_folder_of_temporary_files_nobody_forks_them(
    longer: int, forked: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", "/" + "x" * (ADDRESS - NAMED - 1 + longer))
    assert (starts() is FORKING) is forked


@pytest.mark.slow
def test_they_serve_then_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    far = tmp_path / ("x" * ADDRESS)
    far.mkdir()
    with redis() as (store, _):
        monkeypatch.setenv("TMPDIR", str(far))
        with workers(store, tmp_path / "segments") as running:
            assert forker_of(*running.pids()) == running.process.pid


def test_what_lives_in_one_process_is_refused(two: Workers) -> None:
    with httpx.Client(base_url=f"{two.url}/_race401", trust_env=False) as control:
        asked = [control.get("/ledger"), control.get("/counts"), control.post("/clock", json={"advance_s": 5})]
        asked += [control.post("/faults", json={"kind": "status", "status": 503}), control.delete("/programs")]
        assert {answer.status_code for answer in asked} == {501}
        assert "serve without --store" in asked[0].json()["message"]
        assert control.get("/clock").status_code == control.get("/programs/shipped").status_code == 200


@pytest.fixture
def doomed(tmp_path: Path) -> Iterator[tuple[Workers, subprocess.Popen[str]]]:
    """Two processes, and the Redis behind them."""
    with redis() as (store, server), workers(store, tmp_path / "segments") as running:
        yield running, server


class Load:
    """Clients of both processes that exchange and read without end, and note what was answered."""

    def __init__(self, running: Workers, world: str) -> None:
        self.answered: dict[str, int] = {}
        self.going = True
        self._some = threading.Semaphore(0)
        names = [f"c{n}" for n in range(2 * EACH)]
        clients = [running.client(pid) for pid in running.pids() for _ in range(EACH)]
        sessions = [running.sign_in(world, f"{name}@race401.test") for name in names]
        self.threads = [
            threading.Thread(target=self._load, args=(client, f"/{world}", name, session))
            for client, name, session in zip(clients, names, sessions, strict=True)
        ]
        for thread in self.threads:
            thread.start()

    def _load(self, client: httpx.Client, base: str, name: str, session: dict[str, str]) -> None:
        access, token = session["access_token"], session["refresh_token"]
        for n in itertools.count():
            attempt = f"{name}#{n}"
            named = {"X-Race401-Client": name, "X-Race401-Attempt": attempt}
            try:
                if n % 2:
                    answer = client.get(f"{base}/contacts", headers={**named, "Authorization": f"Bearer {access}"})
                else:
                    body = {"refresh_token": token}
                    answer = client.post(f"{base}/auth/v1/token?grant_type=refresh_token", json=body, headers=named)
            except httpx.HTTPError:
                break
            self.answered[attempt] = answer.status_code
            self._some.release()
            if not self.going:
                break
            if answer.status_code == 200 and "refresh_token" in answer.text:
                access, token = answer.json()["access_token"], answer.json()["refresh_token"]
        client.close()

    def wait(self, answers: int) -> None:
        """Return after so many more answers."""
        for _ in range(answers):
            assert self._some.acquire(timeout=HANG)

    def end(self) -> None:
        """Let everyone finish."""
        self.going = False
        for thread in self.threads:
            thread.join()


def test_a_killed_process_loses_nothing_that_was_answered(doomed: tuple[Workers, subprocess.Popen[str]]) -> None:
    """The other goes on, a new one comes, and the verdict stops where an entry may be missing."""
    running, _ = doomed
    load = Load(running, "supabase")
    load.wait(100)
    victim, other = running.pids()
    os.kill(victim, signal.SIGKILL)
    load.wait(50)
    load.end()
    now = running.pids()
    assert victim not in now
    assert other in now
    read = [evidence.load(segment) for segment in running.segments.iterdir()]
    written = {entry.attempt: entry.status for one in read for entry in one.entries}
    assert load.answered.items() <= written.items()
    judged = evidence.load(running.segments)
    assert judged.lost is not None
    assert judged.lost.cause == "worker_lost"
    assert broken_at(judged.entries) is None
    findings = verdict.judge(judged).findings
    assert any(f"lost a process (process {victim})" in finding.sentence for finding in findings)


def test_a_lost_store_is_a_503_and_no_verdict(doomed: tuple[Workers, subprocess.Popen[str]]) -> None:
    """No client is told 401, the ledger says why, and what came before is judged alone."""
    running, server = doomed
    load = Load(running, "rfc9700")
    load.wait(100)
    server.kill()
    server.wait()
    while 503 not in list(load.answered.values()):
        load.wait(1)
    load.end()
    assert set(load.answered.values()) == {200, 503}
    judged = evidence.load(running.segments)
    assert judged.lost is not None
    assert (judged.lost.cause, judged.lost.status) == ("store_lost", 503)
    assert {entry.status for entry in judged.entries} == {200}
    findings = verdict.judge(judged).findings
    assert any("the mock lost its store at entry #" in finding.sentence for finding in findings)
    assert {f.check for f in findings if f.value == "FAIL"} <= {"refreshes-in-a-row"}  # as this load does


def test_a_store_that_lost_its_data_is_a_503_and_no_verdict(tmp_path: Path) -> None:
    """It answers, and knows nobody: that is never the client's loss. A token that it never had is its refusal."""
    with redis() as (store, _), Redis.from_url(store) as asked:
        parser = ArgumentParser()
        add_options(parser)
        serving = prepare(parser.parse_args(["--store", store, "--ledger", str(tmp_path / "segments")]))
        serving._socket.close()  # what a worker would serve is asked here
        assert isinstance(serving.served, Plan)
        asyncio.run(scene_of_a_loss(serving.served.app(), asked.flushall))
    judged = evidence.load(tmp_path / "segments")
    assert judged.lost is not None
    assert (judged.lost.cause, judged.lost.status) == ("store_lost", 503)


async def scene_of_a_loss(app: Guard, lose: Callable[[], object]) -> None:
    """A token is refused that never was, and after the loss one that was is not."""
    async with httpx.AsyncClient(base_url="http://localhost", transport=httpx.ASGITransport(app)) as client:
        asking = "/rfc9700/auth/v1/token?grant_type=refresh_token"
        session = (await client.post("/_race401/sessions", json={**WHO, "world": "rfc9700"})).json()
        assert (await client.post(asking, json={"refresh_token": "abcdefghijkl"})).status_code == 400
        lose()
        assert (await client.post(asking, json={"refresh_token": session["refresh_token"]})).status_code == 503


def test_a_redis_that_evicts_is_refused_at_the_start() -> None:
    """One that keeps what it has, however little room, is not."""
    with redis() as (url, _), Redis.from_url(url) as asked:
        asked.config_set("maxmemory", "100mb")
        reach(url)
        asked.config_set("maxmemory-policy", "allkeys-lru")
        with pytest.raises(StoreLost, match=r"it evicts what it is given \(maxmemory-policy allkeys-lru\)"):
            reach(url)
