"""Draws that are right on average and nearly so each time, and come back from their bytes as they were."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.cache.draws import draw, pack, unpack
from helpers.losses.sparse import stored_cross_entropy


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def distributions(tokens=5, vocabulary=40, seed=0):
    return (torch.randn(tokens, vocabulary, generator=generator(seed), dtype=torch.float64) * 2).softmax(-1)


def counts(draws: torch.Tensor, vocabulary: int) -> torch.Tensor:
    return torch.zeros(len(draws), vocabulary, dtype=torch.float64).scatter_add_(
        1, draws, torch.ones_like(draws, dtype=torch.float64)
    )


@pytest.mark.parametrize("n", [1, 8, 33])
def test_each_token_comes_as_often_as_it_should_but_for_one(n):
    shares = distributions()
    found = counts(draw(shares, n, generator()), 40)
    assert found.sum(1).tolist() == [n] * 5
    assert ((found - n * shares).abs() < 1).all()


def test_draws_vary_less_than_independent_ones_but_not_always():
    """A mean of 16 draws, over many offsets, against the 1/16 of the variance that independent draws have."""

    def spread(shares, worth):
        drawn = torch.stack([worth[draw(shares, 16, generator(seed))[0]].mean() for seed in range(400)])
        independent = ((shares[0] * worth**2).sum() - (shares[0] * worth).sum() ** 2) / 16
        return (drawn.var() / independent).item()

    likely = torch.tensor([[0.7, 0.2, 0.06, 0.04]], dtype=torch.float64)
    assert spread(likely, torch.tensor([1.0, -1, 2, 0], dtype=torch.float64)) < 0.3
    equal, alternating = torch.full((1, 32), 1 / 32, dtype=torch.float64), torch.ones(32, dtype=torch.float64)
    alternating[1::2] = -1
    assert spread(equal, alternating) == pytest.approx(16, rel=0.05), "all marks on every second token"


def test_the_mean_over_seeds_is_the_distribution():
    shares, n, seeds = distributions(3, 12), 5, 4000
    drawn = torch.stack([counts(draw(shares, n, generator(seed)), 12) / n for seed in range(seeds)])
    often = shares * n * seeds > 30  # what is hardly ever drawn has no spread to judge its mean by
    assert often.sum() > 20
    off = (drawn.mean(0) - shares)[often].abs() / (drawn.std(0)[often] / seeds**0.5)
    assert off.max() < 4.5  # of so few means, one in some thousand tests lies further off


def test_the_mean_gradient_is_the_full_one_and_that_of_bare_top_k_is_not():
    shares, n, seeds = distributions(4, 30), 6, 3000
    student = torch.randn(4, 30, generator=generator(9), dtype=torch.float64).requires_grad_()

    def gradient(targets):
        (found,) = torch.autograd.grad(-(targets * student.log_softmax(-1)).sum() / 4, student)
        return found

    full = gradient(shares)
    drawn = torch.stack([gradient(counts(draw(shares, n, generator(seed)), 30) / n) for seed in range(seeds)])
    often = shares * n * seeds > 30
    error = drawn.std(0)[often] / seeds**0.5
    assert ((drawn.mean(0) - full)[often].abs() / error).max() < 4.5
    top = shares.topk(n)
    bare = gradient(torch.zeros_like(shares).scatter_(1, top.indices, top.values / top.values.sum(1, keepdim=True)))
    assert ((bare - full)[often].abs() / error).max() > 50


def test_they_vary_far_less_than_independent_draws():
    shares, n = distributions(200, 50), 8
    systematic = (counts(draw(shares, n, generator()), 50) / n - shares).square().sum()
    alone = torch.multinomial(shares, n, replacement=True, generator=generator())
    assert systematic < 0.5 * (counts(alone, 50) / n - shares).square().sum()


def test_what_is_certain_is_always_drawn_and_what_cannot_be_never():
    shares = torch.tensor([[0.0, 1.0, 0.0], [0.5, 0.0, 0.5], [0.0, 0.0, 1.0]])
    for seed in range(200):
        found = draw(shares, 4, generator(seed)).tolist()
        assert found[0] == [1] * 4 and set(found[1]) == {0, 2} and found[2] == [2] * 4


def test_draws_stand_for_the_distribution_in_the_loss():
    shares, student = distributions(3, 20), torch.randn(3, 20, dtype=torch.float64, generator=generator(1))
    n = 20_000
    ids, weights = draw(shares, n, generator()), torch.full((3, n), 1 / n, dtype=torch.float64)
    drawn = stored_cross_entropy(student, ids, weights, temperature=2.0)
    full = -4 * (shares * (student / 2).log_softmax(-1)).sum(-1)
    assert drawn.tolist() == pytest.approx(full.tolist(), rel=1e-3)


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 6), st.integers(1, 9), st.integers(1, 18), st.randoms())
def test_what_is_packed_comes_back(tokens, n, bits, rng):
    draws = np.array([rng.randrange(2**bits) for _ in range(tokens * n)], np.int64).reshape(tokens, n)
    draws.sort(axis=1)
    packed = pack(draws, bits)
    assert np.array_equal(unpack(packed, tokens, n, bits), draws)
    different = sum(len(set(row)) for row in draws.tolist())
    assert len(packed) == -(-(tokens * (n - 1) + different * bits) // 8)


def test_damage_is_seen():
    packed = pack(np.array([[1, 2, 3], [4, 4, 4]]), 4)
    with pytest.raises(ValueError, match="damaged"):
        unpack(packed[:-1], 2, 3, 4)
    with pytest.raises(ValueError, match="damaged"):
        unpack(packed, 3, 3, 4)


def test_what_cannot_be_packed_is_refused():
    with pytest.raises(ValueError, match=r"an id is 16, and with 4 bits the highest is 15"):
        pack(np.array([[3, 16]]), 4)
    with pytest.raises(ValueError, match="rising order"):
        pack(np.array([[3, 2]]), 4)
    with pytest.raises(ValueError, match="draw 1 token or more"):
        draw(distributions(), 0, generator())
