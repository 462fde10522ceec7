"""What on-policy distillation needs beside a divergence: the loss without a teacher, entropies, shared favourites."""

from math import log

import pytest
import torch
from scipy.stats import entropy

from helpers.losses.head import Head
from helpers.losses.on_lists import divergence
from helpers.losses.outlook import covered, entropies, overlaps
from helpers.losses.sampled import sampled
from helpers.losses.unlikely import unlikely

torch.manual_seed(0)
STATES, OTHERS = torch.randn(9, 4, dtype=torch.float64), torch.randn(9, 6, dtype=torch.float64)
HEAD = Head(torch.randn(11, 4, dtype=torch.float64))
THEIRS = Head(torch.randn(11, 6, dtype=torch.float64), torch.randn(11, dtype=torch.float64), softcap=5.0)
WORDS = torch.arange(9)
EYE = Head(torch.eye(3))  # states are logits


def test_unlikely_by_hand():
    """Of 0.5, 0.2 and 0.3 the last two lie below 0.4: (ln 0.2 + ln 0.3) / 3 tokens."""
    states = torch.tensor([[0.5, 0.2, 0.3]]).log().expand(3, -1)
    assert unlikely(states, EYE, torch.tensor([0, 1, 2]), 0.4).item() == pytest.approx((log(0.2) + log(0.3)) / 3)
    assert unlikely(states, EYE, torch.tensor([0, 1, 2]), 0.4, count=10).item() == pytest.approx(
        (log(0.2) + log(0.3)) / 10
    )
    assert unlikely(states, EYE, torch.tensor([0, 0, 0]), 0.4).item() == 0


def test_its_gradient_is_that_of_a_fixed_negative_advantage():
    """REINFORCE's -A ∇ log q(word) with A = -1 where q(word) < 0.1: with respect to logits, one-hot minus q."""
    states = STATES.clone().requires_grad_()
    unlikely(states, HEAD, WORDS, 0.1, count=1).backward()
    q = (STATES @ HEAD.weight.t()).softmax(-1)
    pushed = q[WORDS, WORDS] < 0.1
    assert 0 < pushed.sum() < len(WORDS)
    wanted = (torch.eye(11, dtype=torch.float64)[WORDS] - q) * pushed[:, None] @ HEAD.weight
    assert torch.allclose(states.grad, wanted)
    step = (STATES - 0.01 * states.grad) @ HEAD.weight.t()
    after = step.softmax(-1)[WORDS, WORDS]
    assert (after[pushed] < q[WORDS, WORDS][pushed]).all()


@pytest.mark.parametrize("most", [1, 40, 10**6])
def test_in_blocks_all_is_the_same(most):
    states = [STATES.clone().requires_grad_() for _ in range(2)]
    found, wanted = unlikely(states[0], HEAD, WORDS, 0.2, most=most), unlikely(states[1], HEAD, WORDS, 0.2)
    found.backward(), wanted.backward()
    assert torch.allclose(found, wanted) and torch.allclose(states[0].grad, states[1].grad)
    assert torch.allclose(entropies(STATES, HEAD, most), entropies(STATES, HEAD))
    assert torch.equal(overlaps(STATES, HEAD, OTHERS, THEIRS, 3, most=most), overlaps(STATES, HEAD, OTHERS, THEIRS, 3))


def test_of_no_token_it_is_nothing():
    states = STATES[:0].clone().requires_grad_()
    unlikely(states, HEAD, WORDS[:0], 0.2).backward()
    assert entropies(STATES[:0], HEAD).shape == overlaps(STATES[:0], HEAD, OTHERS[:0], THEIRS).shape == (0,)


def test_entropies_by_scipy_and_at_their_ends():
    wanted = entropy((STATES @ HEAD.weight.t()).softmax(-1).numpy(), axis=-1)
    assert entropies(STATES, HEAD).tolist() == pytest.approx(wanted.tolist())
    assert entropies(torch.zeros(1, 3), EYE).item() == pytest.approx(log(3))
    assert entropies(torch.tensor([[0.0, -1e30, -1e30]]), EYE).item() == 0


def test_overlaps_by_sets():
    ours, theirs = STATES @ HEAD.weight.t(), THEIRS.capped(OTHERS @ THEIRS.weight.t() + THEIRS.bias)
    for k in (1, 4, 16):
        tops = [[set(row.argsort()[-k:].tolist()) for row in logits] for logits in (ours, theirs)]
        wanted = [len(one & other) / min(k, 11) for one, other in zip(*tops, strict=True)]
        assert overlaps(STATES, HEAD, OTHERS, THEIRS, k).tolist() == pytest.approx(wanted)
    assert overlaps(STATES, HEAD, STATES, HEAD, 4).tolist() == [1] * 9


def test_across_tokenizers_favourites_are_compared_under_the_student_s_names():
    """The teacher likes its tokens 2 and 0, which the student calls 1 and does not have; the student likes 1 and 0."""
    ours, theirs = torch.tensor([[2.0, 3.0, 0.0]]), torch.tensor([[2.0, 0.0, 3.0]])
    assert overlaps(ours, EYE, theirs, EYE, 2, names=torch.tensor([-1, 0, 1])).item() == 0.5


def test_covered_by_sets_and_of_the_same_model():
    ours, theirs = STATES @ HEAD.weight.t(), THEIRS.capped(OTHERS @ THEIRS.weight.t() + THEIRS.bias).softmax(-1)
    for k in (1, 4, 16):
        wanted = [p[row.argsort()[-k:]].sum().item() for row, p in zip(ours, theirs, strict=True)]
        assert covered(STATES, HEAD, OTHERS, THEIRS, k).tolist() == pytest.approx(wanted)
        assert covered(STATES, HEAD, OTHERS, THEIRS, k, most=12).tolist() == pytest.approx(wanted)


def test_the_divergence_from_drawn_tokens_is_right_on_average():
    """Each token as often as q says: the mean over them all is KL(q ‖ p)."""
    p, q = [0.5, 0.3, 0.2], [0.2, 0.2, 0.6]
    assert sampled(p, q, [0] * 2 + [1] * 2 + [2] * 6) == pytest.approx(divergence(q, p))
    assert sampled(p, q, [0]) == pytest.approx(log(0.2 / 0.5))
