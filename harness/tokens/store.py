"""Where the app keeps its pair, and how a flow of the core writes it there."""

from typing import Protocol, runtime_checkable

from race401.harness.tokens.model import TokenPair, WriteStore, same


class SessionStore(Protocol):
    """Where the app keeps its pair."""

    def read(self) -> TokenPair | None:
        """Return the stored pair, or None when signed out."""
        ...

    def write(self, pair: TokenPair | None) -> None:
        """Store the pair; None: forget it."""
        ...


@runtime_checkable
class SwappingStore(SessionStore, Protocol):
    """A store that others write too, and that can compare and write in one step. Others are read, then written."""

    def swap(self, old: TokenPair, new: TokenPair | None) -> bool:
        """Store `new` if `old` is stored, by family and generation; return whether it was."""
        ...


class MemoryStore:
    """A session store in memory: it is lost when the process ends."""

    __slots__ = ("_pair",)

    def __init__(self, pair: TokenPair | None = None) -> None:
        self._pair = pair

    def read(self) -> TokenPair | None:
        """Return what was written last."""
        return self._pair

    def write(self, pair: TokenPair | None) -> None:
        """Keep it."""
        self._pair = pair


def written(store: SessionStore, effect: WriteStore) -> bool:
    """Do what the core asks of the store, and return whether it was done. The caller holds the session's lock."""
    if effect.instead_of is not None:
        if isinstance(store, SwappingStore):
            return store.swap(effect.instead_of, effect.pair)
        if not same(store.read(), effect.instead_of):
            return False
    store.write(effect.pair)
    return True
