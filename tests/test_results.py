"""helpers.evaluation.results: figures to files and back."""

import json
import os
import re

import numpy as np
import pytest
import torch

from helpers.evaluation import results
from helpers.evaluation.statistics import Estimate, wilson
from helpers.tiers import ROOT, TIERS

FIGURES = {
    "teacher.accuracy": wilson(930, 1000),
    "teacher.impossible.detected": wilson(198, 200),
    "parameters": {"teacher": 5_000_000, "student": 800_000},
    "loss": [3.5, 0.25],
}


def test_figures_come_back_nested(tmp_path):
    path = results.write("models", FIGURES, "mini", seed=7, seconds=12.345, folder=tmp_path)
    assert path == tmp_path / "models.json"
    found = results.read("models", "mini", folder=tmp_path)
    run = found.pop("run")
    accuracy, detected = wilson(930, 1000), wilson(198, 200)
    assert found == {
        "teacher": {
            "accuracy": {"value": 0.93, "n": 1000, "low": accuracy.low, "high": accuracy.high},
            "impossible": {"detected": {"value": 0.99, "n": 200, "low": detected.low, "high": detected.high}},
        },
        "parameters": {"teacher": 5_000_000, "student": 800_000},
        "loss": [3.5, 0.25],
    }
    assert (run["notebook"], run["tier"], run["seed"], run["seconds"]) == ("models", "mini", 7, 12.3)


def test_dotted_keys_and_mappings_meet(tmp_path):
    mixed = {"parameters": {"teacher": 1}, "parameters.student": 2, "teacher": {"a.b": wilson(1, 2)}}
    results.write("x", mixed, "mini", 0, folder=tmp_path)
    found = results.read("x", "mini", tmp_path)
    assert found["parameters"] == {"teacher": 1, "student": 2}
    assert found["teacher"]["a"]["b"]["value"] == 0.5


def test_it_says_how_it_was_made(tmp_path):
    results.write("x", {}, TIERS["mini"], seed=0, folder=tmp_path)
    run = results.read("x", "mini", tmp_path)["run"]
    assert run["versions"]["torch"] == torch.__version__
    assert {"python", "transformers", "peft", "bitsandbytes", "trl", "math-verify"} <= run["versions"].keys()
    assert re.search(r"\d+ GB", run["machine"])
    assert os.uname().nodename not in run["machine"], "what kind of machine, not which"
    assert "seconds" not in run


def test_the_same_run_writes_the_same_file(tmp_path):
    first = results.write("x", FIGURES, "mini", 0, folder=tmp_path).read_bytes()
    assert results.write("x", FIGURES, "mini", 0, folder=tmp_path).read_bytes() == first


def test_each_tier_has_its_own_folder(monkeypatch, tmp_path):
    assert results._path("models", "small", None) == ROOT / "artifacts" / "small" / "results" / "models.json"
    assert results._path("models", TIERS["mini"], None) == ROOT / "artifacts" / "mini" / "results" / "models.json"


def test_numbers_of_numpy_and_torch_are_numbers(tmp_path):
    figures = {"a": np.float64(0.5), "b": torch.tensor(3), "c": [np.int64(2)]}
    found = json.loads(results.write("x", figures, "mini", 0, folder=tmp_path).read_text())
    assert (found["a"], found["b"], found["c"]) == (0.5, 3, [2])


