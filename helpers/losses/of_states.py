"""The distance of two models' states, right and as beginners get it: what an exercise of notebook 08 is held to."""

from collections.abc import Sequence
from math import hypot


def masked_cosine(
    student: Sequence[Sequence[float]], teacher: Sequence[Sequence[float]], learnt: Sequence[bool]
) -> float:
    """1 minus the mean cosine between two models' vectors, over the tokens that are learnt.

    Args:
        student: a vector for each token.
        teacher: likewise, of the same width.
        learnt: whether a token counts; at least one does.
    """
    kept = [
        sum(a * b for a, b in zip(ours, theirs, strict=True)) / hypot(*ours) / hypot(*theirs)
        for ours, theirs, counts in zip(student, teacher, learnt, strict=True)
        if counts
    ]
    return 1 - sum(kept) / len(kept)


def _all_tokens(student, teacher, learnt):
    return masked_cosine(student, teacher, [True] * len(learnt))


def _likeness(student, teacher, learnt):
    return 1 - masked_cosine(student, teacher, learnt)


def _by_all(student, teacher, learnt):
    return 1 - _likeness(student, teacher, learnt) * sum(learnt) / len(learnt)


COSINE_SLIPS = {
    _all_tokens: "the question's tokens are in it",
    _likeness: "that grows as they become alike: 1 minus it",
    _by_all: "divide by the learnt tokens, not by all",
}
