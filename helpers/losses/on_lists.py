"""Small losses on plain lists, right and as beginners get them wrong: what exercises of 01 and 05 are held to."""

import random
from collections.abc import Sequence
from functools import partial
from math import exp, log


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
        Hinton et al. 2015, section 2. KL in the place of the soft targets' cross-entropy has the same gradient.
    """
    p, q = softened(teacher, temperature), softened(student, temperature)
    soft = -sum(a * log(b) for a, b in zip(p, q, strict=True))
    hard = -log(softened(student, hard_temperature)[label])
    return alpha * hard + (1 - alpha) * temperature**power * soft


def divergence(p: Sequence[float], q: Sequence[float]) -> float:
    """KL(p ‖ q) in nats. p, q: probabilities of the same classes, none of them 0."""
    return sum(a * log(a / b) for a, b in zip(p, q, strict=True))


def mean_divergence(p: Sequence[Sequence[float]], q: Sequence[Sequence[float]], learnt: Sequence[bool]) -> float:
    """The mean of KL(p ‖ q) over the learnt tokens of a text, in nats.

    Args:
        p: the teacher's distribution at each token.
        q: the student's.
        learnt: of each token, whether it is in the loss.
    """
    each = [divergence(a, b) for a, b, kept in zip(p, q, learnt, strict=True) if kept]
    return sum(each) / len(each)


def slopes(p: Sequence[float], logits: Sequence[float], label: int, alpha: float) -> list[float]:
    """How the loss at one token changes with each of the student's logits, at T = 1.

    The loss is α of −log q(label) and 1 − α of KL(p ‖ q), where q are the student's probabilities. Its gradient is that
    of a single loss whose target is the mixture of both targets.

    Args:
        p: the teacher's probabilities.
        logits: the student's.
        label: the token that the text has there.
        alpha: α, the share of the hard part.
    """
    target = [(1 - alpha) * share for share in p]
    target[label] += alpha
    return [said - wanted for said, wanted in zip(softened(logits), target, strict=True)]


def some_texts(count: int) -> list[tuple]:
    """Random cases of `mean_divergence`: of other lengths, vocabularies, distributions and masks each."""
    found = []
    for _ in range(count):
        length, classes = random.randint(4, 7), random.randint(3, 5)
        p, q = ([softened(_some(classes)) for _ in range(length)] for _ in range(2))
        marks = [True, True, False, *(random.random() < 0.5 for _ in range(length - 3))]
        found.append((p, q, random.sample(marks, length)))
    return found


def some_tokens(count: int) -> list[tuple]:
    """Random cases of `slopes`."""
    sizes = [random.randint(3, 5) for _ in range(count)]
    return [(softened(_some(n)), _some(n), random.randrange(n), random.uniform(0.1, 0.4)) for n in sizes]


def _some(count: int) -> list[float]:
    return [random.uniform(-2, 2) for _ in range(count)]


def _alpha_turned(student, teacher, label, alpha, temperature):
    return hinton(student, teacher, label, 1 - alpha, temperature)


def _label_softened(student, teacher, label, alpha, temperature):
    return hinton(student, teacher, label, alpha, temperature, hard_temperature=temperature)


def _divergence(student, teacher, label, alpha, temperature):
    soft = divergence(softened(teacher, temperature), softened(student, temperature))
    return alpha * hinton(student, teacher, label, 1.0, temperature) + (1 - alpha) * temperature**2 * soft


def _sides_turned(student, teacher, label, alpha, temperature):
    soft = hinton(teacher, student, label, 0.0, temperature)
    return alpha * hinton(student, teacher, label, 1.0, temperature) + (1 - alpha) * soft


def _label_left_out(p, logits, label, alpha):
    return [said - (1 - alpha) * share for said, share in zip(softened(logits), p, strict=True)]


def _raw(p, logits, label, alpha):
    right = slopes(p, logits, label, alpha)
    return [slope - said + logit for slope, said, logit in zip(right, softened(logits), logits, strict=True)]


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
    _sides_turned: "the teacher's probabilities are the weights, the student's are in the logarithm",
    _divergence: "that is KL: the cross-entropy has no p in the logarithm",
}
MEAN_SLIPS = {
    lambda p, q, learnt: mean_divergence(q, p, learnt): "that is KL(q ‖ p)",
    lambda p, q, learnt: mean_divergence(p, q, learnt) * sum(learnt) / len(learnt):
        "divide by the learnt tokens, not by all",
    lambda p, q, learnt: mean_divergence(p, q, [True] * len(learnt)): "only the learnt tokens are in the loss",
    lambda p, q, learnt: mean_divergence(p, q, learnt) / len(p[0]): "the vocabulary is summed over, not averaged",
    lambda p, q, learnt: mean_divergence(p, q, learnt) * sum(learnt): "that is the sum over the tokens, not the mean",
}
SLOPE_SLIPS = {
    lambda *case: [-slope for slope in slopes(*case)]: "the other way round: downhill would be uphill",
    lambda p, logits, label, alpha: slopes(p, logits, label, 1 - alpha): "alpha is the share of the hard part",
    lambda p, logits, label, alpha: slopes(p, logits, label, 0.0): "that is the soft part alone",
    lambda p, logits, label, alpha: slopes(p, logits, label, 1.0): "that is the hard part alone",
    _label_left_out: "the label's own part is missing",
    _raw: "z are logits: make probabilities of them first",
}
