"""helpers.evaluation.enough: what so few questions can prove, held against the tests themselves."""

import pytest

from helpers.evaluation import enough, mcnemar, wilson


@pytest.mark.parametrize("n", [1, 5, 6, 8, 40, 1_319])
def test_the_smallest_difference_is_one_and_none_below_it_is(n):
    found = enough(n)
    assert (found.n, found.half, found.all_right) == (n, wilson(n // 2, n), wilson(n, n))
    if found.smallest is None:
        assert mcnemar([False] * n, [True] * n) >= 0.05
        return
    hits = round(found.smallest * n)
    assert mcnemar([False] * n, [True] * hits + [False] * (n - hits)) < 0.05
    assert mcnemar([False] * n, [True] * (hits - 1) + [False] * (n - hits + 1)) >= 0.05


@pytest.mark.parametrize(
    ("n", "told"),
    [
        (0, "there are no questions: nothing can be proved"), (5, "no difference between two models can be proved"),
        (8, "8 questions: 4 of them right means 22% to 78%, all of them right at least 68%; a difference between two "
            "models can be proved from 75 points on, where one of them is better on 6 questions and the other on none"),
    ],
)  # fmt: skip
def test_it_is_said_in_a_sentence(n, told):
    assert told in str(enough(n))


def test_no_questions_are_fewer_than_none():
    with pytest.raises(ValueError, match="n is -1"):
        enough(-1)
