"""The fixtures for other people's tests: what they hand out, what they fail, what they say, and what they cost."""

import asyncio
import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from bounds import HANG

from race401.harness.fixtures import Judging, Server
from race401.harness.fixtures.server import command_line
from race401.harness.judge.checks import Value
from race401.harness.tokens import FIXED, HARDENED, PRE_FIX, AuthServer, Policy, TokenAuth, TokenPair
from race401.mock_api.races.program import shipped

PAGE = ("/contacts?limit=1", "/me/entitlements", "/contacts", "/persona-notes", "/messages")
PATIENT = 60.0  # s, as long as the mock can be asked to wait: only a hang lasts so long
PYTEST = [sys.executable, "-m", "pytest", "-q", "-p", "race401.harness.pytest_plugin", "-p", "no:cacheprovider"]


@contextmanager
def signed_in(server: Server, policy: Policy, left: float | None) -> Iterator[httpx.Client]:
    """A client of this policy, whose first token has so much left."""
    with httpx.Client() as own:
        auth = TokenAuth(AuthServer(server.auth_url, client=own), policy=policy)
        auth.sign_in(TokenPair.of(server.signed_in(left=left)))
        with httpx.Client(base_url=server.url, auth=auth) as client:
            yield client


def burst(server: Server, policy: Policy, *targets: str, left: float | None = None) -> list[int]:
    """Send them at once, each from a thread of its own; return what the program saw."""
    with signed_in(server, policy, left) as client, ThreadPoolExecutor(len(PAGE)) as threads:
        return [answer.status_code for answer in threads.map(client.get, targets or PAGE)]


def failure(verdict: Judging, **given: Any) -> str:
    """What `check` says as it fails the test."""
    with pytest.raises(pytest.fail.Exception) as failed:
        verdict.check(**given)
    return str(failed.value)


# --- the verdict ----------------------------------------------------------------------------------


def test_a_sound_client_passes(race401_server: Server, race401_verdict: Judging) -> None:
    race401_server.arm("concurrent-expiry", within_s=HANG)
    assert burst(race401_server, HARDENED, left=1) == [200] * 5
    verdict = race401_verdict.check(covers="refresh")
    assert (verdict.value, verdict.rows[0].exchanges, verdict.rows[0].requests) == (Value.PASS, 1, 5)


def test_a_client_that_refreshes_for_each_caller_fails(race401_server: Server, race401_verdict: Judging) -> None:
    race401_server.arm("concurrent-expiry", within_s=HANG)
    burst(race401_server, PRE_FIX, left=1)
    told = failure(race401_verdict)
    assert told.startswith(
        "FAIL: [rfc9700] the client: the app saw 4 401s in 5 requests (4 missing_token), and there"
    )
    assert "FAIL     sessions-lost: the client: 1 of 1 session lost, and there should be none (ledger #" in told
    assert "reused: the server takes it for theft and revokes the session" in told
    assert race401_verdict.judge().exit_code == 1


def test_what_is_expected_may_be_changed(race401_server: Server, race401_verdict: Judging) -> None:
    with signed_in(race401_server, FIXED, left=1) as client:
        race401_server.revoke()
        client.get("/messages")
    assert race401_verdict.judge().value is Value.FAIL
    race401_verdict.check(sessions_lost="some", caller_401s="any", exchanges_per_generation="any")


def test_an_empty_ledger_proves_nothing(race401_server: Server, race401_verdict: Judging) -> None:
    assert failure(race401_verdict) == (
        "UNKNOWN: the ledger is empty: nobody made a request\n\n"
        "UNKNOWN  completeness: the ledger is empty: nobody made a request"
    )
    httpx.get(race401_server.url.partition("/~")[0] + "/messages")
    assert "1 requests came in at other addresses of the mock: give the client race401_server.url" in failure(
        race401_verdict
    )


def test_a_burst_with_a_fresh_token_proves_nothing(race401_server: Server, race401_verdict: Judging) -> None:
    """Unless the test says that it is about something else."""
    burst(race401_server, HARDENED)
    assert failure(race401_verdict).startswith(
        "UNKNOWN: no token was refused or came near its end, so that nothing was tried; sign in with `left=1`"
    )
    race401_verdict.check(covers=())


