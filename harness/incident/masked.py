"""
Rows that can be shown: no e-mail address, no value of a query, yet equal ones stay equal.

A value becomes `*1`, `*2`, ... of its parameter, an address the user `*1@*`, ...; what says how a token endpoint was
asked stays. Tokens are fingerprints before anything gets here.
"""

import re
from collections.abc import Iterable
from urllib.parse import unquote

from race401.ledger.entry import Entry

PLAIN = frozenset(
    {"grant_type", "response_type", "scope", "token_type_hint"}
)  # parameters that say what is asked for
EMAIL = re.compile(r"[\w.!#$&'*+=?^`{|}~-]+(?:@|%40)[\w-]+(?:(?:\.|%2e)[\w-]+)+", re.ASCII | re.IGNORECASE)


class Masked:
    """Masks texts so that equal ones stay equal, for one diagnosis."""

    def __init__(self) -> None:
        self._people: dict[str, str] = {}
        self._values: dict[tuple[str, str], str] = {}
        self._targets: dict[str, str] = {}

    def text(self, text: str) -> str:
        """Return any text without e-mail addresses."""
        if "@" not in text and "%40" not in text:
            return text
        return EMAIL.sub(lambda found: self._person(found[0]), text)

    def target(self, target: str) -> str:
        """Return a path and query."""
        if (known := self._targets.get(target)) is None:
            path, mark, query = target.partition("?")
            parameters = "&".join(self._parameter(each) for each in query.split("&"))
            known = self._targets[target] = self.text(path) + mark + parameters
        return known

    def _parameter(self, parameter: str) -> str:
        name, equals, value = parameter.partition("=")
        if not value or name in PLAIN:
            return self.text(parameter)
        return f"{self.text(name)}{equals}{self._number(name, value)}"

    def _number(self, name: str, value: str) -> str:
        known = sum(1 for other, _ in self._values if other == name) if (name, value) not in self._values else 0
        return self._values.setdefault((name, value), f"*{known + 1}")

    def _person(self, address: str) -> str:
        return self._people.setdefault(unquote(address).lower(), f"*{len(self._people) + 1}@*")


def mask(entries: Iterable[Entry]) -> None:
    """Mask what the entries say of people and of what they asked for."""
    masked = Masked()
    for entry in entries:
        entry.target = masked.target(entry.target)
        if entry.client is not None:
            entry.client = masked.text(entry.client)
        if entry.attempt is not None:
            entry.attempt = masked.text(entry.attempt)
