"""The mean of several teachers: by hand, and in chunks beside all logits at once, with gradients in numbers."""

import math

import pytest
import torch
from test_losses import KINDS, logits

from helpers import check, losses
from helpers.losses.chunked import chunked_divergence
from helpers.losses.ensemble import MIXTURE_SLIPS, ensemble_divergence, mean_of, mixture, shares_of
from helpers.losses.head import Head

HEAD = Head(logits(50, 8, seed=1), logits(50, seed=2))
CAPPED = Head(HEAD.weight, HEAD.bias, 3.0)


def test_the_mean_by_hand_is_of_probabilities():
    """(0.9, 0.1) and (0.1, 0.9) with weights 3 to 1: 0.7 and 0.3. The mean of their logits would give 0.75."""
    each = [torch.tensor([[0.9, 0.1]]).log() + 5, torch.tensor([[0.1, 0.9]]).log() - 2]
    assert mean_of(each, [0.75, 0.25]).softmax(-1)[0].tolist() == pytest.approx([0.7, 0.3])
    soft = [(one / 2).softmax(-1) for one in each]
    assert torch.allclose((mean_of(each, [0.5, 0.5], 2.0) / 2).softmax(-1), (soft[0] + soft[1]) / 2)


def test_what_one_teacher_rules_out_another_may_still_hold_possible():
    each = [torch.tensor([[0.0, -math.inf]]), torch.tensor([[0.0, 0.0]])]
    assert mean_of(each, [0.5, 0.5]).softmax(-1)[0].tolist() == pytest.approx([0.75, 0.25])
    assert mean_of([each[0], each[0]], [0.5, 0.5]).softmax(-1)[0].tolist() == [1.0, 0.0]


@pytest.mark.parametrize("teacher", [HEAD, CAPPED], ids=["plain", "capped"])
@pytest.mark.parametrize("kind", KINDS)
def test_in_chunks_it_is_the_dense_loss_with_its_gradient(kind, teacher):
    hidden, many = logits(23, 8, seed=3).requires_grad_(), [logits(23, 8, seed=seed) for seed in (4, 5, 6)]
    weights, how = [0.5, 0.2, 0.3], {"kind": kind, "temperature": 1.7, "beta": 0.3}
    labels, alpha = torch.arange(23), torch.linspace(0, 1, 23, dtype=torch.float64)
    found = ensemble_divergence(
        hidden, CAPPED, many, teacher, weights, **how, count=40.0, labels=labels, alpha=alpha, chunk=7
    )
    ours = CAPPED.logits(hidden)
    mean = sum(w * (teacher.logits(one) / 1.7).softmax(-1) for w, one in zip(weights, many, strict=True))
    soft = losses.each_divergence(ours, 1.7 * mean.log(), **how)
    hard = torch.nn.functional.cross_entropy(ours, labels, reduction="none")
    wanted = losses.mixed(soft, hard, alpha).sum() / 40
    assert found.item() == pytest.approx(wanted.item(), rel=1e-10)
    assert torch.allclose(*(torch.autograd.grad(one, hidden)[0] for one in (found, wanted)), rtol=1e-8)


def test_one_teacher_alone_is_that_teacher():
    hidden, one = logits(9, 8, seed=3), logits(9, 8, seed=4)
    wanted = chunked_divergence(hidden, HEAD, one, CAPPED, temperature=2.0)
    for many, weights in (([one], [1.0]), ([one, one], [0.3, 0.7])):
        found = ensemble_divergence(hidden, HEAD, many, CAPPED, weights, temperature=2.0)
        assert found.item() == pytest.approx(wanted.item(), rel=1e-10)


def test_shares_add_up_and_others_are_refused():
    assert shares_of(["a", "b"], None) == [0.5, 0.5]
    assert shares_of(["a", "b"], {"b": 3.0, "a": 1.0}) == [0.25, 0.75]
    for wrong, said in (({"a": 1.0}, "weights for a, and teachers a, b"), ({"a": 1.0, "b": 0.0}, "must be above 0")):
        with pytest.raises(ValueError, match=said):
            shares_of(["a", "b"], wrong)
    with pytest.raises(ValueError, match="of 8, 9 tokens"):
        ensemble_divergence(logits(9, 8), HEAD, [logits(9, 8), logits(8, 8)], HEAD, [0.5, 0.5])


def test_the_exercise_s_mean_is_the_loss_s_and_its_known_mistakes_are_told(capsys):
    each, weights = [[0.5, 0.3, 0.2], [0.1, 0.1, 0.8]], [3.0, 1.0]
    logs = [torch.tensor([p], dtype=torch.float64).log() for p in each]
    assert mixture(each, weights) == pytest.approx(mean_of(logs, [0.75, 0.25]).softmax(-1)[0].tolist())
    for slip, said in MIXTURE_SLIPS.items():
        check.function(slip, mixture, [(each, weights)], MIXTURE_SLIPS)
        assert said in capsys.readouterr().out