def test_a_race_that_did_not_come_about_proves_nothing(race401_server: Server, race401_verdict: Judging) -> None:
    armed = race401_server.arm("late-401", within_s=0.2)
    burst(race401_server, HARDENED, "/messages", left=1)
    assert armed.told("ended", within=PATIENT)["state"] == "did_not_come_about"
    told = failure(race401_verdict)
    assert "UNKNOWN  coverage: the race late-401 did not come about: rule 1 held" in told
    assert "FAIL" not in told
    race401_server.arm("lost-answer")
    assert "the race lost-answer did not come about: it still waits: no request was made that it" in failure(
        race401_verdict
    )


@pytest.mark.parametrize("given", [{"covers": "bursts"}, {"caller_401": "none"}, {"sessions_lost": "one"}])
def test_a_wrong_word_is_named_with_the_right_ones(race401_verdict: Judging, given: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"='(bursts|none|one)': (known are|may be) \w+"):
        race401_verdict.judge(**given)


def test_two_users_are_judged_apart(race401_server: Server, race401_verdict: Judging) -> None:
    """One's 401 is not made good by the other's answer to the same request."""
    for user, left in (("ada", -5.0), ("bob", None)):
        token = race401_server.signed_in(left=left, email=f"{user}@race401.test")["access_token"]
        httpx.get(race401_server.url_for(user) + "/messages", headers={"Authorization": f"Bearer {token}"})
    assert race401_verdict.judge().rows[0].caller_401s == {"expired": 1}


# --- the server -----------------------------------------------------------------------------------


@pytest.mark.parametrize("turn", [1, 2])
def test_each_test_begins_clean(race401_server: Server, turn: int) -> None:
    assert race401_server.ledger() == []
    assert abs(race401_server.now - time.time()) < 60
    status = httpx.get(race401_server.url + "/messages").status_code
    assert (status, [entry.client for entry in race401_server.ledger()][-1]) == (401, race401_server.name)
    race401_server.arm("refresh-fails")
    race401_server.set_clock(ahead=3600)
    race401_server.age_sign_ins(1)


@pytest.mark.race401(world="supabase", lifetime=120)
class TestSettings:
    """What a class says holds for its tests, unless they say otherwise."""

    def test_its_settings(self, race401_server: Server) -> None:
        """They are the class's."""
        assert (race401_server.world, race401_server.signed_in()["expires_in"]) == ("supabase", 120)

    @pytest.mark.race401(lifetime=60, check_session=True)
    def test_the_closest_mark_counts(self, race401_server: Server) -> None:
        """With what the class says besides."""
        answer = race401_server.signed_in()
        race401_server.revoke()
        bearer = {"Authorization": f"Bearer {answer['access_token']}"}
        assert httpx.get(race401_server.url + "/messages", headers=bearer).status_code == 401
        assert (race401_server.world, answer["expires_in"]) == ("supabase", 60)


def test_a_client_signs_in_by_itself_and_time_passes(race401_server: Server) -> None:
    form = {"grant_type": "password", "username": race401_server.email, "password": race401_server.password}
    race401_server.age_sign_ins(30)
    answer = httpx.post(race401_server.token_url, data=form).json()
    bearer = {"Authorization": f"Bearer {answer['access_token']}"}
    assert 29 <= answer["expires_in"] <= 31
    assert httpx.get(race401_server.url + "/messages", headers=bearer).status_code == 200
    race401_server.advance_clock(60)
    assert httpx.get(race401_server.url + "/messages", headers=bearer).status_code == 401
    assert httpx.post(race401_server.revoke_url, data={"token": answer["refresh_token"]}).status_code == 200


@pytest.mark.parametrize("name", sorted(shipped()))
def test_every_shipped_race_can_be_armed(race401_server: Server, name: str) -> None:
    armed = race401_server.arm(name)
    assert (armed.name, armed.came_about) == (name, False)


