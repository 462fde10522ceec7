"""helpers.evaluation.conclusions: which of several numbers is the answer; and GSM8K's gold numbers in every frame."""

from pathlib import Path

import pytest

from helpers.evaluation import conclusions
from helpers.evaluation.conclusions import ASIDES, LEADS
from helpers.evaluation.reading import is_right, read_answer

ROWS = [(name, row) for name, rows in (("LEADS", LEADS), ("ASIDES", ASIDES)) for row in rows]


@pytest.mark.parametrize(("name", "row"), ROWS, ids=[row[0] for _, row in ROWS])
def test_each_row_is_needed_for_its_sentence(name, row, monkeypatch):
    for text, number in row[1].items():
        assert read_answer(text, 1) == (number,)
        assert is_right(text, number)
    monkeypatch.setattr(conclusions, name, tuple(one for one in getattr(conclusions, name) if one is not row))
    assert any(read_answer(text, 1) != (number,) for text, number in row[1].items())


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
    ("40 × 36 = 1,440\n**Answer:** 40 dwarves mine **1,440 pounds**.", 1440, 40),
]
LAST = [
    ("80 - 16 = 64. 64 × 5 = 320. James responds to **320 emails** in a 5-day work week.", 320, 5),
    ("15 × 5 = 75.\nTherefore, Terry spends $75.00 on 15 packs.", 75, 15),
    ("10 - 6 = 4. 60 / 5 = 12. Manny can miss 4 classes before each costs $10.", 4, 10),
    ("6 - 2 = 4. So, 3 loaves cost \\(\\$4\\) more than 2 bagels.", 4, 2),
    ("3 × 60 = 180. Multiply 180 minutes by 2 peaches per minute to get 360 peaches.", 360, 180),
    ("20 + 60 = 80. Subtracting 80 from 180 leaves 100 minutes.", 100, 80),
    ("2 × 12 = 24. The least number in 8 of the 24 hours is 12.", 12, 24),
    ("12 × 7 = 84. Since he spent $100 and got back $84, he loses $16.", 16, 84),
    ("50 + 2 = 52. The difference is 52 - 51, which is 1 inch.", 1, 52),
    ("45 + 182 = 227. 227 - 180 = 47. It takes 227 minutes, or 3 hours and 47 minutes, for 12 racquets.", 227, 47),
    ("10 × 5 = 50%. Her pension is 50% of $50,000, which is $25,000 a year.", 25_000, 50),
    ("William spent a total of $8.00 ($7.50 for the notebooks plus $0.50 for the pen).", 8, 0.5),
    ("55 + 7 = 62. She has 62. That is 3 more than Tom.", 62, 3),
    ("62 - 59 = 3. She has 62. That is 3 more than Tom.", 3, 62),
    ("That is 3 more than Tom.", 3, 0),
    ("It takes 62 hours (i.e., 3720 minutes).", 3720, 62),
]


@pytest.mark.parametrize(("text", "number", "other"), NAMED + LAST)
def test_of_several_numbers_the_answer_is_read(text, number, other):
    assert read_answer(text, 1) == (pytest.approx(number),)
    assert is_right(text, number)
    assert not is_right(text, other)


# --- GSM8K's gold in every frame ----------------------------------------------------------------

# The whole numbers that are gold in GSM8K's train split (Cobbe et al. 2021, MIT), each once.
GOLD = [int(number) for number in (Path(__file__).parent / "gsm8k_gold.txt").read_text().split()]
# n: 1234, c: 1,234, l: 1{,}234, thin: 1\,234, narrow and spaced: 1 234; a is n - 7 and more is n + 7.
FRAMES = r"""
The answer is {c}.
The answer is ${c}.
**Answer:** \${c}
The final answer is ${l}$.
The answer is {n} because {n} + 7 = {more}.
The answer is {a} + 7 = {c}.
Answer: ${a} + $7 = ${c}
The answer is {a} + 7 = {c}, which is 7 more than {a}.
The total is ${l}$.
\boxed{{{n}}}
\boxed{{{c}}}
\boxed{{{l}}}
\boxed{{{thin}}}
\boxed{{\${l}}}
\boxed{{{l} \text{{ m}}^2}}
\boxed{{{n}\text{{ out of }}1000000000}}
\[ \boxed{{x = {n}}} \]
#### {c}
#### {c}\nThis is because {a} + 7 is {n} and 3 × 24 = 72.
#### {n} crayons in 3 boxes
#### {c}\n\nQuestion: Tom has 5 pens and buys 3.\nAnswer: 5 + 3 = 8
{n}
It is {narrow}.
It costs {spaced} euros.
so she has **{c} m^2** left
The area is {n} cm^2.
It costs USD{n}.
It is __{n}__.
It is *{n}* pens.
She got {n} out of 1,000,000,000 points.
{a} + 7 = {n}. She answers {c} emails in a 5-day week.
{a} + 7 = {n}\nTherefore, she answers **{c} emails** in a 5-day work week.
{a} + 7 = {n}. So she has {c} left, which is 3 more.
{a} + 7 = {n}. She has {c}. That is 3.5 more than Tom.
{a} + 7 = {n}. She has {c} apples ({a} + 7).
{a} + 7 = {n}. She has {c}, not {more}.
{a} + 7 = {n}. She will be {c} years old in 2031.
{a} + 7 = {n}\n**Answer:** 2.5 loaves of bread cost ${c} more than 1.5 bagels.
\[ {a} + 7 = {n} \text{{ dollars}} \]\nSo it costs her \(\${l}\) for 3.5 months.
She answers {c} emails in a 5-day week.
She has {c} apples (3 bags).
She has {c}, not {more}.
She has {c} left, which is 3 more.
She picked {c} apples over the 5 days.
The pens cost ${c} more than 2.5 books.
Since {a} + 7 is the total, she has {c} left.
Adding 7 to {a} gives {c} pens for 3.5 days.
<think>\nIt is {more}.\n</think>\n\nThere are {c} left.
""".strip().splitlines()


def written(frame: str, number: int) -> str:
    comma = f"{number:,}"
    return frame.replace(r"\n", "\n").format(
        n=number, c=comma, a=number - 7, more=number + 7, l=comma.replace(",", "{,}"), thin=comma.replace(",", r"\,"),
        narrow=comma.replace(",", "\u202f"), spaced=comma.replace(",", " "),
    )  # fmt: skip


def test_the_frames_and_the_gold_numbers_are_all_there():
    assert len(FRAMES) == len(set(FRAMES)) == 48
    assert len(GOLD) == len(set(GOLD)) == 866 and sum(number >= 1000 for number in GOLD) > 300


@pytest.mark.parametrize("frame", FRAMES)
def test_gsm8ks_gold_is_read_in_every_frame(frame):
    texts = {number: written(frame, number) for number in GOLD}
    assert not [text for number, text in texts.items() if read_answer(text, 1) != (number,)]
    for number in GOLD[::50]:
        assert is_right(texts[number], number) and not is_right(texts[number], number + 1)
