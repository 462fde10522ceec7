"""The single parts of reasoning: right answers, fair judging, no prompt in two splits."""

import itertools
import operator
import random
import re
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from steps import PATTERNS, TIMES, asked_in, next_sums, workings

from data.making.skills import KINDS, Skill, comparison, draw_skills, equation, step_prompt, steps_of, sum_of
from helpers.problems import FAMILIES, SEED_QUESTIONS, SPLITS, Step, draw, known_split, split_of

COUNTS = {"train": 5_000, "validation": 500, "test": 500}
OPS = {"+": operator.add, "-": operator.sub, "×": operator.mul, "÷": operator.truediv}
WORDS = {"+": "plus", "-": "minus", "×": "times", "÷": "divided by"}


@pytest.fixture(scope="module")
def drawn() -> dict[str, list[Skill]]:
    return {split: draw_skills(split, count, seed=3) for split, count in COUNTS.items()}


def of_kind(drawn, kind: str) -> list[Skill]:
    return [skill for skills in drawn.values() for skill in skills if skill.kind == kind]


# --- answers ------------------------------------------------------------------------------------

# What a "sum" prompt says, and the sum that it means by that.
SUMS = (
    (r"in each\.|cost \$\d+ each|a week for|times as many|twice as many|three times as many", "×"),
    (r"shared by|in all\.|packed in bags", "÷"),
    (r"are gone|spends|are read\.|Find the difference|carry \d+\.$|^Of |for \$\d+\.$", "-"),
    (r"\d more|and then|red and \d+ blue|each have|\w+ has \d+ \w+ and \w+ has|pays \$\d+ for \w+ and", "+"),
)


def meant_by(part: str) -> tuple[int, str, int]:
    """The sum that a sentence asks for, from the sentence alone."""
    op = next(op for pattern, op in SUMS if re.search(pattern, part))
    numbers = [*map(int, re.findall(r"\d+", part))]
    numbers += [number for word, number in (("twice", 2), ("three times", 3)) if word in part]
    if "each have" in part:  # two people with the same number
        numbers *= 2
    left, right = numbers
    return left, op, right


def test_sums_are_those_that_their_prompts_ask_for(drawn):
    ops = Counter()
    for skill in of_kind(drawn, "sum"):
        left, op, right = meant_by(skill.prompt.removeprefix("Write one sum. "))
        result = OPS[op](max(left, right), min(left, right)) if op in "-÷" else OPS[op](left, right)
        pattern = rf"(\d+) (?:{re.escape(op)}|{WORDS[op]}) (\d+) (?:=|is) (\d+)\."
        said = re.fullmatch(pattern, skill.answer)
        assert said, skill
        assert sorted([int(said[1]), int(said[2])]) == sorted([left, right]) and int(said[3]) == result, skill
        assert OPS[op](int(said[1]), int(said[2])) == int(said[3])
        ops[op] += 1
    assert set(ops) == set(OPS) and min(ops.values()) > 50


def test_comparisons_are_right(drawn):
    said = Counter()
    for skill in of_kind(drawn, "compare"):
        left, right = map(int, re.fullmatch(r"Compare (\d+) and (\d+)\.", skill.prompt).groups())
        word = "more than" if left > right else "fewer than" if left < right else "the same as"
        assert skill.answer == f"{left} is {word} {right}."
        said[word] += 1
    assert len(said) == 3 and min(said.values()) > 50


