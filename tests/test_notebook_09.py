"""Notebook 09: its chance is the helpers', its lessons hold no teacher's word, its exercises know their slips."""

import random
from types import SimpleNamespace

import pytest
from notebook_checks import text
from test_notebook_definitions import cell, definitions, exercise, notebook, printed, unsaid

from helpers import check, evaluation, methods, traces
from helpers.evaluation import proofs, results
from helpers.questions import Question
from helpers.traces import filtering

NAME = "09_self_distillation"
SAID = {  # a cell of prose, and the cells whose outputs its numbers are from
    "exam-means": ("exam", "start"), "draw-means": ("draw", "exam"), "one-means": ("one",),
    "pass-means": ("pass",), "proof-means": ("proof",), "who-means": ("who", "proof"), "rules-means": ("rules",),
    "round-means": ("round", "exam"), "paired-means": ("paired", "draw", "arms"), "again-means": ("again", "pass"),
    "lost-means": ("lost",), "lost-more-means": ("lost-more",), "hint-means": ("hint",),
    "study-means": ("study", "pairs"), "caught-means": ("study-lost", "caught"), "lost-study": ("study-families",),
    "seen": ("paired", "draw", "study", "pairs"),
}  # fmt: skip
OTHERS = {  # its numbers that are no figures of the run, or are worked out from some
    "exam-means": {"9.8"}, "draw-means": {"7.4"}, "pass-means": {"19", "32", "64", "100"}, "who-means": {"1,117"},
    "again-means": {"9.10"},
    "rules-means": {"4", "3", "9.6", "1,121"},
    "paired-means": {"2604.01193", "4", "30", "268"}, "lost-more-means": {"3", "100"},
    "proof-means": {"30", "6", "5", "50"},
    "study-means": {"268"}, "hint-means": {"3", "51.7", "47.7", "49.2", "1.7", "30", "2024", "2605.11182"},
    "seen": {"2023", "2308.01825", "2312.06585", "2021", "2107.03374", "2305.18290", "2404.19733", "2024", "1997",
             "2312.06674", "2601.18734", "2018", "1805.04770", "2019", "1911.04252", "2017",
             "1705.08439", "2022", "2203.14465", "2601.19897", "75"},
}  # fmt: skip


def rows(right: int, wrong: int, question: str = "How many are 3 boxes of 24?") -> list[dict]:
    """Answers of a student to one question whose gold number is 72."""
    made = []
    for i in range(right + wrong):
        number = 72 if i < right else 71
        answer = f"<think>\nWay {i}: 3 × 24 = {number}.\n</think>\n\nIt is {number}."
        made.append({"question": question, traces.ANSWER: answer, "gold": [72], "family": "boxes", "tokens": 20 + i,
                     "ended": True, "verdict": "kept" if i < right else "wrong answer"})  # fmt: skip
    return made


def test_its_chance_is_the_helpers():
    own = definitions(NAME, "pass", evaluation=evaluation)["pass_at"]
    for k, right, drawn in ((1, 3, 16), (4, 3, 16), (16, 1, 16), (8, 0, 16), (8, 12, 16)):
        assert own(k, right, drawn) == pytest.approx(proofs.pass_at(k, right, drawn))


def test_a_verdict_needs_the_gold_number_and_no_more(monkeypatch):
    """No solution, no model: of a problem the rule is given question, gold number and family."""
    asked = []

    def whole(answer, problem, seen, tier, limit=None, real=filtering.verdict):
        assert type(problem) is Question and {*vars(problem)} == {"question", "answer", "family", "answer_kind"}
        asked.append(problem)
        return real(answer, problem, seen, tier, limit)

    monkeypatch.setattr(filtering, "verdict", whole)
    monkeypatch.setattr(filtering, "tokens_of", lambda *_: 20)
    tier = SimpleNamespace(data=SimpleNamespace(kind="number"), max_length=512)
    bare = [{name: one[name] for name in one if name != "verdict"} for one in rows(2, 1)]
    assert filtering.judge(bare, tier) == ["kept", "kept", "wrong answer"] and len(asked) == 3


