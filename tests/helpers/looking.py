"""Pages of ours in a real chromium, with what they said and asked for that they should not."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from playwright.sync_api import BrowserContext, Page, Request, Route, ViewportSize, sync_playwright

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome") or "/usr/bin/chromium"
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
FLAGS += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
DESKTOP, PHONE = ViewportSize(width=1280, height=850), ViewportSize(width=390, height=844)
Browser: TypeAlias = Callable[..., BrowserContext]


@dataclass
class Shown:
    """A page that is open, and what it did that it should not."""

    page: Page
    said: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)


@contextmanager
def chromium(profile: Path) -> Iterator[Browser]:
    """Debian's chromium with a profile of its own; called, it opens a window."""
    with sync_playwright() as playwright:
        yield lambda **how: playwright.chromium.launch_persistent_context(
            str(profile), executable_path=CHROMIUM, args=FLAGS, **how
        )


def look(context: BrowserContext, report: Path) -> Shown:
    """Open the page, and refuse and note whatever it asks for beside itself."""
    shown = Shown(context.pages[0])

    def ask(route: Route, request: Request) -> None:
        if request.url == report.as_uri():
            route.continue_()
        else:
            shown.asked.append(request.url)
            route.abort()

    context.route("**/*", ask)
    shown.page.on("console", lambda message: shown.said.append(message.text))
    shown.page.on("pageerror", lambda error: shown.said.append(str(error)))
    shown.page.goto(report.as_uri())
    return shown
