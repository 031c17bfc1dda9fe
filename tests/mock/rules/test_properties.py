"""What holds of every world after any sequence of calls: hypothesis looks for one that breaks it."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import seed
from hypothesis.stateful import initialize, run_state_machine_as_test
from searching import DEEP, HUNT, QUICK, SEEDS
from sessions import Sessions
from variants import VARIANTS

from race401.mock_api.rules.worlds import WORLDS


def machine(name: str) -> type[Sessions]:
    """The machine of one world."""
    return type(name, (Sessions,), {"world": VARIANTS[name]})


@pytest.mark.parametrize("name", VARIANTS)
def test_any_sequence_of_calls(name: str) -> None:
    run_state_machine_as_test(machine(name), settings=QUICK)


@pytest.mark.slow
@pytest.mark.parametrize("name", VARIANTS)
def test_any_sequence_of_calls_searched_deeper(name: str) -> None:
    run_state_machine_as_test(machine(name), settings=DEEP)


BROKEN = {
    "losers that are punished": WORLDS["rfc9700"],
    "a revoked family whose last token lives": replace(WORLDS["overlap-new-sibling"], revoked_last_lives=True),
    "siblings where one line is promised": replace(WORLDS["rfc9700"], reuse_interval=30.0),
    "a reuse that is not punished": replace(WORLDS["rfc9700"], on_reuse="refuse"),
}


BESIDE = ("ban", "use", "revoke", "sign_out")  # rules that none of these needs: without them it is found soon


@pytest.mark.parametrize("name", BROKEN)
def test_the_search_finds_a_planted_violation(name: str) -> None:
    """The same machine, told of one world and given another, fails, by one of a few seeds."""
    promised = {"a revoked": "overlap-new-sibling", "losers th": "toctou"}.get(name[:9], "rfc9700")
    lied: Any = type("Lied", (Sessions,), {"world": WORLDS[promised], **dict.fromkeys(BESIDE)})

    def begin(self: Any) -> None:
        Sessions.begin(self)
        self.realm.world = BROKEN[name]

    lied.begin = initialize()(begin)

    def search() -> None:
        for each in SEEDS:
            run_state_machine_as_test(seed(each)(lied), settings=HUNT)

    with pytest.raises(AssertionError):
        search()
