"""Printed `card` lines, played: in the place of YOUR_DRIVER a shipped one that has the mechanism, and a sound one."""

import json
import sys

import pytest
from cards import DRIVERS

from race401.harness.__main__ import main
from race401.harness.incident.mechanisms import BY_NAME
from race401.harness.incident.way_on import DRIVER, commands

PRE_FIX, FIXED, HARDENED = (["race401_policy.py", policy] for policy in ("pre-fix", "fixed", "hardened"))
HAS_IT: dict[str, list[str]] = {
    **dict.fromkeys(
        ("reuse-revoked", "reuse-refused", "reuse-forgiven", "missing-token", "clock-skew", "key-change",
         "stale-copy", "refresh-every-call"), PRE_FIX,
    ),
    **dict.fromkeys(("late-401", "sign-out-undone", "ended-by-refresh"), FIXED),
    "sign-in-stampede": ["httpx_auth_password.py"],
}  # fmt: skip
"""By mechanism, a driver whose client has it."""
NOBODYS = {"lost-answer", "losers-clean-up", "body-lost", "rate-limit-storm"}
"""No client of the scoreboard has these; the answer is lost by the network, whatever the client."""


def outcome(name: str, driver: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """What the race came to, by the line as it is printed."""
    line = commands(BY_NAME[name])[-1][1]
    assert line.endswith(DRIVER)
    script, *words = driver
    command = ["--", sys.executable, str(DRIVERS / "python" / script), *words]
    main([*line.removesuffix(DRIVER).split()[1:], "--json", *command])
    (race,) = json.loads(capsys.readouterr().out)["results"]
    told: str = race["outcome"]
    return told


@pytest.mark.slow
@pytest.mark.parametrize("name", HAS_IT)
def test_a_client_that_has_it_is_told_from_a_sound_one(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The one loses, or refreshes or signs in more often than it had to."""
    assert outcome(name, HAS_IT[name], capsys) in ("lost", "lost, not claimed", "wasteful")
    assert outcome(name, HARDENED, capsys) == "survived"


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(NOBODYS))
def test_a_sound_client_survives_what_no_shipped_driver_has(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The race comes about all the same: else it would not be exercised."""
    assert outcome(name, HARDENED, capsys) == "survived"


def test_every_printed_card_is_played() -> None:
    """Those of mechanisms that have a race."""
    assert set(HAS_IT) | NOBODYS == {name for name, mechanism in BY_NAME.items() if mechanism.way.race}
