"""Notebook 08: what it defines is what the helpers do, and its exercises can be solved and know their mistakes."""

import random
from math import hypot

import pytest
import torch
import torch.nn.functional as F
from test_features import PAIRS, trainer_for
from test_logit_trainer import batch_of, tier  # noqa: F401  (a fixture)
from test_notebook_definitions import cell, definitions, exercise

from helpers import losses, methods
from helpers.evaluation import results
from helpers.losses import hidden as between
from helpers.losses import layer_maps
from helpers.methods.cross_tokenizer import chunks_of
from helpers.training import activations
from helpers.training.matching import KINDS, Features

NAME = "08_feature_distillation"
TOY = ("toy-states", "toy-relations", "toy-attention")


def drawn(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.fixture(scope="module")
def own():
    return definitions(NAME, "cka", *TOY, torch=torch)


def test_its_measure_of_likeness_is_the_helpers(own):
    one, other = drawn(9, 4), drawn(9, 7, seed=1)
    assert own["cka"](one, other) == pytest.approx(between.cka(one, other))


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "attention"])
def test_its_losses_are_the_helpers(own, kind):
    one, other = drawn(9, 5), drawn(9, 5, seed=1)
    more = ([9],) if kind.endswith("relations") else ()
    assert own[kind](one, other).item() == pytest.approx(getattr(between, kind)(one, other, *more).item(), rel=1e-5)


def test_its_attention_transfer_is_the_helpers(own):
    one, other = drawn(6, 2, 8).softmax(-1), drawn(6, 4, 8, seed=1).softmax(-1)
    assert own["attention"](one, other).item() == pytest.approx(between.attention(one, other).item(), rel=1e-5)


def test_the_toy_is_as_it_is_told(own):
    student, teacher = torch.tensor([[2.0, 1], [0, 1], [3, 3]]), torch.tensor([[2.0, 0], [0, 2], [2, 2]])
    assert own["hint"](student, teacher).item() == pytest.approx(3 / 4)
    assert own["normalised"](student, teacher).item() == pytest.approx(2 * own["cosine"](student, teacher).item(), 1e-4)
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


def test_what_it_says_of_the_gradients(tier):  # noqa: F811
    """The balance is the helper's where no projection stands between, and a best projection is no random one."""
    for kind in ("relations", "value_relations", "attention"):
        trainer = trainer_for(tier, Features(kind, PAIRS))
        batch = batch_of(trainer)
        given = {
            "torch": torch, "F": F, "between": between, "KINDS": KINDS, "signals": activations, "trainer": trainer,
            "teacher": trainer.teacher, "batch": batch,
        }  # fmt: skip
        found = definitions(NAME, "terms", "terms-of", "pulls", **given)["pulls"](trainer.model, PAIRS)
        assert found.keys() == KINDS.keys() and all(-1 <= direction <= 1 for _, _, direction in found.values())
        trainer.model.set_attn_implementation("eager"), trainer.teacher.set_attn_implementation("eager")
        trainer.compute_loss(trainer.model, dict(batch))
        assert found[kind][1] == pytest.approx(trainer.matching.balance.item(), rel=1e-2)
    s, t = drawn(40, 3), drawn(40, 5, seed=1)
    fitted = definitions(NAME, "terms", **given)["fitted"](s, t)
    assert (fitted - t).square().mean() < t.var(0, correction=0).mean()


def test_its_chunks_by_hand_are_the_trainers(tier, own):  # noqa: F811
    from test_training import kept

    how = Features("hint", ((1, 2),), logits=False)
    crossing = methods.CrossTokenizerFeatures(tier, 0, kept().select(range(3)), features=how).trainer()
    crossing.matching.balance.fill_(1.0)
    made = definitions(NAME, "look", "chunks-hand", torch=torch, losses=losses)["chunk_states"]
    data = crossing.train_dataset.to_list()
    cuts = [chunks_of(one) for one in data]
    with torch.no_grad():
        wanted = crossing.compute_loss(crossing.model.eval(), crossing.data_collator(data)).item()
        ours, theirs = (
            torch.cat([made(model, one[ids], one[marks], layer, getattr(cut, side))
                       for one, cut in zip(data, cuts, strict=True)])
            for model, ids, marks, layer, side in (
                (crossing.model, "input_ids", "labels", 1, "student"),
                (crossing.teacher, "teacher_ids", "teacher_labels", 2, "teacher"))
        )  # fmt: skip
        found = own["hint"](crossing.matching.projections[0](ours), theirs) * len(ours)
    assert found.item() / sum(cut.student[-1] for cut in cuts) == pytest.approx(wanted, rel=1e-3)


