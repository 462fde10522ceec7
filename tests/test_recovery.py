"""The share of a gap that came back: by hand, paired, and no share where there is no gap."""

import random

import numpy as np
import pytest

from helpers.evaluation import recovery
from helpers.evaluation.recovery import recovered


def test_the_share_by_hand():
    whole, before, after = [1] * 80 + [0] * 20, [1] * 40 + [0] * 60, [1] * 70 + [0] * 30
    found = recovered(whole, before, after, 0)
    assert found.gap.value == pytest.approx(-0.4) and found.gap.n == 100 and found.gap.signed
    assert found.share.value == pytest.approx(0.75) == recovery.share_of(0.8, 0.4, 0.7)
    assert 0.6 < found.share.low < 0.75 < found.share.high < 0.9


def test_of_divergences_longer_texts_count_more():
    found = recovered([0, 0], [9, 1], [0, 1], 0, resamples=50)
    assert found.share.value == pytest.approx(0.9)


def test_the_same_seed_gives_the_same_and_pairs_make_it_narrower():
    lot = np.random.default_rng(0)
    hard = lot.exponential(size=300)  # what a text loses, of which four fifths come back
    zeros, after = np.zeros(300), 0.2 * hard + 0.01 * lot.random(300)
    one, again = (recovered(zeros, hard, after, 3, 2_000) for _ in range(2))
    apart = recovered(zeros, hard, lot.permutation(after), 3, 2_000)
    assert one == again
    width, loose = (each.share.high - each.share.low for each in (one, apart))
    assert width < loose / 5 and one.share.low < one.share.value < one.share.high


def test_a_gap_within_noise_has_no_share():
    whole = [1, 0] * 50
    before = [0, 1] * 2 + [1, 0] * 48
    found = recovered(whole, before, whole, 0)
    assert found.share is None and found.gap.low <= 0 <= found.gap.high and "within noise" in str(found)


def test_the_interval_holds_the_truth_as_often_as_it_says():
    lot, inside = np.random.default_rng(1), 0
    for seed in range(200):
        whole, before = lot.random(200) < 0.9, lot.random(200) < 0.3
        after = np.where(lot.random(200) < 0.5, whole, before)  # half of what was lost, on average
        share = recovered(whole, before, after, seed, resamples=400).share
        inside += share.low <= 0.5 <= share.high
    assert 180 <= inside <= 199


@pytest.mark.parametrize("given", [([], [], []), ([1], [1, 0], [1])])
def test_what_has_no_three_figures_is_refused(given):
    with pytest.raises(ValueError, match="each item has all three"):
        recovered(*given, 0)


def test_each_slip_of_the_exercise_differs():
    random.seed(0)
    cases = [(random.uniform(0.7, 1), random.uniform(0.1, 0.4), random.uniform(0.4, 0.7)) for _ in range(4)]
    for slip in recovery.SHARE_SLIPS:
        assert any(abs(slip(*case) - recovery.share_of(*case)) > 1e-3 for case in cases)
