"""A chunk's divergence from logarithms, right and as beginners get it: what an exercise of notebook 07 is held to."""

from collections.abc import Sequence
from math import exp, log, log1p


def chunk_kl(log_p: Sequence[float], log_q: Sequence[float]) -> float:
    """How far the student is from the teacher at a chunk, in nats: "this chunk" against "anything else".

    Args:
        log_p: the logarithms of the teacher's probabilities of its tokens of the chunk, which are not all certain.
        log_q: of the student's, likewise.
    """
    a, b = sum(log_p), sum(log_q)
    return exp(a) * (a - b) + (1 - exp(a)) * (log1p(-exp(a)) - log1p(-exp(b)))


def _this_alone(log_p, log_q):
    return exp(sum(log_p)) * (sum(log_p) - sum(log_q))


def _turned(log_p, log_q):
    return chunk_kl(log_q, log_p)


def _by_mean(log_p, log_q):
    return chunk_kl(*([sum(each) / len(each)] for each in (log_p, log_q)))


def _clamped(log_p, log_q):
    return chunk_kl(log_p, [max(sum(log_q), log(1e-6))])


# As beginners write it, and what is wrong: for `check.function`.
CHUNK_SLIPS = {
    _this_alone: "'anything else' has a part in it too",
    _turned: "that is KL(q ‖ p)",
    _by_mean: "the chain rule multiplies, so the logarithms are added; it takes no mean",
    _clamped: "the student's probability is rounded up: take its logarithm as it is",
}
