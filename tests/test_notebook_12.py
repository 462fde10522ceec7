"""Notebook 12: both ways to a student cost the same, its table begins with the student before, exercises know slips."""

import random
import re
from itertools import combinations
from types import SimpleNamespace

import pytest
from notebook_checks import text
from test_notebook_definitions import cell, definitions, exercise, notebook, printed, unsaid

from helpers import check, evaluation
from helpers.methods import choosing
from helpers.training import compute

NAME = "12_smaller_steps"
SAID = {  # a cell of prose, and the cells whose outputs its numbers are from
    "before-means": ("before",), "blocks-means": ("blocks",), "rules-means": ("rules",), "narrow-means": ("narrow",),
    "shapes-means": ("shapes",), "heal-means": ("cuts", "cuts-pairs"), "assistant-means": ("assistant", "cuts"),
    "gain-means": ("jump", "gain", "sizes"), "study-means": (), "seen": ("cuts", "jump", "assistant"),
}  # fmt: skip
OTHERS = {  # its numbers that are no figures of the run, or are worked out from some
    "blocks-means": {"2605.14075"}, "rules-means": {"0.26", "0.27", "0.53", "0.84"}, "heal-means": {"40"},
    "assistant-means": {"12.4"}, "gain-means": {"12.1", "12.7"}, "seen": {"2020", "2024", "2026"},
}  # fmt: skip
SIZES = {"sibling": 574_720, "assistant": 1_312_896, "teacher": 3_033_856}


@pytest.mark.parametrize("student", [574_720, 287_000])
def test_the_jump_gets_what_both_steps_cost_and_not_a_step_more(student):
    taught, spent = [], {"assistant": compute.operations(80, 1_200, SIZES["assistant"], SIZES["teacher"])}

    def teach(name, spec, by, steps, *_):
        taught.append((name, by, steps))
        spent[name] = compute.operations(steps, 1_200, student, SIZES[by])

    made = definitions(
        NAME, "jump", examine=lambda *_: None, taught=teach, spent=spent, compute=compute, assistant="assistant",
        tier=SimpleNamespace(teacher="teacher"), size=SIZES, TOKENS=1_200, LESSON=80, weights_of=lambda _: student,
    )  # fmt: skip
    made["both"](None, "x")
    assert [one[:2] for one in taught] == [("x, assistant", "assistant"), ("x, jump", "teacher")]
    left = spent["assistant"] + spent["x, assistant"] - spent["x, jump"]
    assert 0 <= left < spent["x, jump"] / taught[1][2]


def test_the_student_before_is_in_every_table():
    scores = {"student before": evaluation.wilson(15, 100), "teacher": evaluation.wilson(99, 100)}
    scores["x"] = evaluation.wilson(50, 100)
    made = definitions(NAME, "before", scores=scores, evaluation=evaluation, cache=lambda one: one)
    assert "student before" in str(made["table"](["x"], ("steps", {"x": 8}))).splitlines()[2]
    cuts = definitions(
        NAME, "cuts", scores=scores | {"x, before": scores["x"], "x, after": scores["x"]}, evaluation=evaluation,
        specs={"x": ("a", "b")}, losses_of={"x": (1.0, 0.5)}, weights_of=lambda _: 8, size=SIZES | {"student": 1},
        whole=0.25,
    )  # fmt: skip
    told = str(cuts["table_of_cuts"](["x"])).splitlines()
    assert "student before" in told[2] and "teacher" in told[4] and len(told) == 5


def test_the_shapes_that_are_tried_have_the_blocks_that_are_missed_most():
    given = {"selection": SimpleNamespace(strongest=lambda strong, width: [f"{n}·{width}" for n in (1, 2, 3, 4)])}
    made = definitions(NAME, "shapes", strong=None, **given)
    assert made["neurons_of"]((1, 4), 96) == ["1·96", "4·96"]


# --- exercises ----------------------------------------------------------------------------------


def test_the_order_of_blocks_can_be_solved_and_its_mistakes_are_known(capsys):
    random.seed(0)
    exercise(capsys, NAME, "ex1-stub", "goes", choosing.GOES_SLIPS, "ex1-check", "ex1-help", combinations=combinations)


def test_the_steps_of_the_jump_can_be_solved_and_their_mistakes_are_known(capsys):
    random.seed(0)
    exercise(capsys, NAME, "ex2-stub", "jump_steps", compute.SLIPS, "ex2-check", "ex2-help", compute=compute)


@pytest.mark.parametrize(
    ("blocks", "guess", "end"),
    [(..., 60, "yet"), ((1, 3), ..., "yet"), ([1, 4], 60, "healed above"), ((1, 3), 61, "inside"),
     ((1, 3), 40, "say?")],
)  # fmt: skip
def test_the_prediction_is_judged_by_a_run(capsys, blocks, guess, end):
    asked, came = [], evaluation.wilson(61, 100)
    own = {
        "my_blocks": blocks, "my_guess": guess, "check": check, "cuts": {"left_out": (1, 4), "last_n": (1, 2)},
        "live": ("left_out", "last_n"), "scores": {"student before": evaluation.wilson(15, 100)}, "HEAL": 40,
        "tier": SimpleNamespace(teacher="whole"), "cutting": SimpleNamespace(cut=lambda *told: told[1:]),
        "taught": lambda *told: asked.append(told), "examine": lambda *_: came,
    }  # fmt: skip
    assert printed(capsys, NAME, "ex3-check", **own).endswith(end)
    assert asked == ([("mine", ("whole", (1, 3)), "whole", 40, "healed")] if end in ("inside", "say?") else [])


# --- what it says -------------------------------------------------------------------------------


def test_the_numbers_in_its_words_are_those_of_its_outputs():
    for words, outputs in SAID.items():
        assert set(unsaid(NAME, words, *outputs)) <= OTHERS.get(words, set()), words


def outputs(key):
    """What a cell has printed."""
    (one,) = (one for one in notebook(NAME)["cells"] if one["id"] == key)
    return "".join(text(each.get("text", each.get("data", {}).get("text/plain", ""))) for each in one["outputs"])


def test_what_it_says_of_blocks_is_so():
    """The rule keeps the best choice at both sizes, and two blocks that go together cost more than one and one."""
    rows = [[part.strip() for part in line.split("|")[1:-1]] for line in outputs("rules").splitlines()[2:]]
    losses = {tuple(map(int, one.split(","))): (float(loss), names) for one, loss, names in rows}
    for name, many in (("left_out, angle, random", 3), ("left_out_half", 2)):
        best = min((kept for kept in losses if len(kept) == many), key=lambda kept: losses[kept][0])
        assert losses[best][1] == name
    whole = float(outputs("narrow").split("whole:")[1].split()[0])
    alone = [losses[kept][0] - whole for kept in ((1, 3, 4), (1, 2, 4))]
    assert [round(one, 2) for one in (*alone, sum(alone))] == [0.27, 0.26, 0.53]
    assert round(losses[1, 4][0] - whole, 2) == 0.84


def test_no_place_holder_is_left():
    words = [text(one["source"]) for one in notebook(NAME)["cells"] if one["cell_type"] == "markdown"]
    assert not [one for one in words if re.search(r"(?m)^(?:TODO|[A-Z]{4,}(?:-MEANS)?)\b[^a-z]*$", one)]
    assert "LONG = False" in cell(NAME, "parameters")
