"""Notebook 16: it runs on answers of each kind, its exercises know their mistakes, and its words fit its run."""

import json
import random
from dataclasses import replace
from math import comb
from pathlib import Path
from types import SimpleNamespace

import pytest
from datasets import Dataset
from endpoint_double import Double, completion, echoes, says
from foreign import FOREIGN, KINDS, RESPONSES
from notebook_checks import code_cells, text
from test_notebook_definitions import ROOT, cell, notebook, printed, solution, unsaid

from helpers import check, evaluation, questions, tiers
from helpers.evaluation import exercises, results
from helpers.generation import EndpointError
from helpers.tiers import TIERS, ModelSpec

NAME = "16_your_own"
TOYS = str(ROOT / "data" / "own" / "questions.jsonl")
FORMS = {"merged", "adapter", "f16", "q8_0"}
GIVEN = {"check": check, "exercises": exercises, "evaluation": evaluation, "random": random}


def run(tier, **said: object) -> dict:
    """Every code cell in its order, in this process; what is said stands in the place of the first cell's."""
    names: dict = {"display": lambda *_: None}
    for one in code_cells(notebook(NAME)):
        exec(compile(text(one["source"]), one["id"], "exec"), names)
        if "parameters" in one["metadata"].get("tags", []):
            names |= {"TIER": tier, "MORE_EPOCHS": 1, **said}
    return names


@pytest.fixture
def mine(tiny, tmp_path, monkeypatch):
    monkeypatch.setattr(tiers, "ROOT", tmp_path)
    monkeypatch.delenv("DISTILL_RESULTS", raising=False)
    student = ModelSpec(str(ROOT / "data" / "mini" / "student"))  # of the others a GGUF file cannot say all
    return replace(tiny, name="tiny", student=student, epochs=1, max_new_tokens=12, answer_tokens=12, answer_batch=8)


def kept_figures(tier) -> dict:
    return json.loads((tier.artifacts / "results" / f"{NAME}.json").read_text(encoding="utf-8"))


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in KINDS if name != "none"])
def test_it_runs_on_foreign_answers_of_each_kind(mine, name):
    """The answers are there already, and no teacher is asked."""
    how = {key.upper(): value for key, value in KINDS[name].items()}
    file = str(FOREIGN / how["QUESTIONS"])
    kind = f"{FOREIGN}/judge.py:same_colours" if name == "function" else name
    made = run(mine, **how | {"QUESTIONS": file, "KIND": kind, "TRACES": file, "RESPONSE": RESPONSES[name]})
    assert len(made["rows"]) < len(made["every"]) and "teacher" not in made["scores"]
    figures = kept_figures(mine)
    n = len(made["asked"])
    assert figures["before"]["accuracy"]["n"] == figures["after"]["accuracy"]["n"] == n >= 2
    assert set(figures["export"]) == FORMS and {one["accuracy"]["n"] for one in figures["export"].values()} == {n}
    assert figures["preflight"]["findings"] and "teacher" not in figures


def behind(monkeypatch, double) -> dict:
    monkeypatch.setenv("DISTILL_TEACHER_URL", double.url)
    monkeypatch.setenv("DISTILL_TEACHER_MODEL", "double")
    monkeypatch.delenv("DISTILL_TEACHER_KEY", raising=False)
    return {"TEACHER": "endpoint"}


@pytest.mark.slow
def test_a_teacher_behind_a_server_teaches_what_nobody_knows(mine, monkeypatch):
    """The double says the same whenever it is asked the same, so that its samples agree."""
    with Double(otherwise=echoes) as double:
        said = behind(monkeypatch, double) | {"QUESTIONS": str(FOREIGN / "none.jsonl"), "QUESTION": "q", "KIND": "none"}
        made = run(mine, SAMPLES=2, **said)
    assert made["scores"]["teacher"].value == 1.0 and len(made["agreed"]) == len(made["each"]) > 0
    assert kept_figures(mine)["teacher"]["accuracy"]["n"] == len(made["asked"])
    assert set(kept_figures(mine)["export"]) == FORMS


def gold_of_toys(handler) -> None:
    """Answers the toys rightly."""
    lines = map(json.loads, Path(TOYS).read_text(encoding="utf-8").splitlines())
    gold = {one["question"]: one["answer"] for one in lines}[handler.body["messages"][0]["content"]]
    told = " and ".join(map(str, gold)) if isinstance(gold, list) else gold
    says(completion(f"The answer is {told}.", reasoning_content="I count."))(handler)


@pytest.mark.slow
def test_a_teacher_behind_a_server_is_asked_for_each_answer_once(mine, monkeypatch):
    with Double(otherwise=gold_of_toys) as double:
        said = behind(monkeypatch, double) | {"QUESTIONS": TOYS, "SAMPLES": 1}
        made = run(mine, **said)
        asked = len(double.asked)
        assert asked == 40 == len({one["messages"][0]["content"] for one in double.asked}), "each question once"
        run(mine, **said)
        assert len(double.asked) == asked, "the second time everything is read"
    assert made["scores"]["teacher"].value == 1.0 and not made["report"].stops


@pytest.mark.slow
def test_a_teacher_below_its_gate_stops_it_with_a_sentence_and_nothing_is_lost(mine, monkeypatch):
    """It is right where it is asked for traces, and wrong on all that is drawn to look at it."""
    own = tiers.own(mine, questions=TOYS)
    train = {one.question for one in questions.draw(own, "train", questions.count(own, "train"), 0)}

    def right_there(handler):
        known = handler.body["messages"][0]["content"] in train
        (gold_of_toys if known else says(completion("It is 987654.", reasoning_content="Hm.")))(handler)

    with Double(otherwise=right_there) as double:
        said = behind(monkeypatch, double) | {"QUESTIONS": TOYS, "SAMPLES": 1}
        told = r"nothing was trained. teacher: right answers: 0.0% .*take a better teacher"
        with pytest.raises(ValueError, match=told):
            run(mine, **said)
        assert len(double.asked) > len(train) and list(mine.artifacts.parent.glob("*/asked/answers.jsonl"))


