"""Several teachers as one: the mean of their distributions, and a divergence from it that never holds all logits."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch

from helpers import losses
from helpers.losses.chunked import CHUNK, Against, in_chunks, product
from helpers.losses.head import Head


def mean_of(each: Iterable[torch.Tensor], weights: Sequence[float], temperature: float = 1.0) -> torch.Tensor:
    """Logits of the weighed mean of several distributions: their softmax at the same temperature is the mean.

    The probabilities are averaged, not the logits: what one teacher holds possible stays possible, where a mean of
    logits would be a product, in which each of them has a veto.

    Args:
        each: of every teacher (tokens, vocabulary), logits; they are looked at one after the other.
        weights: of the teachers; they add up to 1.
        temperature: T, of every teacher's distribution before the mean is taken.

    Returns:
        (tokens, vocabulary), T times the logarithm of the mean.

    Source:
        Hinton, Vinyals and Dean 2015 (arXiv 1503.02531), section 1: of an ensemble's predictions they take "an
        arithmetic or geometric mean" as the soft targets. This is the arithmetic one.
    """
    parts = (losses.wide(one).div(temperature).log_softmax(-1) + math.log(weight)
             for one, weight in zip(each, weights, strict=True))  # fmt: skip
    found = next(parts)
    for part in parts:
        found = torch.logaddexp(found, part)
    return found.mul_(temperature)


def shares_of(names: Sequence[str], weights: dict[str, float] | None) -> list[float]:
    """Each teacher's share in the mean, in the order of their names; equal ones for None.

    Raises:
        ValueError: for weights of other names, or ones that are not above 0.
    """
    given = weights or dict.fromkeys(names, 1.0)
    if set(given) != set(names) or not names:
        raise ValueError(f"there are weights for {', '.join(given) or 'nobody'}, and teachers {', '.join(names)}")
    if not all(0 < weight < math.inf for weight in given.values()):
        raise ValueError(f"weights are {given}; each must be above 0: leave a teacher without a say out")
    return [given[name] / sum(given.values()) for name in names]


def ensemble_divergence(
    student_hidden: torch.Tensor, student: Head, teachers_hidden: Sequence[torch.Tensor], teacher: Head,
    weights: Sequence[float], kind: str = "forward", temperature: float = 1.0, beta: float = 0.5,
    count: float | torch.Tensor | None = None, labels: torch.Tensor | None = None,
    alpha: float | torch.Tensor = 0.0, chunk: int = CHUNK,
) -> torch.Tensor:  # fmt: skip
    """`chunked.chunked_divergence` with the weighed mean of several teachers' distributions as the teacher's.

    Args:
        student_hidden: as there, and so student, kind, temperature, beta, count, labels, alpha and chunk.
        teachers_hidden: of each teacher (tokens, width).
        teacher: the head of all of them: adapters of one model share it.
        weights: as `mean_of`.

    Raises:
        ValueError: as `losses.each_divergence`, and where what belongs to the tokens is not of one length.
    """
    losses.check(len(student.weight), len(teacher.weight), kind, temperature, beta)
    lengths = {len(student_hidden), *map(len, teachers_hidden)} | ({len(labels)} if labels is not None else set())
    if len(lengths) > 1:
        raise ValueError(f"student, teachers and labels are of {', '.join(map(str, sorted(lengths)))} tokens")
    many = tuple(teacher.given(one) for one in teachers_hidden)
    against = _AgainstMean(many[0], teacher, kind, temperature, beta, labels, alpha, many, tuple(weights))
    return in_chunks(student_hidden, student, against, count, chunk)


@dataclass(frozen=True)
class _AgainstMean(Against):
    """As Against, of several teachers. Their logits of a chunk are made one teacher after the other."""

    each: tuple[torch.Tensor, ...] = ()
    weights: tuple[float, ...] = ()

    def theirs(self, place, space):
        """Logits of the mean, with the softcap in them."""
        logits = (self.head.capped(product(one[place], self.head, space)) for one in self.each)
        return mean_of(logits, self.weights, self.temperature)

    def capped(self, theirs):
        """As they are."""
        return theirs


def mixture(each: Sequence[Sequence[float]], weights: Sequence[float]) -> list[float]:
    """The weighed mean of several distributions over the same tokens. weights: they need not add up to 1."""
    return [
        sum(weight * p[i] for weight, p in zip(weights, each, strict=True)) / sum(weights) for i in range(len(each[0]))
    ]


def _geometric(each, weights):
    found = [math.prod(p[i] ** (w / sum(weights)) for w, p in zip(weights, each, strict=True))
             for i in range(len(each[0]))]  # fmt: skip
    return [one / sum(found) for one in found]


# `mixture` as beginners write it, and what is wrong: for `check.function`.
MIXTURE_SLIPS = {
    lambda each, weights: mixture(each, [1.0] * len(each)): "and the weights?",
    lambda each, weights: [sum(weights) * p for p in mixture(each, weights)]: "it does not add up to 1: divide",
    _geometric: "that is the mean of the logits, in which each teacher has a veto: average the probabilities",
}
