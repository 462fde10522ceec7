"""helpers.conclusions: which of several numbers is the answer."""

import pytest

from helpers.reading import is_right, read_answer

# A text, the number that it gives, and another one of its numbers, which it does not.
NAMED = [
    ("The answer is 5 + 3 = 8.", 8, 5),
    ("Answer: $3 + $5 = $8", 8, 3),
    ("Answer: 3 * 24 - 10 = 62 crayons", 62, 3),
    ("The answer is 10 / 2 = 5.", 5, 10),
    ("The answer is 2×3 = 6.", 6, 2),
    ("The answer is 5 + 3.", 8, 3),
    ("The answer is 2 × (5 + 3).", 16, 3),
    ("The answer is (5 + 3) × 2 = 16", 16, 5),
    ("The answer is 50% of 124, so 62.", 62, 50),
    ("The answer is 1/2 of 124, so 62.", 62, 0.5),
    ("The answer is 3 dozen, or 36.", 36, 3),
    ("The answer is 3 dozen eggs for her 16 guests.", 3, 16),
    ("The answer is x = 5, since 5 + 3 = 8.", 5, 8),
    ("The answer is 62, since 62 + 10 = 72.", 62, 72),
    ("The answer is 62 because 62 + 10 = 72", 62, 72),
    ("The answer is 62 (62 + 10 = 72).", 62, 72),
    ("The answer is 18 for each of 3 friends.", 18, 3),
    ("The answer is about 62. That leaves 10.", 62, 10),
    ("#### 62\nThis is because 3 × 24 = 72.", 62, 72),
    ("#### 62 crayons in 3 boxes", 62, 3),
    ("#### 62\n\nQuestion: Tom has 5 pens and buys 3.", 62, 3),
    ("#### 62\n\nQuestion: Tom has 5 pens and buys 3.\nAnswer: 5 + 3 = 8\n#### 8", 62, 8),
    ("The answer is 62.\n\nQ: Tom has 5 pens.\nA: The answer is 5.", 62, 5),
    ("#### 5 + 3 = 8", 8, 5),
    ("#### 2. The total\nSo she has 18 pens.", 18, 2),
    ("#### Final answer\n18 pens", 18, 0),
]


@pytest.mark.parametrize(("text", "number", "other"), NAMED)
def test_of_several_numbers_the_answer_is_read(text, number, other):
    assert read_answer(text, 1) == (pytest.approx(number),)
    assert is_right(text, number)
    assert not is_right(text, other)
