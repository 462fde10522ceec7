"""helpers.evaluation.statistics against values worked out by hand and against SciPy."""

import math
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest, ttest_1samp, ttest_rel

from helpers.evaluation.statistics import (
    Estimate,
    holm,
    mcnemar,
    p_text,
    paired_bootstrap,
    paired_repeats,
    repeated,
    verdict,
    wilson,
)

shares = st.integers(1, 2000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
outcomes = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=200)


@settings(deadline=None)  # a machine may be busy
@given(shares)
def test_the_interval_holds_the_share_and_mirrors(share):
    hits, n = share
    ours, mirrored = wilson(hits, n), wilson(n - hits, n)
    assert 0 <= ours.low <= ours.value <= ours.high <= 1
    assert (ours.low, ours.high) == pytest.approx((1 - mirrored.high, 1 - mirrored.low))


def test_wilson_by_hand():
    # 8 of 10, z = 1.96: (0.8 + 3.8416/20 ± 1.96 √(0.16/10 + 3.8416/400)) / (1 + 3.8416/10)
    half = 1.96 * math.sqrt(0.016 + 0.009604) / 1.38416
    middle = 0.99208 / 1.38416
    share = wilson(8, 10)
    assert (share.n, share.hits, share.value) == (10, 8, 0.8)
    assert share.low == pytest.approx(middle - half, abs=1e-4) == pytest.approx(0.4902, abs=1e-4)
    assert share.high == pytest.approx(middle + half, abs=1e-4) == pytest.approx(0.9433, abs=1e-4)


def test_no_hits_and_only_hits_still_have_an_interval():
    assert (wilson(0, 20).low, wilson(20, 20).high) == (0.0, 1.0)
    assert wilson(0, 20).high == pytest.approx(1 - wilson(20, 20).low) == pytest.approx(0.1611, abs=1e-4)


def test_more_problems_narrow_the_interval():
    widths = [wilson(n // 2, n).high - wilson(n // 2, n).low for n in (10, 100, 1000)]
    assert widths == sorted(widths, reverse=True)


@pytest.mark.parametrize(("hits", "n"), [(0, 0), (3, 2), (-1, 5)])
def test_what_is_no_share_is_refused(hits, n):
    with pytest.raises(ValueError, match=f"{hits} hits of {n}"):
        wilson(hits, n)


def test_a_share_reads_well():
    assert str(wilson(8, 10)) == "80.0% (49.0% to 94.3%)"


# --- two models on the same problems ------------------------------------------------------------


@settings(deadline=None)  # a machine may be busy
@given(outcomes)
def test_mcnemar_is_scipys_binomial_test(pairs):
    a, b = zip(*pairs, strict=True)
    only_a, only_b = sum(x and not y for x, y in pairs), sum(y and not x for x, y in pairs)
    theirs = binomtest(only_a, only_a + only_b).pvalue if only_a + only_b else 1.0
    assert mcnemar(a, b) == pytest.approx(theirs)
    assert mcnemar(a, b) == mcnemar(b, a)


def test_mcnemar_by_hand():
    # They differ on six problems, and b is right on all of them: 2 × (1/2)^6.
    a, b = [True] * 10 + [False] * 6, [True] * 16
    assert mcnemar(a, b) == 1 / 32


def test_only_problems_on_which_they_differ_count():
    a, b = [True, False, False], [False, True, True]
    assert mcnemar(a + [True] * 500, b + [True] * 500) == mcnemar(a, b)


def test_thousands_of_problems_do_not_overflow():
    rng = random.Random(0)
    a, b = ([rng.random() < 0.5 for _ in range(5000)] for _ in range(2))
    assert 0 < mcnemar(a, b) <= 1


def test_the_bootstrap_is_what_drawing_problems_gives():
    """The short cut (how many of each kind are drawn) against the plain way (which problems are drawn)."""
    rng = np.random.default_rng(1)
    a, b = rng.random(300) < 0.6, rng.random(300) < 0.7
    drawn = rng.integers(0, 300, (10_000, 300))
    plain = (b.astype(int) - a.astype(int))[drawn].mean(1)
    ours = paired_bootstrap(a.tolist(), b.tolist(), seed=0)
    assert ours.value == pytest.approx(b.mean() - a.mean())
    assert (ours.low, ours.high) == pytest.approx(np.quantile(plain, [0.025, 0.975]), abs=0.01)


def test_the_bootstrap_repeats_with_its_seed():
    a, b = [True, False] * 50, [True, True, False, True] * 25
    # Few resamples, so that different ones give different intervals.
    once, again, other = (paired_bootstrap(a, b, seed, resamples=50) for seed in (3, 3, 4))
    assert once == again != other


def test_the_difference_is_b_less_a():
    worse, better = [False] * 90 + [True] * 10, [True] * 100
    found = paired_bootstrap(worse, better, seed=0)
    assert found.value == pytest.approx(0.9) and 0 < found.low < 0.9 < found.high <= 1
    assert str(found).startswith("+90.0 points (+")
    assert paired_bootstrap(better, worse, seed=0).value == pytest.approx(-0.9)


def test_equal_models_do_not_differ():
    same = [True, False, True]
    assert mcnemar(same, same) == 1.0
    found = paired_bootstrap(same, same, seed=0)
    assert (found.value, found.low, found.high) == (0, 0, 0)


@pytest.mark.parametrize("test", [mcnemar, lambda a, b: paired_bootstrap(a, b, seed=0)])
def test_different_numbers_of_problems_are_refused(test):
    with pytest.raises(ValueError, match="shorter"):
        test([True, False], [True])


def test_nothing_cannot_be_resampled():
    with pytest.raises(ValueError, match="no problems"):
        paired_bootstrap([], [], seed=0)


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (0.01, 0.09, "better"),
        (-0.09, -0.01, "worse"),
        (0.01, 0.04, "better, by less than 5 points"),
        (-0.04, -0.01, "worse, by less than 5 points"),
        (-0.04, 0.04, "equal within ±5 points"),
        (-0.06, 0.04, "not decided"),
        (-0.04, 0.05, "not decided"),
        (0, 0, "equal within ±5 points"),
    ],
)
def test_no_difference_found_is_not_yet_equal(low, high, said):
    assert verdict(Estimate((low + high) / 2, low, high, 100, signed=True)) == said
    if said == "not decided":
        assert verdict(Estimate(0, low, high, 100, signed=True), margin=0.1) == "equal within ±10 points"


