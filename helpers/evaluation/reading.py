"""Reads a response: its final answer, its numbers, whether they are right, whether it calls the problem impossible."""

import math
import re

from helpers.evaluation import conclusions, phrases
from helpers.evaluation.numerals import NUMBER, plain, value

# "The answer is 18", "Answer: $18", "#### 18"; not "Answer: each of 5 friends gets 18", nor "no answer: 5 times 3 is
# 15", nor the headings "#### Step 2" and "#### 2. The total". It ends where the number begins.
NAMED = re.compile(
    r"(?:\b(?<!no )answer\b[\s_]*(?:is|:|=)(?:\s+(?:about|approximately|exactly|simply|then|thus))*"
    r"|####(?!\s*\d+[.)]\s+[A-Z*\\]))"
    r"(?:\s*[a-z][a-z ]{0,30}=)?[\s:_$€£\\(]*(?=-?(?:\.?\d|\\[dt]?frac))",
    re.IGNORECASE,
)
BOX = re.compile(r"\\boxed\s*\{")
# A base model goes on: "#### 62", and then the next question of its own.
NEXT_QUESTION = re.compile(r"\n[\s#*]*(?:Question|Q|Problem|Exercise|Human|User|Instruction)\b[\s\d*]*:")


def final_answer(text: str) -> str:
    """What stands after the reasoning: all of it where there is none, nothing where the reasoning never ended."""
    tail = text.rpartition("</think>")[2]
    return "" if "<think>" in tail else tail.strip()


def read_answer(text: str, count: int | None = None) -> tuple[int | float, ...]:
    """The numbers with which a response concludes, in their order; () if it has none.

    A boxed or named answer ("#### 18", "the answer is 18") goes before the last sentence. A single number may
    be a formula, which math-verify reads. "2.5 million" is 2500000. Works in threads.

    Args:
        text: the response.
        count: how many numbers the question asks for; None for all numbers of the last statement that has any.
    """
    return _read(plain(final_answer(text)), count)


def is_right(text: str, gold: tuple | list | int | float | str) -> bool:
    """Whether a response ends in the gold answer: all its numbers, in their order.

    Where there is an answer, it is wrong to say that there is none. "4 million" is right by 4000000 and by 4: GSM8K's
    gold counts now in ones, now in millions.

    Args:
        text: the response.
        gold: the numbers, or a single one, or a string such as GSM8K's "1,234"; () for an impossible problem, to
            which the right answer is to say so.
    """
    gold = gold if isinstance(gold, tuple | list) else (gold,)
    impossible = says_impossible(text)
    if impossible or not gold:
        return impossible and not gold
    wanted = [float(str(number).replace(",", "")) for number in gold]
    answer = final_answer(text)
    readings = dict.fromkeys((plain(answer), plain(answer, scaled=False)))
    return any(_same(_read(reading, len(wanted)), wanted) for reading in readings)


def says_impossible(text: str) -> bool:
    """Whether a response says that the problem has no answer, and does not give one all the same.

    A question ("is there a mistake in the problem?"), a negation ("that is not impossible"), a doubt that ends in
    a boxed or named answer or in "so ... 18", and what is impossible within the story ("to buy half a ticket")
    do not count.
    """
    _, said, given = undecided(text)
    return bool(phrases.calls_impossible(said, given))


def undecided(text: str) -> tuple[str, list[str], bool]:
    """What a final answer says at its end, in small letters.

    Returns:
        (before, said, given). said: its sentences from the last boxed or named answer on; before: what stands before
        them; given: whether there is such an answer. Where there is none, all of it is said.
    """
    answer = _own(plain(final_answer(text))).lower().replace("’", "'")
    given = [match.start() for match in re.finditer(r"\\boxed\s*\{[^}]{0,200}\d", answer)]
    given += [match.start() for match in NAMED.finditer(answer)]
    start = max(given, default=0)
    return answer[:start], sentences(answer[start:]), bool(given)


def sentences(text: str) -> list[str]:
    """The sentences of a text; a line ends one too."""
    return [part.strip() for part in re.split(r"(?<=[.!?])\s+|\n+", text) if part.strip()]


def _read(answer: str, count: int | None) -> tuple[int | float, ...]:
    answer = _own(answer)
    if count == 1:
        number = _single(answer)
        return () if number is None else (number,)
    numbers = tuple(map(value, NUMBER.findall(_statement(answer, count or 1))))
    if count is None:
        return numbers
    return numbers[-count:] if len(numbers) >= count else ()


def _own(answer: str) -> str:
    """The answer up to where the model asks itself the next question."""
    given = NAMED.search(answer) or BOX.search(answer)
    following = NEXT_QUESTION.search(answer, given.end()) if given else None
    return answer[: following.start()] if following else answer


def _boxes(answer: str) -> list[str]:
    """What is in the last boxes; a student that loops writes thousands."""
    return [_braced(answer[match.end() :]) for match in list(BOX.finditer(answer))[-8:]]


def _braced(text: str) -> str:
    """The text up to the brace that closes the one before it."""
    depth = 1
    for i, letter in enumerate(text):
        depth += (letter == "{") - (letter == "}")
        if depth == 0:
            return text[:i]
    return text


def _statement(answer: str, count: int) -> str:
    """The part of an answer that concludes it, with `count` numbers if the answer has as many."""
    boxes, named = _boxes(answer), list(NAMED.finditer(answer))
    if boxes:
        return boxes[-1] if count == 1 else ", ".join(boxes)
    said = sentences(answer[named[-1].end() :])[0] if named else ""
    if len(NUMBER.findall(said)) >= count:
        return said
    statement, found = [], 0
    for sentence in reversed(sentences(answer)):
        statement.insert(0, sentence)
        found += len(NUMBER.findall(sentence))
        if found >= count:
            return " ".join(statement)
    return ""


def _single(answer: str) -> int | float | None:
    """The one number that an answer gives."""
    boxes, named = _boxes(answer), list(NAMED.finditer(answer))
    if boxes:
        plainly = NUMBER.fullmatch(boxes[-1].strip(" $€£"))
        return value(plainly.group()) if plainly else conclusions.concluded(f"\\boxed{{{boxes[-1]}}}")
    if named:
        said, result = sentences(answer[named[-1].end() :])[0], None
        # A whole sentence may stand there: "Answer: 40 dwarves mine 43,200 pounds".
        if re.match(r"(?i)answer[\s_]*:", named[-1].group()):
            result = conclusions.repeated(said, [answer[: named[-1].start()]])
        return conclusions.named(said) if result is None else result
    return conclusions.last(sentences(answer))


def _same(found: tuple, wanted: list[float]) -> bool:
    pairs = zip(found, wanted, strict=False)
    return len(found) == len(wanted) and all(math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-6) for a, b in pairs)
