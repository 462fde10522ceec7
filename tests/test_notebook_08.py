"""Notebook 08: what it defines is what the helpers do, and its exercises can be solved and know their mistakes."""

import json
import math
import random
import re
from types import SimpleNamespace

import pytest
import torch
from test_features import PAIRS, trainer_for
from test_logit_trainer import batch_of, tier  # noqa: F401  (a fixture)
from test_notebook_definitions import ROOT, cell, definitions, exercise, printed, unsaid

from helpers import check, losses
from helpers.evaluation import results
from helpers.losses import hidden as between
from helpers.losses import layer_maps, of_states
from helpers.training.matching import Features

NAME = "08_feature_distillation"
SAID = {  # a cell of prose, and the cells whose outputs its numbers are from
    "look-means": ("look",), "cka-means": ("cka", "states"), "settings-means": ("settings",), "pull-means": ("pull",),
    "pulls-means": ("pulls-show", "pull"), "paired-means": ("paired", "test-run", "train"),
    "after-means": ("after-print", "paired"), "end-means": ("end",), "halved-means": ("halved", "look"),
    "halved-run-means": ("halved-run", "halved"), "cost-means": ("cost",),
}  # fmt: skip
OTHERS = {  # its numbers that are no figures of the run, or are worked out from some
    "cka-means": {"12"}, "pull-means": {"1", "8.5"},
    "pulls-means": {f"{math.degrees(math.acos(0.253)):.0f}"}, "paired-means": {"5"},
    "end-means": {"0.01", "1", "12.39", f"{0.01 * 12.39 / 0.97:.2f}", f"{12.39 / 0.97:.0f}"},
    "halved-means": {"8.1"}, "halved-run-means": {"12"},
    "cost-means": {"12", f"{12 / 10:.1f}", "2,560", "2", "256", "0.01"},
}  # fmt: skip


def drawn(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.fixture(scope="module")
def own():
    return definitions(NAME, "cka", "toy-states", torch=torch)


def test_its_measure_of_likeness_is_the_helpers(own):
    one, other = drawn(9, 4), drawn(9, 7, seed=1)
    assert own["cka"](one, other) == pytest.approx(between.cka(one, other))


def test_its_losses_are_the_helpers(own):
    one, other = drawn(9, 5), drawn(9, 5, seed=1)
    assert own["hint"](one, other).item() == pytest.approx(between.hint(one, other).item(), rel=1e-5)
    assert own["relations"](one, other).item() == pytest.approx(between.relations(one, other, [9]).item(), rel=1e-5)


def test_the_toy_is_as_it_is_told(own):
    student, teacher = torch.tensor([[2.0, 1], [0, 1], [3, 3]]), torch.tensor([[2.0, 0], [0, 2], [2, 2]])
    assert own["hint"](student, teacher).item() == pytest.approx(3 / 4)
    told = dict(re.findall(r"\| \*\*(\w+ ?\w*)\*\* .* \| (0\.\d{4}) \|", cell(NAME, "toy-more")))
    found = {
        "cosine": between.cosine(student, teacher), "normalised": between.normalised(student, teacher),
        "value relations": between.value_relations(student, teacher, [3]),
    }  # fmt: skip
    assert told == {name: f"{value:.4f}" for name, value in found.items()}
    for line in ("T = torch.tensor([[2.0, 0.0], [0.0, 2.0], [2.0, 2.0]])", "S = torch.tensor([[2.0, 1.0], [0.0, 1.0],"):
        assert line in cell(NAME, "toy")


def test_its_trainer_is_the_helpers(tier, own):  # noqa: F811
    trainer = trainer_for(tier, Features("hint", PAIRS, weight=0.5))
    made = definitions(NAME, "trainer", torch=torch, losses=losses, hint=own["hint"])["PlainFeatureTrainer"]
    batch, model = batch_of(trainer), trainer.model.eval()
    helper = trainer.compute_loss(model, dict(batch)).item()
    assert made.compute_loss(trainer, model, dict(batch)).item() == pytest.approx(helper, rel=1e-4)
    learnt = losses.targets(batch["labels"]).numel()
    both = [each(model, dict(batch), num_items_in_batch=2 * learnt).item()
            for each in (trainer.compute_loss, lambda *a, **k: made.compute_loss(trainer, *a, **k))]  # fmt: skip
    assert both[0] == pytest.approx(helper / 2, rel=1e-4) and both[1] == pytest.approx(both[0], rel=1e-4)


def test_what_it_says_of_the_study():
    """Where features help and where they do not: the sentences of 8.8, 8.9 and 8.11."""
    study = results.study(NAME, "mini")
    maps = results.apart(study["maps"], "without features")
    assert all(min(each) < 0 < max(each) or name == "last" for name, each in maps.items())
    assert {min(maps, key=lambda name: maps[name][i]) for i in range(3)} == {"last", "uniform", "by CKA"}
    for share in ("quarter", "half", "whole"):
        assert max(study[share]["features"]["accuracy"]["per_seed"]) <= 0.03
    likeness = (study["cka"][name]["per_seed"] for name in ("after", "after_logits"))
    assert all(hint > soft for hint, soft in zip(*likeness, strict=True))
    for beginning, helps in (("first to last", True), ("drawn at random", False)):
        ways = study["init"][beginning]
        pairs = zip(ways["logits and features"]["per_seed"], ways["logits"]["per_seed"], strict=True)
        assert all((both < alone) is helps for both, alone in pairs)
    assert study["init"]["first to last"]["untrained"]["high"] < study["init"]["drawn at random"]["logits"]["low"]


# --- exercises ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "name", "slips"),
    [("ex1", "masked_cosine", of_states.COSINE_SLIPS), ("ex2", "uniform_map", layer_maps.UNIFORM_SLIPS)],
)
def test_the_exercises_can_be_solved_and_know_their_mistakes(capsys, key, name, slips):
    exercise(capsys, NAME, key, name, slips, layer_maps=layer_maps)


