"""Every page that we make, in a real browser: it bars nobody, says nothing on the console and loads nothing."""

from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from looking import DESKTOP, PHONE, Browser, look
from ourpages import PAGES
from playwright.sync_api import ViewportSize

pytestmark = pytest.mark.browser

AXE = files("axe_playwright_python") / "axe.min.js"
RUN = """async () => {
  document.querySelectorAll("details").forEach((each) => (each.open = true));
  const {violations} = await axe.run(document, {resultTypes: ["violations"]});
  const say = (id, node) => `${id}: ${node.html.slice(0, 200)} ${node.any[0]?.message ?? ""}`;
  return violations.flatMap(({id, nodes}) => nodes.map((node) => say(id, node)));
}"""
PAPER = ViewportSize(width=718, height=1000)  # what margins of 10 mm leave of A4
# What is cut on paper, where nothing scrolls or unfolds; what is of no use there; and what is not dark on light.
IN_PRINT = """() => {
  const every = [...document.body.querySelectorAll("*")];
  const shown = every.filter((e) => e.getClientRects().length && !e.closest("defs"));
  const words = (e) => [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
  const put = (e, range = document.createRange()) => (range.selectNodeContents(e), range.getBoundingClientRect());
  const say = (what, e) => `${what}: ${e.tagName} ${e.textContent.trim().slice(0, 60)}`;
  const light = (e) => {
    const [r, g, b] = getComputedStyle(e)[e.closest("svg") ? "fill" : "color"].match(/[\\d.]+/g);
    return +r + +g + +b > 450;
  };
  const has = shown.filter(words);
  return [
    ...has.filter((e) => put(e).right > innerWidth + 1 || put(e).left < -1).map((e) => say("cut", e)),
    ...has.filter(light).map((e) => say("pale", e)),
    ...shown.filter((e) => e.matches("button, input, select, details:not([open])")).map((e) => say("no use", e)),
    ...(getComputedStyle(document.body).backgroundColor === "rgb(255, 255, 255)" ? [] : ["the paper is not white"]),
  ];
}"""
PLANTED_IN_PRINT = """<body style='background:#fff'><p style='color:#bbb'>pale</p><button>press</button>
<div style='overflow:auto'><p style='width:900px'>{} the end</p></div>""".format("wide " * 40)
PLANTED = "<html><body><main><img src='data:,'><p style='color:#ccc;background:#fff'>pale</p></main></body></html>"


@pytest.fixture(scope="module")
def axe() -> str:
    """axe-core's own script."""
    return AXE.read_text(encoding="utf-8")


def findings(page: Any, axe: str) -> list[str]:
    """What axe-core finds in the page as it is shown, everything unfolded."""
    page.evaluate(axe)
    found: list[str] = page.evaluate(RUN)
    return found


@pytest.mark.parametrize("name", PAGES)
def test_it_bars_nobody_and_is_quiet(browser: Browser, axe: str, tmp_path: Path, name: str) -> None:
    """In light and in dark, and on a phone, which scrolls down and never sideways."""
    file = tmp_path / "page.html"
    file.write_text(PAGES[name](tmp_path))
    with browser(viewport=DESKTOP) as context:
        shown = look(context, file)
        for scheme in ("light", "dark"):
            shown.page.emulate_media(color_scheme=scheme)
            assert findings(shown.page, axe) == []
        shown.page.set_viewport_size(PHONE)
        assert findings(shown.page, axe) == []
        assert shown.page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
        assert (shown.said, shown.asked) == ([], [])


@pytest.mark.parametrize("name", PAGES)
def test_it_prints_whole(browser: Browser, tmp_path: Path, name: str) -> None:
    """From a dark screen too: nothing is cut, nothing is pale, and nothing is there that only a screen can use."""
    file = tmp_path / "page.html"
    file.write_text(PAGES[name](tmp_path))
    with browser(viewport=PAPER, color_scheme="dark") as context:
        page = look(context, file).page
        page.emulate_media(media="print")
        assert page.evaluate(IN_PRINT) == []


def test_what_does_not_print_is_found(browser: Browser, tmp_path: Path) -> None:
    """Planted: pale words, a button, and a line beyond the paper's edge."""
    file = tmp_path / "page.html"
    file.write_text(PLANTED_IN_PRINT)
    with browser(viewport=PAPER) as context:
        page = look(context, file).page
        page.emulate_media(media="print")
        found = page.evaluate(IN_PRINT)
    assert [each.partition(":")[0] for each in found] == ["cut", "pale", "no use"]


def test_what_bars_people_is_found(browser: Browser, axe: str, tmp_path: Path) -> None:
    """Planted: a picture without words, pale text, no language, no title."""
    file = tmp_path / "page.html"
    file.write_text(PLANTED)
    with browser(viewport=DESKTOP) as context:
        found = findings(look(context, file).page, axe)
    assert {each.split(":")[0] for each in found} >= {
        "image-alt",
        "color-contrast",
        "html-has-lang",
        "document-title",
    }
