"""
Bursts against a system of your own: a mock in another process, of which the run knows what a file says.

The mock's own ledger is the truth that the recorder's is held to.
"""

import csv
import json
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from bounds import HANG
from locustruns import LOCUST, ROOT, locust, served_mock
from ports import free_port

from race401.harness.judge import evidence, verdict
from race401.ledger.entry import Entry

SMALL = ["--headless", "--skip-log-setup", "-u", "4", "-r", "4"]
WORK = ["--pages", "8"]  # a page comes after the burst that loses a session, however slow the machine is
slow = pytest.mark.slow


PAGE = '["/contacts?limit=1000", "/me/entitlements", "/contacts", "/persona-notes", "/messages"]'


def shop(folder: Path, url: str, world: str = "rfc9700", page: str = PAGE, **other: str) -> Path:
    """The file of a system that is a world of this mock; `page` is TOML as it stands."""
    said = {
        "api": f"{url}/{world}",
        "token": f"{url}/{world}/oauth/token",
        "sign_in": f'POST {url}/_race401/sessions {{"email": "a@b.test", "password": "correct", "world": "{world}"}}',
    }
    lines = [f"{key} = '''{value}'''" for key, value in {**said, **other}.items()]
    lines.append(f"page = {page}")
    path = folder / "shop.toml"
    path.write_text("\n".join(lines) + "\n")
    return path


def of_role(entries: list[Entry], role: str) -> list[Entry]:
    """What its browsers asked, beside their sign-ins."""
    mine = [e for e in entries if e.client is not None and e.client.split("/")[2] == role]
    return [e for e in mine if "_race401" not in e.target]


def test_the_counts_are_the_systems_own(tmp_path: Path) -> None:
    """Requests, exchanges, 401s and sessions lost, of each policy, are those of the mock's ledger; the fix holds."""
    own = tmp_path / "own.jsonl"
    with (
        served_mock("--ledger", str(own)) as url,
        locust(tmp_path / "reports", *SMALL, *WORK, "--system", str(shop(tmp_path, url))) as run,
    ):
        code = run.ended()
    assert code == 0, run.out
    assert not run.left_over()
    told, truth = evidence.load(run.folder), evidence.load(own).entries
    rows = {row.role: row for row in verdict.judge(told).rows}
    assert rows["control"].sessions_lost, "the race was there"
    for role, row in rows.items():
        mine = of_role(truth, role)
        assert row.requests == len({e.attempt for e in mine if e.attempt is not None})
        assert row.exchanges == sum(e.grant_outcome is not None for e in mine)
        assert row.wire_401s.total() == sum(e.status == 401 and e.attempt is not None for e in mine)
        assert row.sessions_lost == len({e.family for e in mine if e.ended in {"family", "session", "user"}})
    assert {e.world for e in told.entries} == {"127.0.0.1"}
    assert told.manifest["conditions"]["shop"]["clock_set"], "no token was near its end"
    assert min(e.token_left_s or 9e9 for e in truth if e.grant_outcome) > 3000


@slow
def test_it_is_burst_upon_from_locusts_form(tmp_path: Path) -> None:
    """The system stays chosen; the form offers a load that runs, and the tab counts what the verdict counts."""
    port = free_port()
    web_ui = ["--web-host", "127.0.0.1", "--web-port", str(port)]
    transport = httpx.HTTPTransport(retries=8)
    with (
        served_mock() as url,
        locust(tmp_path / "reports", *web_ui, "--system", str(shop(tmp_path, url))) as run,
        httpx.Client(base_url=f"http://127.0.0.1:{port}", transport=transport, timeout=HANG) as web,
    ):
        run.until("Starting web interface")
        offered = json.JSONDecoder().raw_decode(web.get("/").text.split("templateArgs = ", 1)[1])[0]
        form = {"user_count": offered["num_users"], "spawn_rate": offered["spawn_rate"], "pages": "8"}
        assert web.post("/swarm", data=form).json()["success"]
        run.until("evidence: ")
        rows = run.read("verdict.json")["rows"]
        _, *counted = csv.reader(web.get("/policies/csv").text.splitlines())
        assert [(each[0], each[6], each[7]) for each in counted] == [
            (f"shop [{row['policy']}]", str(row["sessions_lost"]), str(row["exchanges"])) for row in rows
        ]
        assert rows[0]["sessions_lost"], "the race was there"
        run.ended(signal.SIGTERM)
    assert not run.left_over()


