"""A lost answer: shown where the server's side is told, and not decided by what the client alone knows."""

from pathlib import Path

import msgspec
from diagnosing import diagnosed, standing_as
from incidents import REFRESH, begun, har, refused, rotated
from recording import written
from wires import Wire

from race401.harness.incident.diagnosis import diagnose
from race401.harness.incident.gathering import gather
from race401.harness.incident.readers.reader import How


def lost(variant: str) -> Wire:
    """Near: the second use is of the token that the first one brought, after an answer that arrived."""
    wire = begun()
    cut = {"status": 0, "hung_up": True} if variant == "planted" else {}
    rotated(wire, 0, 2.0, took=0.1, **cut)
    if variant == "near":
        rotated(wire, 1, 5.0)
    else:
        refused(wire, "r0", 5.0)
    return wire


def of_the_ledger(folder: Path, wire: Wire) -> set[str]:
    """What a ledger of it shows."""
    lines = b"".join(msgspec.json.encode(e) + b"\n" for e in wire.entries).decode()
    return standing_as(diagnose(gather([written(folder, "ledger.jsonl", lines)], How())), "shown")


def test_a_ledger_that_saw_both_sides_shows_it(tmp_path: Path) -> None:
    """Planted: granted, cut off, and the same token again."""
    assert "lost-answer" in of_the_ledger(tmp_path, lost("planted"))


def test_an_answer_that_arrived_was_not_lost(tmp_path: Path) -> None:
    """Clean twin: the same token again after an answer that arrived; near miss: the next token."""
    assert "lost-answer" not in of_the_ledger(tmp_path, lost("clean"))
    assert of_the_ledger(tmp_path, lost("near")) == set()


def test_a_browser_alone_does_not_know_whether_the_server_granted(tmp_path: Path) -> None:
    """Consistent: a refresh without an answer, and the same token again."""
    found = diagnosed(tmp_path, har(lost("planted")))
    assert "lost-answer" in standing_as(found, "consistent")
    assert "lost-answer" not in standing_as(diagnosed(tmp_path, har(begun())), "consistent")


def test_a_refresh_without_an_answer_and_no_second_try_is_none(tmp_path: Path) -> None:
    """Near miss: the client gave up."""
    wire = begun()
    wire.exchange("r0", at=2.0, status=0, hung_up=True, target=REFRESH, grant_outcome=None)
    assert "lost-answer" in standing_as(diagnosed(tmp_path, har(wire)), "not seen")
