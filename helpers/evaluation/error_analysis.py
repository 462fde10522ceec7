"""Why an answer is wrong: the first line of its working that is wrong on the face of it."""

import math
import re
from typing import TYPE_CHECKING

from helpers.evaluation import kinds, reading, scoring
from helpers.evaluation.numerals import NUMBER
from helpers.problems import Problem
from helpers.questions import Question

if TYPE_CHECKING:
    from helpers.generation.with_transformers import Answer

REASONS = (
    "cut off", "no working", "a number from nowhere", "a calculation that is not true", "a comparison that is not true",
    "called impossible", "the answer is not what was worked out", "true calculations, but not the ones needed",
)  # fmt: skip
CUT_OFF, NO_WORKING, NOWHERE, FALSE_SUM, FALSE_COMPARISON, ALARM, LAST_STEP, OTHER_SUMS = REASONS

_N = r"\d+(?:\.\d+)?"
# 3 × 24 = 72; not inside a longer sum, and not behind a bracket.
SUM = re.compile(rf"(?<![\w.)^+*/×÷-])(?<![)^+*/×÷-] )({_N}(?: ?[-+*/×÷] ?{_N})+) ?= ?({_N})")
COMPARED = re.compile(rf"\b({_N}) is (more|fewer|less|greater) than ({_N})")
# Numbers that a question says in words; a single one needs no source ("6 parts and 1 more").
IN_WORDS = {
    "half": 2, "twice": 2, "double": 2, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8,
    "nine": 9, "ten": 10, "eleven": 11, "twelve": 12, "dozen": 12,
}  # fmt: skip


def reason(problem: Problem | Question, answer: "Answer") -> str | None:
    """Why an answer to a problem that has one is wrong: one of REASONS, or None if it is right.

    The working is read from its beginning: each sum `3 × 24 = 72` is worked out again, its terms are looked for in
    the question and among the results before, each `34 is fewer than 31` is tested, and the first line that fails is
    the reason. Where all hold, the answer itself is looked at. Exact for the mini tier's wording; on free text a
    first sorting, since a term may come from common knowledge (7 days a week) and a sum may have another form.

    Raises:
        ValueError: for a problem whose answer is no number.
    """
    kind = kinds.of_problem(problem).name
    if kind != "number":
        raise ValueError(f"reasons are read from sums, and this problem asks for {kind}: read the answers")
    if scoring.right([answer], [problem])[0]:
        return None
    text = _plain(answer.whole)
    sums, failed = list(SUM.finditer(text)), _first_failure(_plain(problem.question), text)
    if failed:
        return failed
    if not answer.ended:
        return CUT_OFF
    if reading.says_impossible(answer.whole):
        return ALARM
    if not sums:
        return NO_WORKING
    results = [float(found[2]) for found in sums]
    given = reading.read_answer(answer.whole, len(problem.answer))
    # It had the gold numbers and said others, or said what none of its sums gives.
    if set(problem.answer) <= set(results) or not given or not set(given) <= set(results):
        return LAST_STEP
    return OTHER_SUMS


def sums(text: str) -> list[tuple[str, str, bool]]:
    """The sums of a text in their order: the terms without blanks, what is stated, and whether that is true."""
    found = SUM.finditer(_plain(text))
    return [(one[1].replace(" ", ""), one[2], _holds(one[1], one[2])) for one in found]


def _first_failure(question: str, text: str) -> str | None:
    known = {1.0, *_numbers(question), *(n for word, n in IN_WORDS.items() if re.search(rf"(?i)\b{word}\b", question))}
    for found in sorted([*SUM.finditer(text), *COMPARED.finditer(text)], key=re.Match.start):
        if found.re is COMPARED:
            left, right = float(found[1]), float(found[3])
            if not (left > right if found[2] in ("more", "greater") else left < right):
                return FALSE_COMPARISON
            continue
        if not _numbers(found[1]) <= known:
            return NOWHERE
        if not _holds(found[1], found[2]):
            return FALSE_SUM
        known.add(float(found[2]))
    return None


def _plain(text: str) -> str:
    """The text without what dresses numbers up, and with one sign for each sum."""
    for old, new in (("\\times", "×"), ("\\div", "÷"), ("−", "-"), ("\\$", ""), ("$", ""), ("**", "")):
        text = text.replace(old, new)
    return re.sub(r"(?<=\d),(?=\d{3}\b)", "", text)


def _numbers(text: str) -> set[float]:
    return {abs(float(found.group().replace(",", ""))) for found in NUMBER.finditer(text)}


def _holds(terms: str, stated: str) -> bool:
    """Whether `terms` come to what is stated, as exactly as it is stated: 10 ÷ 3 = 3.33 holds."""
    decimals = len(stated.partition(".")[2])
    return math.isclose(_worth(terms), float(stated), abs_tol=0.5 * 10**-decimals if decimals else 1e-6)


def _worth(terms: str) -> float:
    """What a chain of sums comes to, × and ÷ before + and -; nan where something is divided by 0."""
    first, *rest = re.findall(rf"{_N}|[-+*/×÷]", terms)
    parts = [float(first)]
    for sign, number in zip(rest[::2], map(float, rest[1::2]), strict=True):
        if sign in "+-":
            parts.append(number if sign == "+" else -number)
        elif sign in "*×":
            parts[-1] *= number
        else:
            parts[-1] = parts[-1] / number if number else math.nan
    return sum(parts)
