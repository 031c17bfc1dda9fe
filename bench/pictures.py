"""
`make pictures`: a picture of each page that we make, and of each command's terminal, for people to look at.

Pages at 1440, 820 and 390 px, light and dark; terminals of 80 columns: each command's help, and what a few say of the
sample run. They go to the folder `pictures`, which is not committed. Needs chromium.
"""

import io
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests/helpers"))  # the same pages that the tests look at

from looking import chromium, look  # noqa: E402
from ourpages import PAGES  # noqa: E402
from terminals import RACE401, Terminal  # noqa: E402

from race401.harness.commands import COMMANDS  # noqa: E402

FOLDER = ROOT / "pictures"
WIDTHS = (1440, 820, 390)  # px
COLUMNS, TERMINAL = 80, 760  # columns, and px that hold them
SAMPLE = "pictures/sample"  # a copy: judging writes beside what it judges
SAY = (
    ("judge", SAMPLE),
    ("compare", SAMPLE, SAMPLE),
    ("explore", "--policy", "fixed", "--world", "rfc9700", "--callers", "2", "--sign-out"),
    ("ablate", "--kept"),
    ("worlds",),
    ("dialects",),
)


def terminals() -> Iterator[tuple[str, str]]:
    """Yield each terminal: its name, and what is on it, as a page."""
    for words in [*((name, "--help") for name in COMMANDS), *SAY]:
        shown = Terminal(COLUMNS, (*RACE401, *words), ROOT).rest().replace("\r\n", "\n")
        console = Console(record=True, width=COLUMNS, file=io.StringIO())
        console.print(Text.from_ansi(shown))
        yield " ".join(words[:2]), console.export_html(theme=MONOKAI, inline_styles=True)


def main() -> int:
    """Make them all; say of each where it is."""
    shutil.copytree(ROOT / "reports/sample", ROOT / SAMPLE, dirs_exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, chromium(Path(folder) / "profile") as opened:
        for name, screen in terminals():
            path = Path(folder) / f"{slug(name)}.html"
            path.write_text(screen)
            picture = FOLDER / f"terminal-{slug(name)}.png"
            with opened(viewport={"width": TERMINAL, "height": 400}) as context:
                look(context, path).page.screenshot(path=picture, full_page=True)
            print(picture.relative_to(ROOT), flush=True)
        for name, make in PAGES.items():
            work = Path(folder) / slug(name)
            work.mkdir()
            (FOLDER / f"{slug(name)}.html").write_text(make(work))
            for scheme in ("light", "dark"):
                with opened(color_scheme=scheme) as context:
                    page = look(context, FOLDER / f"{slug(name)}.html").page
                    for width in WIDTHS:
                        page.set_viewport_size({"width": width, "height": 1000})
                        page.screenshot(path=FOLDER / f"{slug(name)}-{scheme}-{width}.png", full_page=True)
            print((FOLDER / f"{slug(name)}.html").relative_to(ROOT), flush=True)
    return 0


def slug(name: str) -> str:
    """Return a name as part of a file's."""
    return re.sub("[^a-z0-9]+", "-", name.lower()).strip("-")


if __name__ == "__main__":
    sys.exit(main())
