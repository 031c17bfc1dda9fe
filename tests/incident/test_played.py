"""What is played here is diagnosed as what it was: from the mock's ledger, a HAR of it, and a sanitized one."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec
import pytest
import virtual
from diagnosing import standing_as
from racing import Racing, Ticking
from recording import access_log_of, har_of, sanitized, written

from race401.harness.incident.diagnosis import Diagnosis, diagnose
from race401.harness.incident.gathering import gather
from race401.harness.incident.readers.reader import How
from race401.harness.tokens.policy import FIXED, HARDENED, PRE_FIX, Policy
from race401.ledger.entry import Entry

Play = Callable[[Racing], Awaitable[None]]
REUSE = {"reuse-refused", "reuse-revoked", "reuse-forgiven"}


async def expiry(racing: Racing) -> None:
    """A burst as the token comes to its end."""
    await racing.sign_in(30)
    await racing.arm("concurrent-expiry")
    await racing.burst()


async def late(racing: Racing) -> None:
    """Two requests are refused, and one of them receives its 401 late."""
    await racing.sign_in()
    await racing.arm("late-401")
    await racing.burst(2)


async def lost(racing: Racing) -> None:
    """The answer to a refresh is lost."""
    await racing.sign_in(30)
    await racing.arm("lost-answer")
    for _ in range(2):
        await racing.burst(1)
        racing.now += 10


PLAYED: dict[str, tuple[Policy, str, Play, set[str], set[str]]] = {  # what it shows, and what may come with that
    "forgiven": (PRE_FIX, "supabase", expiry, {"reuse-forgiven"}, set()),
    "refused": (PRE_FIX, "rotate-strict", expiry, {"reuse-refused"}, {"missing-token"}),
    "revoked": (PRE_FIX, "rfc9700", expiry, {"reuse-revoked"}, {"reuse-refused", "missing-token"}),
    "late": (FIXED, "rfc9700", late, {"late-401"}, set()),
    "lost": (HARDENED, "supabase", lost, {"lost-answer"}, {"reuse-forgiven", "stale-copy"}),
    "sound": (HARDENED, "rfc9700", expiry, set(), set()),
}
every = pytest.mark.parametrize("name", PLAYED)


def played(name: str) -> list[Entry]:
    """The mock's ledger of it."""
    policy, world, play, *_ = PLAYED[name]

    async def within() -> Racing:
        racing = Ticking(policy, world)
        await play(racing)
        return racing

    return [e for e in virtual.run(within()).ledger.entries if not e.target.startswith("/_race401")]


def diagnosis_of(folder: Path, name: str, content: object) -> Diagnosis:
    """What a file of it shows."""
    return diagnose(gather([written(folder, name, content)], How()))  # type: ignore[arg-type]


@every
def test_its_ledger_shows_what_it_was_and_nothing_else(tmp_path: Path, name: str) -> None:
    """The mock knows both sides."""
    lines = b"".join(msgspec.json.encode(e) + b"\n" for e in played(name)).decode()
    found = standing_as(diagnosis_of(tmp_path, "ledger.jsonl", lines), "shown")
    *_, shows, beside = PLAYED[name]
    assert shows <= found <= shows | beside


@every
def test_a_browsers_har_of_it_shows_nothing_else_and_sanitized_nothing(tmp_path: Path, name: str) -> None:
    """What it was is shown or fits; of the sanitized one it fits."""
    har = har_of(played(name))
    *_, shows, beside = PLAYED[name]
    whole = diagnosis_of(tmp_path, "whole.har", har)
    assert standing_as(whole, "shown") <= shows | beside
    assert shows <= standing_as(whole, "shown") | standing_as(whole, "consistent")
    without = diagnosis_of(tmp_path, "without.har", sanitized(har))
    assert standing_as(without, "shown") == set()
    assert not shows & standing_as(without, "excluded")


@every
def test_an_access_log_of_it_shows_nothing_that_it_was_not(tmp_path: Path, name: str) -> None:
    """It has no tokens."""
    *_, shows, beside = PLAYED[name]
    found = diagnosis_of(tmp_path, "access.log", access_log_of(played(name)))
    assert standing_as(found, "shown") <= shows | beside
    assert not shows & standing_as(found, "excluded")
