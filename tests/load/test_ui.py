"""The tables in locust's own outputs, held against the verdict: its tab, its CSV, its report, in every mode."""

import contextlib
import csv
import json
import re
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from bounds import HANG
from locustruns import SMALL, LocustRun, locust, two_processes
from ports import free_port

SECTION = '<section class="race401"'
FORM = {"user_count": "12", "spawn_rate": "12", "seed": "5", "host": ""}

pytestmark = pytest.mark.slow


Counted = tuple[str, str, str, str, str]


def judged(verdict: dict[str, Any]) -> list[Counted]:
    """What the verdict says of the same."""
    return [
        (
            f"{row['condition']} [{row['policy']}]",
            str(row["requests"]),
            str(sum(row["caller_401s"].values())),
            str(row["exchanges"]),
            str(row["sessions_lost"]),
        )
        for row in verdict["rows"]
    ]


def of_csv(text: str) -> list[Counted]:
    """The same, as CSV has it."""
    _, *rows = csv.reader(text.splitlines())
    return [(row[0], row[1], row[2], row[7], row[6]) for row in rows]


def of_page(page: str) -> list[tuple[str, ...]]:
    """Requests, 401s and exchanges, as the tables of a page have them."""
    rows = re.findall(r'<th scope="row">(.*?)</th>(.*?)</tr>', page)
    lines = {
        line: [cell for name, cells in rows if name == line for cell in re.findall(r"(\d+)</td>", cells)]
        for line in ("requests of the app", "401s that the app saw", "exchanges")
    }
    return list(zip(*lines.values(), strict=True))


def outputs(folder: Path) -> list[str]:
    """Ask locust for its own files."""
    return ["--csv", str(folder / "own"), "--html", str(folder / "own.html")]


def samples_of(run: LocustRun, name: str) -> tuple[str, str]:
    """The requests and 401s of the samples that came in."""
    condition, policy = name.removesuffix("]").split(" [")
    role = {"pre-fix": "control", "fixed": "subject"}[policy]
    lines = (run.folder / "samples.jsonl").read_text().splitlines()
    mine = [s for s in map(json.loads, lines) if f"/{condition}/{role}/" in s["client"] and not s["cut_off"]]
    return str(len(mine)), str(sum(s["status"] == 401 for s in mine))


def check_outputs(run: LocustRun, folder: Path, *, finished: bool = True) -> None:
    """The CSV and the report hold what the verdict holds, and the report holds it once, before its end."""
    verdict = run.read("verdict.json")
    expected = judged(verdict)
    in_page = [(requests, saw, exchanges) for _, requests, saw, exchanges, _ in expected]
    if not finished:  # what the workers had not told yet is in the ledger alone
        expected = [(name, *samples_of(run, name), exchanges, lost) for name, _, _, exchanges, lost in expected]
    assert of_csv((folder / "own_policies.csv").read_text()) == expected
    page = (folder / "own.html").read_text()
    assert page.count(SECTION) == 1
    before, _, section = page.partition(SECTION)
    assert f" {verdict['verdict']}</b>" in before
    assert of_page(section) == in_page
    assert section.rstrip().endswith("</html>")


@pytest.mark.parametrize("processes", [list[str], two_processes])
def test_locusts_own_files(tmp_path: Path, processes: Callable[[], list[str]]) -> None:
    with locust(tmp_path / "reports", *SMALL, "-u", "12", "-r", "12", *outputs(tmp_path), *processes()) as run:
        run.ended()
        check_outputs(run, tmp_path)


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM])
def test_locusts_own_files_of_an_interrupted_run(tmp_path: Path, by: signal.Signals) -> None:
    long = ["--headless", "-u", "12", "-r", "12", "-t", "60s", "--narrate", *two_processes(), *outputs(tmp_path)]
    with locust(tmp_path / "reports", *long) as run:
        run.until("Token refreshed successfully")
        assert run.ended(by) == 3
        check_outputs(run, tmp_path, finished=False)


@pytest.mark.parametrize("mode", ["one process", "two processes", "a master and two workers"])
def test_the_tab(tmp_path: Path, mode: str) -> None:
    """Live, exact as soon as Stop is answered for, and begun anew by a second start."""
    web_port, port = free_port(), str(free_port())
    options = ["--web-host", "127.0.0.1", "--web-port", str(web_port)]
    if mode != "one process":
        options += ["--master-bind-host", "127.0.0.1", "--master-bind-port", port, "--master-port", port]
        options += ["--processes", "2"] if mode == "two processes" else ["--master", "--expect-workers", "2"]
    worker = ["--worker", "--master-port", port]
    with contextlib.ExitStack() as processes:
        run = processes.enter_context(locust(tmp_path / "reports", *options))
        for _ in range(2 if "workers" in mode else 0):
            processes.enter_context(locust(tmp_path / "reports", *worker))
        ready = "Starting web interface" if mode == "one process" else "2 workers connected"
        run.until(ready)
        transport = httpx.HTTPTransport(retries=8)
        with httpx.Client(base_url=f"http://127.0.0.1:{web_port}", transport=transport, timeout=HANG) as web:
            follow(run, web, tmp_path / "reports", "" if mode == "one process" else ready)
        run.ended(signal.SIGTERM)


