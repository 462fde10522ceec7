"""Notebook 13: its sum is what PEFT's `linear` makes, its routes go where they say, its exercises know their slips."""

import re
from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch
from notebook_checks import text
from test_notebook_definitions import definitions, exercise, notebook, printed, unsaid

from helpers import check, evaluation
from helpers.evaluation import Responses
from helpers.losses import ensemble
from helpers.models import adapters

NAME = "13_adapters"
SAID = {  # a cell of prose, and the cells whose outputs its numbers are from
    "diagonal-means": ("exam", "diagonal"), "cross-means": ("cross",), "errors-means": ("errors", "cross"),
    "weight-means": ("weight",), "fuse-means": ("fuse", "errors", "diagonal"), "route-means": ("route", "exam"),
    "ensemble-means": ("ensemble", "diagonal"), "voices-means": ("voices",),
    "taught-means": ("taught", "fuse"), "bars-means": ("taught-groups", "diagonal", "ensemble", "exam"),
    "merge-means": ("merge",), "why-means": ("why",),
    "seen": ("errors", "fuse", "diagonal"),
}  # fmt: skip
OTHERS = {  # its numbers that are no figures of the run, or are worked out from some
    "errors-means": {"128", "32", "60"}, "fuse-means": {"13.8", "0.21.2"}, "ensemble-means": {"13.8"},
    "why-means": {"810", "10", "150"},
    "seen": {"2022", "2212.04089", "2023", "2306.01708", "2311.03099", "2015", "1503.02531", "2606.30406", "30", "3",
             "0.21.2", "4", "5"},
}  # fmt: skip


@pytest.mark.parametrize("n", [2, 3, 5])
def test_the_error_of_linear_is_what_the_page_says_of_it(n):
    made = definitions(NAME, "cross", torch=torch, SEED=0)["linear_error"]
    assert made(n) == pytest.approx((n - 1) ** 0.5, rel=0.05) and made(n, alike=True) == pytest.approx(n - 1, rel=1e-5)


def of(name: str, count: int, pairs: int = 1) -> Responses:
    said = [SimpleNamespace(whole=f"{name} {i}") for i in range(count)]
    return Responses(said, said[:pairs], said[-pairs:], [], 1.0, 7)


def test_each_question_is_answered_by_the_specialist_it_is_sent_to():
    asked = [SimpleNamespace(question="q0", family="a"), SimpleNamespace(question="q1", family="b")]
    given = {
        "exam": SimpleNamespace(asked=asked, pairs=[(asked[1], asked[0])]), "names": ["a", "b"],
        "sheets": {"a": of("a", 2), "b": of("b", 2)}, "replace": replace, "group_of": lambda question, family: family,
        "router": SimpleNamespace(predict=lambda asked: ["b"] * len(asked)),
    }  # fmt: skip
    made = definitions(NAME, "route", **given)
    by_group = made["routed"](made["by_group"])
    assert [one.whole for one in by_group.asked] == ["a 0", "b 1"]
    assert by_group.solvable[0].whole == "b 0" and by_group.impossible[0].whole == "a 1"
    assert [one.whole for one in made["routed"](made["to_another"]).asked] == ["b 0", "a 1"]
    assert [one.whole for one in made["routed"](made["by_router"]).asked] == ["b 0", "b 1"]


def test_what_is_watched_are_the_sides_of_the_pairs_and_nothing_without_pairs():
    exam = SimpleNamespace(noticed=lambda said: said.endswith("0"))
    given = {"evaluation": evaluation, "exam": exam, "sheets": {"one": of("one", 3), "none": of("none", 3, pairs=0)}}
    given["sheets"]["none"] = replace(given["sheets"]["none"], solvable=[], impossible=[])
    watched = definitions(NAME, "diagonal", **given)["watched"]
    found = watched("one")
    assert (found["noticed"].value, found["false_alarms"].value) == (0, 1) and watched("none") == {}


# --- exercises ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "name", "slips"),
    [("ex1", "relative_error", adapters.ERROR_SLIPS), ("ex2", "mixture", ensemble.MIXTURE_SLIPS)],
)
def test_the_exercises_can_be_solved_and_know_their_mistakes(capsys, key, name, slips):
    exercise(capsys, NAME, f"{key}-stub", name, slips, f"{key}-check", f"{key}-help")


@pytest.mark.parametrize(
    ("weights", "guess", "end"),
    [(..., 60, "yet"), ({"a": 1, "b": 1}, ..., "yet"), ({"a": 1}, 60, "of a, b"), ({"a": 1, "b": 2}, 61, "inside"),
     ({"a": 1, "b": 2}, 40, "drowned out?")],
)  # fmt: skip
def test_the_prediction_is_judged_by_a_run(capsys, weights, guess, end, tmp_path):
    asked = []
    own = {
        "my_weights": weights, "my_guess": guess, "check": check, "specialists": {"a": 1, "b": 1}, "tier": None,
        "scores": {"svd": 0.5, "mine": evaluation.wilson(183, 300)}, "place": tmp_path,
        "load_adapters": lambda *_: ("model", None), "models": SimpleNamespace(unload=lambda *_: None),
        "fuse": lambda model, given, way, name: asked.append((given, way)),
        "save_adapter": lambda *_: "folder", "sit": lambda *given: asked.append(given),
    }  # fmt: skip
    assert printed(capsys, NAME, "ex3-check", **own).endswith(end)
    ran = end in ("inside", "drowned out?")
    assert asked == ([(weights, "svd"), ("mine", "folder")] if ran else [])


def test_the_numbers_in_its_words_are_those_of_its_outputs():
    for words, outputs in SAID.items():
        assert set(unsaid(NAME, words, *outputs)) <= OTHERS.get(words, set()), words


def test_no_place_holder_is_left():
    words = [text(one["source"]) for one in notebook(NAME)["cells"] if one["cell_type"] == "markdown"]
    assert not [one for one in words if re.search(r"(?m)^(?:TODO|[A-Z]{4,}(?:-MEANS)?)\b[^a-z]*$", one)]
