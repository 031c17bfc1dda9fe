"""
What a role should show in a condition, in the words of the checks: `Expectation("some", "any", cause="expired")`.

The words are those that the checks in `checks.CHECKS` know, each by its key.
"""

from collections.abc import Mapping
from typing import Any

from race401.harness.judge.check import SOME, Words
from race401.harness.judge.checks import CHECKS

WORDS: dict[str, Words] = {check.key: check.words for check in CHECKS.values() if check.words is not None}


class Expectation:
    """What the verdict holds a role to. Raises ValueError at a check or a word that is none."""

    def __init__(
        self, caller_401s: str, exchanges_per_generation: str, *, cause: str | None = None, **others: str
    ) -> None:
        """Expect this; `cause`: which the 401s should have, where there should be some."""
        said = {"caller_401s": caller_401s, "exchanges_per_generation": exchanges_per_generation, **others}
        known(said)
        self._words = {key: said.get(key, words.default) for key, words in WORDS.items()}
        self._cause = cause

    def but(self, **changes: Any) -> "Expectation":
        """Return the same with some words changed."""
        same: dict[str, Any] = self.plain()
        return Expectation(**(same | changes))

    def plain(self) -> dict[str, str | None]:
        """Return it as a manifest has it: what is not said of is left out."""
        return {key: word for key, word in self._words.items() if word is not None} | {"cause": self._cause}

    @property
    def is_a_race(self) -> bool:
        """Whether something should show that a sound client does not show."""
        return any(word in SOME for word in self._words.values())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Expectation) and self.plain() == other.plain()

    def __hash__(self) -> int:
        return hash(tuple(self.plain().items()))

    def __repr__(self) -> str:
        return f"Expectation({', '.join(f'{key}={word!r}' for key, word in self.plain().items())})"


def known(said: Mapping[str, str], words: Mapping[str, Words] = WORDS) -> None:
    """Raise ValueError if one of the checks is not known, or does not know its word."""
    for key, word in said.items():
        if key not in words:
            raise ValueError(f"{key}={word!r}: known are {', '.join(words)}")
        if word not in words[key].known:
            raise ValueError(f"{key}={word!r}: may be {', '.join(words[key].known)}")
