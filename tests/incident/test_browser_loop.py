"""A page in a real Chromium, with a naive client and a sound one, recorded by it: diagnosed as what it was."""

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cdp_har import CdpRecording, har_of_recordings
from diagnosing import diagnosed, standing_as
from playwright.sync_api import BrowserContext, Page, sync_playwright
from recording import bodiless, sanitized

from race401.harness.card.mock import Mock, Mocks
from race401.harness.fixtures.server import Server

pytestmark = pytest.mark.browser

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome") or "/usr/bin/chromium"
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
FLAGS += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
FLAGS += ["--process-per-site"]  # from one process to another what localStorage holds comes late, under a lock too
APP = """<!doctype html><title>App</title><script>
const PATHS = ['/contacts?limit=1', '/me/entitlements', '/contacts', '/persona-notes', '/messages'];
const read = () => JSON.parse(localStorage.getItem('tokens'));
const due = (tokens) => tokens.expires_at - Date.now() / 1000 < 60;
async function refresh({refresh_token}) {
  const answer = await fetch(`${API}/auth/v1/token?grant_type=refresh_token`, {
    method: 'POST', headers: {'Content-Type': 'application/json'}, body: JSON.stringify({refresh_token}),
  });
  const {access_token, refresh_token: next, expires_at} = await answer.json();  // what nobody reads may be dropped
  if (!answer.ok) return null;
  const tokens = {access_token, refresh_token: next, expires_at};
  localStorage.setItem('tokens', JSON.stringify(tokens));
  return tokens;
}
let flight = null;
const CLIENTS = {
  naive: async () => due(read()) ? refresh(read()) : read(),  // each caller by itself
  sound: () => {  // one refresh for all callers and tabs, and another look under the lock
    flight ??= navigator.locks.request('refresh', () => due(read()) ? refresh(read()) : read());
    return flight.finally(() => { flight = null; });
  },
};
async function call(path, client) {
  const tokens = await CLIENTS[client]();
  const headers = tokens ? {Authorization: `Bearer ${tokens.access_token}`} : {};
  const answer = await fetch(API + path, {headers});
  await answer.text();
  return answer.status;
}
const visit = (client) => Promise.all(PATHS.map((path) => call(path, client)));
</script>"""


@dataclass(frozen=True)
class Loop:
    """What is played. `shows`: what it was; `beside`: what may come with that."""

    client: str
    tabs: int
    world: str
    shows: frozenset[str] = frozenset()
    beside: frozenset[str] = frozenset()


LOST = frozenset({"missing-token"})
LOOPS = [
    Loop("naive", 1, "supabase", frozenset({"reuse-forgiven"})),
    Loop("naive", 1, "rotate-strict", frozenset({"reuse-refused"}), LOST),
    Loop("naive", 1, "rfc9700", frozenset({"reuse-refused", "reuse-revoked"}), LOST),
    Loop("naive", 2, "rfc9700", frozenset({"reuse-refused", "reuse-revoked"}), LOST),
    Loop("sound", 1, "rfc9700"),
    Loop("sound", 2, "rfc9700"),
]


@pytest.fixture(scope="module")
def mock() -> Iterator[Mock]:
    """One for all."""
    with Mocks() as mocks, mocks.one(()) as lent:
        yield lent


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrowserContext]:
    """A browser with a profile of its own, whose tabs share what they store."""
    with sync_playwright() as playwright:
        profile = str(tmp_path_factory.mktemp("profile"))
        with playwright.chromium.launch_persistent_context(profile, executable_path=CHROMIUM, args=FLAGS) as opened:
            yield opened


def tab(context: BrowserContext, server: Server, mock: Mock) -> tuple[Page, CdpRecording]:
    """The app in a tab, and a recording of all that it does."""
    page = context.new_page()
    app = APP.replace("const PATHS", f"const API = {json.dumps(server.url)};\nconst PATHS", 1)
    page.route(f"{mock.url}/app", lambda route: route.fulfill(content_type="text/html", body=app))
    page.goto(f"{mock.url}/app")
    return page, CdpRecording(context.new_cdp_session(page), "page_1")


def stored(page: Page, tokens: dict[str, Any]) -> None:
    """What the app has stored."""
    kept = {name: tokens[name] for name in ("access_token", "refresh_token", "expires_at")}
    page.evaluate("(tokens) => localStorage.setItem('tokens', JSON.stringify(tokens))", kept)


def visited(pages: list[Page], client: str) -> None:
    """Each tab loads its data, all at once."""
    for page in pages:
        page.evaluate(f"void (window.done = visit('{client}'))")
    for page in pages:
        page.evaluate("window.done")


def played(loop: Loop, context: BrowserContext, mock: Mock) -> dict[str, Any]:
    """Two visits as the token comes to its end, as the browser recorded them."""
    server = Server(mock, loop.world, f"{loop.client}-{loop.tabs}")
    server.arm("concurrent-expiry")
    tabs = [tab(context, server, mock) for _ in range(loop.tabs)]
    pages = [page for page, _ in tabs]
    stored(pages[0], server.signed_in(left=30))
    visited(pages, loop.client)
    pages[0].evaluate("localStorage.setItem('tokens', JSON.stringify({...read(), expires_at: 0}))")
    visited(pages, loop.client)
    told = har_of_recordings([recording for _, recording in tabs])
    for page in pages:
        page.close()
    return told


@pytest.mark.parametrize("loop", LOOPS, ids=lambda loop: f"{loop.client}, {loop.tabs}, {loop.world}")
def test_what_a_page_did_is_diagnosed_as_what_it_was(
    tmp_path: Path, loop: Loop, context: BrowserContext, mock: Mock
) -> None:
    """Sanitized, and without bodies, it fits or better; nothing else is ever shown, and of a sound client nothing."""
    told = played(loop, context, mock)
    shown = standing_as(diagnosed(tmp_path, told), "shown")
    assert loop.shows <= shown <= loop.shows | loop.beside
    for less in (sanitized(told), sanitized(bodiless(told)), bodiless(told)):
        found = diagnosed(tmp_path, less)
        assert standing_as(found, "shown") <= loop.shows | loop.beside
        assert not loop.shows & standing_as(found, "excluded")
