"""Every page that we make, in a real browser: it bars nobody, says nothing on the console and loads nothing."""

from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from looking import DESKTOP, PHONE, Browser, look
from ourpages import PAGES

pytestmark = pytest.mark.browser

AXE = files("axe_playwright_python") / "axe.min.js"
RUN = """async () => {
  document.querySelectorAll("details").forEach((each) => (each.open = true));
  const {violations} = await axe.run(document, {resultTypes: ["violations"]});
  const say = (id, node) => `${id}: ${node.html.slice(0, 200)} ${node.any[0]?.message ?? ""}`;
  return violations.flatMap(({id, nodes}) => nodes.map((node) => say(id, node)));
}"""
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