def test_a_race_that_nobody_ships_is_refused(race401_server: Server) -> None:
    with pytest.raises(Exception, match="no race program 'late' is shipped; known: concurrent-401s, concurrent-exp"):
        race401_server.arm("late")


def test_settings_are_the_mocks_options() -> None:
    given = {"lifetime": 60, "check_session": True, "reuse_interval": 0}
    assert command_line(**given) == ("--lifetime", "60", "--check-session", "--reuse-interval", "0")
    assert command_line(check_session=False) == ()
    with pytest.raises(ValueError, match=r"no setting 'lifetimes'; known: world, lifetime, reuse_interval"):
        command_line(lifetimes=60)


# --- in a project of somebody else's ---------------------------------------------------------------


@pytest.fixture
def other_project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A folder in which pytest loads no plugin but ours: those of this environment take seconds."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    return pytester


WRONG = """
import pytest

@pytest.mark.race401(world="mars")
def test_a_world(race401_server): ...

@pytest.mark.race401(lifetimes=60)
def test_a_setting(race401_server): ...

@pytest.mark.race401(lifetime=0.5)
def test_a_value(race401_server): ...

def test_nothing_sent(race401_verdict):
    race401_verdict.check()
"""


def test_what_is_wrong_is_said_without_code_of_ours(other_project: pytest.Pytester) -> None:
    other_project.makepyfile(WRONG)
    told = other_project.run(*PYTEST, "--strict-markers").stdout
    told.fnmatch_lines(["race401_server: PUT /_race401/aging: unknown world 'mars'; known: supabase, *"])
    told.fnmatch_lines(["race401_server: no setting 'lifetimes'; known: world, lifetime, *"])
    told.fnmatch_lines(["race401_server: the mock did not start (exit 2); standard error has its last words"])
    told.fnmatch_lines(["race401: --lifetime 0.5: must be a number of seconds, 1 or more"])
    told.fnmatch_lines(["UNKNOWN: the ledger is empty: nobody made a request"])
    assert not any(line.startswith(("E  ", "During", "Traceback")) for line in told.lines)


def test_who_only_has_it_installed_imports_nothing() -> None:
    script = "import sys, pytest; before = set(sys.modules); import race401.harness.pytest_plugin; "
    script += "print(sorted(name for name in set(sys.modules) - before))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "['race401', 'race401.harness', 'race401.harness.pytest_plugin']\n"


MEETS = """
import json, socket

def test_it(race401_server):
    with socket.create_connection(("127.0.0.1", {port})) as other:
        other.sendall(json.dumps(race401_server.url).encode() + b"\\n")
        assert other.makefile().readline() == "go\\n"
    assert race401_server.ledger() == []
"""


def test_processes_side_by_side_have_a_mock_each(other_project: pytest.Pytester) -> None:
    """As pytest-xdist's workers are: each waits in its test until the other is in its own."""
    with socket.create_server(("127.0.0.1", 0)) as meeting:
        other_project.makepyfile(MEETS.format(port=meeting.getsockname()[1]))
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        runs = [other_project.popen(PYTEST, **quiet) for _ in range(2)]
        came = [meeting.accept()[0] for _ in runs]
        ports = {httpx.URL(json.loads(one.makefile().readline())).port for one in came}
        for one in came:
            one.sendall(b"go\n")
            one.close()
        assert [run.wait() for run in runs] == [0, 0]
    assert len(ports) == 2


def test_an_event_loop_may_wait_for_a_race(race401_server: Server, race401_verdict: Judging) -> None:
    armed = race401_server.arm("slow-refresh", within_s=HANG)

    async def scene() -> dict[str, Any]:
        answer = race401_server.signed_in(left=1)
        grant = {"refresh_token": answer["refresh_token"]}
        async with httpx.AsyncClient() as client:
            refresh = asyncio.create_task(
                client.post(f"{race401_server.auth_url}/token?grant_type=refresh_token", json=grant)
            )
            held = await asyncio.to_thread(armed.told, "holding", PATIENT)
            race401_server.set_clock(ahead=0)
            refresh.cancel()
        return held

    assert asyncio.run(scene())["rules"][0]["held"] == 1
