"""Notebook 04: its exercises can be solved and know their mistakes, and its prose says what its outputs show."""

import json
import re

import numpy as np
import pytest
from notebook_checks import text
from test_before_after import BOXES, RIGHT, WRONG, sheet
from test_notebook_definitions import cell, notebook, printed, solution

from helpers import check, evaluation, problems
from helpers.evaluation import Benchmark

NOTEBOOK = "04_before_and_after"
GIVEN = {"evaluation": evaluation, "check": check, "np": np}


@pytest.mark.parametrize("hits", [1, 13, 20])
def test_the_interval_comes_out_three_times(capsys, hits):
    was = [i < hits for i in range(25)]
    before = sheet([RIGHT if hit else WRONG for hit in was])
    exec(cell(NOTEBOOK, "formula"), {**GIVEN, "was": was, "exam": Benchmark([BOXES] * 25), "before": before})
    *found, naive = re.findall(r"(-?[01]\.\d{4} to [01]\.\d{4})", capsys.readouterr().out)
    assert len(found) == 3 and len(set(found)) == 1 != naive


@pytest.mark.parametrize(
    ("key", "name", "slips"), [("ex1", "my_needed", evaluation.TOUCHING), ("ex2", "my_mcnemar", evaluation.SLIPS)]
)
def test_the_exercises_can_be_solved_and_know_their_mistakes(capsys, key, name, slips):
    made = dict(GIVEN)
    exec(solution(NOTEBOOK, f"{key}-help"), made)
    stub: dict = {}
    exec(cell(NOTEBOOK, f"{key}-stub"), stub)
    for own, end in ((made[name], "right"), (stub[name], "nothing yet"), *slips.items()):
        assert printed(capsys, NOTEBOOK, f"{key}-check", **{name: own}, **GIVEN).endswith(end)


def renamed(question: str) -> str:
    return question.replace("Sarah", "Haras")


@pytest.mark.parametrize(
    ("own", "guess", "end"),
    [(renamed, 45, "right"), (renamed, 80, "never read?"), (renamed, ..., "yet"), (lambda question: None, 50, "yet"),
     (lambda question: question, 50, "yet"), (None, 50, "yet")],
)  # fmt: skip
def test_a_changed_problem_is_asked_and_the_prediction_judged(capsys, monkeypatch, own, guess, end):
    """Half of what was right is right still; 45 is within 10 of it, and 80 is not."""
    asked = []

    def student(exam, tier, adapter):
        asked.extend(exam.asked)
        return sheet([RIGHT, WRONG] * 50)

    monkeypatch.setattr(evaluation, "student", student)
    made = {"exam": Benchmark([BOXES] * 120), "now": [True] * 120, "tier": None, "adapters": [None], "SEED": 0, **GIVEN}
    if own is None:
        exec(cell(NOTEBOOK, "ex3-stub"), made)
        own = made["changed"]
    assert printed(capsys, NOTEBOOK, "ex3-check", **made | {"changed": own, "my_guess": guess}).endswith(end)
    assert len(asked) == 100 * (end != "yet") and all("Haras" in one.question for one in asked)


def test_a_solution_changes_names_and_nothing_else():
    made = dict(GIVEN)
    exec(solution(NOTEBOOK, "ex3-help"), made)
    for problem in problems.draw("test", 40, 0):
        text = made["changed"](problem.question)
        assert re.findall(r"\d+", text) == re.findall(r"\d+", problem.question)
        assert len(text) == len(problem.question)


LEVELS = {"0.05", "1.96"}  # chosen, not measured
# What the prose works out from two figures of the outputs: times as much, and how far an interval reaches.
WORKED_OUT = {
    "13.8": 25.0 - 11.2, "21.9": 46.9 - 25.0, "3.3": 237 / 70.96, "3.7": 877.6 / 237, "5.0": 877.6 / 176.7,
}  # fmt: skip


def test_the_figures_of_the_prose_are_those_of_the_outputs():
    cells = notebook(NOTEBOOK)["cells"]
    shown = "".join(json.dumps(one["outputs"], ensure_ascii=False) for one in cells if one["cell_type"] == "code")
    for one in cells:
        if one["cell_type"] != "markdown" or one["id"].startswith(("ex", "title")):
            continue
        aside = r"[Ss]ections? 4\.\d+|^#+ .*|\d{4}\.\d{5}|\$.*\$|\]\(https://[^)]*\)"  # places, formulas and links
        prose = re.sub(aside, "", text(one["source"]), flags=re.MULTILINE)
        for number in re.findall(r"\d+\.\d+", prose):
            if number in WORKED_OUT:
                assert f"{WORKED_OUT[number]:.1f}" == number
            elif number not in LEVELS:
                assert re.search(rf"(?<![\d.]){re.escape(number)}", shown), f"{number} of {one['id']} is in no output"


def test_every_answer_that_is_shown_is_marked_for_its_reason_too():
    """The teacher blames the library bus in this run: its verdict is right and the whole is not."""
    (three,) = (one for one in notebook(NOTEBOOK)["cells"] if one["id"] == "three")
    shown = json.dumps(three["outputs"], ensure_ascii=False)
    assert "✗ it cannot be true, but the reason is false" in shown and "says it cannot be true, and why" in shown
