"""helpers.training.clock: a step is a step of the training, and what is measured is the batches but the first."""

import pytest
import torch
from test_cache import kept, tier  # noqa: F401

from helpers import methods
from helpers.training import clock


@pytest.fixture
def method(tier):  # noqa: F811
    return methods.Token(tier, 0, kept(6), role="sibling")


def test_every_batch_but_the_first_is_timed(method):
    found = clock.steps(method, [[0, 1], [2, 3], [4]])
    assert len(found) == 2 and all(seconds > 0 for seconds in found)
    assert not method.folder.exists() or not any(method.folder.iterdir())


def test_a_step_moves_the_adapter_and_leaves_no_gradient(method):
    trainer = method.trainer()
    trainer.create_optimizer()
    trainer.model.train()
    adapter = [weight for weight in trainer.model.parameters() if weight.requires_grad]
    before = [weight.detach().clone() for weight in adapter]
    clock.step(trainer, [0, 1])
    assert any(not torch.equal(old, new) for old, new in zip(before, adapter, strict=True))
    assert all(weight.grad is None for weight in adapter)