@pytest.mark.parametrize(
    "figures",
    [{"a": 1, "a.b": 2}, {"a.b": 2, "a": 1}, {"a.b": 1, "a": {"b": 2}}, {"a": {"b": 2}, "a.b.c": 1}],
)
def test_one_place_for_two_figures_is_refused(tmp_path, figures):
    with pytest.raises(ValueError, match="already there"):
        results.write("x", figures, "mini", 0, folder=tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("figures", [{"a": float("nan")}, {"run": 1}, {"run.seed": 1}])
def test_what_cannot_be_read_back_is_refused(tmp_path, figures):
    with pytest.raises(ValueError):
        results.write("x", figures, "mini", 0, folder=tmp_path)


def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    results.write("x", {"a": 1}, "mini", 0, folder=tmp_path)
    with pytest.raises(TypeError):
        results.write("x", {"a": object()}, "mini", 0, folder=tmp_path)
    monkeypatch.setattr(os, "replace", lambda *paths: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        results.write("x", {"a": 2}, "mini", 0, folder=tmp_path)
    assert results.read("x", "mini", tmp_path)["a"] == 1
    assert [path.name for path in tmp_path.iterdir()] == ["x.json"], "nothing half written stays"


def test_no_results_yet_names_the_notebook(tmp_path):
    with pytest.raises(FileNotFoundError, match="no results of 03_logits on the mini tier yet"):
        results.read("03_logits", "mini", tmp_path)


def test_a_run_can_keep_its_figures_apart(tmp_path, monkeypatch):
    monkeypatch.setenv("DISTILL_RESULTS", str(tmp_path / "seed-1"))
    assert results.write("x", {"a": 1}, "mini", 1) == tmp_path / "seed-1" / "x.json"
    assert results.read("x", "mini")["a"] == 1
    other = tmp_path / "other"
    results.write("x", {"a": 2}, "mini", 1, folder=other)
    assert results.read("x", "mini", other)["a"] == 2, "a folder that is named goes first"


def test_the_study_is_read_where_there_is_one(tmp_path, monkeypatch):
    monkeypatch.setattr(results, "ROOT", tmp_path)
    assert results.study("x", "mini") is None
    path = tmp_path / "data" / "results" / "mini" / "x.json"
    path.parent.mkdir(parents=True)
    path.write_text('{"a": {"mean": 0.5}}')
    assert results.study("x", TIERS["mini"]) == {"a": {"mean": 0.5}}
    assert results.study("x", "small") is None


def test_of_a_real_part_the_figures_are_given_and_not_its_run(tmp_path, monkeypatch):
    monkeypatch.setattr(results, "ROOT", tmp_path)
    assert results.real("x") == {}
    path = tmp_path / "data" / "results" / "real.json"
    path.parent.mkdir(parents=True)
    path.write_text('{"x": {"whole": {"kl": 0.5}, "run": {"seed": 0}}, "run": {"seed": 0}}')
    assert results.real("x") == {"whole": {"kl": 0.5}} and results.real("y") == {}


def test_the_study_s_accuracies_are_shares_of_all_its_problems(tmp_path, monkeypatch):
    monkeypatch.setattr(results, "ROOT", tmp_path)
    path = tmp_path / "data" / "results" / "mini" / "x.json"
    path.parent.mkdir(parents=True)
    figure = {"mean": 0.75, "low": 0.7, "high": 0.8, "per_seed": [0.7, 0.8], "n": 10}
    one_seed = figure | {"low": None, "high": None, "per_seed": [0.7]}
    shares = {"words": {"accuracy": figure}, "other": {"accuracy": one_seed}, "gain": {"mean": 1}}
    path.write_text(json.dumps({"all": shares}))
    found = results.studied("x", "mini", "all")
    assert found == {"words": Estimate(0.75, 0.7, 0.8, 20, 15)}  # of one seed no interval is known
    assert results.studied("x", "mini", "few") == {} == results.studied("x", "small", "all")
    assert results.seeds("x", "mini", "all.words.accuracy") == [0.7, 0.8]
    assert results.seeds("x", "mini", "few.words") == [] == results.seeds("x", "small", "all.words.accuracy")




def test_how_far_accuracies_lie_above_a_base_seed_by_seed():
    part = {name: {"accuracy": {"per_seed": values}} for name, values in {"a": [0.5, 0.6], "b": [0.75, 0.5]}.items()}
    assert results.apart({**part, "gain": {"mean": 1}}, "a") == {"b": pytest.approx([0.25, -0.1])}
    assert results.apart({}, "a") == {}
