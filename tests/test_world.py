"""The open world: true to a solver of its own, twins one fact apart, splits and what is held out without overlap."""

import itertools
import re
from collections import Counter

import pytest
from world_solver import solve

from data.making.world.problems import (
    HELD_KINDS,
    KINDS,
    OUTSIDE,
    SEED_QUESTIONS,
    SPLITS,
    Claim,
    Missing,
    Problem,
    Step,
    buses,
    draw,
    draw_twins,
    names,
    things,
    true_reason,
)  # fmt: skip
from data.making.world.problems.cast import split_of_words
from data.making.world.problems.numbers import HIGHEST, LOWEST
from data.making.world.problems.shapes import COST, HELD_PAIRS, MOST, SHAPES, sums_of
from data.making.world.problems.tell import SHOP, STORY
from data.making.world.problems.things import a, plural_of, singular
from data.making.world.problems.ways_facts import HELD


@pytest.fixture(scope="module")
def inside() -> dict[str, list[Problem]]:
    return {split: draw(split, 2_000 if split == "train" else 400, 11, impossible=True) for split in SPLITS}


@pytest.fixture(scope="module")
def outer() -> dict[str, list[Problem]]:
    return {respect: draw("test", 150, 12, impossible=True, outside=(respect,)) for respect in OUTSIDE}


@pytest.fixture(scope="module")
def pairs() -> list[tuple[Problem, Problem]]:
    return [*draw_twins("train", 400, 13), *draw_twins("test", 50, 13, outside=("kinds",))]


@pytest.fixture(scope="module")
def every(inside, outer, pairs) -> list[Problem]:
    return [*itertools.chain(*inside.values(), *outer.values(), *pairs)]


def given(problem: Problem) -> list[int]:
    return [part for fact in problem.facts for part in fact if isinstance(part, int)]


def results(problem: Problem) -> list[int]:
    sums = [item for item in problem.plans[0] if not isinstance(item, Missing)]
    return [item.result if isinstance(item, Step) else item.found for item in sums]


# --- true ---------------------------------------------------------------------------------------


def test_the_solver_agrees_with_every_answer_and_every_impossible_one(every):
    for problem in every:
        found = solve(problem.facts, problem.asked)
        if not problem.impossible:
            assert found == {problem.answer}, problem
        elif problem.kind == "premise":
            assert len(found) > 1, problem
        else:
            assert not found, problem


def test_a_changed_number_is_noticed_by_the_solver(inside):
    noticed = []
    for problem in inside["test"][:200]:
        number = next((i for i, fact in enumerate(problem.facts) if fact[0] == "has"), None)
        if number is not None and not problem.impossible:
            *rest, n = problem.facts[number]
            facts = (*problem.facts[:number], (*rest, n + 1), *problem.facts[number + 1 :])
            noticed.append(solve(facts, problem.asked) != {problem.answer})
    assert len(noticed) > 50 and sum(noticed) > 0.95 * len(noticed)


def test_an_answer_a_kind_and_a_reason_go_together(every):
    for problem in every:
        assert problem.impossible == (problem.answer == ()) == (problem.kind is not None) == (not problem.replies)
        assert problem.kind in (None, *KINDS, *HELD_KINDS)
        assert problem.impossible or len(set(problem.replies)) >= 3
    assert {problem.kind for problem in every} == {None, *KINDS, *HELD_KINDS}


def test_each_step_follows_from_what_is_known(every):
    for problem in every:
        for plan in problem.plans:
            known, labels = {2, 3, *given(problem)}, []
            for place, item in enumerate(plan):
                last = place == len(plan) - 1
                if isinstance(item, Missing):
                    assert last and problem.kind == "premise"
                    continue
                share = isinstance(item, Claim) and problem.kind == "share" and last
                assert {item.left} <= known and (share or item.right is None or item.right in known), problem
                labels.append(item.label)
                if isinstance(item, Step):
                    known.add(item.result)
                else:
                    known.add(item.stated)
                    assert item.stated in known and item.holds == (not (last and problem.impossible))
            assert len(set(labels)) == len(labels), problem
            if not problem.impossible:
                assert set(problem.answer) <= known
                assert any(isinstance(item, Step) for item in plan)


def test_plans_take_one_to_four_sums_and_all_are_drawn(inside):
    solvable = [problem for problem in inside["train"] if not problem.impossible]
    assert {problem.steps for problem in solvable} == {1, 2, 3, 4}
    assert any(len(problem.plans) > 1 for problem in solvable[:200])


