"""What `mkdocs build` must hold besides being strict: all assets are its own, and every local link exists."""

from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from mkdocs.exceptions import PluginError

LOADS = {"script": "src", "img": "src", "link": "href", "iframe": "src", "source": "src", "video": "src"}
NOT_LOADED = {"canonical", "prev", "next", "edit", "alternate"}  # <link rel=...> that no browser fetches
LEADS = {"a": "href", "area": "href"}


class Links(HTMLParser):
    """The addresses of a page: what it loads, what it leads to, and the anchors that it has."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.leads: list[str] = []
        self.anchors: set[str] = set()
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep the addresses of one tag."""
        of = {name: value or "" for name, value in attrs}
        self.anchors |= {of[name] for name in ("id", "name") if name in of}
        if tag in LEADS and LEADS[tag] in of:
            self.leads.append(of[LEADS[tag]])
        elif tag in LOADS and LOADS[tag] in of and of.get("rel") not in NOT_LOADED:
            self.loads.append(of[LOADS[tag]])


def on_post_build(config: Any) -> None:
    """Fail the build with every problem named."""
    site = Path(config["site_dir"])
    pages = {page: Links(page) for page in sorted(site.rglob("*.html"))}
    problems = [f"{page.relative_to(site)}: {what}" for page in pages for what in _problems(page, pages, site)]
    if problems:
        raise PluginError("\n".join(["the site does not hold:", *problems]))


def _problems(page: Path, pages: dict[Path, Links], site: Path) -> Iterator[str]:
    links = pages[page]
    yield from (f"loads {address} from elsewhere" for address in links.loads if urlsplit(address).netloc)
    for address in links.loads + links.leads:
        parts = urlsplit(address)
        if parts.scheme or parts.netloc:
            continue
        target = _target(page, unquote(parts.path), site)
        if not target.exists():
            yield f"leads to {address}, which is not there"
        elif parts.fragment and target in pages and unquote(parts.fragment) not in pages[target].anchors:
            yield f"leads to {address}, whose anchor is not there"


def _target(page: Path, path: str, site: Path) -> Path:
    if not path:
        return page
    target = (site / path[1:] if path.startswith("/") else page.parent / path).resolve()
    return target / "index.html" if target.is_dir() else target
