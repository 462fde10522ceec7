"""Word problems: true to a solver that knows only their text, twins one fact apart, splits without overlap."""

import itertools
import random
import re
from collections import Counter
from dataclasses import replace
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from solver import Linear, fits, solve

from helpers import problems
from helpers.problems import FAMILIES, SEED_QUESTIONS, SPLITS, TWINS, Claim, Problem, Step, calculate, draw, draw_twins
from helpers.problems import split_of as split_of_question
from helpers.problems.family import family as family_of
from helpers.problems.twins import both_orders
from helpers.problems.words import HE, SHE

# Draws of validation and test are dear: most candidates belong to another split.
COUNTS = {"train": 6_000, "validation": 600, "test": 600}


@pytest.fixture(scope="module")
def drawn() -> dict[str, list[Problem]]:
    return {split: draw(split, count, seed=11, impossible=True) for split, count in COUNTS.items()}


@pytest.fixture(scope="module")
def pairs() -> list[tuple[Problem, Problem]]:
    return draw_twins("train", 1_000, seed=12)


@pytest.fixture(scope="module")
def every(drawn, pairs) -> list[Problem]:
    return [*itertools.chain(*drawn.values()), *itertools.chain(*pairs)]


def few_of(family: str, count: int = 40) -> list[Problem]:
    """Problems of one family; both twins where it has twins."""
    if family in TWINS:
        return [*itertools.chain(*draw_twins("train", count // 2, seed=13, families=[family]))]
    return draw("train", count, seed=13, families=[family])


# --- gold answers -------------------------------------------------------------------------------


def agrees(problem: Problem) -> bool:
    """Whether the solver finds the gold answer and no other, or for an impossible problem none at all."""
    try:
        found = solve(problem.question)
    except ValueError:  # a question that it can not read
        return False
    return found == ([] if problem.impossible else [problem.answer])


def test_the_solver_agrees_with_every_gold_answer(every):
    assert len(every) > 9_000 and {problem.family for problem in every} == set(FAMILIES)
    wrong = [problem.question for problem in every if not agrees(problem)]
    assert not wrong, f"{len(wrong)} questions, such as {wrong[:3]}"


def test_impossible_problems_have_no_answer_and_the_others_have_one(every):
    assert {problem.impossible for problem in every} == {True, False}
    for problem in every:
        assert problem.impossible == (problem.answer == ()) == (problem.reason is not None)
        assert all(isinstance(number, int) and number >= 0 for number in problem.answer)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_wrong_gold_answer_is_noticed(family):
    for problem in few_of(family):
        assert agrees(problem)
        if problem.impossible:
            assert not agrees(replace(problem, reason=None, answer=(7,)))
            continue
        for place in range(len(problem.answer)):
            for off in (-1, 1):
                wrong = [number + off * (i == place) for i, number in enumerate(problem.answer)]
                assert not agrees(replace(problem, answer=tuple(wrong)))
        assert not agrees(replace(problem, answer=(), reason="none"))


@pytest.mark.parametrize("family", FAMILIES)
def test_the_solver_reads_every_number(family):
    for problem in (problem for problem in few_of(family, 20) if not problem.impossible):
        for number in re.finditer(r"\d+", problem.question):
            changed = f"{problem.question[: number.start()]}{int(number.group()) + 1}{problem.question[number.end() :]}"
            assert solve(changed) != [problem.answer]


def test_the_solver_refuses_what_it_can_not_read():
    with pytest.raises(ValueError, match="readings"):
        solve("Tom has some crayons. How many crayons does Tom have now?")
    with pytest.raises(ValueError, match="too little"):
        solve("Tom has 3 more crayons than Mia. How many crayons do they have together?")


FACTOR = st.integers(-3, 3)
FACT = st.tuples(st.sampled_from("=<>"), FACTOR, FACTOR, FACTOR, st.integers(-8, 8))


@settings(deadline=None, derandomize=True, max_examples=200)
@given(st.lists(FACT, max_size=3), st.integers(0, 6))
def test_the_solver_finds_what_trying_everything_finds(facts, total):
    facts = [("=", 1, 1, 1, -total), *facts]  # keeps the unknowns small
    right = []
    for numbers in itertools.product(range(total + 1), repeat=3):
        sums = [sum(f * n for f, n in zip(factors, numbers, strict=True)) + c for _, *factors, c in facts]
        ways = {"=": int.__eq__, "<": int.__lt__, ">": int.__gt__}
        if all(ways[fact[0]](value, 0) for fact, value in zip(facts, sums, strict=True)):
            right.append(dict(zip("xyz", numbers, strict=True)))
    found = fits([(relation, Linear({"x": x, "y": y, "z": z, "": c})) for relation, x, y, z, c in facts])
    order = [*map(tuple, (sorted(one.items()) for one in right))]
    assert sorted(tuple(sorted(one.items())) for one in found) == order


# --- twins --------------------------------------------------------------------------------------

BUS_ORDER = re.compile(r"\* More passengers rode the (.+) bus than the (.+) bus")


def changed_facts(first: str, second: str) -> int:
    """How many facts differ: numbers, the wording of a comparison, or the two names of one."""
    one, two = (re.split(r"(?<=[.?])\s+", text) for text in (first, second))
    assert len(one) == len(two)
    count = 0
    for a, b in zip(one, two, strict=True):
        swap = [match.groups() for match in map(BUS_ORDER.match, (a, b)) if match]
        if a != b and len(swap) == 2:
            assert swap[0] == swap[1][::-1]
            count += 1
            continue
        tokens = [re.findall(r"\w+|\S", text) for text in (a, b)]
        assert len(tokens[0]) == len(tokens[1])
        for pair in zip(*tokens, strict=True):
            if pair[0] != pair[1]:
                assert set(pair) == {"more", "fewer"} or all(word.isdigit() for word in pair), pair
                count += 1
    return count


def test_twins_differ_by_one_fact(pairs):
    assert Counter(solvable.family for solvable, _ in pairs) == Counter(dict.fromkeys(TWINS, 200))
    for solvable, twin in pairs:
        assert (solvable.impossible, twin.impossible) == (False, True)
        assert solvable.family == twin.family
        assert changed_facts(solvable.question, twin.question) == 1


def test_every_kind_of_change_is_drawn(pairs):
    changed = {family: set() for family in TWINS}
    for solvable, twin in pairs:
        a, b = (re.split(r"(?<=[.?])\s+", problem.question) for problem in (solvable, twin))
        changed[solvable.family] |= {i for i, (x, y) in enumerate(zip(a, b, strict=True)) if x != y}
    assert {family: len(places) for family, places in changed.items()} == {
        "buses": 2, "siblings": 1, "vans": 1, "colors": 2, "ranking": 1,
    }  # fmt: skip


def test_two_changed_facts_are_noticed():
    text = "Mia has 5 plums. Tom has 7 more plums than Mia. Ben has 3 plums, and Tom has more than Ben."
    assert changed_facts(text, text) == 0
    assert changed_facts(text, text.replace("has more than", "has fewer than")) == 1
    assert changed_facts(text, text.replace("5", "6").replace("3", "4")) == 2
    with pytest.raises(AssertionError):
        changed_facts(text, text.replace("Mia", "Zoe"))


def test_the_reason_is_true_and_names_what_the_question_states(pairs):
    forms = Counter()
    for _, twin in pairs:
        *_, claim = twin.plans[0]
        numbers = [*map(int, re.findall(r"\d+", twin.reason))]
        if found := re.search(r"(\d+), which is (more|fewer) than (\d+)$", twin.reason):
            left, word, stated = int(found[1]), found[2], int(found[3])
            # The question states the opposite of what was found; in the claim, who must have more comes first.
            assert (claim.left, claim.stated) == ((stated, left) if word == "more" else (left, stated))
            assert left > stated if word == "more" else left < stated
            assert f"has {'fewer' if word == 'more' else 'more'} than" in twin.question
        elif found := re.search(r"(\d+), not (\d+)$", twin.reason):
            assert found[1] != found[2] and re.search(rf"\b{found[2]}\b", twin.question)
            assert (int(found[1]), int(found[2])) == (claim.found, claim.stated)
        else:
            found = re.fullmatch(r"there are (\d+) seats, fewer than (\d+)", twin.reason)
            assert found, twin.reason
            vans, riders, seats = map(int, re.findall(r"\d+", twin.question))
            assert numbers == [vans * seats, riders] and vans * seats < riders
        forms[found.re.pattern] += 1
    assert len(forms) == 3


# --- plans and replies --------------------------------------------------------------------------


def numbers_in(text: str) -> list[int]:
    return [*map(int, re.findall(r"\d+", text))]


def terms(item) -> set[int]:
    return {item.left, item.right} - {None}


def test_every_plan_leads_from_the_question_to_the_answer(every):
    for problem in every:
        # Numbers in words; 1 is a share of one's own.
        words = {"twice": 2, "three times": 3, "times as many": 1}
        given_at_first = {*numbers_in(problem.question), *(n for word, n in words.items() if word in problem.question)}
        assert problem.plans and len(set(problem.plans)) == len(problem.plans)
        for plan in problem.plans:
            known, results = set(given_at_first), []
            for place, item in enumerate(plan):
                assert terms(item) <= known, (problem, item)
                if isinstance(item, Claim):
                    assert item.stated in known
                    continue
                assert item.result == calculate(item.left, item.op, item.right) >= 0
                later = set().union(*(terms(one) | {getattr(one, "stated", item.left)} for one in plan[place + 1 :]))
                assert problem.impossible or item.result in {*later, *problem.answer}, "a sum that nothing needs"
                results.append(item.result)
                known.add(item.result)
            if not problem.impossible:
                assert set(problem.answer) <= set(results)
                assert results[-1] in problem.answer[-1:]


def test_claims_hold_in_problems_with_an_answer_and_the_last_fails_in_the_others(every):
    """So nothing follows a claim that fails."""
    claims = 0
    for problem in every:
        for plan in problem.plans:
            held = [item.holds for item in plan if isinstance(item, Claim)]
            claims += len(held)
            if problem.impossible:
                assert isinstance(plan[-1], Claim)
                assert held[-1] is False and all(held[:-1])
            else:
                assert all(held) and bool(held) == (problem.family in TWINS)
    assert claims > 1000


def test_replies_say_the_gold_numbers_in_order_and_no_others(every):
    for problem in every:
        if not problem.impossible:
            assert len(set(problem.replies)) >= 2
            for reply in problem.replies:
                assert tuple(numbers_in(reply)) == problem.answer and reply.endswith(".")


def test_parts_hold_the_terms_of_their_sum(every):
    for step in {item for problem in every for plan in problem.plans for item in plan if isinstance(item, Step)}:
        words = {number for word, number in (("twice", 2), ("three times", 3)) if word in step.part}
        assert terms(step) <= {*numbers_in(step.part), *words}
        assert step.part.endswith(".") and step.label


def test_all_plans_of_a_problem_are_as_long(every):
    found = set()
    for problem in every:
        (length,) = {sum(isinstance(item, Step) for item in plan) for plan in problem.plans}
        found |= set() if problem.impossible else {length}
    assert found == {1, 2, 3, 4}


# --- the text -----------------------------------------------------------------------------------


def texts(problem: Problem) -> list[str]:
    steps = [item for plan in problem.plans for item in plan if isinstance(item, Step)]
    # The replies of an impossible problem are said by no one.
    said = () if problem.impossible else problem.replies
    reason = [problem.reason[0].upper() + problem.reason[1:] + "."] if problem.reason else []
    return [problem.question, *said, *reason, *(step.part for step in steps), *(query for query, _ in problem.reads)]


# "There are 1 plums", "1 seats", "-3 cookies", "0 stones".
ODD = re.compile(
    r"(?<![\d.])1 (?!(?:times|is|has|was)\b)\w*s\b|\bThere are 1\b|(?<!\d )-\d|(?<![\d$])0 |  | [.,?]|\ba [aeiou]\w+",
    re.IGNORECASE,
)


def test_the_english_is_natural(every):
    odd = {(problem.family, found.group()): text
           for problem in every for text in texts(problem) if (found := ODD.search(text))}  # fmt: skip
    assert not odd


@pytest.mark.parametrize("text", ["There are 1 plums.", "1 seats stay", "-3 are red", "0 stones", "a apple", "a ?"])
def test_odd_english_is_noticed(text):
    assert ODD.search(text)
    assert not ODD.search("There is 1 plum, 1 is red, 11 seats: 10 - 3 stones, a plum, $0. Is it now?")


def test_sentences_begin_with_capitals_and_questions_end_as_such(every):
    for problem in every:
        assert problem.question.endswith("?") and problem.question.count("?") == 1
        for text in texts(problem):
            assert all(re.match(r"[A-Z\d$*]", sentence) for sentence in re.split(r"(?<=[.?!])\s+", text)), text


def test_pronouns_fit_the_names(every):
    checked = 0
    for problem in every:
        names = [name for name in (*SHE, *HE) if re.search(rf"\b{name}\b", problem.question)]
        if len(names) == 1:
            used = {word.lower() for word in re.findall(r"\b(?:she|her|he|his|him)\b", problem.question, re.IGNORECASE)}
            assert used <= ({"she", "her"} if names[0] in SHE else {"he", "his", "him"})
            checked += bool(used)
    assert checked > 1000


# --- drawing ------------------------------------------------------------------------------------


def questions(found) -> set[str]:
    return {problem.question for problem in found}


def test_there_are_enough_families():
    assert len(FAMILIES) == len(set(FAMILIES)) >= 15
    assert "buses" in TWINS and len(TWINS) >= 5 and set(TWINS) < set(FAMILIES)
    assert {"boxes", "smoothies"} < set(FAMILIES)


@pytest.mark.parametrize(
    "drawing",
    [draw, partial(draw, impossible=True), lambda *args, **how: [*itertools.chain(*draw_twins(*args, **how))]],
)
def test_draws_depend_on_the_seed_alone(drawing):
    first = drawing("train", 60, seed=5)
    drawing("train", 10, seed=6)
    random.seed(1)
    assert drawing("train", 60, seed=5) == first
    assert not questions(first) & questions(drawing("train", 60, seed=6))
    fewer = drawing("train", 34, seed=5)
    assert fewer == first[: len(fewer)]


def test_families_take_turns(drawn):
    for split, count in COUNTS.items():
        families = Counter(problem.family for problem in drawn[split])
        assert set(families) == set(FAMILIES)
        assert max(families.values()) - min(families.values()) <= 1
        for family in FAMILIES:
            impossible = sum(problem.impossible for problem in drawn[split] if problem.family == family)
            assert impossible == (families[family] // 2 if family in TWINS else 0), count


def test_without_impossible_all_have_an_answer_and_only_the_chosen_families_are_drawn():
    assert not any(problem.impossible for problem in draw("train", 170, seed=1))
    assert {problem.family for problem in draw("train", 20, seed=1, families=["vans", "more"])} == {"vans", "more"}
    assert {pair[0].family for pair in draw_twins("train", 20, seed=1, families=["vans"])} == {"vans"}


@pytest.mark.parametrize(
    ("function", "wanted", "named"),
    [
        (draw, ["muffin"], "no family called muffin; choose from more, .*muffins.*ranking"),
        (draw, [], r"\(none given\); choose from more"),
        (draw_twins, ["muffins"], "no family called muffins; choose from buses.*ranking"),  # it has no twins
        (draw_twins, [], r"\(none given\); choose from buses"),
    ],
)
def test_an_unknown_family_is_refused_with_the_names(function, wanted, named):
    with pytest.raises(ValueError, match=named):
        function("train", 1, seed=0, families=wanted)


@pytest.mark.parametrize("function", [draw, draw_twins])
def test_an_unknown_split_is_refused_with_the_names(function):
    with pytest.raises(ValueError, match=r"'dev'.*train, validation, test"):
        function("dev", 1, seed=0)


# --- splits -------------------------------------------------------------------------------------


def test_splits_share_no_question_and_none_is_drawn_twice(drawn, pairs):
    plain = [family for family in FAMILIES if family not in TWINS]
    found = {split: questions(drawn[split]) for split in SPLITS}
    for split in SPLITS:
        found[split] |= questions(draw(split, 20_000 if split == "train" else 10_000, seed=21, families=plain))
        found[split] |= questions(itertools.chain(*draw_twins(split, 300, seed=22)))
    found["train"] |= questions(itertools.chain(*pairs))
    for several in (*drawn.values(), [*itertools.chain(*pairs)]):
        assert len(questions(several)) == len(several), "a question is drawn twice"
    for split, several in found.items():
        assert len(several) > 10_000
        assert {split_of_question(question) for question in several} == {split}
    for one, other in itertools.combinations(SPLITS, 2):
        assert not found[one] & found[other]


def test_splits_are_eight_one_and_one_in_ten():
    found = Counter(split_of_question(f"question {number}") for number in range(20_000))
    shares = {split: count / 20_000 for split, count in found.items()}
    assert shares == pytest.approx({"train": 0.8, "validation": 0.1, "test": 0.1}, abs=0.02)


@pytest.mark.parametrize(("name", "answer"), [("crayons", (62,)), ("smoothies", (28, 4)), ("buses", ())])
def test_the_seeds_questions_have_their_gold_answer_and_no_split(name, answer):
    question, gold = SEED_QUESTIONS[name]
    assert gold == answer and solve(question) == ([gold] if gold else []) and len(SEED_QUESTIONS) == 3
    assert split_of_question(question) is None
    assert split_of_question(question + " ") in SPLITS


class Offering:
    """A family that comes up with one of the seed's questions every second time."""

    def __init__(self, family, question: str):
        self.family, self.problem, self.question, self.offered = family, family.problem, question, 0

    def drafts(self, rng):
        self.offered += 1
        *others, (question, values) = self.family.drafts(rng)
        return [*others, (self.question if self.offered % 2 else question, values)]


@pytest.mark.parametrize("split", SPLITS)
def test_the_seeds_questions_are_never_drawn(split, monkeypatch):
    """Not even when a generator comes up with one."""
    boxes = Offering(problems.PLAIN["boxes"], SEED_QUESTIONS["crayons"][0])
    buses = Offering(problems.TWINS["buses"], SEED_QUESTIONS["buses"][0])
    monkeypatch.setitem(problems.PLAIN, "boxes", boxes)
    monkeypatch.setitem(problems.TWINS, "buses", buses)
    held_out = {question for question, _ in SEED_QUESTIONS.values()}
    assert not questions(draw(split, 12, seed=0, impossible=True, families=["boxes", "buses"])) & held_out
    assert not questions(itertools.chain(*draw_twins(split, 4, seed=0, families=["buses"]))) & held_out
    assert min(boxes.offered, buses.offered) >= 10


# --- the parts of a problem ---------------------------------------------------------------------


@pytest.mark.parametrize(("op", "result"), [("+", 40), ("-", 30), ("×", 175), ("÷", 7)])
def test_calculate(op, result):
    assert calculate(35, op, 5) == Step("", 35, op, 5, "").result == result


def test_a_division_with_a_remainder_is_refused():
    with pytest.raises(ValueError, match="7 ÷ 2 leaves a remainder"):
        calculate(7, "÷", 2)


@pytest.mark.parametrize(
    ("claim", "holds"),
    [
        (Claim("", 3, ">", None, 2), True),
        (Claim("", 3, ">", None, 3), False),
        (Claim("", 3, ">", None, 4), False),
        (Claim("", 60, "+", 45, 105), True),
        (Claim("", 60, "+", 45, 70), False),
        (Claim("", 4, "×", 16, 64), True),
    ],
)
def test_claims(claim, holds):
    assert claim.holds is holds
    assert claim.found == (claim.left if claim.op == ">" else calculate(claim.left, claim.op, claim.right))


def test_what_must_be_more_comes_first():
    true, false = both_orders("Ann", 3, "Ben", 4)
    assert true == {"truth": "fewer", "said": "fewer", "larger": "Ben", "x": 4, "smaller": "Ann", "y": 3}
    assert false == {"truth": "fewer", "said": "more", "larger": "Ann", "x": 3, "smaller": "Ben", "y": 4}
    assert both_orders("Ann", 4, "Ben", 3)[0]["said"] == "more"


def test_a_familys_texts_make_its_problems():
    @family_of("""
        ask: Ann has {a} plums,¶
            and {b} more?
        step: all = a + b | the plums | {a} and {b}.
        or:
        step: rest = a - b | nothing left of it | {a} less {b}.
        reply: {all} plums. | All: {all}.
        answer: all
        read: {a} | How many at first?
    """)
    def plums(rng):
        return {"a": 3, "b": 4}

    ((question, values),) = plums.drafts(random.Random(0))
    plans = ((Step("the plums", 3, "+", 4, "3 and 4."),),)
    made = Problem("Ann has 3 plums,\nand 4 more?", "plums", (7,), plans, ("7 plums.", "All: 7."),
                   (("How many at first?", "3"),))  # fmt: skip
    assert plums.problem(question, values) == made