# --- the words ----------------------------------------------------------------------------------


def test_the_question_says_the_numbers_of_the_facts_and_no_other(every):
    for problem in every:
        said = Counter(map(int, re.findall(r"\d+", problem.question)))
        needed = [part for fact in problem.facts if "times" not in fact[0] for part in fact if isinstance(part, int)]
        if problem.family == "each" and len(problem.answer or (1, 2, 3)) == 3 and "sum3" in problem.plan:
            needed = [part for fact in problem.facts if fact[0] != "times" for part in fact if isinstance(part, int)]
        assert said == Counter(needed), problem


def test_the_text_is_whole(every):
    for problem in every:
        text = problem.question
        assert not re.search(r"[{}\[\]]|  |\b1 \w+s\b| \.|\.\.", text.replace("\n\n", " ").replace("\n", " ")), text
        assert text[0].isupper() or text[0].isdigit() or text[0] == "$"
        assert text[-1] in "?."
        for sentence in re.split(r"(?<=[.?]) ", text.replace("\n", " ").replace("* ", "")):
            assert not sentence[0].islower(), text
        assert not re.search(r"\ba [aeio]\w+|\ban [^aeiou\W]\w+", text), text


def test_every_way_of_saying_is_drawn_and_the_held_ones_only_outside(every, inside, outer):
    tables = {("story", op): ways for op, ways in STORY.items()} | {("shop", op): ways for op, ways in SHOP.items()}
    for (_, op), ways in tables.items():
        assert len(ways) == len(set(ways)) and len(ways) >= (5 if op.endswith("?") else 8), op
        assert sum(("$" in way) for way in ways) in (0, len(ways)) or op in ("stated", "also", "sells", "sells?"), op
    held = {op: set(range(len(ways) - HELD, len(ways))) for (_, op), ways in tables.items() if op not in SHOP}
    for problem in itertools.chain(*inside.values()):
        assert not any(op in held and way in held[op] for op, way in problem.ways)
    for problem in outer["ways"]:
        assert all(way in held[op] for op, way in problem.ways if op in held)
    used = {op: set() for op in (*STORY, *SHOP)}
    for problem in (*every, *draw("train", 5_000, 5, impossible=True)):
        for op, way in problem.ways:
            used.setdefault(op, set()).add(way)
    seen = {op: ways for op, ways in STORY.items() if op not in SHOP}
    missing = {op: set(range(len(ways) - HELD)) - used[op] for op, ways in seen.items()}
    assert not {op: ways for op, ways in missing.items() if ways and not op.endswith("?")}


def test_reads_are_in_the_question(every):
    for problem in every:
        assert problem.reads
        assert len({query for query, _ in problem.reads}) == len(problem.reads)
        for _, answer in problem.reads:
            times = answer in "23456" and "times" in " ".join(problem.plan)
            said = problem.question.lower()
            assert times or answer.removesuffix(" bus").lower() in said, (answer, problem)


@pytest.mark.parametrize(
    ("plural", "one"),
    [("shells", "shell"), ("boxes", "box"), ("cherries", "cherry"), ("cookies", "cookie"), ("scarves", "scarf"),
     ("brushes", "brush"), ("peaches", "peach"), ("tomatoes", "tomato"), ("roses", "rose"), ("daisies", "daisy")],
)  # fmt: skip
def test_one_of_many(plural, one):
    assert singular(plural) == one


def test_words_are_many_different_and_seen_or_unseen():
    assert len(names.SHE + names.HE) >= 190 and len(things.THINGS) >= 150
    for seen, new in ((names.SHE + names.HE, names.NEW_SHE + names.NEW_HE), (things.THINGS, things.NEW_THINGS),
                      (things.GOODS, things.NEW_GOODS), (things.CONTAINERS, things.NEW_CONTAINERS)):  # fmt: skip
        assert len({*seen, *new}) == len(seen) + len(new)
    assert not {*map(plural_of, things.NEW_GOODS)} & {*things.THINGS, *map(plural_of, things.GOODS)}
    assert not {*map(plural_of, things.GOODS)} & {*things.NEW_THINGS}
    assert (plural_of("box"), plural_of("toy"), plural_of("candy")) == ("boxes", "toys", "candies")
    assert (a("apple"), a("box")) == ("an apple", "a box")


# --- outside ------------------------------------------------------------------------------------


