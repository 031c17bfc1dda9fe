"""A web page of another origin, in a real browser: it reads nothing of a loopback mock, and moves nothing in it."""

import shutil
import threading
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, sync_playwright

from race401.mock_api.http.lock import Lock
from race401.mock_api.process.options import add_options
from race401.mock_api.process.serving import Server, prepare

pytestmark = pytest.mark.browser

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome") or "/usr/bin/chromium"
REBOUND = "evil.example"  # resolves to 127.0.0.1 here, as it does to a page after DNS rebinding
OPEN = "/auth/v1/health"  # what the mock answers to everybody, so that the browser has a document of its origin
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
FLAGS += [f"--host-resolver-rules=MAP {REBOUND} 127.0.0.1"]

# Every way in which a page may send what it was never allowed to; what it could read is returned.
ATTACK = """async (mock) => {
  const fault = JSON.stringify({kind: 'refuse'}), read = [];
  const send = async (path, how) => {
    try { read.push(await (await fetch(mock + path, how)).text()); } catch (refused) { read.push(''); }
  };
  for (const path of ['/_race401', '/supabase/_race401', '/_race401/ledger']) {
    await send(path, {});
    await send(path, {mode: 'no-cors'});
  }
  const json = {'Content-Type': 'application/json'};
  for (const prefix of ['', '/supabase', '/~x']) {
    for (const mode of ['cors', 'no-cors']) {
      await send(prefix + '/_race401/faults', {method: 'POST', body: fault, mode});
      await send(prefix + '/_race401/faults', {method: 'POST', body: new URLSearchParams({a: fault}), mode});
      await send(prefix + '/_race401/programs?shipped_as=late-401', {method: 'POST', mode});
      await send(prefix + '/_race401/reset', {method: 'POST', mode});
    }
    await send(prefix + '/_race401/faults', {method: 'POST', body: fault, headers: json});
    await send(prefix + '/_race401/clock', {method: 'POST', body: '{"frozen": true}', headers: json});
    await send(prefix + '/_race401/aging?remaining_s=1', {method: 'PUT'});
    navigator.sendBeacon(mock + prefix + '/_race401/faults', fault);
  }
  const form = Object.assign(document.createElement('form'), {
    method: 'POST', enctype: 'text/plain', target: 'frame', action: mock + '/_race401/faults'
  });
  form.append(Object.assign(document.createElement('input'), {name: '{"kind":"refuse","a":"', value: '"}'}));
  const frame = Object.assign(document.createElement('iframe'), {name: 'frame'});
  document.body.append(form, frame);
  const answered = new Promise((done) => { frame.onload = done; });
  form.submit();
  await answered;
  return read.join('');
}"""


class Blank(BaseHTTPRequestHandler):
    """A page with nothing on it."""

    def do_GET(self) -> None:
        """Serve it."""
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>a page</title><body>")

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@contextmanager
def mock_here() -> Iterator[str]:
    """A mock in a thread of this process, so that a test may break its lock."""
    parser = ArgumentParser()
    add_options(parser)
    serving = prepare(parser.parse_args([]))
    server = serving.server("")
    assert isinstance(server, Server)
    thread = threading.Thread(target=server.serve_until_ended)
    thread.start()
    try:
        yield serving.url
    finally:
        server.end()
        thread.join()


@pytest.fixture
def mock() -> Iterator[str]:
    """Where a mock serves, which has answered one request."""
    with mock_here() as url:
        httpx.get(f"{url}/contacts", trust_env=False)
        yield url


@pytest.fixture
def elsewhere() -> Iterator[int]:
    """The port of another server of this machine, which serves a page."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Blank) as server:
        threading.Thread(target=server.serve_forever).start()
        yield server.server_port
        server.shutdown()


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Page]:
    """An empty tab."""
    with (
        sync_playwright() as playwright,
        playwright.chromium.launch_persistent_context(str(tmp_path), executable_path=CHROMIUM, args=FLAGS) as context,
    ):
        yield context.pages[0]


def state(mock: str) -> dict[str, Any]:
    """All that the page would change."""
    with httpx.Client(base_url=f"{mock}/_race401", trust_env=False) as here:
        asked = {name: here.get(f"/{name}").json() for name in ("faults", "programs", "counts")}
        return asked | {"frozen": here.get("/clock").json()["frozen"]}


@pytest.mark.parametrize("host", [REBOUND, "localhost", "127.0.0.1"])
def test_a_page_of_another_origin_reads_and_moves_nothing(page: Page, mock: str, elsewhere: int, host: str) -> None:
    """Of a stranger's, and of another server of this machine: one that is being developed is a web page as well."""
    before = state(mock)
    page.goto(f"http://{host}:{elsewhere}/")
    assert page.evaluate(ATTACK, mock) == ""
    assert state(mock) == before


def test_a_page_whose_name_was_rebound_reads_and_moves_nothing(page: Page, mock: str) -> None:
    """Its own name leads to the mock: to the browser they are one origin, and it may read every answer."""
    before, own = state(mock), mock.replace("127.0.0.1", REBOUND)
    page.goto(f"{own}{OPEN}")
    read = page.evaluate(ATTACK, own)
    assert "Host: the control API answers to localhost" in read, "it reads, and all that it reads is a refusal"
    assert "service_keys" not in read
    after = state(mock)
    assert before["counts"] == after["counts"][:1], "nothing was forgotten; the page itself came after it"
    assert after | {"counts": None} == before | {"counts": None}


def test_without_the_lock_it_would_steer(
    page: Page, mock: str, elsewhere: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the tests above would prove nothing: the same page, and a lock that is open."""
    before = state(mock)
    monkeypatch.setattr(Lock, "refusal", lambda *_: None)
    page.goto(f"http://{REBOUND}:{elsewhere}/")
    page.evaluate(ATTACK, mock)
    after = state(mock)
    assert len(after["faults"]) > len(before["faults"])
    assert after["programs"]
    assert before["counts"]
    assert not after["counts"]
    own = mock.replace("127.0.0.1", REBOUND)
    page.goto(f"{own}{OPEN}")
    assert "service_keys" in page.evaluate(ATTACK, own)
