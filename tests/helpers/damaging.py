"""Stored runs that fail for one reason each, and ways to damage what was stored."""

import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
from ledgers import PAGE, Run, reproduced
from runfolders import AFTER, stored

from race401.harness.judge import evidence, manifest, verdict
from race401.harness.judge.evidence import EvidenceError
from race401.harness.reporting import console, html

FILES = ("manifest.json", "ledger.jsonl", "samples.jsonl")
WRONG: tuple[Any, ...] = (None, [], {}, -1, 10**30, "x", True, [[]], {"x": []})
Damage = Callable[[Path, random.Random], None]


def caller_401() -> Run:
    """The app sees a 401."""
    run = reproduced()
    run.attempt(AFTER, "2.1", PAGE[0], "expired")
    return page_after(run)


def second_exchange() -> Run:
    """One generation is exchanged twice."""
    run = reproduced()
    run.exchange(AFTER, "reuse_tolerated")
    return page_after(run)


def lost_session() -> Run:
    """A session is refused for good."""
    run = reproduced()
    run.exchange(AFTER, "reused", generation=1)
    return page_after(run)


def after_sign_out() -> Run:
    """A request carries a session that was signed out."""
    run = reproduced()
    run.entry(AFTER, "/auth/v1/logout", 204, method="POST")
    run.attempt(AFTER, "3.1", PAGE[0], None)
    return page_after(run)


def page_after(run: Run) -> Run:
    """What fails is in the middle, so that nobody can take it for an end that is not there."""
    run.page("run/rfc9700/subject/2", 1, *[None] * 5)
    run.page("run/rfc9700/control/2", 1, *[None] * 5)
    return run


FAILING: dict[str, Callable[[], Run]] = {
    made.__name__: made for made in (caller_401, second_exchange, lost_session, after_sign_out)
}


def sealed(folder: Path, run: Run, *, killed: bool = False) -> Path:
    """Write a run as one that ended leaves it; or as one that was killed does, without samples."""
    folder.mkdir(exist_ok=True)
    run.manifest["ledger_entries"] = len(run.entries)
    if killed:
        run.manifest |= {"finished": False, "unfinished_because": "the run was killed"}
    stored(folder, run)
    files = {name: folder / name for name in FILES[1:]}
    whole = manifest.sealed(run.manifest, None if killed else files)
    (folder / FILES[0]).write_bytes(msgspec.json.format(msgspec.json.encode(whole), indent=2))
    if killed:
        files["samples.jsonl"].unlink()
    return folder


def judged(path: Path, *, page: bool = False) -> str:
    """The verdict, shown in every form; `refused` where there is nothing to judge. What else is raised is a bug."""
    try:
        told = evidence.load(path)
    except EvidenceError:
        return "refused"
    result = verdict.judge(told)
    assert result.sentence.startswith(f"{result.value}: ")
    assert verdict.to_json(result)
    assert console.render(result, told.manifest, color=False)
    if page:
        assert html.render(result, told)
    return str(result.value)


# --- damage at random ---


def lines_gone(path: Path, chance: random.Random) -> None:
    """Some lines are no longer there; the first and the last are."""
    lines = path.read_bytes().splitlines(keepends=True)
    first = chance.randrange(1, len(lines) - 1)
    del lines[first : chance.randrange(first + 1, len(lines))]
    path.write_bytes(b"".join(lines))


def line_twice(path: Path, chance: random.Random) -> None:
    """A line comes again, at the place of another."""
    lines = path.read_bytes().splitlines(keepends=True)
    one, other = chance.sample(range(len(lines)), 2)
    lines[one] = lines[other]
    path.write_bytes(b"".join(lines))


def noise(path: Path, chance: random.Random) -> None:
    """Some bytes are no text, as where a disk lost a block."""
    content = bytearray(path.read_bytes())
    at = chance.randrange(len(content))
    for n in range(at, min(len(content), at + chance.randrange(1, 400))):
        content[n] = chance.choice((0, 255, 34))
    path.write_bytes(bytes(content))


def torn(path: Path, chance: random.Random) -> None:
    """It ends too soon."""
    content = path.read_bytes()
    path.write_bytes(content[: chance.randrange(len(content))])


def glued(path: Path, chance: random.Random) -> None:
    """A part of it is missing in the middle."""
    content = path.read_bytes()
    one, other = sorted(chance.sample(range(len(content)), 2))
    path.write_bytes(content[:one] + content[other:])


def wrong_value(path: Path, chance: random.Random) -> None:
    """Some value, anywhere, is another one."""
    lines = [path.read_text()] if path.name.endswith(".json") else path.read_text().splitlines()
    at = chance.randrange(len(lines))
    places = list(spots(json.loads(lines[at])))
    lines[at] = json.dumps(changed(json.loads(lines[at]), chance.choice(places), chance.choice((*WRONG, GONE))))
    path.write_text("\n".join(lines) + "\n")


ALL: tuple[Damage, ...] = (lines_gone, line_twice, noise, torn, glued, wrong_value, wrong_value)

# --- one value at a time ---

GONE = object()
Place = tuple[str | int, ...]


def spots(plain: Any, here: Place = ()) -> Iterator[Place]:
    """Where a value is, in a plain one."""
    if here:
        yield here
    for key, value in (
        plain.items() if isinstance(plain, dict) else enumerate(plain) if isinstance(plain, list) else ()
    ):
        yield from spots(value, (*here, key))


def changed(plain: Any, place: Place, value: Any) -> Any:
    """The same with another value there, or none."""
    inner = plain
    for key in place[:-1]:
        inner = inner[key]
    if value is GONE:
        del inner[place[-1]]
    else:
        inner[place[-1]] = value
    return plain
