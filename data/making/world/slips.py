"""Slips: one step of a plan taken wrongly, as a small model would, and what follows from it."""

import random
import re
from dataclasses import dataclass, replace

from data.making.world.problems import Claim, Step
from helpers.problems.model import calculate

KINDS = {"sum": 0.4, "number": 0.35, "operation": 0.25}
MOST = 2000
# Numbers that a question may give as words. A slip needs to tell a step's result from what the question gives.
WORDS = {
    "twice": 2, "double": 2, "half": 2, "couple": 2, "pair": 2, "thrice": 3, "triple": 3, "third": 3, "quarter": 4,
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
    "eleven": 11, "twelve": 12, "dozen": 12, "percent": 100, "week": 7, "hour": 60, "minute": 60,
}  # fmt: skip


@dataclass(frozen=True)
class Written:
    """A sum as it is written, rightly or not; slip: which part of it is wrong (left, right, op or result)."""

    step: Step
    left: int
    op: str
    right: int
    result: int
    slip: str | None = None
    why: str = ""

    @property
    def wrong(self) -> bool:
        """Whether it says something else than the step, by its own slip or by one before it."""
        return self.result != self.step.result or (self.left, self.op, self.right) != (
            self.step.left, self.step.op, self.step.right,
        )  # fmt: skip


def given(question: str) -> set[int]:
    """The numbers that a question gives, in digits or in words."""
    words = set(re.findall(r"[a-z]+", question.lower()))
    found = {number for word, number in WORDS.items() if words & {word, word + "s"}}
    return found | {int(number.replace(",", "")) for number in re.findall(r"\d+(?:,\d{3})*", question)}


def tried(left: int, op: str, right: int) -> int | None:
    """The result of a sum; None where it is none that this world has."""
    if (op == "÷" and right == 0) or (op == "-" and right > left):
        return None
    try:
        result = calculate(left, op, right)
    except ValueError:
        return None
    return result if 0 < result <= MOST else None


def rightly(step: Step) -> Written:
    return Written(step, step.left, step.op, step.right, step.result)


def slipped(step: Step, question: str, known: list[int], rng: random.Random) -> Written | None:
    """The step with a slip of some kind; known: results found before it. None where this try makes no slip."""
    (kind,) = rng.choices(list(KINDS), weights=list(KINDS.values()))
    left, op, right, result = step.left, step.op, step.right, step.result
    if kind == "sum":
        digits = str(result)
        wrong = [result - 1, result + 1, result - 10, result + 10, result + 2, int(digits[::-1])]
        wrong = rng.choice([value for value in wrong if 0 < value != result])
        return Written(step, left, op, right, wrong, "result", f"{left} {op} {right} is {result}, not {wrong}")
    if kind == "operation":
        other = rng.choice([sign for sign in "+-×÷" if sign != op])
        found = tried(left, other, right)
        made = found and Written(
            step, left, other, right, found, "op", f"it is {left} {op} {right}, not {left} {other} {right}"
        )
    else:
        side = rng.choice(("left", "right"))
        right_one = getattr(step, side)
        numbers = sorted({int(n) for n in re.findall(r"\d+", question)} | set(known) - {right_one})
        wrong = rng.choice([number for number in numbers if number != right_one] or [0])
        terms = {"left": left, "right": right} | {side: wrong}
        found = tried(terms["left"], op, terms["right"]) if wrong else None
        made = found and Written(
            step, terms["left"], op, terms["right"], found, side, f"the number is {right_one}, not {wrong}"
        )
    return made if made and made.result != result else None


def carried(items: tuple, place: int, start: Written, question: str) -> list | None:
    """What would be written from `place` on: the slip, and steps and claims with the numbers that follow from it.

    None where it cannot be told what follows, or where what follows is no sum of this world.
    """
    told = given(question)
    results = [item.result for item in items if isinstance(item, Step)]
    changed: dict[int, int] = {}
    written: list = []
    for number, item in enumerate(items[place:]):
        if not isinstance(item, Step | Claim):
            written.append(item)
            continue
        left, right = changed.get(item.left, item.left), changed.get(item.right, item.right)
        if isinstance(item, Claim):
            stated = changed.get(item.stated, item.stated)
            label = item.label
            for old, new in changed.items():
                label = re.sub(rf"\b{old}\b", str(new), label)
            # A share is tested by its nearest whole part, which is another one for another number: no such slip.
            if right is not None and (stated != item.stated or tried(left, item.op, right) is None):
                return None
            written.append(replace(item, label=label, left=left, right=right, stated=stated))
            continue
        if number == 0:
            one = start
        else:
            result = tried(left, item.op, right)
            if result is None:
                return None
            one = Written(item, left, item.op, right, result)
        if one.result != item.result:
            if item.result in told or results.count(item.result) > 1:
                return None
            changed[item.result] = one.result
        written.append(one)
    return written


def with_slip(items: tuple, question: str, rng: random.Random, tries: int = 12) -> list:
    """A plan as it is written with one slip in it; without any where the plan gives room for none."""
    places = [place for place, item in enumerate(items) if isinstance(item, Step)]
    for _ in range(tries if places else 0):
        place = rng.choice(places)
        before = [rightly(item) if isinstance(item, Step) else item for item in items[:place]]
        known = [one.result for one in before if isinstance(one, Written)]
        start = slipped(items[place], question, known, rng)
        after = start and carried(items, place, start, question)
        if after:
            return before + after
    return [rightly(item) if isinstance(item, Step) else item for item in items]
