"""The page in a real browser: it loads nothing, says nothing on the console, fits a phone, and works by keyboard."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from actions import ROOT
from looking import DESKTOP, PHONE, look
from pages import ODD, crossed_by_a_pair
from playwright.sync_api import FloatRect, Locator, Page, expect

from race401.harness.__main__ import main
from race401.harness.judge.verdict import judge
from race401.harness.reporting import html

pytestmark = pytest.mark.browser

READABLE = 4.5  # WCAG 2.2 AA, contrast of text

# The contrast of every text with what lies behind it, by the WCAG's formula; the least is returned, with its text.
CONTRAST = """() => {
  const dot = Object.assign(document.createElement('canvas'), {width: 1, height: 1});
  const pen = dot.getContext('2d', {willReadFrequently: true});
  const rgb = (colour) => {
    pen.clearRect(0, 0, 1, 1); pen.fillStyle = colour; pen.fillRect(0, 0, 1, 1);
    return pen.getImageData(0, 0, 1, 1).data;
  };
  const light = (c) => {
    const [r, g, b] = [...c].slice(0, 3).map((v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (at) => {
    for (; at; at = at.parentElement) {
      const c = rgb(getComputedStyle(at).backgroundColor);
      if (c[3] === 255) return c;
    }
    return rgb('white');
  };
  let least = [99, ''];
  const words = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (words.nextNode()) {
    const at = words.currentNode.parentElement, text = words.currentNode.data.trim();
    if (!text || ['SCRIPT', 'STYLE', 'title', 'desc'].includes(at.tagName) || !at.getClientRects().length) continue;
    const style = getComputedStyle(at);
    const [a, b] = [light(rgb(at.closest('svg') ? style.fill : style.color)), light(behind(at))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < least[0]) least = [ratio, text];
  }
  return least;
}"""


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample run's page, and its verdict beside it."""
    run = tmp_path_factory.mktemp("reports") / "run"
    shutil.copytree(ROOT / "reports/sample", run)
    assert main(["report", str(run)]) == 0
    return run / "report.html"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_loads_nothing_says_nothing_and_can_be_read(browser: Any, report: Path, scheme: str) -> None:
    with browser(viewport=DESKTOP, color_scheme=scheme) as context:
        shown = look(context, report)
        shown.page.evaluate("document.querySelectorAll('details').forEach((d) => d.open = true)")
        ratio, text = shown.page.evaluate(CONTRAST)
        assert ratio >= READABLE, f"{text!r} has a contrast of {ratio:.2f}"
        background = shown.page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert (background == "rgb(19, 22, 26)") is (scheme == "dark")
        assert shown.page.evaluate("document.compatMode") == "CSS1Compat"
        assert (shown.said, shown.asked) == ([], [])


def test_its_figures_are_the_verdicts(browser: Any, report: Path) -> None:
    verdict = json.loads((report.parent / "verdict.json").read_text())
    with browser(viewport=DESKTOP) as context:
        page = look(context, report).page
        assert page.locator(".verdict .badge").inner_text().split()[-1] == verdict["verdict"] == "PASS"
        assert page.locator("h1").inner_text().startswith("The fix holds: ")
        assert page.locator(".bound").inner_text().lower() == verdict["sentence"].removeprefix("PASS: ").lower()
        for row in verdict["rows"]:

            def figure(name: str, where: str = f"{row['condition']}/{row['role']}") -> str:
                return page.locator(f'[data-figure="{where}/{name}"] b').inner_text().removeprefix("▲")

            each = row["exchanges_per_generation"]
            assert figure("401s that the app saw") == str(sum(row["caller_401s"].values()))
            assert figure("sessions lost") == str(row["sessions_lost"])
            assert figure("per refresh token (ideal 1.00)") == ("-" if each is None else f"{each:.2f}")


def test_a_phone_scrolls_down_and_never_sideways(browser: Any, report: Path) -> None:
    with browser(viewport=PHONE) as context:
        page = look(context, report).page
        page.evaluate("document.querySelectorAll('details').forEach((d) => d.open = true)")
        assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]


def test_a_number_leads_to_its_rows_without_a_mouse(browser: Any, report: Path) -> None:
    with browser(viewport=DESKTOP) as context:
        page = look(context, report).page
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.className") == "skip"
        page.locator('[data-figure="rfc9700/control/sessions lost"] a').focus()
        page.keyboard.press("Enter")
        group = page.locator("#rows-sessions-lost-rfc9700-before")
        group.wait_for(state="visible")
        assert group.locator("tbody tr").count() > 0


TAKEN = """(lanes, ctrlKey) => !lanes.dispatchEvent(new WheelEvent("wheel", {ctrlKey, cancelable: true}))"""


def scene_of(page: Page) -> Locator:
    """The first picture, whole."""
    scene = page.locator(".scene").first
    scene.get_by_role("button", name="Fit").click()
    return scene


def box(shown: Locator) -> FloatRect:
    """Where it is in the window."""
    found = shown.bounding_box()
    assert found is not None
    return found


def inside(inner: FloatRect, outer: FloatRect) -> bool:
    """Whether something of it can be seen."""
    return inner["x"] + inner["width"] >= outer["x"] and inner["x"] <= outer["x"] + outer["width"]


def test_the_picture_opens_on_the_race_and_the_strip_shows_where(browser: Any, report: Path) -> None:
    """Every refresh is in sight, as wide as it can be; the frame in the strip is where the view is."""
    with browser(viewport=DESKTOP) as context:
        page = look(context, report).page
        scene = page.locator(".scene").nth(1)
        view, frame = box(scene.locator(".lanes")), box(scene.locator(".window"))
        assert frame["width"] < 0.75 * view["width"] < box(scene.locator(".lanes svg"))["width"]
        refreshes = scene.locator(".lanes .k-issued")
        assert refreshes.count() >= 1
        assert all(inside(box(each), view) for each in refreshes.all())
        scene.get_by_role("button", name="Fit").click()
        assert box(scene.locator(".window"))["width"] == pytest.approx(view["width"], abs=2)
        scene.get_by_role("button", name="The race").click()
        assert box(scene.locator(".window"))["width"] == pytest.approx(frame["width"], abs=2)


def test_a_bar_says_what_it_is_and_zoom_goes_to_it(browser: Any, report: Path) -> None:
    """As soon as it has focus, by whatever way; after four presses it is still in sight."""
    with browser(viewport=DESKTOP) as context:
        page = look(context, report).page
        scene = scene_of(page)
        bars = scene.locator(".lanes a")
        assert bars.count() >= 6
        for bar in (bars.first, bars.last):
            bar.focus()
            expect(scene.locator("output")).to_have_text(bar.get_attribute("data-says") or "?")
        width = box(scene.locator(".lanes svg"))["width"]
        for _ in range(4):
            scene.get_by_role("button", name="Zoom in").click()
        assert box(scene.locator(".lanes svg"))["width"] == pytest.approx(16 * width, rel=0.02)
        assert inside(box(bars.last), box(scene.locator(".lanes")))
        scene.get_by_role("button", name="Zoom out").click()
        assert box(scene.locator(".lanes svg"))["width"] == pytest.approx(8 * width, rel=0.02)
        assert page.evaluate("document.documentElement.scrollWidth") == DESKTOP["width"]


def test_labels_stay_and_ticks_are_made_anew(browser: Any, report: Path) -> None:
    """Close by, each lane's name is where it was, and there are ticks in sight, with finer steps."""
    with browser(viewport=DESKTOP) as context:
        scene = scene_of(look(context, report).page)
        view, name = box(scene.locator(".lanes")), scene.locator(".still text").last
        at, texts = box(name)["x"], scene.locator(".lanes .t-tick").all_text_contents()
        scene.locator(".lanes a").last.focus()
        for _ in range(3):
            scene.get_by_role("button", name="Zoom in").click()
        assert box(name)["x"] == pytest.approx(at, abs=2)
        ticks = scene.locator(".lanes .t-tick")
        assert any(inside(box(tick), view) for tick in ticks.all())
        assert set(ticks.all_text_contents()) - set(texts)


def test_dragging_moves_and_the_wheel_zooms_where_it_points(browser: Any, report: Path) -> None:
    """A drag is no click on the bar where it began; without Ctrl the wheel scrolls the page."""
    with browser(viewport=DESKTOP) as context:
        page = look(context, report).page
        scene = scene_of(page)
        lanes = scene.locator(".lanes")
        lanes.scroll_into_view_if_needed()
        view = box(lanes)
        page.mouse.move(view["x"] + view["width"] / 2, view["y"] + 120)
        page.keyboard.down("Control")
        page.mouse.wheel(0, -400)
        page.keyboard.up("Control")
        expect(lanes).to_have_class("lanes closer")
        left = lanes.evaluate("(e) => e.scrollLeft")
        assert left == pytest.approx(1.5 * view["width"], rel=0.05), "the middle stays under the pointer"
        page.mouse.down()
        page.mouse.move(view["x"] + view["width"] / 2 - 200, view["y"] + 120, steps=5)
        page.mouse.up()
        assert lanes.evaluate("(e) => e.scrollLeft") == pytest.approx(left + 200, abs=5)
        assert "#e" not in page.url
        assert lanes.evaluate(TAKEN, True) is True
        assert lanes.evaluate(TAKEN, False) is False


def test_without_script_it_says_the_same(browser: Any, report: Path) -> None:
    with browser(viewport=DESKTOP, java_script_enabled=False) as context:
        page = look(context, report).page
        assert page.locator(".scene svg a").count() >= 6
        assert page.locator(".tools").count() == 0
        page.locator("summary", has_text="The same as a table").first.click()
        assert page.locator(".scene table").first.is_visible()


def test_what_a_screen_reader_finds(browser: Any, report: Path) -> None:
    with browser(viewport=DESKTOP) as context:
        page = look(context, report).page
        for role in ("banner", "main", "navigation", "contentinfo"):
            assert page.get_by_role(role).count() == 1, role
        assert page.get_by_role("heading", level=1).count() == 1
        unnamed = "[...document.querySelectorAll('svg:not([aria-hidden]):not(svg svg)')]"
        unnamed += ".filter((s) => !s.getAttribute('aria-label') && !s.getAttribute('aria-labelledby')).length"
        assert page.evaluate(unnamed) == 0
        assert page.get_by_role("region", name="Before the fix: the picture").count() == 1


def test_it_prints(browser: Any, report: Path, tmp_path: Path) -> None:
    with browser(viewport=DESKTOP) as context:
        page = look(context, report).page
        page.pdf(path=tmp_path / "page.pdf", format="A4")
        assert (tmp_path / "page.pdf").read_bytes().startswith(b"%PDF")


@pytest.mark.parametrize("odd", ODD)
def test_an_odd_run_is_shown_as_quietly(browser: Any, tmp_path: Path, odd: str) -> None:
    make, _ = ODD[odd]
    evidence = make(crossed_by_a_pair())
    page = tmp_path / "report.html"
    page.write_text(html.render(judge(evidence), evidence))
    with browser(viewport=PHONE) as context:
        shown = look(context, page)
        assert (shown.said, shown.asked) == ([], [])
        assert shown.page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