def given(by_question: dict, seed: int = 0) -> tuple[dict[str, list[dict]], dict]:
    """The lessons that the page makes of some answers, and what it has defined by then."""
    tier = SimpleNamespace(data=SimpleNamespace(kind="number"), max_length=512)
    made = {
        "random": random, "SEED": seed, "by_question": by_question, "traces": traces, "tier": tier,
        "evaluation": evaluation, "few": SimpleNamespace(to_list=lambda: [{"verdict": "kept", "of": "few"}]),
    }  # fmt: skip
    exec(cell(NAME, "rules"), made)
    exec(cell(NAME, "arms"), made)
    return made["lessons"], made


@pytest.fixture
def short(monkeypatch):
    monkeypatch.setattr(filtering, "tokens_of", lambda *_: 20)


def test_the_lessons_are_the_student_s_own_words_and_of_one_size(short):
    parts = {"a": rows(5, 3, "a"), "b": rows(1, 7, "b"), "c": rows(0, 8, "c")}
    lessons, _ = given(parts)
    said = {one[traces.ANSWER] for part in parts.values() for one in part}
    assert [len(each) for each in lessons.values()] == [3, 3, 3]
    assert sorted(one["question"] for one in lessons["proof"]) == ["a", "a", "b"]
    assert {one[traces.ANSWER] for one in lessons["proof"] + lessons["no proof"]} <= said
    assert all(one["verdict"] == "kept" for one in lessons["proof"])
    assert {one[traces.ANSWER] for one in lessons["gold alone"]} == {"The answer is 72."}
    # The control knows no gold: a question without a proven answer takes part in it, and of each there are two at most.
    drawn = [given(parts, seed)[0]["no proof"] for seed in range(9)]
    asked = [[one["question"] for one in each] for each in drawn]
    assert any("c" in each for each in asked) and all(each.count(one) <= 2 for each in asked for one in "abc")
    assert {one["verdict"] for each in drawn for one in each} == {"kept", "wrong answer"}


def test_without_a_proof_an_answer_is_still_well_formed(short):
    part = rows(2, 6)
    for one in part[2:5]:
        one |= {traces.ANSWER: one[traces.ANSWER].replace("</think>", ""), "verdict": "no </think>"}
    part[5] |= {"ended": False, "verdict": "truncated"}
    _, made = given({"a": part})
    known = {one["tokens"] for one in made["passing"]("correct")[0]}
    assert known == {20, 21, 26, 27}
    # Wrong ones without a closed thought fail two filters, so leaving one out does not let them in.
    assert [one["tokens"] for one in made["passing"]("format")[0]] == [20, 21]


def test_near_copies_are_left_out_and_others_are_not(short):
    part = rows(3, 0)
    words = " ".join(f"word{i}" for i in range(60))
    for one, last in zip(part, ("end", "end!", "another"), strict=True):
        one[traces.ANSWER] = f"<think>\n{words if last != 'another' else 'Quite another way, then:'} {last}\n" \
            "</think>\n\nIt is 72."
    _, made = given({"a": part})
    assert [one["tokens"] for one in made["passing"]()[0]] == [20, 22]
    assert [one["tokens"] for one in made["passing"]("near copies")[0]] == [20, 21, 22]


def test_where_nothing_is_proven_the_few_traces_stand_in(short):
    lessons, _ = given({"a": rows(0, 4, "a")})
    assert set(lessons) == {"proof", "no proof", "gold alone"}
    assert all([one["of"] for one in each] == ["few"] for each in lessons.values())


def test_each_rule_keeps_two_of_the_proven():
    own = definitions(NAME, "selection", proofs=proofs, traces=traces)
    some, draw = rows(6, 0), random.Random(0)
    some[3][traces.ANSWER] = some[3][traces.ANSWER].replace("3 × 24", "24 × 3")
    some[4][traces.ANSWER] = some[4][traces.ANSWER].replace("= 72.", "= 72. Let me check again. 3 × 23 = 72.", 1)
    assert [one["tokens"] for one in own["shortest"](some[::-1], draw)] == [20, 21]
    for _ in range(9):
        assert some[3] in own["diverse"](some, draw)
    assert len(own["diverse"](some[:3], draw)) == 2 and own["diverse"](some[:1], draw) == some[:1]
    assert own["diverse"]([], draw) == [] == own["distinct_plans"]([], draw)
    assert len(own["distinct_plans"](some, draw)) == 2  # what a check works out is no other plan
    assert some[4] not in own["sound"](some, draw) and own["sound"]([some[4]], draw) == [some[4]]


