"""Several traces of one question: how far they agree, where nobody knows what is right."""

from collections.abc import Iterable
from dataclasses import dataclass

from helpers.evaluation import kinds
from helpers.traces.store import ANSWER


@dataclass(frozen=True)
class Agreed:
    """What the samples of a question say.

    Attributes:
        question: what was asked.
        gold: what more than half of them answer, as a gold answer; () where they do not agree.
        share: of them that give the most frequent answer.
        samples: how many there are; one that was cut off gives no answer.
    """

    question: str
    gold: tuple[str, ...]
    share: float
    samples: int


def agreement(rows: Iterable[dict]) -> list[Agreed]:
    """How far the samples of each question agree, in the order of the questions; `kinds.agreed` says what it is worth.

    Args:
        rows: as `collect` gives them.
    """
    texts: dict[str, list[str]] = {}
    for row in rows:
        texts.setdefault(row["question"], []).append(row[ANSWER] if row["ended"] else "")
    found = []
    for question, each in texts.items():
        answer, share = kinds.agreed(each)
        found.append(Agreed(question, () if answer is None else (answer,), share, len(each)))
    return found
