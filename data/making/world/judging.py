"""Reads a teacher's text: what its first attempt came to, whether its check found a fault, and how it ended."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from data.making.world import wordings as words
from data.making.world.problems import Claim, Problem, Step, true_reason
from helpers.evaluation import is_right, says_impossible
from helpers.evaluation.statistics import Estimate, wilson
from helpers.generation.with_transformers import Answer

RESULT = re.compile(r"= (\d+)")


def openings_of(wordings: Sequence[str]) -> re.Pattern:
    """Any of these wordings, up to what stands in their place; at the beginning of a sentence."""
    starts = sorted({wording.partition("{}")[0].strip() for wording in wordings}, key=len, reverse=True)
    return re.compile(rf"(?:^|(?<=[.?] ))(?:{'|'.join(map(re.escape, starts))})")


WAITS, WRONG = openings_of(words.WAITS), openings_of(words.WRONG)
FITS, FAILS = openings_of(words.FITS), openings_of(words.FAILS)


@dataclass(frozen=True)
class Reading:
    """first: what stands before the check; check: from there to `</think>`, empty where there is no check."""

    first: str
    check: str

    @classmethod
    def of(cls, text: str) -> "Reading":
        thought = text.partition("</think>")[0].strip()
        wait = WAITS.search(thought)
        return cls(thought[: wait.start()], thought[wait.start() :]) if wait else cls(thought, "")

    @property
    def found(self) -> bool:
        """Whether the check says that something is not right."""
        return bool(WRONG.search(self.check))

    @property
    def confirmed(self) -> bool:
        """Whether the check's last word on a step is that it fits."""
        wrong = [match.start() for match in WRONG.finditer(self.check)]
        fits = [match.start() for match in FITS.finditer(self.check)]
        return bool(fits) and fits[-1] > max(wrong, default=-1)

    def is_wrong(self, problem: Problem) -> bool:
        """Whether the first attempt at a solvable problem is wrong: no plan has the results that it came to.

        It is right where it has all results of one of the plans and stops at nothing that does not fit.
        """
        said = {int(result) for result in RESULT.findall(self.first)}
        ways = [{value for item in plan if (value := value_of(item)) is not None} for plan in problem.plans]
        return bool(FAILS.search(self.first)) or not any(way <= said for way in ways)


def value_of(item) -> int | None:
    """What an item of a plan comes to, where it is a sum."""
    return item.found if isinstance(item, Claim) and item.right is not None else getattr(item, "result", None)


def checks(answers: Sequence[Answer], problems: Sequence[Problem]) -> dict[str, Estimate]:
    """Of wrong first attempts at solvable problems, how many the check finds; of wrong final answers, how many it
    confirms; and of right first attempts, how many it takes for wrong.
    """
    finds, confirms, doubts = [], [], []
    for answer, problem in zip(answers, problems, strict=True):
        read = Reading.of(answer.text)
        (finds if read.is_wrong(problem) else doubts).append(read.found)
        if not is_right(answer.whole, problem.answer):
            confirms.append(read.confirmed)
    return {"finds": share(finds), "confirms": share(confirms), "doubts": share(doubts)}


def impossible(answers: Sequence[Answer], problems: Sequence[Problem]) -> dict[str, Estimate]:
    """Of impossible problems, how many are called so, how many with the true reason, and of the caught how many so."""
    caught = [says_impossible(answer.whole) for answer in answers]
    true = [
        found and true_reason(answer.text.rpartition("</think>")[2].strip(), problem)
        for found, answer, problem in zip(caught, answers, problems, strict=True)
    ]
    return {
        "caught": share(caught),
        "caught with the true reason": share(true),
        "true reasons of the caught": share([one for one, found in zip(true, caught, strict=True) if found]),
    }


def alarms(answers: Sequence[Answer]) -> Estimate:
    """Of solvable problems, how many are called impossible."""
    return share([says_impossible(answer.whole) for answer in answers])


def follows(problem: Problem, text: str) -> bool:
    """Whether a text has the results of all steps of the plan that was told, in their order."""
    wanted = [item.result for item in problem.plans[0] if isinstance(item, Step)]
    said = iter(int(result) for result in re.findall(r"(?:=|is) (\d+)", text))
    return all(result in said for result in wanted)


def share(hits: Sequence[bool]) -> Estimate | None:
    """The share of hits with its interval; None where there was nothing to hit."""
    return wilson(sum(hits), len(hits)) if hits else None
