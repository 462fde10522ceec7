"""What many answers to one question are worth: chances that some are right, sums that are false, plans that differ."""

from collections.abc import Sequence
from math import comb

import numpy as np

from helpers.evaluation.error_analysis import sums
from helpers.evaluation.statistics import Estimate

RESAMPLES = 10_000


def pass_at(k: int, right: int, drawn: int) -> float:
    """The chance that of k answers at least one is right, estimated without bias from more: pass@k.

    Source: Chen et al. 2021, "Evaluating Large Language Models Trained on Code" (arXiv 2107.03374), equation 1.

    Args:
        k: answers, at most as many as were drawn.
        right: of those drawn.
        drawn: answers to the question.

    Raises:
        ValueError: for a k that was not drawn, and for more right ones than were drawn.
    """
    if not 1 <= k <= drawn or not 0 <= right <= drawn:
        raise ValueError(f"k is {k}, and {right} of {drawn} answers are right: k is at most as many as were drawn")
    return 1 - comb(drawn - right, k) / comb(drawn, k)


def two_at(k: int, right: int, drawn: int) -> float:
    """The same for at least two right ones: then there is a choice. Raises as `pass_at`."""
    pass_at(k, right, drawn)
    none, one = comb(drawn - right, k), right * comb(drawn - right, k - 1)
    return 1 - (none + one) / comb(drawn, k)


def over(values: Sequence[float], seed: int) -> Estimate:
    """The mean of one chance from each question, with the bootstrap's 95 % interval over the questions (percentiles).

    Args:
        values: [questions].
        seed: of the resampling.

    Raises:
        ValueError: for no questions.
    """
    if not len(values):
        raise ValueError("there is no question to take a mean over")
    found = np.asarray(values, float)
    drawn = np.random.default_rng(seed).integers(len(found), size=(RESAMPLES, len(found)))
    low, high = np.quantile(found[drawn].mean(axis=1), (0.025, 0.975))
    return Estimate(float(found.mean()), float(low), float(high), len(found))


def false_sums(text: str) -> list[str]:
    """The sums of a text that are not true, as "7 × 8 = 54" is not."""
    return [f"{terms} = {stated}" for terms, stated, holds in sums(text) if not holds]


def plan_of(text: str) -> tuple[str, ...]:
    """What an answer works out, in its order and whatever its words: the terms of its sums."""
    return tuple(terms for terms, _, _ in sums(text))


def same_plan(one: str, other: str) -> bool:
    """Whether two answers work out the same, in the same order."""
    return plan_of(one) == plan_of(other)


def _put_back(k: int, right: int, drawn: int) -> float:
    p = right / drawn
    return 1 - (1 - p) ** k - k * p * (1 - p) ** (k - 1)


# As beginners write them, and what is wrong: for `check.function`.
TWO_SLIPS = {
    pass_at: "that is at least one: what is the chance of exactly one?",
    _put_back: "an answer that was drawn is not put back: count the choices of k",
    lambda k, right, drawn: 1 - comb(drawn - right, k) / comb(drawn, k) - right / drawn: (
        "exactly one: it can be any of the right ones, with k - 1 wrong ones"
    ),
    lambda k, right, drawn: pass_at(k, right, drawn) ** 2: "the second is drawn from what the first has left",
}
PLAN_SLIPS = {
    lambda one, other: one == other: "other words may say the same sums",
    lambda one, other: set(plan_of(one)) == set(plan_of(other)): "their order counts, and how often each stands there",
    lambda one, other: sorted(plan_of(one)) == sorted(plan_of(other)): "the order counts",
    lambda one, other: [found[1] for found in sums(one)] == [found[1] for found in sums(other)]: (
        "two sums can come to the same number"
    ),
}
