"""evaluation.numerals: each way of writing a number is put into plain digits, and each row of the table is needed."""

import re

import pytest

from helpers.evaluation import numerals
from helpers.evaluation.numerals import FORMS, NUMBER, SCALES, plain, value
from helpers.evaluation.reading import is_right, read_answer

ROWS = FORMS + SCALES
EXAMPLES = [(row, written, put) for row in ROWS for written, put in row.examples.items()]


@pytest.mark.parametrize(("row", "written", "put"), EXAMPLES, ids=[written for _, written, _ in EXAMPLES])
def test_a_row_does_what_its_example_says(row, written, put):
    assert plain(written) == put


@pytest.mark.parametrize("row", ROWS, ids=[row.pattern for row in ROWS])
def test_without_a_row_one_of_its_examples_fails(row, monkeypatch):
    for name in ("FORMS", "SCALES"):
        monkeypatch.setattr(numerals, name, tuple(one for one in getattr(numerals, name) if one is not row))
    assert any(plain.__wrapped__(written) != put for written, put in row.examples.items())


@pytest.mark.parametrize(
    "text",
    ["3–5 pens", "the answer – 5", "x_1 = 5", "2 10/2", "3 100-dollar bills", "a 12-hour day", "the 3rd of 5",
     "m2 and A3", "5 million-dollar houses", "Room 101", "0.5", "-3", "5 - 3", "2 × 3", "50% of 124", "5 in 10", "7:15",
     "2^10", "x^2", "10 friends", "3 e 5", "5 out of luck", "between 3 and 3/4", "1,2,3", "12,50", "3.141", "1.234"],
)  # fmt: skip
def test_what_is_plain_already_stays(text):
    assert plain(text) == text


# What an answer that states one number is read as. The second is what was right before it was read as a whole.
WHOLE = [
    ("It was -$5.", -5, 5),
    ("It was −$12.", -12, 12),
    ("He owes -$1,200.50", -1200.5, 1200.5),
    ("It was –5 degrees.", -5, 5),
    ("It takes 2 2/3 hours.", 8 / 3, 2),
    ("11 5/6 metres", 71 / 6, 5),
    ("It takes 2 and 1/2 hours.", 2.5, 2),
    ("It is 1.5 × 10^6.", 1_500_000, 10),
    ("\\boxed{1.5 \\times 10^{6}}", 1_500_000, 1.5),
    ("1.5e6", 1_500_000, 1.5),
    ("½", 0.5, 1),
    ("3½", 3.5, 3),
    ("\\boxed{3\\frac{1}{2}}", 3.5, 1.5),
    ("Rs 1,00,000", 100_000, 0),
    ("12,50 €", 12.5, 50),
    ("It costs €12,50.", 12.5, 50),
    ("1.234,50 €", 1234.5, 50),
    ("\\boxed{62\\text{ out of }100}", 62, 100),
    ("She got 62 out of 100.", 62, 100),
    ("__62__", 62, 6),
    ("_62_", 62, 6),
    ("USD62", 62, 6),
    ("The total is $1{,}234$.", 1234, 234),
    ("The answer is $1{,}234$.", 1234, 1),
    ("**Answer:** \\$1{,}234", 1234, 1),
    ("\\boxed{12\\,345}", 12_345, 357),
    ("\\boxed{12\\ 345}", 12_345, 357),
    ("\\boxed{1,000\\,000}", 1_000_000, 0),
    ("1 234", 1234, 234),
    ("It is 1\u202f234.", 1234, 234),
    ("It is 1\u00a0234.", 1234, 234),
    ("The area is 12 m^2.", 12, 2),
    ("12 m^{2}", 12, 2),
    ("$12$ m$^2$", 12, 2),
    ("12 cm^3", 12, 3),
    ("\\boxed{12 cm^2}", 12, 2),
    ("\\boxed{12\\,m^2}", 12, 2),
    ("\\boxed{2:00\\ \\text{pm}}", 2, 0),
    ("The latest she can start is 2:00 pm.", 2, 0),
    ("She has 62 pens at 2:30 pm.", 62, 30),
    ("$50k", 50_000, 500),
]


@pytest.mark.parametrize(("text", "number", "part"), WHOLE)
def test_a_number_is_read_as_a_whole(text, number, part):
    assert read_answer(text, 1) == (pytest.approx(number),)
    assert is_right(text, number)
    assert not is_right(text, part)


@pytest.mark.parametrize("text", ["It costs 2.5 million dollars.", "\\boxed{2.5 \\text{ million}}", "$2.5M"])
def test_millions_are_right_in_ones_and_in_millions(text):
    """GSM8K asks "how many millions" and has 4 for "$4 million", but 1,000,000 elsewhere."""
    assert read_answer(text, 1) == (2_500_000,)
    assert is_right(text, 2.5) and is_right(text, 2_500_000)
    assert not is_right(text, 2_500) and not is_right(text, 2)


def test_numbers_in_digits():
    assert NUMBER.findall("7, 1,234, 0.5, -3, .5; not 3rd, A3, 5-3") == ["7", "1,234", "0.5", "-3", ".5", "5", "3"]
    assert [value("1,234"), value("5.00"), value("-.5")] == [1234, 5, -0.5] and isinstance(value("5.00"), int)
    assert not [row for row in ROWS if not re.compile(row.pattern)]
