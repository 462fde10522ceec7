"""helpers.evaluation.reading: answers as our models and as real ones write them."""

import json
import logging
import random
import re
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers import problems
from helpers.evaluation.reading import final_answer, is_right, read_answer, says_impossible

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
SMOOTHIES = "They spend $28 in total, and the average cost per smoothie is $4."
BUSES = "The school bus carried 40, the library bus 20 and the train station bus 35 passengers."

# What a text concludes with, where the question asks for one number.
SINGLE = [
    ("Sarah has 62 crayons left.", 62),
    ("There are 3 × 24 = 72 crayons, so 62 are left.", 62),
    ("She makes $1,234 a week.", 1234),
    ("\\boxed{72}", 72),
    ("\\[ \\boxed{1,080} \\]", 1080),
    ("$\\boxed{\\frac{1}{2}}$", 0.5),
    ("\\boxed{28\\text{ dollars}}", 28),
    ("\\boxed{x = 5}", 5),
    ("First I thought \\boxed{5}. It is \\boxed{6}.", 6),
    ("\\boxed{18} dollars for each of 3 friends.", 18),
    ("So it is 62.0", 62),
    ("#### 18", 18),
    ("She answered 24 questions.\n#### 1,200", 1200),
    ("The answer is 62. That is 2 more than 60.", 62),
    ("The answer is 62. Wait, no, the answer is 60.", 60),
    ("**Answer:** $18", 18),
    ("**Answer:** Each of the 5 friends pays **\\$240** in all.", 240),
    ("The final answer is $\\boxed{26}$.", 26),
    ("x = 5", 5),
    ("He has 3 + 4 = 7 apples", 7),
    ("They run 150 - 144 = 6 miles on the 13th day.", 6),
    ("It is 72 - 10", 62),
    ("It is 1/2.", 0.5),
    ("It takes 1.5 hours.", 1.5),
    ("It was -5 degrees.", -5),
    ("It was −5 degrees.", -5),
    ("That is 50%.", 50),
    ("That is 50\\%.", 50),
    ("There are 5 apples in the 3rd box.", 5),
    ("She answered 24 and scored 66.", 66),
    ("Answer: \\(20\\) meters", 20),
    ("Total: 56,000 + 43,076.92 \\approx 99,076.92", 99076.92),
    ("The cost is **$18**.", 18),
    ("It costs 10 dollars (or $10.00).", 10),
    ("Between 3 and 4", 4),
    ("<think>\n3 × 24 = 70. Wait, 72.\n</think>\n\nThere are 62 left.", 62),
    ("There are 62 left.\n\nI hope this helps!", 62),
]
NONE = ["", "I do not know.", "<think>\n3 × 24 = 72", "</think>", "62 left</think>", "62 <think> 62"]


@pytest.mark.parametrize(("text", "number"), SINGLE)
def test_one_number_is_read(text, number):
    assert read_answer(text, 1) == (number,)
    assert is_right(text, (number,))
    assert not is_right(text, (number + 1,))


@pytest.mark.parametrize("text", NONE)
def test_no_number_is_read_where_there_is_none(text):
    assert read_answer(text, 1) == read_answer(text) == read_answer(text, 2) == ()
    assert not is_right(text, (62,))


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        (SMOOTHIES, (28, 4)),
        (BUSES, (40, 20, 35)),
        ("The total is $28. The average is $4.", (28, 4)),
        ("For 7 smoothies they spend $28, which is $4 each.", (28, 4)),
        ("\\boxed{28} and \\boxed{4}", (28, 4)),
        ("\\boxed{(28, 4)}", (28, 4)),
        ("The total is 30 and the average 5. No: the total is 28 and the average 4.", (28, 4)),
        ("#### 28, 4", (28, 4)),
        ("In all 1,028 and 1,004.", (1028, 1004)),
    ],
)
def test_several_numbers_are_read_in_their_order(text, numbers):
    assert read_answer(text, len(numbers)) == numbers
    assert is_right(text, numbers)
    assert not is_right(text, numbers[::-1])
    assert not is_right(text, (*numbers[:-1], numbers[-1] + 1))
    assert not is_right(text, (numbers[0] + 1, *numbers[1:]))


@pytest.mark.parametrize(("text", "numbers"), [(SMOOTHIES, (28, 4)), (BUSES, (40, 20, 35)), ("So 62 are left.", (62,))])
def test_without_a_count_the_last_statement_is_read(text, numbers):
    assert read_answer(f"There are 3 boxes with 24 each. {text}") == numbers


