"""The reverse divergence from tokens that were drawn, right and as beginners get it: an exercise of notebook 10."""

from collections.abc import Sequence
from math import log

from helpers.losses.on_lists import divergence


def sampled(p: Sequence[float], q: Sequence[float], drawn: Sequence[int]) -> float:
    """KL(q ‖ p) estimated from tokens drawn from q: the mean of log q(token) - log p(token), in nats.

    Args:
        p: the teacher's probabilities at a place.
        q: the student's.
        drawn: tokens that the student drew there; at least one.

    Source:
        Schulman 2020, "Approximating KL Divergence" (joschu.net/blog/kl-approx.html), k1: unbiased, and noisy.
    """
    return sum(log(q[i]) - log(p[i]) for i in drawn) / len(drawn)


# As beginners write it, and what is wrong: for `check.function`.
SAMPLED_SLIPS = {
    lambda p, q, drawn: -sampled(p, q, drawn): "the other way round: how much likelier does the *student* find it?",
    lambda p, q, drawn: sampled(p, q, drawn) * len(drawn): "the mean, not the sum",
    lambda p, q, drawn: sum(q[i] * log(q[i] / p[i]) for i in drawn) / len(drawn): (
        "weighed twice: likely tokens are drawn more often already"
    ),
    lambda p, q, drawn: divergence(q, p): "that is the divergence itself, from all tokens: use the drawn ones alone",
    lambda p, q, drawn: divergence(p, q): "that is the forward divergence, from all tokens",
}
