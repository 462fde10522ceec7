"""Small losses on plain lists, right and as beginners get them wrong: for exercises of notebooks 01 and 08."""

from collections.abc import Sequence
from functools import partial
from math import exp, hypot, log


def softened(logits: Sequence[float], temperature: float = 1.0) -> list[float]:
    """The probabilities that logits mean at a temperature."""
    powers = [exp(logit / temperature) for logit in logits]
    return [power / sum(powers) for power in powers]


def runner_up(logits: Sequence[float]) -> int:
    """The class in second place."""
    return sorted(range(len(logits)), key=logits.__getitem__)[-2]


def hinton(
    student: Sequence[float],
    teacher: Sequence[float],
    label: int,
    alpha: float,
    temperature: float,
    power: int = 2,
    hard_temperature: float = 1.0,
) -> float:
    """Hinton's loss of one answer, in nats: α of the hard part and 1 − α of T² times the soft one.

    Args:
        student: the student's logits, one for each class.
        teacher: the teacher's logits, in the same order.
        label: the right class.
        alpha: α, the share of the hard part.
        temperature: T, of the soft part.
        power: what T is raised to; anything but 2 is a slip.
        hard_temperature: of the hard part; anything but 1 is a slip.

    Source:
        Hinton et al. 2015, section 2, with KL in the place of the soft targets' cross-entropy: the same gradient.
    """
    p, q = softened(teacher, temperature), softened(student, temperature)
    soft = sum(a * log(a / b) for a, b in zip(p, q, strict=True))
    hard = -log(softened(student, hard_temperature)[label])
    return alpha * hard + (1 - alpha) * temperature**power * soft


def hint(
    student: Sequence[float], teacher: Sequence[float], rows: Sequence[Sequence[float]], bias: Sequence[float]
) -> float:
    """The hint loss at one place: half the squared distance between the teacher and what the regressor makes.

    Args:
        student: what the student's guided layer holds there.
        teacher: what the teacher's hint layer holds there.
        rows: the regressor's matrix: a row for each number of the teacher, with one weight for each of the student.
        bias: the regressor's bias, one for each row.

    Source:
        Romero et al. 2015, equation 3.
    """
    made = [sum(w * x for w, x in zip(row, student, strict=True)) + b for row, b in zip(rows, bias, strict=True)]
    return sum((u - r) ** 2 for u, r in zip(teacher, made, strict=True)) / 2


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


def _alpha_turned(student, teacher, label, alpha, temperature):
    return hinton(student, teacher, label, 1 - alpha, temperature)


def _label_softened(student, teacher, label, alpha, temperature):
    return hinton(student, teacher, label, alpha, temperature, hard_temperature=temperature)


def _sides_turned(student, teacher, label, alpha, temperature):
    soft = hinton(teacher, student, label, 0.0, temperature)
    return alpha * hinton(student, teacher, label, 1.0, temperature) + (1 - alpha) * soft


def _twice(student, teacher, rows, bias):
    return 2 * hint(student, teacher, rows, bias)


def _without_bias(student, teacher, rows, bias):
    return hint(student, teacher, rows, [0.0] * len(bias))


def _root(student, teacher, rows, bias):
    return _twice(student, teacher, rows, bias) ** 0.5


# The losses as beginners write them, and what is wrong: for `check.function`.
RUNNER_UP_SLIPS = {
    lambda logits: logits.index(max(logits)): "that is the winner itself",
    lambda logits: sorted(logits)[-2]: "that is its logit, not the digit",
    lambda logits: logits.index(min(logits)): "that is the last place",
}
HINTON_SLIPS = {
    partial(hinton, power=0): "T² is missing",
    _label_softened: "the label is compared at temperature 1",
    _alpha_turned: "alpha is the share of the hard part",
    _sides_turned: "the teacher's probabilities are the weights: KL(p ‖ q), not KL(q ‖ p)",
}
HINT_SLIPS = {
    _twice: "half of that",
    _without_bias: "b is missing",
    _root: "squared: there is no root",
}
COSINE_SLIPS = {
    _all_tokens: "the question's tokens are in it",
    _likeness: "that grows as they become alike: 1 minus it",
    _by_all: "divide by the learnt tokens, not by all",
}