def test_another_name_stands_in_question_and_answer():
    own = definitions(NAME, "born", methods=methods, traces=traces)
    one = {"question": "Sarah has 3. How many has Sarah?", traces.ANSWER: "Sarah has 3. Sarahs do."}
    made = own["renamed"](one, random.Random(0))
    other = made["question"].split()[0]
    assert other != "Sarah" and made["question"] == f"{other} has 3. How many has {other}?"
    assert made[traces.ANSWER] == f"{other} has 3. Sarahs do."
    none = {"question": "How many are 3?", traces.ANSWER: "3"}
    assert own["renamed"](none, random.Random(0)) is none


# --- exercises ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "name", "slips"), [("ex1", "two_at", proofs.TWO_SLIPS), ("ex2", "same_plan", proofs.PLAN_SLIPS)]
)
def test_the_exercises_can_be_solved_and_know_their_mistakes(capsys, key, name, slips):
    from math import comb

    exercise(capsys, NAME, f"{key}-stub", name, slips, f"{key}-check", f"{key}-help", proofs=proofs, comb=comb)


@pytest.mark.parametrize(("guess", "end"), [(..., "yet"), (62.0, "inside"), (50.0, "easy ones teach?")])
def test_the_prediction_is_judged_by_a_run(capsys, guess, end):
    learnt = []

    def learn(rows):
        learnt.append(rows)
        return SimpleNamespace()

    own = {
        "my_guess": guess, "check": check, "by_question": {"a": rows(3, 5), "b": rows(9, 0, "b")},
        "hits": lambda answers: sum(one["verdict"] == "kept" for one in answers), "two": lambda part, draw: part[:2],
        "lot": random.Random, "clean": [rows(3, 0), rows(9, 0, "b")], "lessons": {"proof": rows(5, 0)},
        "scores": {"proof": 0.7},
        "exam": SimpleNamespace(asked=[]), "learn": learn, "examine": lambda method: SimpleNamespace(asked=[]),
        "evaluation": SimpleNamespace(accuracy=lambda *_: evaluation.wilson(183, 300)),
    }  # fmt: skip
    assert printed(capsys, NAME, "ex3-check", **own).endswith(end)
    if guess is not ...:
        first, second = rows(2, 0)
        assert learnt == [[first, second, first, second, first]], "two of the hard question, as many as before"


def test_what_it_says_of_the_study():
    study = results.study(NAME, "mini")
    proof, first, unverified = (study[name]["gain"] for name in ("proof", "first", "proof_over_unverified"))
    assert min(proof["low"], first["low"], unverified["low"]) > 0
    start, one, two, three = (study["rounds"][str(i)] for i in range(4))

    def each(part, what="accuracy"):
        return part[what]["per_seed"]

    # A second round adds little, a third nothing.
    means = [part["accuracy"]["mean"] for part in (one, two, three)]
    assert 0 < means[1] - means[0] < 0.05 and means[2] < means[1]
    assert all(a < b for a, b in zip(each(study["unverified"]), each(start), strict=True))
    assert all(a < b for a, b in zip(each(study["generations"]["born again"]), each(one), strict=True))
    assert all(a < b for a, b in zip(each(study["preference"]["DPO"]), each(study["goes_on"]["1"]), strict=True))
    # Anew, impossible problems are noticed less; going on, no less. Nearly all answers look back, whoever writes them.
    assert all(one_["caught"]["mean"] < start["caught"]["mean"] - 0.02 for one_ in (one, two, three))
    assert all(one_["caught"]["mean"] > start["caught"]["mean"] for one_ in study["goes_on"].values())
    assert min(part["checks"]["mean"] for group in ("rounds", "goes_on") for part in study[group].values()) > 0.98
    forgot = {name: part["accuracy"]["mean"] for name, part in study["forgetting"].items()}
    assert forgot["goes on, without"] < forgot["start"] - 0.1 < forgot["goes on, all kinds"]


def test_the_numbers_in_its_words_are_those_of_its_outputs():
    for words, outputs in SAID.items():
        assert set(unsaid(NAME, words, *outputs)) <= OTHERS.get(words, set()), words
    who = "".join(text(one.get("text", "")) for one in next(
        one for one in notebook(NAME)["cells"] if one["id"] == "who")["outputs"])  # fmt: skip
    assert sum(int(line.split(",")[1].split()[0]) for line in who.strip().splitlines()) == 1_117
