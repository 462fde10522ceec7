"""Every weight of a student trained on its teacher's logits: what is in the loss, what is saved, and what goes on."""

from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from test_logit_trainer import batch_of, tier  # noqa: F401  (one is a fixture)
from test_training import Kill, kept

from helpers import losses, methods, models, training
from helpers.methods import cutting
from helpers.training import method
from helpers.training.matching import PROJECTIONS, Features

IDS = torch.tensor([[5, 9, 40, 7, 3]])
HOW = {"features": Features("hint", ((1, 2),))}
WAYS = {
    "logits": methods.AllWeights, "cached": partial(methods.AllWeightsCached, draws=8),
    "features": partial(methods.AllWeightsFeatures, **HOW),
}  # fmt: skip


@pytest.fixture
def small(tier):  # noqa: F811
    """The tier with one block of its teacher as the sibling."""
    return replace(tier, sibling=cutting.cut(tier, tier.teacher, (1,)))


def weights_of(spec) -> dict:
    return load_file(Path(spec.source) / "model.safetensors")


def test_its_loss_is_that_of_logit_distillation(small):
    mine = methods.AllWeights(small, 0, kept(), temperature=2.0, alpha=0.25).trainer()
    other = methods.Logits(small, 0, kept(), temperature=2.0, alpha=0.25).trainer(
        (mine.model, mine.processing_class), (mine.teacher, mine.processing_class)
    )
    batch = batch_of(other)
    with torch.no_grad():
        found, wanted = (one.compute_loss(one.model.eval(), dict(batch)).item() for one in (mine, other))
    assert found == pytest.approx(wanted, rel=1e-5) and found > 0


def test_labels_alone(small):
    trainer = methods.AllWeights(small, 0, kept(), alpha=1.0).trainer()
    batch = batch_of(trainer)
    with torch.no_grad():
        found = trainer.compute_loss(trainer.model.eval(), dict(batch)).item()
        logits = trainer.model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]).logits
    labels = batch["labels"]
    wanted = torch.nn.functional.cross_entropy(losses.learnt(logits.float(), labels), losses.targets(labels))
    assert found == pytest.approx(wanted.item(), rel=1e-4)


@pytest.mark.parametrize("way", WAYS)
def test_every_weight_moves_and_the_trained_model_is_one_that_a_tier_can_name(small, way):
    made = WAYS[way](small, 0, kept(), rate=1e-2)
    run = made.run()
    spec = made.trained()
    before, after = weights_of(small.sibling), weights_of(spec)
    assert before.keys() == after.keys()  # projections are no part of it
    assert [name for name in after if torch.equal(after[name], before[name])] == []
    assert (Path(spec.source) / PROJECTIONS).is_file() == (way == "features")
    assert run.steps == 6 and run.validation and made.run() == run
    further = replace(small, teacher=spec, sibling=spec)
    model, tokenizer = models.load_teacher(further)
    assert tokenizer.chat_template and model(IDS).logits.isfinite().all()
    again = methods.AllWeights(further, 0, kept(), rate=1e-2, steps=1)
    assert again.folder != made.folder and again.run().steps == 1  # its student, and its teacher


def test_its_numbers_are_those_that_the_trainer_had(small):
    made = methods.AllWeights(small, 0, kept(), steps=4)
    trainer = made.trainer()
    training.run(trainer)
    with torch.no_grad():
        wanted = trainer.model.eval()(IDS).logits
        found = models.load_teacher(replace(small, teacher=made.trained()))[0](IDS).logits
    assert torch.allclose(found, wanted, atol=1e-5)


def test_so_many_steps_also_within_an_epoch_and_two_checkpoints_are_kept(tier, monkeypatch):  # noqa: F811
    """Ten rows, four to a step: an epoch has three steps."""
    monkeypatch.setattr(method, "BETWEEN", 4)
    made = methods.AllWeights(replace(tier, epochs=1), 0, kept(), steps=11)
    run = made.run()
    assert run.steps == 11 and not run.validation
    assert Path(made.trained().source).name == "checkpoint-11"
    assert sorted(path.name for path in made.folder.glob("checkpoint-*")) == ["checkpoint-11", "checkpoint-8"]


@pytest.mark.parametrize("way", WAYS)
def test_a_killed_run_ends_as_if_it_had_not_been_killed(tier, tmp_path, way):  # noqa: F811
    whole = WAYS[way](replace(tier, name="whole"), 0, kept(), rate=1e-2)
    whole.run()
    made = WAYS[way](tier, 0, kept(), rate=1e-2)
    trainer = made.trainer()
    trainer.add_callback(Kill(5))
    with pytest.raises(KeyboardInterrupt):
        training.run(trainer)
    with pytest.raises(FileNotFoundError, match="no finished training"):
        made.trained()
    assert made.run().steps == 6
    one, other = weights_of(made.trained()), weights_of(whole.trained())
    assert all(torch.allclose(one[name], other[name], atol=1e-6) for name in one)


def test_each_setting_has_its_folder(tier):  # noqa: F811
    ways = [{}, {"rate": 1e-3}, {"steps": 3}, {"alpha": 1.0}, {"temperature": 2.0}]
    folders = {methods.AllWeights(tier, 0, kept(), **how).folder for how in ways}
    folders |= {way(tier, 0, kept()).folder for way in (*WAYS.values(), methods.Logits)}
    assert len(folders) == len(ways) + 3


@pytest.mark.parametrize(
    ("how", "words"),
    [({"rate": 0}, "rate is 0"), ({"steps": 0}, "steps is 0"), ({"temperature": 0}, "temp"), ({"alpha": 2}, "2")],
)
def test_what_cannot_be_is_refused_before_anything_is_loaded(tier, how, words):  # noqa: F811
    with pytest.raises(ValueError, match=words):
        methods.AllWeights(tier, 0, kept(), **how)


def test_a_map_with_a_layer_that_is_not_there_and_a_tier_without_a_sibling(tier, monkeypatch):  # noqa: F811
    with pytest.raises(ValueError, match="has no sibling"):
        methods.AllWeights(replace(tier, sibling=None), 0, kept()).trainer()
    with pytest.raises(ValueError, match="no traces to learn from"):
        methods.AllWeights(tier, 0, kept(0)).trainer()
    monkeypatch.setattr(models, "load_teacher", lambda tier: pytest.fail("asked too late"))
    with pytest.raises(ValueError, match="layer 9"):
        methods.AllWeightsFeatures(tier, 0, kept(), features=Features("hint", ((1, 9),))).trainer()
