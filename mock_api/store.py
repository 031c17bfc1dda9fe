"""Where families live, and the one place where an exchange is made a single step."""

from collections.abc import Callable
from typing import Protocol, TypeVar

from race401.mock_api.issuer import Family

T = TypeVar("T")
Step = Callable[[Family], tuple[Family, T]]


class Store(Protocol):
    """A shared store implements this with a transaction; memory is the default."""

    async def transact(self, token: str, step: Step[T]) -> T | None:
        """Apply the step to the family of this refresh token, as if alone; None if there is no such family."""
        ...

    async def add(self, family: Family) -> None:
        """Store a new family."""
        ...

    def get(self, family: str) -> Family | None:
        """Return the family with this id."""
        ...

    async def end(self, families: list[str]) -> None:
        """Forget these families, as GoTrue deletes sessions."""
        ...

    def of(self, user: str) -> list[Family]:
        """Return the user's families."""
        ...


class MemoryStore:
    """Families in dicts. No method awaits between reading and writing: that is the atomicity."""

    def __init__(self) -> None:
        self._families: dict[str, Family] = {}
        self._by_token: dict[str, str] = {}
        self._by_user: dict[str, list[str]] = {}

    async def transact(self, token: str, step: Step[T]) -> T | None:
        """See `Store`."""
        family = self._families.get(self._by_token.get(token, ""))
        if family is None:
            return None
        after, result = step(family)
        self.put(after)
        return result

    async def add(self, family: Family) -> None:
        """See `Store`."""
        self.put(family)
        self._by_user.setdefault(family.user, []).append(family.id)

    def get(self, family: str) -> Family | None:
        """See `Store`."""
        return self._families.get(family)

    async def end(self, families: list[str]) -> None:
        """See `Store`."""
        for name in families:
            family = self._families.pop(name, None)
            if family is not None:
                self._by_user[family.user].remove(name)
                for link in family.links:
                    self._by_token.pop(link.token, None)

    def of(self, user: str) -> list[Family]:
        """See `Store`."""
        return [self._families[name] for name in self._by_user.get(user, [])]

    def find(self, token: str) -> Family | None:
        """Return the family of this refresh token."""
        return self._families.get(self._by_token.get(token, ""))

    def put(self, family: Family) -> None:
        """Write it, and index its newest link."""
        self._families[family.id] = family
        self._by_token[family.links[-1].token] = family.id
