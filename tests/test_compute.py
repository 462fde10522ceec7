"""Operations of a training: as PyTorch counts them while a step is made, and budgets of whole steps."""

import pytest
import torch
from datasets import Dataset
from test_logit_trainer import tier  # noqa: F401  (a fixture)
from torch.utils.flop_counter import FlopCounterMode

from helpers import models
from helpers.training import compute

IDS = torch.randint(5, 200, (6, 20), generator=torch.Generator().manual_seed(0))
NAMES = ("reads", "adapter", "whole")
WAYS = dict(zip(NAMES, (compute.READ, compute.ADAPTER, compute.WHOLE), strict=True))


def counted(model, backwards: bool) -> int:
    """What PyTorch counts, without attention between tokens."""
    with FlopCounterMode(display=False) as counter:
        loss = model(IDS, use_cache=False).logits.logsumexp(-1).sum()
        if backwards:
            loss.backward()
    found = counter.get_flop_counts()["Global"]
    return sum(n for name, n in found.items() if not any(word in str(name) for word in ("attention", "bmm")))


@pytest.mark.parametrize("way", NAMES)
def test_pytorch_counts_the_same(tier, way):  # noqa: F811
    model, _ = models.load_teacher(tier)
    weights = compute.multiplied(model)
    if way == "adapter":
        model = models.add_lora(model, tier.lora, 0)
    with torch.set_grad_enabled(way != "reads"):
        found = counted(model, way != "reads")
    wanted = compute.operations(1, IDS.numel(), weights, passes=WAYS[way])
    if way == "adapter":  # the adapter is small beside a real model, and not beside this one
        own = models.parameter_count(model, trainable=True)
        # The embeddings ask for no gradient, and so neither do the first block's inputs.
        assert found == pytest.approx(wanted + compute.operations(1, IDS.numel(), own), rel=0.12)
    else:
        assert found == pytest.approx(wanted, rel=0.02)


def test_input_embeddings_count_where_they_are_the_head(tier):  # noqa: F811
    model, _ = models.load_teacher(tier)
    tied, size = compute.multiplied(model), model.get_input_embeddings().weight.numel()
    assert tied == models.parameter_count(model)
    model.lm_head.weight = torch.nn.Parameter(model.lm_head.weight.detach().clone())
    assert models.parameter_count(model) == tied + size and compute.multiplied(model) == tied


def test_by_hand():
    assert compute.operations(10, 1_000, 600, 3_000) == 2 * 10 * 1_000 * (3 * 600 + 3_000)
    assert compute.operations(1, 1, 7, passes=compute.READ) == 14 and compute.operations(0, 5, 7) == 0
    rows = Dataset.from_dict({"input_ids": [[1] * 10, [1] * 20]})
    assert compute.tokens_a_step(rows, 12) == 180


@pytest.mark.parametrize("assistant", [1_300, 2_300])
def test_one_jump_gets_as_much_as_the_way_through_an_assistant(assistant):
    """Both trainings of the detour are in its budget, and to within a step the jump spends as much."""
    student, teacher, tokens = 575, 3_034, 1_800
    detour = compute.operations(100, tokens, assistant, teacher) + compute.operations(50, tokens, student, assistant)
    steps = compute.steps_within(detour, tokens, student, teacher)
    jump = compute.operations(steps, tokens, student, teacher)
    assert steps > 50 and 0 <= detour - jump < compute.operations(1, tokens, student, teacher)


def test_a_budget_for_no_step_is_refused():
    with pytest.raises(ValueError, match="does not pay for a single step"):
        compute.steps_within(100, 1_800, 575, 3_034)


def test_each_slip_is_another_number():
    case = (60, 60, 575, 1_313, 3_034)
    found = {slip(*case) for slip in compute.SLIPS}
    assert compute.jump_steps(*case) == (60 * (3 * 1_313 + 3_034) + 60 * (3 * 575 + 1_313)) // (3 * 575 + 3_034) == 126
    assert len(found) == len(compute.SLIPS) and compute.jump_steps(*case) not in found
