"""What stands beside an incident in a real file changes nothing: other requests, another order, another program."""

import copy
import random
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from browsers import PROGRAMS
from changing import BARE, at_host, ledger
from diagnosing import diagnosed, standing_as
from incidents import BUILDERS, REFRESH, Har, begun, har
from wires import Wire

from race401.ledger.entry import Entry


def among_others(told: Har, seed: int) -> Har:
    """In any order, with preflights, a cache's answers, pictures, other hosts' requests, requests broken off."""
    draw, copied = random.Random(seed), copy.deepcopy(told)  # noqa: S311 - the same order each time
    entries: list[dict[str, Any]] = copied["log"]["entries"]
    others = []
    for each in entries:
        preflight, picture, cached, gone = (copy.deepcopy(each) for _ in range(4))
        for other in (preflight, picture, cached, gone):
            other["request"] |= {"method": "GET", "headers": [], "bodySize": 0}
            other["request"].pop("postData", None)
            other["response"] |= {"status": 200, "content": {"mimeType": "image/png", "text": "", "size": 0}}
        preflight["request"]["method"], preflight["_resourceType"] = "OPTIONS", "preflight"
        picture["request"]["url"], picture["_resourceType"] = "https://cdn.example.net/a.png", "image"
        cached["_fromCache"] = "memory"
        gone["request"]["url"] = "https://metrics.example.net/beat"
        gone["response"] |= {"status": 0, "_error": "net::ERR_BLOCKED_BY_CLIENT", "headers": []}
        others += [preflight, picture, cached, gone]
    entries += others
    draw.shuffle(entries)
    return copied


@cache
def shown(name: str, variant: str) -> set[str]:
    """What the incident's own file shows, with nothing beside it."""
    with TemporaryDirectory() as folder:
        return standing_as(diagnosed(Path(folder), BUILDERS[name](variant)), "shown")


@pytest.mark.parametrize("variant", ["planted", "clean", "near"])
@pytest.mark.parametrize("name", BUILDERS)
def test_what_stands_beside_it_and_in_which_order_changes_nothing(tmp_path: Path, name: str, variant: str) -> None:
    """The order of a file's entries says nothing; neither does what no auth server heard of."""
    told = among_others(BUILDERS[name](variant), len(name))
    assert standing_as(diagnosed(tmp_path, told), "shown") == shown(name, variant)


@pytest.mark.parametrize("program", [each for each in PROGRAMS if each != "Chrome"])
@pytest.mark.parametrize("name", BUILDERS)
def test_another_program_shows_nothing_else(tmp_path: Path, name: str, program: str) -> None:
    """Firefox and Safari say less of some; none shows what Chrome's file does not."""
    for variant in ("planted", "near"):
        told = PROGRAMS[program](BUILDERS[name](variant))
        assert standing_as(diagnosed(tmp_path, told), "shown") <= shown(name, variant)


def test_a_recording_that_begins_in_the_middle_shows_nothing_more(tmp_path: Path) -> None:
    """From any entry on: what is shown of the rest is shown of the whole."""
    for name, builder in BUILDERS.items():
        told = builder("planted")
        for n in range(1, len(told["log"]["entries"])):
            part = {"log": told["log"] | {"entries": told["log"]["entries"][n:]}}
            assert standing_as(diagnosed(tmp_path, part), "shown") <= shown(name, "planted"), (name, n)


def test_two_clients_in_one_ledger_are_told_apart(tmp_path: Path) -> None:
    """A mechanism needs one client: what two of a server's clients did at once is none's."""
    wires = [begun(), begun()]
    for n, wire in enumerate(wires):
        for e in wire.entries:
            e.peer, e.sent = f"peer {n}", e.sent and f"{e.sent}{n}"
            e.brought_access, e.brought_refresh = e.brought_access and f"{e.brought_access}{n}", f"r0{n}"
    entries: list[Entry] = sorted((e for wire in wires for e in wire.entries), key=lambda e: e.received_at)
    wire = Wire(entries)
    wire.exchange("r00", "x1", "y1", at=2.0, took=0.2, target=REFRESH, peer="peer 0")
    wire.exchange("r01", at=2.1, took=0.2, target=REFRESH, peer="peer 1", grant_outcome="refused")
    wire.get(None, 401, at=3.0, peer="peer 2", **BARE)
    assert standing_as(diagnosed(tmp_path, ledger(wire)), "shown") == set()


@pytest.mark.parametrize(
    ("again", "stands"),
    [("/contacts", "excluded"), ("/admin", "excluded"), (None, "consistent")],
    ids=["another route took it", "the same route took it", "nobody took it"],
)
def test_a_token_that_was_taken_after_its_refusal_was_not_over(
    tmp_path: Path, again: str | None, stands: str
) -> None:
    """Of one that was not, a clock may be the reason; so it may where another server took it, by its own clock."""
    wire = Wire()
    wire.get("a0", 401, at=1000.0, target="/admin")
    if again is not None:
        wire.get("a0", at=1001.0, target=again)
    told = har(wire)
    for each in told["log"]["entries"]:
        each["response"]["headers"] = [h for h in each["response"]["headers"] if h["name"] != "date"]
    assert "clock-skew" in standing_as(diagnosed(tmp_path, told), stands)
    elsewhere = at_host(told, "/contacts", "other.example.org/contacts")
    assert "clock-skew" in standing_as(
        diagnosed(tmp_path, elsewhere), stands if again != "/contacts" else "consistent"
    )