p_values = st.lists(st.floats(0, 1), min_size=1, max_size=12)


@settings(deadline=None)  # a machine may be busy
@given(p_values)
def test_holms_step_down_rejects_what_his_rule_rejects(values):
    """His rule: go up from the smallest, compare the i-th with 0.05 / (m - i), and stop at the first that is above."""
    raised, rejected = holm(values), set()
    for step, place in enumerate(np.argsort(values, kind="stable")):
        if (len(values) - step) * values[place] > 0.05:
            break
        rejected.add(place)
    assert {i for i, p in enumerate(raised) if p <= 0.05} == rejected
    assert all(old <= new <= 1 for old, new in zip(values, raised, strict=True))


def test_holm_by_hand():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.5, 0.6]) == [1.0, 1.0] and holm([]) == []


@pytest.mark.parametrize(
    ("p", "said"),
    [(4.6e-128, "p < 0.001"), (0.0, "p < 0.001"), (0.00123, "p = 0.0012"), (0.19, "p = 0.19"), (1.0, "p = 1")],
)
def test_a_p_value_is_never_zero(p, said):
    assert p_text(p) == said


hundredths = st.integers(0, 100).map(lambda hits: hits / 100)
runs = st.lists(st.tuples(hundredths, hundredths), min_size=2, max_size=30)


@settings(deadline=None)  # a machine may be busy
@given(runs)
def test_intervals_over_repeated_runs_are_scipys(pairs):
    a, b = map(list, zip(*pairs, strict=True))
    found, gain = repeated(a), paired_repeats(a, b)
    assert found.n == len(a) and found.value == pytest.approx(np.mean(a), abs=1e-12)
    assert gain.value == pytest.approx(np.mean(b) - np.mean(a), abs=1e-12)
    if np.std(a) > 1e-9:  # SciPy gives NaN where nothing varies
        theirs = ttest_1samp(a, 0).confidence_interval(0.95)
        assert (found.low, found.high) == pytest.approx((theirs.low, theirs.high), abs=1e-9)
    if np.std(np.subtract(a, b)) > 1e-9:
        between = ttest_rel(b, a).confidence_interval(0.95)
        assert (gain.low, gain.high) == pytest.approx((between.low, between.high), abs=1e-9)


@pytest.mark.parametrize("confidence", [0.9, 0.95, 0.99])
def test_a_confidence_can_be_asked_for(confidence):
    theirs = ttest_1samp([0.1, 0.4, 0.6], 0).confidence_interval(confidence)
    found = repeated([0.1, 0.4, 0.6], confidence)
    assert (found.low, found.high) == pytest.approx((theirs.low, theirs.high))


def test_runs_that_agree_have_an_interval_without_length():
    found = repeated([0.5, 0.5, 0.5])
    assert (found.low, found.value, found.high) == (0.5, 0.5, 0.5)
    assert str(found) == "50.0% (50.0% to 50.0%)"


@pytest.mark.parametrize("count", [0, 1])
def test_one_run_has_no_interval(count):
    with pytest.raises(ValueError, match="two of them or more"):
        repeated([0.5] * count)
    with pytest.raises(ValueError, match="two of them or more"):
        paired_repeats([0.5] * count, [0.6] * count)


def test_pairs_need_both_sides():
    with pytest.raises(ValueError):
        paired_repeats([0.1, 0.2], [0.1, 0.2, 0.3])