def test_the_last_statement_counts():
    assert not is_right("It is 62. No, it is 60.", (62,))
    assert not is_right("They spend 28 and 4 each. They spend 30 and 4 each.", (28, 4))


def test_too_few_numbers_are_not_enough():
    assert read_answer("They spend $28.", 2) == ()
    assert not is_right("They spend $28.", (28, 4))


@pytest.mark.parametrize("gold", [62, 62.0, "62", "62.0", [62], (62,)])
def test_gold_comes_as_number_or_string(gold):
    assert is_right("There are 62 left.", gold)


def test_gold_with_a_comma():
    assert is_right("It costs $1,234.", "1,234")


FRAMES = ("It is {}.", "{}", "\\boxed{{{}}}", "#### {}", "The answer is {}.")


@settings(deadline=None)  # a machine may be busy
@given(st.integers(-(10**9), 10**9), st.sampled_from(FRAMES))
def test_any_whole_number_comes_back(number, frame):
    for written in (str(number), f"{number:,}"):
        assert read_answer(frame.format(written), 1) == (number,)


@settings(deadline=None)  # a machine may be busy
@given(st.text(max_size=300))
def test_any_text_can_be_read(text):
    read_answer(text), read_answer(text, 1), read_answer(text, 3), says_impossible(text)


@pytest.mark.parametrize(
    "text",
    ["9^9^9^9^9", "\\boxed{9^{9^{9^{9}}}}", "The answer is 2**99999999999", "\\boxed{((9!)!)!}", "\\boxed{99999999!}",
     "\\boxed{\\sum_{n=1}^{10^{9}} n}", "3 + " * 2000 + "3", "(" * 3000 + "3", "1" * 6000, "\\boxed{" * 500 + "5",
     "- " * 3000 + "5", "1/0", "answer " * 2000 + "5", "1e999", "<think>" * 500, "5 = " * 2000],
)  # fmt: skip
def test_what_broken_models_write_is_read_in_a_moment(text):
    """SymPy works on a tower of powers until the memory is full; a student that loops writes such things."""
    begun = time.process_time()
    read_answer(text, 1), read_answer(text, 2), says_impossible(text)
    assert time.process_time() - begun < 2


def test_it_works_in_threads_and_without_a_word(caplog, capfd):
    """math-verify's time limits rest on signals, which only the main thread has."""
    found = []
    thread = threading.Thread(target=lambda: found.append(read_answer("$\\frac{6}{4}$", 1)))
    thread.start()
    thread.join()
    assert found == [(1.5,)]
    assert not caplog.records and capfd.readouterr() == ("", "")


# --- against math-verify itself -----------------------------------------------------------------

# Where we mean something else than math-verify, and why.
OURS = {
    "There are 5 apples in the 3rd box.": "an ordinal is not a number",
    "She answered 24 and scored 66.": '"answered" does not announce the answer',
    "She answered 24 questions.\n#### 1,200": "the same",
    "**Answer:** Each of the 5 friends pays **\\$240** in all.": "it takes the first number after the word",
    "They run 150 - 144 = 6 miles on the 13th day.": "it takes the last number",
    "First I thought \\boxed{5}. It is \\boxed{6}.": "it takes the first box",
    "That is 50%.": "it takes 50 and 0.5 for one number",
    "That is 50\\%.": "the same",
    "It was −5 degrees.": "it does not know this minus sign",
}


@pytest.mark.parametrize(("text", "number"), [pair for pair in SINGLE if pair[0] not in OURS])
def test_math_verify_agrees(text, number):
    from math_verify import parse, verify

    logging.getLogger("math_verify").setLevel(logging.CRITICAL)
    theirs = parse(final_answer(text), parsing_timeout=None)
    (ours,) = read_answer(text, 1)
    assert verify(parse(str(ours), parsing_timeout=None), theirs, timeout_seconds=None)
    assert not verify(parse(str(ours + 1), parsing_timeout=None), theirs, timeout_seconds=None)


def test_math_verify_agrees_on_plain_sentences():
    from math_verify import parse, verify

    rng = random.Random(0)
    frames = ("Sarah has {} crayons left.", "It costs ${}.", "There were {} on the bus.", "So {} seats stay empty.")
    for _ in range(300):
        text = rng.choice(frames).format(f"{rng.randint(0, 3000):,}")
        theirs = parse(text, parsing_timeout=None)
        assert verify(parse(str(read_answer(text, 1)[0]), parsing_timeout=None), theirs, timeout_seconds=None)


# --- our own problems ---------------------------------------------------------------------------


