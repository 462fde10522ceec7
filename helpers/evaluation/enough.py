"""What so few questions can prove: how wide a share's interval is, and which differences a paired test can see."""

from dataclasses import dataclass
from itertools import count

from helpers.evaluation.statistics import Estimate, mcnemar, wilson

LEVEL = 0.05


@dataclass(frozen=True)
class Enough:
    """What n questions can prove.

    Attributes:
        n: how many questions.
        half: Wilson's interval where half of the answers are right, the widest; None for no questions.
        all_right: the same where all are right.
        smallest: the smallest difference of two models on these questions that McNemar's exact test can call one at
            5 %, as a part of 1; None where not even the largest is enough.
    """

    n: int
    half: Estimate | None
    all_right: Estimate | None
    smallest: float | None

    def __str__(self) -> str:
        if self.half is None:
            return "there are no questions: nothing can be proved with them"
        told = (
            f"{self.n:,} questions: {self.half.hits:,} of them right means {self.half.low:.0%} to "
            f"{self.half.high:.0%}, all of them right at least {self.all_right.low:.0%}"
        )
        if self.smallest is None:
            return f"{told}; no difference between two models can be proved, not even all right against none"
        need = round(self.smallest * self.n)
        return (
            f"{told}; a difference between two models can be proved from {100 * self.smallest:.3g} points on, where "
            f"one of them is better on {need} questions and the other on none"
        )


def p_of(better: int, worse: int) -> float:
    """McNemar's p for two models, of which one alone is right on `better` questions, the other alone on `worse`."""
    return mcnemar([False] * better + [True] * worse, [True] * better + [False] * worse)


def better_needed(worse: int) -> int:
    """The smallest number of questions on which one model alone is right so that McNemar's test calls it better.

    Args:
        worse: on how many questions the other alone is right.
    """
    return next(better for better in count(worse) if p_of(better, worse) < LEVEL)


def enough(n: int) -> Enough:
    """What n questions can prove, with 95 % intervals and a paired test at 5 %; ValueError for a negative n.

    The smallest difference is that of the luckiest case: where each model is right on some questions that the other
    gets wrong, it takes more.
    """
    if n < 0:
        raise ValueError(f"n is {n}; 0 questions or more")
    least = better_needed(0)
    smallest = least / n if least <= n else None
    return Enough(n, wilson(n // 2, n), wilson(n, n), smallest) if n else Enough(0, None, None, None)
