"""How the mini teacher talks: true sums, right replies, and hardly ever the same words twice."""

import operator
import random
import re
from collections import Counter
from functools import cache

import pytest
from solver import solve

from data.making import demonstrations
from data.making.demonstrations import demonstration, reply, sum_in_words, thinking, undo
from helpers.problems import FAMILIES, TWINS, Claim, Step, draw, draw_twins
from helpers.problems.model import calculate

END = "\n</think>\n\n"
OPS = {"+": operator.add, "-": operator.sub, "×": operator.mul, "÷": operator.truediv,
       "plus": operator.add, "minus": operator.sub, "times": operator.mul, "divided by": operator.truediv}  # fmt: skip
EQUATION = re.compile(r"(\d+) (\+|-|×|÷|plus|minus|times|divided by) (\d+) (?:=|is) (\d+)(?!\d)")
COMPARISON = re.compile(r"(\d+) is (more than|fewer than|the same as) (\d+)")


@pytest.fixture(scope="module")
def said() -> list[tuple]:
    """Problems of all families, each three times, with a demonstration."""
    rng = random.Random(7)
    problems = draw("train", 1_700, seed=31, impossible=True)
    return [(problem, demonstration(problem, rng)) for problem in problems for _ in range(3)]


def wrong_sums(text: str) -> list[str]:
    wrong = []
    for match in EQUATION.finditer(text):
        left, op, right, result = match.groups()
        if OPS[op](int(left), int(right)) != int(result):
            wrong.append(match[0])
    for match in COMPARISON.finditer(text):
        left, right = int(match[1]), int(match[3])
        if match[2] != ("more than" if left > right else "fewer than" if left < right else "the same as"):
            wrong.append(match[0])
    return wrong


def test_a_working_ends_and_a_reply_follows(said):
    assert {problem.family for problem, _ in said} == set(FAMILIES)
    for _, text in said:
        working, end, answer = text.partition(END)
        assert end and working and answer
        assert text.count("think>") == 1  # the prompt has the opening mark
        assert "\n" not in working + answer and answer == answer.strip() and working == working.strip()
        assert working[0].isupper() and working[-1] == answer[-1] == "."
        assert not re.search(r"  | [.,:]|[.,:]{2}|\{|\}|None", text)


def test_all_sums_and_comparisons_are_true(said):
    count = 0
    for _, text in said:
        assert wrong_sums(text) == []
        sums = EQUATION.findall(text)
        assert len(sums) >= 1 and sum("=" in match[0] for match in EQUATION.finditer(text)) == text.count("=")
        count += len(sums) + len(COMPARISON.findall(text))
    assert count > 10_000


@pytest.mark.parametrize(
    "text", ["so 3 × 24 = 71.", "3 times 24 is 7.", "4 - 3 is 2", "9 divided by 2 is 4", "12 is more than 30"]
)
def test_a_wrong_sum_is_noticed(text):
    assert wrong_sums(text)
    assert not wrong_sums("3 × 24 = 72, and 24 times 3 is 72. 72 ÷ 3 = 24, which is right: 30 is more than 12.")


def test_a_working_has_the_sums_of_one_plan_in_order_and_a_check(said):
    for problem, text in said:
        found = [(frozenset(map(int, match.group(1, 3))), int(match[4])) for match in EQUATION.finditer(text)]
        plans = []
        for plan in problem.plans:
            sums = [(frozenset((item.left, item.right)), calculate(item.left, item.op, item.right))
                    for item in plan if item.right is not None]  # fmt: skip
            plans.append(found[: len(sums)] == sums and len(found) - len(sums) == (problem.family not in TWINS))
        assert any(plans), (problem, text)


def test_a_check_undoes_a_sum_of_the_working(said):
    for problem, text in said:
        if problem.family in TWINS:
            continue
        *sums, last = [tuple(map(int, match.group(1, 3, 4))) for match in EQUATION.finditer(text.partition(END)[0])]
        assert any(last[0] == result and {last[1], last[2]} == {left, right} for left, right, result in sums)


def test_facts_that_could_contradict_are_tested(said):
    for problem, text in said:
        working = text.partition(END)[0]
        fits, fails, waits = (
            sum(f"{words} " in f"{working} " for words in several)
            for several in (demonstrations.FITS, demonstrations.FAILS, demonstrations.WAITS)
        )
        assert (fails, waits) == (problem.impossible, 1)
        if re.search(r"\bbut\b", working):
            assert problem.impossible
        if problem.impossible:
            assert working.endswith(demonstrations.FAILS)
        else:
            assert fits >= 1


# --- replies ------------------------------------------------------------------------------------


