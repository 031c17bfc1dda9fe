"""Which nodes of a graph hang together, as its edges come in: disjoint sets (union-find)."""

from collections.abc import Iterator


class Components:
    """Disjoint sets of names."""

    __slots__ = ("_above",)

    def __init__(self) -> None:
        self._above: dict[str, str] = {}

    def __iter__(self) -> Iterator[str]:
        """Yield every node."""
        return iter(self._above)

    def __contains__(self, node: str) -> bool:
        """Whether the node was added."""
        return node in self._above

    def add(self, node: str) -> None:
        """Have a node, alone unless it is there."""
        self._above.setdefault(node, node)

    def root(self, node: str) -> str:
        """Return the node that stands for its component; raises KeyError if it was never added."""
        above = self._above
        while (up := above[node]) != node:
            above[node] = above[up]
            node = above[node]
        return node

    def join(self, one: str, other: str) -> None:
        """Put two nodes into one component."""
        self.add(one)
        self.add(other)
        self._above[self.root(other)] = self.root(one)
