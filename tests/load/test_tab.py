"""locust's form and our tab in a real browser: a load that runs, the policies in their order, a verdict."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any

import httpx
import pytest
from bounds import HANG
from locustruns import LocustRun, locust
from looking import DESKTOP, PHONE, chromium
from playwright.sync_api import Page, expect
from ports import free_port

pytestmark = pytest.mark.browser

BURST = [sys.executable, "-m", "race401.harness", "burst", "--web"]
SMALL = ["--conditions", "rfc9700", "--pages", "4"]
LONG = HANG * 1000  # ms
AXE = """async () => {
  const ours = [...document.querySelectorAll(".race401, .race401-bar")];
  const {violations} = await axe.run({include: ours}, {resultTypes: ["violations"]});
  return violations.flatMap(({id, nodes}) => nodes.map((node) => `${id}: ${node.html.slice(0, 200)}`));
}"""


@contextmanager
def opened(folder: Path, *options: str) -> Iterator[tuple[LocustRun, Page, list[str]]]:
    """`race401 burst --web` with its page in a browser, and what that says on its console."""
    port, said = free_port(), list[str]()
    with (
        locust(folder / "reports", "--web-port", str(port), *options, command=BURST) as run,
        chromium(folder / "profile") as browser,
        browser(viewport=DESKTOP) as context,
    ):
        run.until("Starting web interface")
        where = f"http://127.0.0.1:{port}/"
        with httpx.Client(transport=httpx.HTTPTransport(retries=8), timeout=HANG) as web:
            web.get(where)  # it listens a little after it says so
        page = context.pages[0]
        page.set_default_timeout(LONG)
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.goto(where)
        yield run, page, said
        page.goto("about:blank")
        run.ended(signal.SIGTERM)
        assert not run.left_over()


def line(page: Page, name: str) -> list[str]:
    """The cells of a line of the tab's table."""
    row = page.locator(".race401 tbody tr", has=page.get_by_role("rowheader", name=name, exact=True)).first
    return [text.removeprefix("▲") for text in row.locator("td").all_text_contents()]


def check_figures(page: Page, verdict: dict[str, Any]) -> None:
    """They are the verdict's, in the order of the policies."""
    rows = verdict["rows"]
    assert line(page, "401s that the app saw") == [str(sum(row["caller_401s"].values())) for row in rows]
    assert line(page, "sessions lost") == [f"{row['sessions_lost']} of {row['sessions']}" for row in rows]
    assert line(page, "exchanges") == [str(row["exchanges"]) for row in rows]


def test_the_form_runs_as_it_is_and_the_tab_ends_with_the_verdict(tmp_path: Path) -> None:
    """Fixed values are chosen from; before, after, hardened; the verdict on each tab, and the way to the report."""
    with opened(tmp_path, *SMALL) as (run, page, said):
        page.get_by_text("Custom parameters").click()
        for name, values in {"leave": ["together", "first-then-rest"], "transport": ["httpx", "fasthttp"]}.items():
            assert page.locator(f'select[name="{name}"] option').all_text_contents() == values
        page.get_by_role("button", name="Start").click()
        page.get_by_role("tab", name="Policies").click()
        expect(page.locator(".race401")).to_be_visible()
        expect(page.locator(".race401 > p")).to_contain_text("So far")
        heads = page.locator(".race401 thead th")
        assert [text.split()[0] for text in heads.all_inner_texts()] == ["before", "after", "hardened"]
        colours = [each.evaluate("(e) => getComputedStyle(e).color") for each in heads.all()]
        assert len(set(colours)) == 3
        run.until("evidence: ")
        verdict = run.read("verdict.json")
        bar = page.locator(".race401-bar")
        expect(bar).to_contain_text(verdict["verdict"], timeout=LONG)
        check_figures(page, verdict)
        expect(page.get_by_role("button", name="New")).to_be_visible(timeout=LONG)
        page.get_by_role("tab", name="Statistics").click()
        expect(page.locator(".race401")).to_be_hidden()
        expect(bar).to_be_visible()
        with page.context.expect_page() as shown:
            bar.get_by_role("link", name="Open the report").click()
        expect(shown.value.locator(".verdict .badge")).to_contain_text(verdict["verdict"])
        assert said == []


def test_it_bars_nobody_and_a_new_run_takes_the_old_verdict_away(tmp_path: Path) -> None:
    """In light and in dark, and on a phone, which scrolls down and never sideways."""
    with opened(tmp_path, *SMALL, "--policies", "pre-fix,fixed") as (run, page, said):
        page.get_by_role("button", name="Start").click()
        page.get_by_role("tab", name="Policies").click()
        run.until("evidence: ")
        page.locator(".race401-bar").wait_for()
        page.evaluate((files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8"))
        dark = page.locator("html.race401-dark")
        for _ in ("light", "dark"):
            assert page.evaluate(AXE) == []
            was = dark.count()
            page.locator("header button:has(svg)").last.click()
            expect(dark).to_have_count(1 - was)
        page.set_viewport_size(PHONE)
        assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
        page.set_viewport_size(DESKTOP)
        page.get_by_role("button", name="New").click()
        page.get_by_role("button", name="Start").click()
        expect(page.locator(".race401-bar")).to_have_count(0, timeout=LONG)
        assert said == []