def test_replies_are_right(said):
    """Judged by the solver, which knows the question alone."""
    solved = cache(solve)
    for problem, text in said:
        if not problem.impossible:
            final = text.partition(END)[2]
            assert [tuple(map(int, re.findall(r"\d+", final)))] == solved(problem.question)
            assert not re.search(r"mistake|do not fit|cannot|no answer", final)


def test_replies_to_impossible_problems_give_a_reason_and_no_answer(said):
    forms = set()
    for problem, text in said:
        if problem.impossible:
            final = text.partition(END)[2]
            assert not [one for one in (*problem.replies, "The answer is") if one in text]
            assert final.endswith(f": {problem.reason}.")
            forms.add(final.removesuffix(f": {problem.reason}."))
    assert forms == {form.partition(":")[0] for form in demonstrations.IMPOSSIBLE} and len(forms) >= 3


def test_single_answers_are_sometimes_named(said):
    finals = [(problem, text.partition(END)[2]) for problem, text in said]
    named = Counter(text.startswith("The answer is") for problem, text in finals if len(problem.answer) == 1)
    assert 0.15 < named[True] / named.total() < 0.35
    assert not [text for problem, text in finals if len(problem.answer) != 1 and text.startswith("The answer is")]


# --- wording ------------------------------------------------------------------------------------


@pytest.mark.parametrize("family", FAMILIES)
def test_the_same_problem_is_told_in_many_wordings(family):
    rng = random.Random(1)
    (problem,) = draw("train", 1, seed=1, families=[family])
    texts = [demonstration(problem, rng) for _ in range(200)]
    assert len(set(texts)) >= 195
    openings = {text.partition(". ")[0].partition("?")[0] for text in texts}
    assert len(openings) >= 12
    assert len({reply(problem, rng) for _ in range(50)}) >= 2


def test_impossible_twins_are_told_in_many_wordings():
    rng = random.Random(1)
    for _, twin in draw_twins("train", 10, seed=1):
        assert len({demonstration(twin, rng) for _ in range(100)}) >= 95


def test_every_plan_is_followed():
    rng = random.Random(2)
    for family in ("together", "times", "pages"):
        (problem,) = draw("train", 1, seed=2, families=[family])
        assert len(problem.plans) == 2
        labels = [plan[0].label for plan in problem.plans]
        texts = [thinking(problem, rng) for _ in range(60)]
        assert all(sum(label in text for text in texts) >= 15 for label in set(labels))


def test_words_depend_on_the_generator_alone():
    (problem,) = draw("train", 1, seed=3)
    assert demonstration(problem, random.Random(4)) == demonstration(problem, random.Random(4))
    assert demonstration(problem, random.Random(4)) != demonstration(problem, random.Random(5))


@pytest.mark.parametrize(("left", "op", "right"), [(3, "×", 24), (9, "+", 5), (9, "-", 5), (72, "÷", 3)])
def test_sums_are_written_and_undone(left, op, right):
    rng, step = random.Random(0), Step("", left, op, right, "")
    written, undone = ({function(step, rng) for _ in range(60)} for function in (sum_in_words, undo))
    assert {f"{left} {op} {right} = {step.result}"} <= written
    assert (f"{right} {op} {left} = {step.result}" in written) == (op == "+")
    # No check divides by more than 9: that would be no easier than the sum itself.
    checks = {"×": {"72 ÷ 3 = 24"}, "+": {"14 - 5 = 9", "14 - 9 = 5"}, "-": {"4 + 5 = 9"}, "÷": {"24 × 3 = 72"}}
    assert checks[op] <= undone
    assert "72 ÷ 24 = 3" not in undone
    for text in written | undone:
        assert EQUATION.fullmatch(text) and not wrong_sums(text)
    assert all(text.startswith(f"{step.result} ") for text in undone)


@pytest.mark.parametrize(
    ("left", "right", "word"), [(60, 30, "more than"), (30, 60, "fewer than"), (30, 30, "the same as")]
)
def test_comparisons_are_held_against_the_claim(left, right, word):
    told = demonstrations.tested(Claim("this and that", left, ">", None, right), random.Random(0))
    assert told == f"This and that. The first must be more. Compare {left} and {right}. {left} is {word} {right}."


def test_sums_are_held_against_the_claim():
    rng = random.Random(0)
    for stated, end in (
        (105, ". The problem says 105. Compare 105 and 105. 105 is the same as 105."),
        (70, ". The problem says 70. Compare 105 and 70. 105 is more than 70."),
    ):
        texts = [demonstrations.tested(Claim("", 60, "+", 45, stated), rng) for _ in range(20)]
        assert all(text.endswith(end) and EQUATION.match(text)[4] == "105" for text in texts)