@slow
def test_a_sound_client_is_told_by_which_statuses_the_system_refuses(tmp_path: Path) -> None:
    """Its clock is slow, so that its token ends unnoticed: a 403 leads to one refresh and a retry, as a 401 would."""
    told = f"{PAGE}\nunauthorized = [401, 403]"
    with served_mock("--lifetime", "20") as url:
        file = str(shop(tmp_path, url, "django-oauth-toolkit", told))
        work = ["--conditions", "system-slow-clock", "--policies", "hardened", "-t", "45s"]
        with locust(tmp_path / "reports", *SMALL, *work, "--system", file) as run:
            run.ended()
    (row,) = verdict.judge(evidence.load(run.folder)).rows
    assert row.wire_401s["expired"], run.out
    assert not row.caller_401s, run.out


@slow
def test_a_system_that_goes_away_in_the_middle(tmp_path: Path) -> None:
    """One line says so; what was recorded until then is kept and can be judged."""
    mock = subprocess.Popen(
        [sys.executable, "-m", "race401.mock_api", "--json", "--ledger", str(tmp_path / "own.jsonl")],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert mock.stdout is not None
        url, ledger = mock.stdout.readline().split('"')[3], tmp_path / "reports" / "gone" / evidence.LEDGER
        long = [*SMALL, "-t", "60s", "--run-id", "gone", "--system", str(shop(tmp_path, url))]
        with locust(tmp_path / "reports", *long) as run:
            while not (ledger.exists() and ledger.read_text().count('"attempt":"') > 20):  # all have signed in
                assert run.process.poll() is None, run.out
            mock.kill()
            assert run.ended() in {1, 3}, run.out
    finally:
        mock.kill()
        mock.communicate(timeout=HANG)
    (line,) = [line for line in run.out.splitlines() if line.startswith("race401:") and "cannot be reached" in line]
    assert line.endswith("Connection refused; what was recorded until then is kept")
    assert "Traceback" not in run.out
    told = evidence.load(run.folder)
    assert told.entries
    assert "cannot be reached" in told.manifest["unfinished_because"]


@slow
def test_a_margin_that_is_a_share_of_a_short_lifetime_comes_due_as_well(tmp_path: Path) -> None:
    """Of tokens of five minutes hardened's margin is 75 s, not 120: with a clock set by 120 s it never refreshed."""
    with (
        served_mock("--lifetime", "300") as url,
        locust(
            tmp_path / "reports", *SMALL, *WORK, "--policies", "hardened", "--system", str(shop(tmp_path, url))
        ) as run,
    ):
        code = run.ended()
    assert code == 0, run.out


SAME = r"echo {\"access_token\":\"a\",\"refresh_token\":\"r\",\"expires_in\":9}"


@slow
@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({"token": "URL/rfc9700/contacts"}, "not a token endpoint, or not the dialect oauth"),
        ({"sign_in": "POST URL/nowhere"}, "sign_in URL/nowhere answered 404, which is no token answer"),
        ({"sign_in": "false"}, "sign_in false: exit 1: it says nothing"),
        ({"sign_in": "echo {}"}, "sign_in echo: there is no refresh token in its answer"),
        ({"sign_in": SAME}, "sign_in returns the same session twice; each call must begin a new one"),
        ({"api": "URL/nowhere"}, "page: GET URL/nowhere/contacts answered 404 to a new session's access token"),
        ({"page": '["/auth/v1/health"]'}, "answered 200 without an access token: it needs none"),
        (
            {"page": f"{PAGE}\nunauthorized = [403]"},
            "the dialect knows refusals by 403 alone: unauthorized = [403, 401]",
        ),
        ({"token": "http://127.0.0.1:9/token"}, "token http://127.0.0.1:9/token: "),
    ],
)
def test_what_does_not_work_is_said_before_any_burst(tmp_path: Path, other: dict[str, str], said: str) -> None:
    """In one line, with exit code 2 and no folder."""
    assert said in refused(tmp_path, other)


@slow
def test_tokens_that_are_always_within_the_margin_are_refused(tmp_path: Path) -> None:
    """They would be refreshed at every page, whatever the clock: and a run said to run longer."""
    said = "access tokens are valid for 100 s, and fixed would refresh at every page, with 120 s left; give it"
    assert said in refused(tmp_path, {}, "--lifetime", "100")


def refused(tmp_path: Path, other: dict[str, str], *mock: str) -> str:
    """The line that a burst upon this shop ends with, before it began; the mock's address in it is URL."""
    with served_mock(*mock) as url:
        file = shop(tmp_path, url, **{key: value.replace("URL", url) for key, value in other.items()})
        command = [*LOCUST, *SMALL, *WORK, "--reports", str(tmp_path / "reports"), "--system", str(file)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=HANG, check=False)
    assert done.returncode == 2, done.stderr
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"race401: --system {file}: ")
    assert not (tmp_path / "reports").exists()
    return line.replace(url, "URL")
