"""ARCHITECTURE.md is a map: the rooms that it draws are the code's, its arrows the imports, and all run down."""

import re
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("race401.harness", "race401.ledger", "race401.mock_api", "race401.scenarios")
ELSEWHERE = {"__main__": "commands", "pytest_plugin": "fixtures"}  # of the harness, files that stand in no folder
ROW = re.compile(r"^([a-z_/]+)(?: +→ (.*))?$")
Arrows = dict[str, list[str]]


def drawn(page: str) -> Arrows:
    """The drawing, in its order: each room, and what its arrows lead to."""
    sheet = re.sub(r",\n +", ", ", page.split("```\n")[1])
    rows = [ROW.match(line) for line in sheet.splitlines() if line]
    return {row[1]: row[2].split(", ") if row[2] else [] for row in rows if row is not None}


def room(module: str) -> str | None:
    """The room of a module; None: it is a package that puts nothing together."""
    package, *rest = module.split(".")[1:]
    if package not in {"harness", "mock_api"}:
        return package
    if not rest:
        return None
    if package == "harness":
        return ELSEWHERE.get(rest[0], rest[0])
    return "mock_api/process" if rest[0] == "__main__" else f"mock_api/{rest[0]}"


def imports() -> dict[str, set[str]]:
    """What each room imports of the others, by the code."""
    graph = grimp.build_graph(*PACKAGES, cache_dir=None)
    found: dict[str, set[str]] = {name: set() for module in graph.modules if (name := room(module)) is not None}
    for module in graph.modules:
        for other in graph.find_modules_directly_imported_by(module):
            here, there = room(module), room(other)
            if here is not None and there is not None and here != there:
                found[here].add(there)
    return found


def wrong(map_: Arrows, code: dict[str, set[str]]) -> list[str]:
    """What of the drawing is not so, one line each."""
    order = list(map_)
    lines = [f"{name}: not drawn" for name in code.keys() - map_.keys()]
    lines += [f"{name}: there is no such room" for name in map_.keys() - code.keys()]
    for name, arrows in map_.items():
        imported = code.get(name, set())
        lines += [f"{name} -> {other}: not drawn" for other in imported - set(arrows)]
        lines += [f"{name} -> {other}: not so" for other in set(arrows) - imported]
        lines += [f"{name} -> {other}: runs up" for other in arrows if other in order[: order.index(name)]]
    return sorted(lines)


PAGE = (ROOT / "ARCHITECTURE.md").read_text()


def test_the_drawing_is_the_code() -> None:
    assert wrong(drawn(PAGE), imports()) == []


def test_each_room_is_told_of_once() -> None:
    """The table below the drawing has a line for each room, in the drawing's order."""
    assert re.findall(r"^\| `([a-z_/]+)` \|", PAGE.split("## ")[0], re.MULTILINE) == list(drawn(PAGE))


@pytest.mark.parametrize(
    ("was", "becomes", "finding"),
    [
        ("reporting            → judge", "reporting            → card, judge", "reporting -> card: not so"),
        ("judge                → ledger", "judge", "judge -> ledger: not drawn"),
        ("proxy                → judge, ledger\n", "", "proxy: not drawn"),
        ("tokens\n", "tokens\ncellar\n", "cellar: there is no such room"),
        ("tokens\n", "tokens               → judge\n", "tokens -> judge: runs up"),
    ],
)
def test_a_drawing_that_is_wrong_is_found(was: str, becomes: str, finding: str) -> None:
    """Planted: an arrow too many, one too few, a room forgotten, one too many, an arrow that runs up."""
    assert was in PAGE
    assert finding in wrong(drawn(PAGE.replace(was, becomes, 1)), imports())


WORD = re.compile(r"^\| [^|]+ \| [^|]+ \|[^|]*\| `([a-z_/]+\.py)`: `(\w+)` \|$", re.MULTILINE)


def undefined(words: str) -> list[str]:
    """The words of the glossary that the file they name does not define."""
    found = WORD.findall(words)
    roots = (ROOT, ROOT / "harness")
    texts = {path: next((root / path).read_text() for root in roots if (root / path).exists()) for path, _ in found}
    return [
        name
        for path, name in found
        if not re.search(rf"^ *(class |def )?{name}\b(\(|:| =)", texts[path], re.MULTILINE)
    ]


def test_every_word_is_defined_where_the_glossary_says() -> None:
    """A row that is written in another way would be passed over, so that all of them are counted."""
    words = (ROOT / "ARCHITECTURE.md").read_text().split("## Words\n")[1].split("\n## ")[0]
    assert len(WORD.findall(words)) == words.count("\n| ") - 1
    assert undefined(words) == []
    line = "| a word | what it means | | `ledger/entry.py`: `{}` |"
    assert undefined("\n".join(map(line.format, ("Entry", "Gone")))) == ["Gone"]