# For each query what the question says: \1 and \2 are words of the query. The first group that matched is the answer.
READS = (
    (r"How many (\w+) are there\?", r"(\d+) (?:(?:small|large|fresh|cold) )?\1\b"),
    (r"How many (red|blue) \w+ are there\?", r"(\d+) \1"),
    (r"How many \w+ are there at first\?", r"(?:has|had) (\d+)"),
    (r"How many \w+ are in each (\w+)\?", r"Each \1 has (\d+)"),
    (r"How many \w+ are (?:gone|lost)\?", r"(?:gives|loses) (\d+)"),
    (r"How many \w+ are eaten\?", r"eats (\d+)"),
    (r"How many are on each tray\?", r"trays of (\d+)"),
    (r"How many go in a bag\?", r"bags of (\d+)"),
    (r"What does a \w+ cost\?", r"costs (\$\d+)"),
    (r"What does one cost\?", r"(?:at|cost) (\$\d+) each"),
    (r"What does one of the (\w+) cost\?", r"\1 (?:at |cost )?(\$\d+)"),
    (r"What does the (\w+) cost\?", r"a \1 for (\$\d+)"),
    (r"How much does (\w+) pay with\?", r"pays with (\$\d+)"),
    (r"How much is there at first\?", r"has (\$\d+)"),
    (r"How much is saved a week\?", r"saves (\$\d+) a week"),
    (r"How many \w+ does (\w+) have\?", r"\b\1 has (\d+)"),
    (r"How many more does (\w+) have\?", r"\1 has (\d+) more"),
    (r"How many times as many does (\w+) have\?", r"\1 has (\d+) times"),
    (r"How many times as many are (\w+)\?", r"There are (\d+) times as many \1"),
    (r"How many pages does the book have\?", r"book (?:of|has) (\d+)"),
    (r"How many pages are read on (\w+)\?", r"(\d+) pages on \1|\b[Oo]n \1(?: \w+ reads)? (\d+)"),
    (r"How many \w+ are there together\?", r"have (\d+) \w+ together"),
    (r"How many \w+ are there in all\?", r"holds (\d+)"),
    (r"How many (\w+) are (\w+)\?", r"and (\d+) \1 are \2"),
    (r"What is the total\?", r"The total .* exactly (\d+)"),
    (r"How many did two buses carry together\?", r"Together, .* exactly (\d+)"),
    (r"How many more did the (.+) bus carry\?", r"the \1 bus was (\d+) more"),
    (r"Which bus carried more\?", r"rode (the .+ bus) than"),
    (r"Who has more\?", r"(\w+) has \d+ (?:more|times)"),
    (r"Who .*is said to have more\?", r"(\w+) has more than|has fewer than (\w+)"),
    (r"Who .*\?", r"^([A-Z][a-z]+) (?:has|had|shares|buys|pays|bakes)|On Monday ([A-Z]\w+)"),
)


@pytest.mark.parametrize("kind", ["read", "copy"])
def test_what_is_read_is_what_the_question_says(drawn, kind):
    used = set()
    for skill in of_kind(drawn, kind):
        question, query = skill.prompt.removeprefix("Read this. ").split("\n\nOnly tell me this. ")
        for pattern, where in READS:
            if asked := re.fullmatch(pattern, query):
                where = re.sub(r"\\([12])", lambda m, a=asked: re.escape(a[int(m[1])]), where)
                found = {next(filter(None, groups)) for groups in
                         (match.groups() for match in re.finditer(where, question))}  # fmt: skip
                assert skill.answer in found and len(found) == 1, (skill, found)
                used.add(pattern)
                break
        else:
            raise AssertionError(f"no way to check {query!r}")
        assert bool(re.fullmatch(r"\$?\d+", skill.answer)) == (kind == "read")
    assert len(used) >= {"read": 25, "copy": 4}[kind]


def terms(said: str) -> tuple[int, int, int]:
    """Left, right and result of a sum, which is true."""
    left, op, right, result = re.fullmatch(r"(\d+) ([-+×÷]) (\d+) = (\d+)\.", said).groups()
    assert OPS[op](int(left), int(right)) == int(result), said
    return int(left), int(right), int(result)


def test_steps_need_nothing_but_the_question_and_the_sums_so_far(drawn):
    places = Counter()
    for skill in of_kind(drawn, "step"):
        question, so_far, _ = asked_in(skill.prompt)
        known = {int(number) for number in re.findall(r"\d+", question)}
        known |= {number for word, number in TIMES.items() if word in question}
        if re.search(r"has \d+ times as many .* together\?", question):
            known.add(1)  # where equal parts are counted, the part that is only itself
        for said in (*so_far, skill.answer):
            left, right, result = terms(said)
            assert {left, right} <= known, skill
            known.add(result)
        places[len(so_far)] += 1
    assert set(places) == {0, 1, 2, 3} and min(places.values()) >= 5


