"""
The few exact formulas that a verdict needs, in the standard library; the tests hold them against scipy.

n is independent sessions or runs, never requests.
"""

from collections.abc import Sequence
from itertools import accumulate
from math import comb

CONFIDENCE = 0.95


def upper_bound(n: int) -> float:
    """Return the exact one-sided 95 % bound of a rate of which 0 of n showed anything: 1 - 0.05^(1/n); of none, 1."""
    return 1 - (1 - CONFIDENCE) ** (1 / n) if n else 1.0


def fisher_greater(hits: int, of: int, base_hits: int, base_of: int) -> float:
    """Return the one-sided p of Fisher's exact test: as many hits now, or more, if nothing had changed."""
    total, drawn = hits + base_hits, of
    everyone = comb(of + base_of, drawn)
    most = min(total, drawn)
    ways = sum(comb(total, k) * comb(of + base_of - total, drawn - k) for k in range(hits, most + 1))
    return ways / everyone


def holm(ps: Sequence[float]) -> list[float]:
    """Return the p values corrected for there being several (Holm 1979), in the order given."""
    order = sorted(range(len(ps)), key=lambda i: ps[i])
    corrected = list(accumulate((min(1.0, (len(ps) - rank) * ps[i]) for rank, i in enumerate(order)), max))
    return [corrected[order.index(i)] for i in range(len(ps))]


def quantile(values: Sequence[float], q: float) -> float | None:
    """Return the value that a share q < 1 of the values does not exceed (nearest rank); None of none."""
    return sorted(values)[int(q * len(values))] if values else None
