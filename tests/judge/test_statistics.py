"""The exact formulas, against scipy's and against their own definitions."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from race401.harness.judge.statistics import (
    clopper_pearson,
    fisher,
    fisher_greater,
    holm,
    quantile,
    upper_bound,
)


@pytest.fixture(scope="module")
def scipy_stats() -> Any:
    """The witness; it takes most of a second to load, which collecting need not wait for."""
    from scipy import stats

    return stats


@pytest.mark.parametrize("n", [1, 10, 30, 1000])
def test_zero_of_n(n: int, scipy_stats: Any) -> None:
    """Clopper and Pearson's bound, of which ours is the closed form at zero."""
    exact = scipy_stats.binomtest(0, n).proportion_ci(confidence_level=0.90, method="exact").high
    assert upper_bound(n) == pytest.approx(exact)


def test_zero_of_none() -> None:
    assert upper_bound(0) == 1.0


@given(st.integers(0, 20), st.integers(0, 20), st.integers(0, 20), st.integers(0, 20))
def test_fishers_exact_test(scipy_stats: Any, hits: int, misses: int, base_hits: int, base_misses: int) -> None:
    table = [[hits, misses], [base_hits, base_misses]]
    expected = scipy_stats.fisher_exact(table, alternative="greater").pvalue
    assert fisher_greater(hits, hits + misses, base_hits, base_hits + base_misses) == pytest.approx(expected)


@given(st.integers(0, 20), st.integers(0, 20), st.integers(0, 20), st.integers(0, 20))
def test_fishers_exact_test_of_both_sides(
    scipy_stats: Any, hits: int, misses: int, base_hits: int, base_misses: int
) -> None:
    expected = scipy_stats.fisher_exact([[hits, misses], [base_hits, base_misses]]).pvalue
    assert fisher(hits, hits + misses, base_hits, base_hits + base_misses) == pytest.approx(expected)


@given(st.integers(0, 40), st.integers(0, 40))
def test_the_exact_bounds_of_a_share(scipy_stats: Any, hits: int, misses: int) -> None:
    """Clopper and Pearson's, of both sides."""
    if not hits + misses:
        assert clopper_pearson(0, 0) == (0.0, 1.0)
        return
    exact = scipy_stats.binomtest(hits, hits + misses).proportion_ci(method="exact")
    assert clopper_pearson(hits, hits + misses) == pytest.approx((exact.low, exact.high), abs=1e-9)


def test_holm_corrects_in_order() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []


@given(st.lists(st.floats(0, 1), max_size=8))
def test_holm_never_makes_anything_more_significant(ps: list[float]) -> None:
    assert all(corrected >= p for corrected, p in zip(holm(ps), ps, strict=True))


def test_quantiles() -> None:
    assert quantile([3.0, 1.0, 2.0], 0.5) == 2.0
    assert quantile([2.0, 1.0], 0.95) == 2.0
    assert quantile([], 0.5) is None
