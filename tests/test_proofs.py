"""helpers.evaluation.proofs: chances against counting every draw, and sums and plans against texts."""

from itertools import combinations

import pytest

from helpers.evaluation import proofs, wilson
from helpers.evaluation.error_analysis import sums


@pytest.mark.parametrize(("right", "drawn"), [(0, 4), (1, 4), (3, 7), (5, 6), (6, 6)])
def test_the_chances_are_those_of_all_draws(right, drawn):
    for k in range(1, drawn + 1):
        draws = list(combinations([True] * right + [False] * (drawn - right), k))
        for least, chance in ((1, proofs.pass_at), (2, proofs.two_at)):
            assert chance(k, right, drawn) == pytest.approx(sum(sum(one) >= least for one in draws) / len(draws))


@pytest.mark.parametrize(("k", "right", "drawn"), [(0, 1, 4), (5, 1, 4), (1, 5, 4), (1, -1, 4)])
def test_what_was_not_drawn_is_refused(k, right, drawn):
    for chance in (proofs.pass_at, proofs.two_at):
        with pytest.raises(ValueError, match=f"k is {k}, and {right} of {drawn} answers are right"):
            chance(k, right, drawn)


def test_a_mean_over_questions_has_the_interval_of_its_share():
    found, known = proofs.over([1.0] * 60 + [0.0] * 40, seed=0), wilson(60, 100)
    assert (found.value, found.n) == (0.6, 100)
    assert (found.low, found.high) == (pytest.approx(known.low, abs=0.01), pytest.approx(known.high, abs=0.01))
    sure = proofs.over([1.0] * 5, seed=0)
    assert (sure.low, sure.high) == (1.0, 1.0)
    with pytest.raises(ValueError, match="no question"):
        proofs.over([], seed=0)


def test_a_false_sum_is_found_and_a_true_one_is_not():
    text = "First 3 × 24 = 72. Then 72 - 10 = 61, and 1,000 + 1 = 1,001. 10 ÷ 4 = 2.5."
    assert proofs.false_sums(text) == ["72-10 = 61"]
    assert sums(text)[0] == ("3×24", "72", True)


def test_a_plan_is_its_sums_in_their_order():
    one = "I need the boxes, so 3 × 24 = 72. Next 72 - 10 = 62."
    same, turned, other = "3 × 24 = 72, and 72 - 10 = 62!", "72 - 10 = 62. 3 × 24 = 72.", "8 × 9 = 72. 72 - 10 = 62."
    assert proofs.plan_of(one) == ("3×24", "72-10")
    assert [proofs.same_plan(one, text) for text in (same, turned, other)] == [True, False, False]


@pytest.mark.parametrize("slips", [proofs.TWO_SLIPS, proofs.PLAN_SLIPS])
def test_a_slip_is_not_right(slips):
    if slips is proofs.TWO_SLIPS:
        right, cases = proofs.two_at, [(k, c, 8) for k in range(1, 9) for c in range(9)]
    else:
        texts = ["2 + 2 = 4. 4 × 3 = 12.", "So 2 + 2 = 4, then 4 × 3 = 12.", "4 × 3 = 12. 2 + 2 = 4.",
                 "1 + 3 = 4. 4 × 3 = 12.", "2 + 2 = 4. 2 + 2 = 4. 4 × 3 = 12."]  # fmt: skip
        right, cases = proofs.same_plan, [(a, b) for a in texts for b in texts]
    for slip in slips:
        assert [slip(*case) for case in cases] != [right(*case) for case in cases], slips[slip]