def test_steps_are_the_sums_that_their_names_ask_for(drawn):
    """Worked out from the question alone: one sum goes by the name, and it is the answer."""
    skills = [*of_kind(drawn, "step"), *draw_skills("train", 1_700, seed=4, kinds=["step"])]
    assert [skill for skill in skills if next_sums(skill.prompt) != {skill.answer}] == []
    used = set()
    for question, so_far, name in (asked_in(skill.prompt) for skill in skills):
        (form,) = (form for form, (pattern, _) in enumerate(PATTERNS) if pattern.match(question))
        for number, way in enumerate(workings(question)):
            if [said for _, said in way[: len(so_far)]] == so_far and name in dict(way[len(so_far) :][:1]):
                used.add((form, number, len(so_far)))
    assert used == {(form, number, place) for form, (_, ways) in enumerate(PATTERNS)
                    for number, way in enumerate(ways) for place in range(len(way.split("; ")))}  # fmt: skip


def test_another_sum_is_not_what_a_step_asks_for():
    """So that the tests above can fail."""
    question = "Mia has 3 boxes of plums. Each box has 24 plums. She loses 10 of them. How many does Mia have left?"
    first, last = "the plums in all the boxes", "the plums left"
    assert workings(question) == [[(first, "3 × 24 = 72."), (last, "72 - 10 = 62.")]]
    asked = f"Read this. {question}\n\n{{}}Write one sum: {{}}."
    assert next_sums(asked.format("", first)) == {"3 × 24 = 72."}
    assert next_sums(asked.format("So far: 3 × 24 = 72. ", last)) == {"72 - 10 = 62."}
    for so_far, name in (("", last), ("So far: 3 × 24 = 72. ", first), ("So far: 3 × 24 = 71. ", last)):
        assert next_sums(asked.format(so_far, name)) == set()


def test_a_step_is_asked_for_in_these_words():
    steps = [Step("the plums in all the boxes", 3, "×", 24, ""), Step("the plums left", 72, "-", 10, "")]
    assert step_prompt("How?", steps, 0) == "Read this. How?\n\nWrite one sum: the plums in all the boxes."
    assert step_prompt("How?", steps, 1) == "Read this. How?\n\nSo far: 3 × 24 = 72. Write one sum: the plums left."
    assert [sum_of(step) for step in steps] == ["3 × 24 = 72.", "72 - 10 = 62."]


def test_the_steps_are_one_plans_sums_and_every_plan_has_its_turn():
    rng = random.Random(0)
    for problem in draw("train", 5 * len(FAMILIES), seed=9, impossible=True):
        sums = [tuple(item for item in plan if isinstance(item, Step)) for plan in problem.plans]
        assert {tuple(steps_of(problem, rng)) for _ in range(30)} == set(sums)


# --- judging ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "said",
    ["3 × 24 = 72.", "3 × 24 = 72", " 3 × 24 = 72.\n", "24 × 3 = 72", "3 times 24 is 72.", "24 times 3 is 72.",
     "24 × 3 is 72"],
)  # fmt: skip
def test_swapped_terms_and_words_are_right(said):
    for kind, answer in itertools.product(("sum", "step"), ("3 × 24 = 72.", "3 times 24 is 72.", "24 × 3 = 72.")):
        assert Skill(kind, "", answer).is_right(said)


@pytest.mark.parametrize(
    "said",
    ["3 × 24 = 71.", "3 × 24 = 7", "3 + 24 = 72.", "3 plus 24 is 72", "72 = 3 × 24", "3 × 8 = 24", "72", "", "3 × 24",
     "3 × 24 = 72 and more", "So 3 × 24 = 72.", "3 × 24 = 72. 3 × 24 = 72.", "4 × 18 = 72.", "72 ÷ 3 = 24"],
)  # fmt: skip
def test_other_sums_and_other_texts_are_wrong(said):
    for kind in ("sum", "step"):
        assert not Skill(kind, "", "3 × 24 = 72.").is_right(said)
        assert not Skill(kind, "", "24 times 3 is 72.").is_right(said)


def whole(numbers: tuple[int, str, int]) -> tuple[int, str, int]:
    """A sum whose result is a natural number, as all sums of the world."""
    left, op, right = numbers
    return {"-": (left + right, op, right), "÷": (left * right, op, right)}.get(op, numbers)


SUM = st.tuples(st.integers(0, 300), st.sampled_from("+-×÷"), st.integers(1, 300)).map(whole)


