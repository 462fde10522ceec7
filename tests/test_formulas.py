"""helpers.evaluation.formulas: math-verify's reading of a formula, and the bounds that keep its algebra short."""

import random
import time

import pytest

from helpers.evaluation import published
from helpers.evaluation.formulas import LONGEST, endless, worth
from helpers.evaluation.missing_premise import notices
from helpers.evaluation.reading import read_answer, says_impossible

WORTH = [
    ("\\boxed{\\frac{3}{4}}", 0.75),
    ("\\boxed{3 \\dfrac{5}{7}}", 26 / 7),
    ("\\boxed{\\frac{1}{2}\\text{ cup}}", 0.5),
    ("\\boxed{x = 5}", 5),
    ("\\boxed{6\\sqrt{4}}", 12),
    ("\\boxed{2^{10}}", 1024),
    ("\\boxed{5!}", 120),
    ("\\boxed{((5 + 3) \\times 2) \\div 4}", 4),
    ("$3 + $5", 8),
    ("5 × 3", 15),
    ("10 ÷ 4", 2.5),
    ("She answered 2 + 3.", 5),
    ("2 × (5 + 3).", 16),
]
NONE = ["62 pens", "1/0", "\\boxed{x}", "\\boxed{\\text{none}}", "\\boxed{\\Gamma(5)}", "\\boxed{\\unknown{5}}",
        "1 + " * LONGEST + "1", "9^9^9", "\\boxed{((9^9))!}", "\\boxed{((((((5))))))}"]  # fmt: skip


@pytest.mark.parametrize(("text", "number"), WORTH)
def test_a_formula_is_worked_out(text, number):
    assert worth(text) == pytest.approx(number)


@pytest.mark.parametrize("text", NONE)
def test_what_is_no_formula_or_takes_long_is_none(text):
    assert worth(text) is None


SLOW = {
    "pairs of brackets": "\\boxed{" + "\\left(" * 76 + "2" + "\\right)" * 76 + "}",
    "braces": "\\boxed{" + "{" * 400 + "2" + "}" * 400 + "+1}",
    "brackets that stay open": "\\boxed{" + "(" * 400 + "3}",
    "fractions in fractions": "\\boxed{" + "\\frac{1}{1+" * 30 + "3" + "}" * 30 + "+1}",
    "bars": "\\boxed{" + "|1" * 60 + "}",
    "percents": "\\boxed{" + "1%" * 150 + "}",
    "a factorial of a power": "\\boxed{\\lfloor 10^9! \\rfloor}",
    "a factorial in bars": "$|\\Gamma((999999999)!)|$",
    "a sine of a huge number": "\\boxed{\\sin(\\sqrt{99!})}",
    "boxes in boxes": "\\boxed{" * 3000,
    "digits": "1" * 20_000,
    "digits and commas": "1,23" * 5_000,
    "percents without a box": "1%" * 10_000,
    "words": "is " * 7_000 + "5 and 6",
    "dots": ". " * 5_000,
    "lines": "\n\n\\infty\n" * 2_000,
}  # fmt: skip


@pytest.mark.parametrize("kind", SLOW)
def test_nothing_is_read_for_long(kind):
    begun = time.process_time()
    read_answer(SLOW[kind], 1), read_answer(SLOW[kind], 2), says_impossible(SLOW[kind]), notices(SLOW[kind])
    published._verified(SLOW[kind], (5,))
    assert time.process_time() - begun < 2


PIECES = [
    "(", ")", "[", "]", "{", "}", "|", "^", "_", "\\left(", "\\right)", "\\frac{", "\\sqrt{", "\\boxed{", "1", "99",
    "1234", "x", "+", "-", "*", "/", "=", "!", ",", ".", "$", "\\(", "\\)", " ", "\n", "\\text{", "\\times", "\\log",
    "%", "answer", "The answer is ", "####", "10^", "e9", " million ", " out of ", "½", "3 1/2 ", ":00", "'", "and",
    "so ", "\\infty", "\\pi", "if ", "not ", "is ", "=5 ",
]  # fmt: skip


@pytest.mark.parametrize("seed", range(4))
def test_no_soup_of_brackets_and_carets_is_read_for_long(seed):
    rng, slowest = random.Random(seed), (0.0, "")
    for _ in range(80):
        some = rng.sample(PIECES, rng.choice([2, 3, 5, 10, len(PIECES)]))
        text = "".join(rng.choice(some) for _ in range(rng.choice([5, 20, 60, 150, 400]))) * rng.choice([1, 1, 1, 20])
        text = rng.choice(["{}", "\\boxed{{{}}}", "${}$", "The answer is 5 {}", "\\[{}\\]"]).format(text)
        begun = time.process_time()
        read_answer(text, 1), read_answer(text, 2), says_impossible(text), notices(text)
        slowest = max(slowest, (time.process_time() - begun, text))
    assert slowest[0] < 2, slowest[1]


def test_the_depth_counts_and_not_the_number_of_brackets():
    assert not endless("(1)" * 100) and endless("(" * 6) and not endless("(" * 5)
    assert not endless("I hope this helps!") and not endless("5!") and endless("1234!") and endless("(5)!")