@pytest.mark.parametrize("family", problems.FAMILIES)
def test_every_reply_of_our_problems_is_right(family):
    for problem in problems.draw("train", 50, 0, families=[family]):
        for reply in problem.replies:
            assert is_right(reply, problem.answer), reply
            assert not is_right(reply, tuple(number + 1 for number in problem.answer))


@pytest.mark.parametrize("opening", ["There is a mistake in the problem", "The facts do not fit together",
                                     "This cannot be true", "The problem has no answer"])  # fmt: skip
def test_every_reason_why_a_problem_is_impossible_is_heard(opening):
    for solvable, impossible in problems.draw_twins("train", 50, 0):
        text = f"{opening}: {impossible.reason}."
        assert is_right(text, impossible.answer), text
        assert not is_right(text, solvable.answer)
        assert not any(says_impossible(reply) for reply in solvable.replies)


# --- real texts ---------------------------------------------------------------------------------


def rows(name: str) -> list[dict]:
    path = SHARED / name
    if not path.exists():
        pytest.skip(f"the real data is not here: {path.name}")
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def gold(row: dict) -> str:
    return row["answer"].rpartition("####")[2].strip()


@pytest.mark.slow
def test_gsm8ks_solutions_are_right_by_their_own_gold():
    wrong = [row["question"] for row in rows("gsm8k/train.jsonl") if not is_right(row["answer"], gold(row))]
    assert not wrong


@pytest.mark.slow
def test_few_solutions_are_misread_without_the_line_that_names_the_answer():
    found = rows("gsm8k/train.jsonl")
    bare = [re.sub(r"<<.*?>>", "", row["answer"].rpartition("####")[0]) for row in found]
    wrong = [text for text, row in zip(bare, found, strict=True) if not is_right(text, gold(row))]
    assert len(wrong) <= 47


def test_real_traces_are_read():
    """187 of the 200 are right; in the other 13 the model itself is wrong, or the text is an error message."""
    found = rows("deepseek-r1-gsm8k/traces.jsonl")
    assert sum(is_right(row["response"], gold(row)) for row in found) == 187
    assert not any(says_impossible(row["response"]) for row in found)


# --- impossible ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "There is a mistake in the problem: the school bus would carry 60, not 70.",
        "The facts do not fit together: Ben would have 12, which is fewer than 20.",
        "This cannot be true: there are 40 seats, fewer than 45.",
        "The problem has no answer: the school bus has twice as many, so it can not have fewer.",
        "<think>\nSo \\boxed{5}? No.\n</think>\n\nThis is impossible.",
        "These two statements contradict each other.",
        "That would mean that the library bus carried more, which contradicts the first fact.",
        "The given conditions are inconsistent.",
        "The problem, as stated, contains an inconsistency.",
        "It’s impossible for both conditions to hold.",
        "I think there's a mistake in the problem statement.",
        "There seems to be an error in the question.",
        "**The problem is contradictory.**",
        "The numbers don't add up.",
        "The problem cannot be solved as stated.",
        "The answer is 18, but this contradicts the first fact.",
    ],
)
def test_it_says_impossible(text):
    assert says_impossible(text)
    assert is_right(text, ())
    assert not is_right(text, read_answer(text) or (0,)), "who says so has not given an answer"


@pytest.mark.parametrize(
    "text",
    [
        "", "Sarah has 62 crayons left.", SMOOTHIES, BUSES,
        "I don't think I made a mistake. The answer is 62.",
        "I made a mistake in my sum; it is 62.",
        "No mistake here. There are 62.",
        "It is not impossible: Sarah has 62 crayons left.",
        "It isn't impossible.",
        "There is no contradiction, so 62.",
        "There isn't any inconsistency.",
        "The two facts are consistent.",
        "The facts fit together: 62.",
        "I see no mistake in the problem.",
        "I do not think there is a mistake in the problem.",
        "This does not contradict the total.",
        "Nothing in the problem contradicts this.",
        "Is there a mistake in the problem? No. Sarah has 62.",
        "If the facts contradicted each other, I would say so. There are 62.",
        "We check whether the facts contradict: they do not.",
        "It is not true that the facts do not fit.",
        "It seems impossible at first, but the answer is 18.",
        "This contradicts the first fact, so let us assume a typo. \\boxed{18}",
        "<think>\nThis is impossible.",
        "<think>\nThis is impossible. Wait, no.\n</think>\n\nThere are 62 left.",
    ],
)  # fmt: skip
def test_it_does_not_say_impossible(text):
    assert not says_impossible(text)
    assert not is_right(text, ())
