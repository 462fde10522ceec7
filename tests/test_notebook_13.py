"""Notebook 13: its sum is what PEFT's `linear` makes, its routes go where they say, its exercises know their slips."""

import re
from dataclasses import replace
from types import SimpleNamespace

import pytest
from notebook_checks import text
from test_notebook_definitions import cell, definitions, exercise, notebook, unsaid

from helpers import evaluation
from helpers.evaluation import Responses, results
from helpers.losses import ensemble
from helpers.models import adapters

NAME = "13_adapters"
SAID = {  # a cell of prose, and the cells whose outputs its numbers are from
    "groups-md": ("train",), "diagonal-means": ("groups", "diagonal", "diagonal-pairs"), "cross-means": ("cross",),
    "errors-means": ("errors", "cross", "weight"), "weight-means": ("weight",),
    "fuse-means": ("fuse", "errors", "diagonal"), "route-means": ("route", "exam"),
    "ensemble-means": ("ensemble", "diagonal"), "voices-means": ("voices", "diagonal", "ensemble"),
    "taught-means": ("taught", "fuse", "train", "diagonal", "teach"),
    "bars-means": ("taught-groups", "diagonal", "ensemble", "exam"), "merge-means": ("merge",),
    "merge-md": ("merge",), "why-means": ("why", "merge"), "study-means": ("study", "pairs", "weight"),
    "real-means": ("real",), "ex3": ("weight",), "seen": ("errors", "fuse", "weight", "study", "pairs", "real"),
}  # fmt: skip
OTHERS = {  # its numbers that are no figures of the run, or are worked out from some
    "groups-md": {"84", "13.1", "13.6"}, "diagonal-means": {"1"}, "cross-means": {"1", "13.8"},
    "errors-means": {"13.8"}, "fuse-means": {"13.8", "0.21.2", "60"}, "merge-means": {"9", "13.8"},
    "taught-means": {"84", "12"}, "why-means": {"150", "42"}, "real-means": {"8.7", "40", "45"},
    "merge-md": {"13.5", "13.6", "4", "16", "0.7", "1", "0.001", "0.05", "32"}, "ex3": {"3", "65", "0.65", "8", "95"},
    "study-means": {"13.2"},
    "seen": {"2022", "2212.04089", "2023", "2306.01708", "2311.03099", "2015", "1503.02531", "2606.30406", "30",
    "3", "0.21.2", "4", "5", "40", "45", "135"},
}  # fmt: skip


@pytest.mark.parametrize("n", [2, 3, 5])
def test_the_error_of_linear_is_what_the_page_says_of_it(n):
    made = adapters.linear_error
    assert made(n, 32, 128) == pytest.approx((n - 1) ** 0.5, rel=0.05)
    assert made(n, 32, 128, alike=True) == pytest.approx(n - 1, rel=1e-5) and made(n, 4, 9) != made(n, 4, 9, seed=1)


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
    ("weights", "group", "guess", "end"),
    [(..., "a", 60, "yet"), ({"a": 1, "b": 2}, ..., 60, "yet"), ({"a": 1, "b": 2}, "a", ..., "yet"),
     ({"a": 1}, "a", 60, "are a, b"), ({"a": 1, "b": 2}, "c", 60, "are a, b"),
     ({"a": 1, "b": 1.1}, "a", 60, "another's"), ({"a": -1, "b": 2}, "a", 60, "above 0"),
     ({"a": 1, "b": 2}, "b", 0.6, "not 0.65"),
     ({"a": 1, "b": 2}, "b", 61, "gained most"), ({"a": 1, "b": 2}, "a", 40, "not gain most")],
)  # fmt: skip
def test_the_prediction_is_judged_by_a_run(capsys, weights, group, guess, end, tmp_path):
    asked, moved = [], {("mine", "svd", "a"): -0.1, ("mine", "svd", "b"): 0.2}
    own = {
        "my_weights": weights, "my_group": group, "my_guess": guess, "specialists": {"a": 1, "b": 1}, "tier": None,
        "scores": {"svd": 0.5, "mine": evaluation.wilson(183, 300)}, "place": tmp_path,
        "load_adapters": lambda *_: ("model", None), "models": SimpleNamespace(unload=lambda *_: None),
        "fuse": lambda model, given, way, name: asked.append((given, way)),
        "save_adapter": lambda *_: "folder", "sit": lambda *given: asked.append(given),
        "gained": lambda *key: evaluation.Estimate(moved[key], moved[key], moved[key], 9, signed=True),
        "sorts": SimpleNamespace(names=("a", "b")),
    }  # fmt: skip
    exec(compile(cell(NAME, "ex3-check"), "ex3-check", "exec"), own)
    said = capsys.readouterr().out.splitlines()
    assert said[-1].endswith(end)
    ran = end.endswith("gain most") or end == "gained most"
    assert asked == ([(weights, "svd"), ("mine", "folder")] if ran else [])
    if ran:
        assert [one.split(" points")[0] for one in said[1:3]] == ["a: -10.0", "b: +20.0"]
        assert said[3].endswith("inside" if guess == 61 else "drowned out?")


def test_one_is_ahead_of_another_on_the_same_problems_of_a_group():
    given = {"evaluation": evaluation, "kinds": ["a", "b", "b"], "SEED": 0,
             "right": {"one": [True, True, False], "two": [False, True, False]}}  # fmt: skip
    gained = definitions(NAME, "exam", **given)["gained"]
    assert gained("one", "two").value == pytest.approx(1 / 3) and gained("one", "two", "b").value == 0
    assert gained("one", "two").n == 3 and gained("one", "two", "b").n == 2 and gained("one", "one") == "–"


def test_the_numbers_in_its_words_are_those_of_its_outputs():
    for words, outputs in SAID.items():
        assert set(unsaid(NAME, words, *outputs)) <= OTHERS.get(words, set()), words


def test_what_it_says_of_the_real_model():
    """Rounding weighs more than the update; the merge into the rounded base alone is the student that was trained."""
    found = results.real("merged")
    assert round(found["whole"]["noise"], 1) == 8.7 and found["rounded"]["noise"] < 1e-3
    assert found["rounded"]["kl"] < 1e-6 < found["whole"]["kl"] < found["again"]["kl"]
    assert found["trained"]["loss"] < found["whole"]["loss"] < found["again"]["loss"]


def test_no_place_holder_is_left():
    words = [text(one["source"]) for one in notebook(NAME)["cells"] if one["cell_type"] == "markdown"]
    assert not [one for one in words if re.search(r"(?m)^(?:TODO|[A-Z]{4,}(?:-MEANS)?)\b[^a-z]*$", one)]
