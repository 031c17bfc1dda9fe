"""What a look at one session does to another must not be taken for what the server did."""

import asyncio
import itertools
from collections.abc import Sequence

from race401.harness.probe.answers import Answer, Trial
from race401.harness.probe.card import rows
from race401.harness.probe.playing import Pair, play
from race401.harness.probe.sequences import SEQUENCES, Refresh, SignOut, Step

ABLE = frozenset({"revoke"})


class Touchy:
    """A sign-out ends one session; to present its token again ends all of the user's, as better-auth has it."""

    def __init__(self) -> None:
        self._names = (f"token {n}" for n in itertools.count())
        self._live: set[str] = set()
        self._out: set[str] = set()

    def now(self) -> float:
        """No time passes."""
        return 0.0

    async def sleep(self, seconds: float) -> None:
        """None."""
        raise AssertionError(seconds)

    def _new(self) -> Pair:
        token = next(self._names)
        self._live.add(token)
        return Pair(token, "")

    async def sign_in(self) -> Pair:
        """A session."""
        return self._new()

    async def send(self, steps: Sequence[tuple[Step, Pair]]) -> list[tuple[Answer, Pair | None]]:
        """One after another."""
        return [self._one(step, pair.refresh) for step, pair in steps]

    def _one(self, step: Step, token: str) -> tuple[Answer, Pair | None]:
        assert isinstance(step, Refresh | SignOut)
        if token in self._out:
            self._live.clear()
        if token not in self._live:
            return Answer("refused", token), None
        self._live.discard(token)
        if isinstance(step, SignOut):
            self._out.add(token)
            return Answer("granted", token), None
        pair = self._new()
        return Answer("granted", token, refresh=pair.refresh), pair


def test_a_sign_out_is_not_blamed_for_what_the_probe_did_afterwards() -> None:
    """Another session is looked at before the token that was signed out is presented again."""
    sequence = next(each for each in SEQUENCES if each.name == "sign-out, newest")
    trials: list[Trial] = [asyncio.run(play(Touchy(), sequence, ABLE))]
    said = {row.name: row.said for row in rows(trials, ABLE)}
    assert (said["sign-out.newest"], said["sign-out.other"]) == ("never", "always")