def test_what_it_says_of_the_study():
    """Where features help and where they do not: the sentences of 8.7, 8.8, 8.9 and 8.12."""
    study = results.study(NAME, "mini")
    for share in ("quarter", "half", "whole"):
        assert study[share]["gain"]["low"] < 0 < study[share]["gain"]["high"]
        assert study[share]["features"]["accuracy"]["high"] < 0.05
    weights = [study["weights"][name]["accuracy"]["mean"] for name in ("weight 1", "weight 1/10", "weight 1/100")]
    assert weights == sorted(weights) and weights[-1] < study["weights"]["no features"]["accuracy"]["mean"]
    maps = {name: each["accuracy"]["mean"] for name, each in study["maps"].items()}
    assert max(maps, key=maps.get) == "without features"
    assert study["cka"]["after"]["low"] > study["cka"]["after_logits"]["high"] > study["cka"]["before"]["mean"]
    for beginning, helps in (("first to last", True), ("drawn at random", False)):
        ways = study["init"][beginning]
        pairs = zip(ways["logits and features"]["per_seed"], ways["logits"]["per_seed"], strict=True)
        assert all((both < alone) is helps for both, alone in pairs)
    assert study["init"]["first to last"]["untrained"]["high"] < study["init"]["drawn at random"]["logits"]["low"]


# --- exercises ----------------------------------------------------------------------------------


def test_the_masked_cosine_can_be_written(capsys):
    def right(student, teacher, learnt):
        each = [sum(a * b for a, b in zip(s, t, strict=True)) / hypot(*s) / hypot(*t)
                for s, t in zip(student, teacher, strict=True)]  # fmt: skip
        kept = [c for c, keep in zip(each, learnt, strict=True) if keep]
        return 1 - sum(kept) / len(kept)

    mistakes = {
        lambda s, t, m: right(s, t, [True] * 4): "the question's tokens are in it",
        lambda s, t, m: 1 - right(s, t, m): "that grows as they become alike: 1 minus it",
        lambda s, t, m: 1 - (1 - right(s, t, m)) * sum(m) / len(m): "divide by the learnt tokens, not by all",
    }
    exercise(capsys, NAME, "ex1", "masked_cosine", mistakes, hypot=hypot)


def test_the_uniform_map_can_be_written(capsys):
    reference = definitions(NAME, "ex2-check", random=random)["true_map"]
    for sizes in ((3, 4), (6, 12), (4, 36), (5, 3)):
        assert reference(*sizes) == list(layer_maps.uniform(*sizes))
    mistakes = {
        lambda s, t: [(i, i) for i in range(1, s + 1)]: "the first layers of the teacher: its last are never used",
        lambda s, t: [(i, max(1, i * t // s)) for i in range(1, s + 1)]: "round to the nearest layer, not down",
        lambda s, t: [(i - 1, p) for i, p in reference(s, t)]: "layer 0 is the embeddings: blocks begin at 1",
    }
    random.seed(1)  # sizes for which rounding and cutting off differ
    exercise(capsys, NAME, "ex2", "uniform_map", mistakes)


def test_the_bytes_can_be_counted(capsys):
    mistakes = {
        lambda n, w, k, b: n * (w * k + b) / 1e9: "a number takes two bytes",
        lambda n, w, k, b: n * (2 * w + b) / 1e9: "each layer has states of its own",
        lambda n, w, k, b: n * 2 * w * k / 1e9: "the distributions are missing",
    }
    exercise(capsys, NAME, "ex3", "gigabytes", mistakes)