def held_words(problem: Problem) -> set[str]:
    new = {*names.NEW_SHE, *names.NEW_HE, *things.NEW_THINGS, *things.NEW_GOODS, *things.NEW_STOPS}
    return {*re.findall(r"[A-Za-z]+", problem.question)} & {*new, *map(plural_of, things.NEW_GOODS)}


def held_plan(problem: Problem) -> bool:
    ops = {op.rstrip("3") for op in problem.plan}
    return any(pair <= ops for pair in HELD_PAIRS)


def test_inside_is_inside(inside):
    for problem in itertools.chain(*inside.values()):
        assert problem.outside == frozenset() and problem.kind not in HELD_KINDS
        assert not held_words(problem) and not held_plan(problem)
        assert problem.steps <= MOST and sums_of(problem.plan) <= MOST
        if "sum3" not in problem.plan:
            assert all(LOWEST <= number <= HIGHEST for number in given(problem))
        assert not problem.answer or max(problem.answer) <= HIGHEST


@pytest.mark.parametrize("respect", OUTSIDE)
def test_outside_is_what_it_says_and_nothing_else(outer, respect):
    for problem in outer[respect]:
        assert problem.outside == {respect}
        # A name or a thing that is invented is in no list.
        assert respect == "names" or not held_words(problem)
        assert held_plan(problem) == (respect == "plans")
        assert (sums_of(problem.plan) == MOST + 1) == (respect == "steps") and sums_of(problem.plan) <= MOST + 1
        assert (problem.kind in HELD_KINDS) == (respect == "kinds")
        if (not problem.impossible or respect == "numbers") and "sum3" not in problem.plan:
            numbers = [*given(problem), *results(problem), *problem.answer]
            assert (max(numbers) > HIGHEST or min(numbers) < LOWEST) == (respect == "numbers"), problem


def test_new_words_are_in_nearly_all_and_seen_ones_in_none(outer):
    old = {*names.SHE, *names.HE, *things.THINGS}
    assert sum(bool(held_words(problem)) for problem in outer["names"]) > 0.9 * len(outer["names"])
    for problem in outer["names"]:
        people_and_things = {part for fact in problem.facts for part in fact[1:] if isinstance(part, str)}
        assert not people_and_things & old


def test_respects_go_together():
    for problem in draw("validation", 40, 1, impossible=True, outside=("names", "plans", "steps")):
        assert problem.outside == {"names", "plans", "steps"}
        assert held_plan(problem) and sums_of(problem.plan) == MOST + 1


def test_each_operation_of_a_held_out_pair_is_well_seen(inside):
    seen = Counter(op.rstrip("3") for problem in inside["train"] for op in problem.plan)
    assert all(seen[op] >= 20 for pair in HELD_PAIRS for op in pair), seen
    assert set(seen) >= {op.rstrip("3") for op in COST}
    assert all(shapes for shapes, _ in SHAPES.values())


# --- twins --------------------------------------------------------------------------------------


def test_twins_are_one_fact_apart(pairs):
    for whole, broken in pairs:
        assert not whole.impossible and broken.impossible and whole.asked == broken.asked
        different = {*whole.facts} ^ {*broken.facts}
        assert 1 <= len(different) <= 2, (whole, broken)
        if "sum3" not in whole.plan:
            assert Counter(whole.question.split()) != Counter(broken.question.split())


def test_kinds_take_turns():
    found = Counter(broken.kind for _, broken in draw_twins("validation", 100, 4))
    assert set(found) == set(KINDS) and min(found.values()) >= 15
    share = [problem.impossible for problem in draw("validation", 300, 4, impossible=True)]
    assert sum(share) == 100
    assert not any(problem.impossible for problem in draw("validation", 300, 4))


# --- reasons ------------------------------------------------------------------------------------


def test_every_reason_is_true_of_its_own_problem(every):
    for problem in every:
        assert true_reason(problem.reason or "it cannot be", problem) == problem.impossible, problem


def other_numbers(problem: Problem) -> list[str]:
    """The reason with each of its numbers in turn another one, and with two of them changed about."""
    if problem.kind == "premise":
        return []
    numbers = [*dict.fromkeys(re.findall(r"\d+", problem.reason))]
    changes = [{number: str(int(number) + 131)} for number in numbers]
    changes += [dict(zip(numbers, reversed(numbers), strict=True))] if len(numbers) == 2 else []
    return [re.sub(r"\d+", lambda m, change=change: change.get(m[0], m[0]), problem.reason) for change in changes]