def test_a_server_that_is_not_there_is_told_before_anything_is_trained(mine, monkeypatch):
    with Double() as double:
        said = behind(monkeypatch, double)
    with pytest.raises(EndpointError, match="start the server, or mend its address"):
        run(mine, QUESTIONS=TOYS, **said)


# --- exercises ----------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(
    ("key", "name", "slips"),
    [("ex1", "my_judge", exercises.TIME_SLIPS), ("ex2", "my_needed", exercises.BETTER_SLIPS)],
)
def test_the_exercises_can_be_solved_and_know_their_mistakes(capsys, seed, key, name, slips):
    random.seed(seed)
    made = dict(GIVEN)
    exec(solution(NAME, f"{key}-help"), made)
    stub: dict = {}
    exec(cell(NAME, f"{key}-stub"), stub)
    for own, end in ((made[name], "· right"), (stub[name], "nothing yet"), *slips.items()):
        assert printed(capsys, NAME, f"{key}-check", **{**GIVEN, name: own}).endswith(end)


def test_no_shortcut_passes(capsys):
    for shortcut in (lambda answer, gold: True, lambda answer, gold: False, lambda answer, gold: gold[3:] in answer):
        assert not printed(capsys, NAME, "ex1-check", **GIVEN, my_judge=shortcut).endswith("· right")
    for shortcut in (lambda worse: [6, 8, 10, 12][worse] if worse < 4 else 13, lambda worse: 7 + worse):
        assert not printed(capsys, NAME, "ex2-check", **GIVEN, my_needed=shortcut).endswith("· right")


@pytest.mark.parametrize(("worse", "better"), [(0, 6), (1, 8), (2, 10), (3, 12), (4, 13)])
def test_the_reference_is_as_worked_out_by_hand(worse, better):
    """Two tails of fair coins: 2 · sum(C(n, k), k ≤ worse) / 2^n is below 0.05, and with one coin less it is not."""
    for one, below in ((better, True), (better - 1, False)):
        n = one + worse
        assert (2 * sum(comb(n, k) for k in range(worse + 1)) / 2**n < 0.05) is below
    assert exercises.better_needed(worse) == better


@pytest.mark.parametrize(
    ("answer", "gold", "right"),
    [("at 2:30 pm", "14:30", True), ("at 12:05 am", "00:05", True), ("12:05 pm", "12:05", True),
     ("9:05", "09:05", True), ("14:30, no, 15:30", "14:30", False), ("at 4:30", "14:30", False),
     ("2:30", "14:30", False), ("", "10:00", False)],
)  # fmt: skip
def test_a_time_of_the_day_is_read(answer, gold, right):
    assert exercises.same_time(answer, gold) is right


@pytest.mark.parametrize(("guess", "end"), [(..., "nothing yet"), (3, "right"), (4, "right"), (5, "say it teach?")])
def test_one_answer_a_question_is_tried_and_the_prediction_judged(capsys, monkeypatch, guess, end):
    ran = []

    class Once:
        folder = "once"

        def __init__(self, tier=None, seed=None, rows=None):
            ran.append((tier, rows))

        def run(self):
            pass

    rows = Dataset.from_dict({"question": list("aaabbc")})
    right = [True] * 3 + [False] * 5
    monkeypatch.setattr(evaluation, "student", lambda *_, **__: SimpleNamespace(asked=None))
    monkeypatch.setattr(evaluation, "right", lambda *_: right)
    given = {
        **GIVEN, "rows": rows, "mine": replace(tiers.TIERS["mini"], epochs=20), "method": Once.__new__(Once), "SEED": 0,
        "exam": None, "role": "student", "asked": [None] * 8, "now": right,
        "training": SimpleNamespace(adapters=lambda folder: [folder]),
    }  # fmt: skip
    assert printed(capsys, NAME, "ex3-check", my_guess=guess, **given).endswith(end)
    assert [(tier.epochs, len(some)) for tier, some in ran] == ([] if guess is ... else [(40, 3)])


# --- its words ----------------------------------------------------------------------------------

SAID = {  # a cell of prose, and the cells whose outputs its numbers are from
    "split-md": ("mine",), "agreed-read": ("agreed",), "enough-read": ("enough",), "verdicts-read": ("verdicts",),
    "agreement-read": ("agreement",), "preflight-read": ("preflight",), "train-read": ("train",),
    "paired-md": ("card", "paired"), "paired-read": ("paired",), "more-read": ("more", "paired"),
    "two-read": ("two",), "compared-read": ("compared", "adapter"), "seen": ("enough", "verdicts"),
}  # fmt: skip


def test_the_numbers_in_its_words_are_those_of_its_outputs():
    after = results.study("04_before_and_after", "mini")["student_after"]["accuracy"]["mean"]
    others = {
        "enough-read": {"100", f"{100 * evaluation.enough(100).smallest:.0f}"}, "compared-read": {"4"},
        "more-read": {f"{TIERS['mini'].traces:,}", f"{100 * after:.1f}", "200", "8"},
        "paired-md": {"8"}, "seen": {"200"},
    }  # fmt: skip
    for words, outputs in SAID.items():
        assert set(unsaid(NAME, words, *outputs)) <= others.get(words, set()), words
