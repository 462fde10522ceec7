"""The losses on lists are PyTorch's and the helpers', and each slip gives another number than the right one."""

import random

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from helpers import losses
from helpers.losses import of_states, on_lists

DRAWN = random.Random(0)


def some(n: int) -> list[float]:
    return [DRAWN.uniform(-3, 3) for _ in range(n)]


HINTON = [(some(n), some(n), n - 1, 0.3, T) for n in (3, 5) for T in (2.0, 3.0)]
MEAN, SLOPES = on_lists.some_texts(4), on_lists.some_tokens(4)
COSINE = [([some(3) for _ in range(4)], [some(3) for _ in range(4)], counts)
          for counts in ([True, False, False, True], [False, True, True, True])]  # fmt: skip


def test_the_runner_up_is_in_second_place():
    logits = some(10)
    assert on_lists.runner_up(logits) == torch.tensor(logits).topk(2).indices[1]


@pytest.mark.parametrize("case", HINTON)
def test_hintons_loss_is_the_helpers(case):
    student, teacher, label, alpha, T = case
    z, y = torch.tensor([student]).double(), torch.tensor([teacher]).double()
    soft = T**2 * F.cross_entropy(z / T, (y / T).softmax(-1))
    wanted = losses.mixed(soft, F.cross_entropy(z, torch.tensor([label])), alpha)
    assert on_lists.hinton(*case) == pytest.approx(wanted.item())
    assert on_lists.softened(student, T) == pytest.approx((z[0] / T).softmax(-1).tolist())


@pytest.mark.parametrize("case", MEAN)
def test_the_mean_divergence_is_the_helpers_over_what_is_learnt(case):
    p, q, learnt = case
    kept = torch.tensor(learnt)
    wanted = losses.divergence(torch.tensor(q).double().log()[kept], torch.tensor(p).double().log()[kept])
    assert on_lists.mean_divergence(*case) == pytest.approx(wanted.item())


@pytest.mark.parametrize("case", SLOPES)
def test_the_slopes_are_autograds(case):
    p, z, label, alpha = case
    z, target = torch.tensor([z]).double().requires_grad_(), torch.tensor([p]).double().log()
    losses.mixed(losses.divergence(z, target), F.cross_entropy(z, torch.tensor([label])), alpha).backward()
    assert on_lists.slopes(*case) == pytest.approx(z.grad[0].tolist(), abs=1e-6)


@pytest.mark.parametrize("case", COSINE)
def test_the_masked_cosine_is_pytorchs_over_the_learnt_tokens(case):
    student, teacher, learnt = case
    each = F.cosine_similarity(torch.tensor(student).double(), torch.tensor(teacher).double(), dim=-1)
    assert of_states.masked_cosine(*case) == pytest.approx(1 - each[torch.tensor(learnt)].mean().item())


@pytest.mark.parametrize(
    ("slips", "right", "cases"),
    [(on_lists.RUNNER_UP_SLIPS, on_lists.runner_up, [(some(10),)]), (on_lists.HINTON_SLIPS, on_lists.hinton, HINTON),
     (on_lists.MEAN_SLIPS, on_lists.mean_divergence, MEAN), (on_lists.SLOPE_SLIPS, on_lists.slopes, SLOPES),
     (of_states.COSINE_SLIPS, of_states.masked_cosine, COSINE)],
)  # fmt: skip
def test_a_slip_is_wrong_in_a_way_of_its_own(slips, right, cases):
    found = [[one(*case) for case in cases] for one in (right, *slips)]
    assert len({tuple(np.round(each, 9).ravel()) for each in map(np.hstack, found)}) == 1 + len(slips)
