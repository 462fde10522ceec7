"""From a file or rows to questions: what cannot be read is named, with its place and its mend."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from helpers.questions import gold


@dataclass(frozen=True)
class Question:
    """What the other helpers need of a problem, where all that is known is the question and its gold answer.

    answer: the numbers asked for, in their order; () for an impossible problem. Of another kind: texts, as `gold.read`
    gives them. answer_kind: how it is answered (`tiers.kinds`).
    """

    question: str
    answer: tuple[int | float, ...] | tuple[str, ...]
    family: str = "gsm8k"
    answer_kind: str = "number"

    @property
    def impossible(self) -> bool:
        """Whether no number answers it."""
        return self.answer_kind == "number" and not self.answer


def text_of(path: Path) -> str:
    """A file's text, in UTF-8 with or without a byte order mark. Whatever ends its lines, they end in "\\n".

    Raises:
        ValueError: naming file and mend, for another encoding.
    """
    content = path.read_bytes()
    if content.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in content[:2]:
        raise ValueError(f"{path} is written in UTF-16, and UTF-8 is needed: save it in UTF-8")
    try:
        return content.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise ValueError(f"{path}, line {line}: this is not UTF-8 ({error.reason}): save the file in UTF-8") from error


def read(rows: Iterable[str | dict], where: str, unit: str) -> list[Question]:
    """Questions from rows, or from lines of JSON.

    Args:
        rows: each with "question" and "answer".
        where: their file, for messages.
        unit: what one of them is called there, such as "line".

    Raises:
        ValueError: that says which one cannot be read.
    """
    found = []
    for number, row in enumerate(rows, 1):
        place = f"{where}, {unit} {number}"
        try:
            row = json.loads(row) if isinstance(row, str) else row
            question, answer = row["question"], row["answer"]
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f'{place}: not an object with "question" and "answer"; mend or remove it') from error
        text = checked(question, place)
        try:
            number = gold.behind_the_mark(str(answer), unit)
        except ValueError as error:
            raise ValueError(f"{place}: {error}") from None
        found.append(Question(text, (number,)))
    return found


def checked(question: object, place: str) -> str:
    """A question that can be put to a model.

    Raises:
        ValueError: naming its place, for one that is no text.
    """
    if not isinstance(question, str) or not question.strip():
        raise ValueError(f"{place}: the question is {question!r}, and a text is needed; mend or remove it")
    broken = re.search("[\ud800-\udfff]", question)
    if broken:
        raise ValueError(f"{place}: the question has {broken[0]!r}, half a character; mend or remove it")
    return question
