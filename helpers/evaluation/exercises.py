"""What few questions prove, and a judge of times, right and as beginners get them: the exercises of notebook 16."""

import re
from itertools import count

from helpers.evaluation.enough import LEVEL, better_needed, p_of

TIME = re.compile(r"(?<![\d:])(\d{1,2}):(\d{2})(?!\d)(?: ?([ap])m\b)?")


def same_time(answer: str, gold: str) -> bool:
    """Whether the last time in an answer is the gold one.

    Args:
        answer: with times as 14:30 or 2:30 pm; without am or pm the day has 24 hours.
        gold: as 14:30.
    """
    found = TIME.findall(answer)
    return bool(found) and _of_the_day(*found[-1]) == gold


def _of_the_day(hour: str, minute: str, half: str) -> str:
    hours = int(hour) % 12 + 12 * (half == "p") if half else int(hour)
    return f"{hours:02}:{minute}"


def _one_direction(worse: int) -> int:
    return next(better for better in count(worse) if p_of(better, worse) / 2 < LEVEL)


def _noon_as_midnight(answer: str, gold: str) -> bool:
    found = TIME.findall(answer)
    if not found:
        return False
    hour, minute, half = found[-1]
    return f"{int(hour) + 12 * (half == 'p'):02}:{minute}" == gold


def _first(answer: str, gold: str) -> bool:
    found = TIME.findall(answer)
    return bool(found) and _of_the_day(*found[0]) == gold


def _half_unread(answer: str, gold: str) -> bool:
    found = TIME.findall(answer)
    return bool(found) and _of_the_day(*found[-1][:2], "") == gold


# As beginners write them, and what is wrong: for `check.function`.
BETTER_SLIPS = {
    lambda worse: 6: "a question on which it is worse speaks against it: it takes more of the others then",
    lambda worse: 6 + worse: "six more is not enough: with more coins the same lead is less of a surprise",
    lambda worse: 6 + 2 * worse: "that holds for the first few; let the test itself say it",
    _one_direction: "one direction only: either model could have been the better one",
    lambda worse: better_needed(worse) + 1: "one too many: one less is already enough",
    lambda worse: better_needed(worse) - 1: "one too few: there p is not below 0.05 yet",
}
TIME_SLIPS = {
    lambda answer, gold: gold in answer: "2:30 pm is 14:30, and what stands last counts",
    _noon_as_midnight: "12:05 am is 00:05, and 12:05 pm is 12:05",
    _first: "the last time in the answer counts",
    _half_unread: "pm is twelve hours later",
}
