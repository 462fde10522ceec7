"""Whether an answer looks back at itself, and whether it is content with what it sees."""

import pytest

from data.making.demonstrations import FAILS, FITS, WAITS
from helpers.evaluation.checks import has_check, says_it_fits


@pytest.mark.parametrize(
    ("text", "checks"),
    [
        ("72 - 10 = 62. Wait, let me double-check. 62 + 10 = 72.", True), ("Let me verify that.", True),
        ("Just to be sure. 2 + 2 = 4.", True), ("Tom and Ann wait for the bus.", False), ("She pays by check.", False),
        ("3 × 24 = 72. Sarah has 62 left.", False),
    ],
)  # fmt: skip
def test_what_a_check_is(text, checks):
    assert has_check(text) == checks


def test_what_the_mini_teacher_says_after_a_check_is_read():
    told = "First 3 × 24 = 72. Good. {} 72 ÷ 3 = 24. {}\n</think>\n\nSarah has 72."
    for wait in WAITS:
        assert all(says_it_fits(told.format(wait, fits)) for fits in FITS), wait
        assert not any(says_it_fits(told.format(wait, fails)) for fails in FAILS), wait
    assert not says_it_fits("First 3 × 24 = 72. Good, that fits.")  # nothing was looked at again
    assert not says_it_fits("Wait, let me check again. That fits. Hmm, can that be? 5 is fewer than 3.")
