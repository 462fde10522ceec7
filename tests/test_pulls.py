"""What losses do to an adapter: the balance is the trainer's, and directions are cosines."""

import pytest
import torch
from test_features import PAIRS, trainer_for
from test_logit_trainer import batch_of, tier  # noqa: F401  (a fixture)

from helpers.training.matching import KINDS, Features
from helpers.training.pulls import fitted, pulls


@pytest.mark.parametrize("kind", [kind for kind, (projected, _) in KINDS.items() if not projected])
def test_without_a_projection_the_balance_is_the_trainers(tier, kind):  # noqa: F811
    trainer = trainer_for(tier, Features(kind, PAIRS))
    batch = batch_of(trainer)
    found = pulls(trainer, trainer.model, PAIRS, batch)
    assert found.keys() == KINDS.keys()
    assert all(-1 <= one.direction <= 1 and one.loss >= 0 for one in found.values())
    for model in (trainer.model, trainer.teacher):
        model.set_attn_implementation("eager")
    trainer.compute_loss(trainer.model, dict(batch))
    assert found[kind].balance == pytest.approx(trainer.matching.balance.item(), rel=1e-2)


def test_nothing_else_is_left_behind(tier):  # noqa: F811
    trainer = trainer_for(tier, Features("hint", PAIRS))
    pulls(trainer, trainer.model, PAIRS, batch_of(trainer))
    assert all(weight.grad is None for weight in trainer.model.parameters())
    assert not trainer.matching.balance


def test_the_best_projection_is_nearer_than_the_mean():
    generator = torch.Generator().manual_seed(0)
    student, teacher = (torch.randn(40, width, generator=generator) for width in (3, 5))
    assert (fitted(student, teacher) - teacher).square().mean() < teacher.var(0, correction=0).mean()