@settings(deadline=None, derandomize=True)
@given(SUM, st.booleans(), st.booleans(), st.integers(1, 50))
def test_judging_any_sum(numbers, words, other_words, off):
    left, op, right = numbers
    result = int(OPS[op](left, right))
    skill = Skill("sum", "", f"{left} {WORDS[op]} {right} is {result}." if words else equation(left, op, right) + ".")
    sign, equals = (WORDS[op], "is") if other_words else (op, "=")
    assert skill.is_right(f"{left} {sign} {right} {equals} {result}.")
    assert skill.is_right(f"{right} {sign} {left} {equals} {result}") == (op in "+×" or left == right)
    assert not skill.is_right(f"{left} {sign} {right} {equals} {result + off}")
    assert not skill.is_right(f"{left + off} {sign} {right} {equals} {result}")
    for wrong in set(OPS) - {op}:
        assert not skill.is_right(f"{left} {wrong} {right} {equals} {result}")


@pytest.mark.parametrize(
    ("answer", "right", "wrong"),
    [
        ("12 is fewer than 30.", ["12 is fewer than 30"], ["12 is more than 30.", "30 is fewer than 12.", "12 is"]),
        ("$5", ["$5", "$5."], ["5", "$55", "$5 each", ""]),
        ("the zoo bus", ["the zoo bus", "the zoo bus.", " the zoo bus"], ["the park bus", "zoo"]),
        ("24", ["24", "24."], ["2", "4", "240", "24 crayons", "-24"]),
    ],
)
def test_other_kinds_are_judged_word_for_word(answer, right, wrong):
    skill = Skill("read", "", answer)
    assert all(map(skill.is_right, right))
    assert not any(map(skill.is_right, wrong))


def test_every_answer_is_right_to_its_own_prompt_alone(drawn):
    for kind in KINDS:
        skills = of_kind(drawn, kind)[:300]
        assert all(skill.is_right(skill.answer) for skill in skills)
        same = Counter(skill.is_right(other.answer) for skill, other in itertools.pairwise(skills))
        assert same[False] > 250


@pytest.mark.parametrize(
    ("left", "right", "said"),
    [(12, 30, "fewer than"), (30, 12, "more than"), (12, 12, "the same as"), (9, 10, "fewer than")],
)
def test_comparison(left, right, said):
    assert comparison(left, right) == f"{left} is {said} {right}"


def test_equation():
    assert [equation(9, op, 3) for op in "+-×÷"] == ["9 + 3 = 12", "9 - 3 = 6", "9 × 3 = 27", "9 ÷ 3 = 3"]


# --- drawing ------------------------------------------------------------------------------------


def test_draws_depend_on_the_seed_alone():
    first = draw_skills("train", 80, seed=5)
    assert draw_skills("train", 80, seed=5) == first
    assert draw_skills("train", 80, seed=6) != first


def test_kinds_take_turns_and_no_prompt_comes_twice(drawn):
    for split, count in COUNTS.items():
        assert Counter(skill.kind for skill in drawn[split]) == dict.fromkeys(KINDS, count // len(KINDS))
        assert len({skill.prompt for skill in drawn[split]}) == count
    assert {skill.kind for skill in draw_skills("train", 20, seed=1, kinds=["copy", "sum"])} == {"copy", "sum"}


@pytest.mark.parametrize("kind", KINDS)
def test_splits_share_no_prompt(drawn, kind):
    prompts = {split: {skill.prompt for skill in drawn[split] if skill.kind == kind} for split in SPLITS}
    for one, other in itertools.combinations(SPLITS, 2):
        assert not prompts[one] & prompts[other]


def test_questions_belong_to_the_split(drawn):
    for split in SPLITS:
        for skill in drawn[split]:
            if skill.kind in ("read", "copy"):
                question = skill.prompt.removeprefix("Read this. ").partition("\n\nOnly tell me this. ")[0]
                assert split_of(question) == split
            elif skill.kind == "step":
                assert split_of(asked_in(skill.prompt)[0]) == split
            else:
                assert split_of(skill.prompt) == split
    held_out = [question for question, _ in SEED_QUESTIONS.values()]
    assert not [s for skills in drawn.values() for s in skills if any(question in s.prompt for question in held_out)]


def test_unknown_names_are_refused_with_the_valid_ones():
    with pytest.raises(ValueError, match=r"no skill called add; choose from read, copy, sum, compare, step$"):
        draw_skills("train", 1, seed=0, kinds=["add"])
    with pytest.raises(ValueError, match=r"'dev'.*train, validation, test"):
        draw_skills("dev", 1, seed=0)
    with pytest.raises(ValueError, match=r"'dev'.*train, validation, test"):
        known_split("dev")
    assert [known_split(split) for split in SPLITS] == list(SPLITS)