def other_names(problem: Problem) -> list[str]:
    """The reason with a name that the question does not know, for each of the people in it."""
    return [problem.reason.replace(name, "Zorble") for name in people(problem) if name in problem.reason]


@pytest.mark.parametrize("changed", [other_numbers, other_names])
def test_a_changed_reason_is_false(every, changed):
    wrong = [(text, problem) for problem in every if problem.impossible for text in changed(problem)]
    assert len(wrong) > 500
    for text, problem in wrong:
        assert not true_reason(text, problem), (text, problem)


def test_a_reason_of_another_problem_is_false(every):
    impossible = [problem for problem in every if problem.impossible]
    taken_for_true = sum(true_reason(one.reason, two) for one, two in itertools.pairwise(impossible))
    assert taken_for_true <= 0.005 * len(impossible)


def people(problem: Problem) -> set[str]:
    words = {word for fact in problem.facts for word in fact[1:] if isinstance(word, str)}
    return {word for word in words if word[0].isupper()}


def test_other_words_for_a_reason_are_accepted_and_a_wrong_owner_is_not(every):
    problem = next(p for p in every if p.kind == "taken" and "given to" in p.reason)
    claim, one, two = problem.plans[0][-1], problem.reason.split(" has only ")[0], problem.reason.split()[-1]
    assert true_reason(f"{one} cannot give {claim.stated} to {two} out of {claim.left}.", problem)
    assert not true_reason(f"Nobody cannot give away {claim.stated} of {claim.left}.", problem)
    third = next(p for p in every if p.kind == "taken" and "are given away" in p.reason and len(people(p)) > 1)
    wrong = next(name for name in people(third) if name not in third.reason)
    assert not true_reason(third.reason.replace(third.reason.split(" has ")[0], wrong), third)
    assert not true_reason("there is a mistake", problem)
    problem = next(p for p in every if p.kind == "premise" and "has" in p.reason)
    assert true_reason(problem.reason.replace("it is not said", "We do not know"), problem)
    assert not true_reason(problem.reason.replace("it is not said", "it is said"), problem)
    assert not true_reason(re.sub(r"[A-Z]\w+", "Nobody", problem.reason) + " 5", problem)


# --- splits -------------------------------------------------------------------------------------


def test_splits_share_no_question_none_is_drawn_twice_and_none_is_the_seeds(inside, every):
    found = {split: {problem.question for problem in problems} for split, problems in inside.items()}
    assert all(len(found[split]) == len(inside[split]) for split in SPLITS)
    for one, other in itertools.combinations(SPLITS, 2):
        assert not found[one] & found[other]
    held_out = {question for question, _ in SEED_QUESTIONS.values()}
    assert not held_out & {problem.question for problem in every}


def test_the_words_of_a_problem_decide_its_split(inside):
    for split, problems in inside.items():
        for problem in problems:
            if "sum3" in problem.plan or problem.family in ("cost", "change", "total and average", "each"):
                continue
            people = {w for f in problem.facts for w in f[1:] if isinstance(w, str) and w[0].isupper()}
            what = {fact[2] for fact in problem.facts if fact[0] in ("has", "gets", "groups")}
            if len(what) == 1 and not any(fact[0] == "also" for fact in problem.facts):
                assert split_of_words([*people, *what]) == split or problem.kind == "premise"


def test_the_same_seed_gives_the_same_and_more_begin_alike():
    for options in ({}, {"impossible": True}, {"outside": ("ways",)}):
        ten = draw("train", 10, 1, **options)
        assert draw("train", 30, 1, **options)[:10] == ten == draw("train", 10, 1, **options)
        assert draw("train", 10, 2, **options) != ten
    assert draw_twins("test", 12, 1)[:5] == draw_twins("test", 5, 1)


def test_problems_in_the_manner_of_the_seeds_are_there(inside):
    train = inside["train"]
    assert any({"groups", "gives", "left"} == set(problem.plan) for problem in train)
    assert any("cost_each" in problem.plan for problem in train)
    assert any("sum3" in problem.plan and problem.impossible for problem in train)
    assert all(len(ways) >= 8 for ways in (*buses.WAYS.values(), buses.INTRO))


@pytest.mark.parametrize("function", [draw, draw_twins])
def test_an_unknown_split_or_respect_is_refused_with_the_names(function):
    with pytest.raises(ValueError, match=r"'dev'.*train, validation, test"):
        function("dev", 1, 0)
    with pytest.raises(ValueError, match=r"words.*names, ways, plans, steps, numbers, kinds"):
        function("train", 1, 0, outside=("words",))
