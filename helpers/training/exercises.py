"""When a board stops a training, right and as beginners get it: an exercise of notebook 10."""

from collections.abc import Sequence

from helpers.training.board import WINDOW, Rule


def stops_at(values: Sequence[float], share: float) -> int | None:
    """The first step, counted from 1, at which the board stops: its mean over the last WINDOW steps is below a share.

    Args:
        values: a measure of each step, such as the entropy.
        share: of its mean over the first WINDOW steps.
    """
    rule = Rule("entropy", below=share, of_start=True)
    return next((step for step in range(1, len(values) + 1) if rule.tripped(values[:step])), None)


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _single(values, share):
    start = _mean(values[:WINDOW])
    return next((step for step in range(WINDOW, len(values) + 1) if values[step - 1] < share * start), None)


def _absolute(values, share):
    steps = range(WINDOW, len(values) + 1)
    return next((step for step in steps if _mean(values[step - WINDOW : step]) < share), None)


def _from_first(values, share):
    steps = range(WINDOW, len(values) + 1)
    return next((step for step in steps if _mean(values[step - WINDOW : step]) < share * values[0]), None)


def _from_zero(values, share):
    found = stops_at(values, share)
    return None if found is None else found - 1


# As beginners write it, and what is wrong: for `check.function`.
STOPS_SLIPS = {
    _single: "a single step trips it: take the mean of the last five",
    _absolute: "the share is of the mean over the first five steps",
    _from_first: "the start is five steps, not the first alone",
    _from_zero: "steps are counted from 1",
}