def half_up(student, teacher):
    return [(i, max(1, math.floor(i * teacher / student + 0.5))) for i in range(1, student + 1)]


@pytest.mark.parametrize("seed", range(20))
def test_no_right_answer_is_called_wrong_and_no_slice_of_a_mask_passes(capsys, seed):
    given = {"check": check, "random": random, "layer_maps": layer_maps}
    random.seed(seed)
    assert printed(capsys, NAME, "ex2-check", **given, uniform_map=half_up).endswith("· right")

    def middle(student, teacher, learnt):
        return of_states.masked_cosine(student[1:3], teacher[1:3], [True] * 2)

    assert not printed(capsys, NAME, "ex1-check", **given, masked_cosine=middle).endswith("· right")


@pytest.mark.parametrize(
    ("kept", "guess", "fits", "end"),
    [(..., 2.0, True, "yet"), ((1, 3), ..., True, "yet"), ((1, 3), 2.0, False, "yet"), ((1, 3), 2.5, True, "right"),
     ((1, 3), 6.0, True, "expect to be given?")],
)  # fmt: skip
def test_other_layers_are_kept_and_the_prediction_judged(capsys, kept, guess, fits, end):
    made = []
    given = {
        "pruning": SimpleNamespace(student_of=lambda *how: made.append(how)),
        "models": SimpleNamespace(unload=lambda model: None),
        "far_from_teacher": lambda model: 2.0, "teacher": "t", "SEED": 0, "check": check, "small": fits,
    }  # fmt: skip
    assert printed(capsys, NAME, "ex3-check", my_kept=kept, my_guess=guess, **given).endswith(end)
    assert made == ([("t", (1, 3), 0)] if end not in ("yet",) else [])


def test_the_numbers_in_its_words_are_those_of_its_outputs():
    for words, outputs in SAID.items():
        assert set(unsaid(NAME, words, *outputs)) <= OTHERS.get(words, set()), words
    search = json.loads((ROOT / "data" / "results" / "mini" / "search.json").read_text(encoding="utf-8"))["methods"]
    told = re.findall(r"\d\d\.\d", cell(NAME, "weights-means"))
    tried = [*search["logits"]["tried"], *search["features"]["tried"]]
    found = {f"{100 * one['accuracy']:.1f}" for one in tried if (one["epochs"], one["alpha"]) == (8, 0.5)}
    assert set(told) == found