def offered(*options: str, folder: Path) -> dict[str, Any]:
    """What the web form holds as it is opened."""
    port = free_port()
    with locust(folder, "--web-host", "127.0.0.1", "--web-port", str(port), *options) as run:
        run.until("Starting web interface")
        transport = httpx.HTTPTransport(retries=8)
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", transport=transport, timeout=HANG) as web:
            page = web.get("/").text
        run.ended(signal.SIGTERM)
    told: dict[str, Any] = json.JSONDecoder().raw_decode(page.split("templateArgs = ", 1)[1])[0]
    return told


def test_the_form_offers_a_load_that_runs(tmp_path: Path) -> None:
    """Six browsers of each of two policies; locust's own, one in all, would be refused."""
    told = offered("--conditions", "rfc9700", folder=tmp_path)
    assert (told["num_users"], told["spawn_rate"], told["run_time"]) == (12, 12, 20)


def test_what_the_command_line_says_stands(tmp_path: Path) -> None:
    """Near miss: whoever asked for a load is offered it."""
    told = offered("-u", "14", "-r", "4", folder=tmp_path)
    assert (told["num_users"], told["spawn_rate"], told["run_time"]) == (14, 4, None)


def test_a_run_that_begins_at_once_after_another_is_not_judged_with_it(tmp_path: Path) -> None:
    """A stopped run is judged a few seconds later; by then the next one is under way, and goes on to its end."""
    port = free_port()
    with locust(tmp_path / "reports", "--web-host", "127.0.0.1", "--web-port", str(port)) as run:
        run.until("Starting web interface")
        transport = httpx.HTTPTransport(retries=8)
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", transport=transport, timeout=HANG) as web:
            for run_time in ("60s", "9s"):
                assert web.post("/swarm", data=FORM | {"run_time": run_time}).json()["success"]
                run.until("; the mock at ")
                if run_time == "60s":
                    web.post("/stop")
            run.until("evidence: ")  # the second's; the first's came as the second began
        first, second = (json.loads((folder / "manifest.json").read_text()) for folder in run.folders)
        assert (first["finished"], second["finished"]) == (False, True)
        run.ended(signal.SIGTERM)


def follow(run: LocustRun, web: httpx.Client, reports: Path, ready_again: str) -> None:
    """Run, stop in the middle, and run again; after each the tab says what the verdict says."""
    assert '"title": "Policies"' in web.get("/").text
    assert web.get("/policies").json() == {"verdict": "", "tables": ""}
    assert table(web) == []
    seen: set[Path] = set()
    for stopped in (True, False):
        assert web.post("/swarm", data=FORM | {"run_time": "60s" if stopped else "8s"}).json()["success"]
        run.until("; the mock at ")
        while stopped and sum(int(requests) for _, requests, *_ in table(web)) < 60:
            assert state(web) != "stopped"
        if stopped:
            web.post("/stop")  # answers when it has stopped
            shown = table(web)
        run.until("evidence: ")
        shown = shown if stopped else table(web)
        (folder,) = set(reports.iterdir()) - seen
        seen.add(folder)
        verdict = json.loads((folder / "verdict.json").read_text())
        assert shown == judged(verdict)
        told = web.get("/policies").json()
        assert f" {verdict['verdict']}</b>" in told["verdict"]
        assert of_page(told["tables"]) == [(n, saw, exchanges) for _, n, saw, exchanges, _ in shown]
        page = web.get(told["verdict"].partition('href="')[2].partition('"')[0])
        assert page.content == (folder / "report.html").read_bytes()
        assert web.get("/policies/another/report.html").status_code == 404
        assert web.get("/stats/report").text.count(SECTION) == 1
        if stopped and ready_again:
            run.until(ready_again)  # locust's workers take the stop timeout before they can begin anew


def table(web: httpx.Client) -> list[Counted]:
    """The tab's rows, as they are downloaded."""
    return of_csv(web.get("/policies/csv").text)


def state(web: httpx.Client) -> str:
    """Where locust stands."""
    return str(web.get("/stats/requests").json()["state"])
