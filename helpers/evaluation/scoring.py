"""Scores answers: shares with intervals, by family, and on impossible twins."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from helpers.evaluation import kinds
from helpers.evaluation.reading import says_impossible
from helpers.evaluation.statistics import Estimate, wilson

if TYPE_CHECKING:
    from helpers.generation.with_transformers import Answer


@dataclass(frozen=True)
class TwinScore:
    """How a model did on pairs of a solvable problem and its impossible twin.

    Attributes:
        detected: the share of impossible ones that it called impossible.
        false_alarms: the share of solvable ones that it called impossible.
        missed: the indices of the pairs whose impossible twin it did not detect.
    """

    detected: Estimate
    false_alarms: Estimate
    missed: tuple[int, ...]


def right(answers: "Sequence[Answer]", problems: Sequence) -> list[bool]:
    """[problems], whether each answer is right by its problem's kind; an impossible one asks for saying so."""
    return [kinds.right(answer.whole, problem) for answer, problem in zip(answers, problems, strict=True)]


def accuracy(answers: "Sequence[Answer]", problems: Sequence) -> Estimate:
    """The share of right answers, with Wilson's 95 % interval.

    Raises:
        ValueError: if there are none to score.
    """
    hits = right(answers, problems)
    return wilson(sum(hits), len(hits))


def by_family(answers: "Sequence[Answer]", problems: Sequence) -> dict[str, Estimate]:
    """The accuracy within each family of problems, families in the order in which they first occur."""
    hits: dict[str, list[bool]] = {}
    for hit, problem in zip(right(answers, problems), problems, strict=True):
        hits.setdefault(problem.family, []).append(hit)
    return {family: wilson(sum(found), len(found)) for family, found in hits.items()}


def score_twins(
    pairs: Sequence[tuple],
    solvable_answers: "Sequence[Answer]",
    impossible_answers: "Sequence[Answer]",
    noticed: Callable[[str], bool] = says_impossible,
) -> TwinScore:
    """Whether a model tells impossible problems from their solvable twins.

    Args:
        pairs: (solvable, impossible) problems.
        solvable_answers: to the first of each pair, in their order.
        impossible_answers: to the second of each.
        noticed: whether a response says that its problem has no answer.

    Raises:
        ValueError: if the three are not of one length, or a pair is not what it should be.
    """
    for solvable, impossible in pairs:
        if solvable.impossible or not impossible.impossible:
            raise ValueError(f"a pair is a solvable problem and an impossible one, not {(solvable, impossible)}")
    alarms = [noticed(answer.whole) for _, answer in zip(pairs, solvable_answers, strict=True)]
    caught = [noticed(answer.whole) for _, answer in zip(pairs, impossible_answers, strict=True)]
    missed = tuple(i for i, found in enumerate(caught) if not found)
    return TwinScore(wilson(sum(caught), len(caught)), wilson(sum(alarms), len(alarms)), missed)
