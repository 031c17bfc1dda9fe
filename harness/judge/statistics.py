"""
The few exact formulas that a verdict needs, in the standard library; the tests hold them against scipy.

n is independent sessions or runs, never requests.
"""

from collections.abc import Callable, Sequence
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


def fisher(hits: int, of: int, base_hits: int, base_of: int) -> float:
    """Return the two-sided p of Fisher's exact test: all tables that are no likelier than this one."""
    total = hits + base_hits
    ways = {k: comb(of, k) * comb(base_of, total - k) for k in range(max(0, total - base_of), min(of, total) + 1)}
    return sum(each for each in ways.values() if each <= ways[hits]) / comb(of + base_of, total)


def clopper_pearson(hits: int, of: int) -> tuple[float, float]:
    """Return the exact two-sided 95 % bounds of a rate of which `hits` of `of` showed (Clopper and Pearson 1934)."""
    if not of:
        return 0.0, 1.0
    tail = (1 - CONFIDENCE) / 2
    low = _rate_at(lambda p: _at_least(hits, of, p) < tail) if hits else 0.0
    high = _rate_at(lambda p: 1 - _at_least(hits + 1, of, p) > tail) if hits < of else 1.0
    return low, high


def _at_least(hits: int, of: int, p: float) -> float:
    """Return the chance of so many hits or more, at this rate."""
    return sum(comb(of, k) * p**k * (1 - p) ** (of - k) for k in range(hits, of + 1))


def _rate_at(below: Callable[[float], bool]) -> float:
    """Return the rate up to which `below` holds, halving what is left until nothing a float can tell is."""
    low, high = 0.0, 1.0
    while low < (middle := (low + high) / 2) < high:
        low, high = (middle, high) if below(middle) else (low, middle)
    return middle


def holm(ps: Sequence[float]) -> list[float]:
    """Return the p values corrected for there being several (Holm 1979), in the order given."""
    order = sorted(range(len(ps)), key=lambda i: ps[i])
    corrected = list(accumulate((min(1.0, (len(ps) - rank) * ps[i]) for rank, i in enumerate(order)), max))
    return [corrected[order.index(i)] for i in range(len(ps))]


def quantile(values: Sequence[float], q: float) -> float | None:
    """Return the value that a share q < 1 of the values does not exceed (nearest rank); None of none."""
    return sorted(values)[int(q * len(values))] if values else None
