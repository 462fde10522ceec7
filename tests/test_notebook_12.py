"""Notebook 12: both ways to a student cost the same, its table begins with the student before, exercises know slips."""

import ast
import random
import re
from dataclasses import replace
from itertools import combinations
from types import SimpleNamespace

import pytest
from notebook_checks import text
from test_notebook_definitions import cell, definitions, exercise, notebook, printed, unsaid

from helpers import check, evaluation, tiers
from helpers.evaluation import results
from helpers.evaluation.statistics import paired_repeats
from helpers.methods import choosing
from helpers.training import compute

NAME = "12_smaller_steps"
SAID = {  # a cell of prose, and the cells whose outputs its numbers are from
    "before-means": ("before",), "blocks-means": ("blocks",), "rules-means": ("rules",), "narrow-means": ("narrow",),
    "shapes-means": ("shapes",), "heal-md": ("heal",), "searches-means": ("searches",), "real-means": ("real",),
    "heal-means": ("cuts", "cuts-pairs", "heal"), "assistant-means": ("assistant", "cuts"),
    "gain-means": ("jump", "gain", "sizes"), "study-means": ("study", "study-cuts"),
    "seen": ("cuts", "jump", "gain", "assistant", "heal", "study", "study-cuts", "real"),
}  # fmt: skip
OTHERS = {  # its numbers that are no figures of the run, or are worked out from some
    "before-means": {"95"}, "blocks-means": {"0.01", "2605.14075", "12.4"},
    "rules-means": {"0.26", "0.27", "0.53", "0.84", "12.7"}, "shapes-means": {"12.4"},
    "narrow-means": {"12.4", "416"}, "heal-md": {"500", "12.4", "12.5", "12.6"},
    "heal-means": {"40", "57.5", "100", "12.7"}, "assistant-means": {"12.4", "24", "40", "100"},
    "gain-means": {"12.1", "12.7"}, "study-means": {"4.1", "60", "73", "126", "12.6"}, "real-means": {"20", "24"},
    "seen": {"135", "20", "24", "30", "2020", "2024", "2026", "2604.08880"},
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


@pytest.mark.parametrize(("sizes", "ends"), [
    ({"big": 4e9, "mid": 6e8, "cut": 4e8}, ("mid", "cut")), ({"big": 6e8, "mid": 6e8, "cut": 4e8}, ("big", "cut")),
    ({"big": 3e6, "mid": 6e5}, ("big", "mid")),
])  # fmt: skip
def test_the_student_is_smaller_than_its_teacher_on_every_tier(sizes, ends):
    """A teacher that is too large gives way to the sibling; a student of its size, to a cut."""
    given = {
        "tier": replace(tiers.TIERS["mini"], teacher="big", sibling="mid"), "print": lambda *_: None,
        "models": SimpleNamespace(load_teacher=lambda tier: (tier.teacher, None), unload=lambda _: None),
        "compute": SimpleNamespace(multiplied=sizes.get),
        "layer_maps": SimpleNamespace(blocks=lambda _: 5), "cutting": SimpleNamespace(cut=lambda *told: "cut"),
    }  # fmt: skip
    tree = ast.parse(cell(NAME, "sizes"))
    kept = [one for one in tree.body if not getattr(one, "module", "").startswith("helpers")]
    kept = [one for one in kept if not (isinstance(one, ast.Assign) and one.targets[0].id in ("rows", "lessons"))]
    exec(compile(ast.Module(kept, []), "sizes", "exec"), given)
    assert (given["tier"].teacher, given["tier"].sibling) == ends
    assert [given["size"][one] for one in ("teacher", "student")] == [sizes[one] for one in ends]


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
     ((1, 3), 40, "say?"), ((1, 3), 0.6, "0.65"), ((1, 2, 3, 4), 99, "in order"), ((3, 1), 60, "in order"),
     ((1, 5), 60, "in order"), ((), 0, "in order"), ((2, 4), 61, "inside")],
)  # fmt: skip
def test_the_prediction_is_judged_by_a_run(capsys, blocks, guess, end):
    asked, came = [], evaluation.wilson(61, 100)
    own = {
        "my_blocks": blocks, "my_guess": guess, "check": check, "every": range(1, 5), "depth": 4, "HEAL": 40,
        "cuts": {"left_out": (1, 4), "last_n": (1, 2), "every_other": (2, 4)},
        "losses_of": {"left_out": [1.0, 0.5], "last_n": [1.0, 0.5]},
        "scores": {"student before": evaluation.wilson(15, 100)},
        "tier": SimpleNamespace(teacher="whole"), "cutting": SimpleNamespace(cut=lambda *told: told[1:]),
        "taught": lambda *told: asked.append(told), "examine": lambda *_: came,
    }  # fmt: skip
    assert printed(capsys, NAME, "ex3-check", **own).endswith(end)
    assert asked == ([("mine", ("whole", blocks), "whole", 40, "healed")] if end in ("inside", "say?") else [])


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


def test_what_it_says_of_the_study():
    """The jump leads at every size, for nothing too; no teacher is shown to beat the whole one; three cuts end low."""
    study = results.study(NAME, "mini")

    def gap(one, other):
        return paired_repeats(*(results.seeds(NAME, "mini", f"{name}.accuracy") for name in (other, one)))

    assert all(gap(f"gap.{key}.assistant", f"gap.{key}.jump").high < 0 for key in study["gap"])
    assert gap("gap.5_3.assistant", "gap.5_3.equal_steps").high < 0 and gap("gap.5_3.larger", "gap.5_3.jump").high < 0
    by = "teachers.{}.student".format
    assert gap(by("larger"), by("teacher")).low < 0 < gap(by("larger"), by("teacher")).high
    assert gap(by("larger"), by("assistant")).low > 0
    assert round(study["teachers"]["larger"]["times"]["mean"], 1) == 4.1
    low = {"last_n", "every_other"}
    for name in ("last_n", "every_other", "left_out_half"):
        found = gap(f"pruned.{name}.after", "student_before")
        assert found.value < 0 and (found.high < 0) == (name in low)
    assert gap("assistant", "student_before").low < 0 < gap("assistant", "student_before").value
    assert gap("gap.5_3.assistant", "student_before").low > 0
    assert study["gap"]["5_3"]["larger"]["steps"]["per_seed"] == [73, 73, 73]
    losses = {one: study["untrained"][one]["per_seed"] for one in ("left_out", "angle", "random")}
    same = {one: [a == b for a, b in zip(losses[one], losses["left_out"], strict=True)] for one in losses}
    assert same["angle"] == [True, False, False] and same["random"] == [True, False, True]


def test_no_place_holder_is_left():
    words = [text(one["source"]) for one in notebook(NAME)["cells"] if one["cell_type"] == "markdown"]
    assert not [one for one in words if re.search(r"(?m)^(?:TODO|[A-Z]{4,}(?:-MEANS)?)\b[^a-z]*$", one)]
    assert "LONG = False" in cell(NAME, "parameters")
