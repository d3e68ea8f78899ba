"""The chances that decisions ask for are those of the library, to the bit."""

import numpy as np
import pytest
from scipy import stats

from dipcli.degradation.chances import (
    binomial_quantile,
    chi2_quantile,
    normal_log_above,
    normal_log_below,
    normal_log_density,
    ranks,
)

RNG = np.random.default_rng(0)
Y, MEAN = RNG.random((2, 9, 7, 3), dtype=np.float32)
DEVIATION = (0.001 + 0.2 * RNG.random((9, 7, 3))).astype(np.float32)


@pytest.mark.parametrize("deviation", [DEVIATION, 0.03])
@pytest.mark.parametrize("mean", [MEAN, 0.0])
def test_normal(mean, deviation):
    for ours, theirs in (
        (normal_log_density, stats.norm.logpdf),
        (normal_log_below, stats.norm.logcdf),
        (normal_log_above, stats.norm.logsf),
    ):
        np.testing.assert_array_equal(ours(Y, mean, deviation), theirs(Y, mean, deviation))


@pytest.mark.parametrize("freedom", [61, 253])
@pytest.mark.parametrize("share", [0.005, 0.02])
def test_chi_squared(share, freedom):
    assert chi2_quantile(share, freedom) == stats.chi2.ppf(share, freedom)


def test_binomial():
    for rate in (0.0, 0.003, 0.02, 0.11, 0.3, 0.45):
        assert binomial_quantile(1e-5, 49, rate) == stats.binom.isf(1e-5, 49, rate)
    assert binomial_quantile(1e-5, 49, 0.3) == 29


def test_ranks_of_equal_values_are_the_mean_of_theirs():
    assert list(ranks(np.array([5, 1, 5, 9, 5]))) == [3, 1, 3, 5, 3]
