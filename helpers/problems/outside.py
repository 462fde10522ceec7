"""Problems a little outside the world: names it does not have, a question in other words, one more step."""

import re
from dataclasses import replace

from helpers.problems.model import Problem
from helpers.problems.words import HE, SHE

NAMES = re.compile(rf"\b({'|'.join(SHE + HE)})\b")
NEW = dict(zip(
    SHE + HE,
    ("Greta", "Yuki", "Fatima", "Olga", "Hana", "Ingrid", "Leila", "Marta", "Nadia", "Chloe", "Tara", "Wanda",
     "Yusuf", "Bjorn", "Diego", "Hans", "Igor", "Jamal", "Karl", "Marco", "Pablo", "Stefan", "Tariq", "Viktor"),
    strict=True,
))  # fmt: skip
# The last sentence of a problem, as the world has it and as it might be said.
WORDINGS = (
    (r"How many (\w+) does (\w+) have now\?", r"What number of \1 is \2's in the end?"),
    (r"How many (\w+) does (\w+) have left\?", r"What number of \1 remains with \2?"),
    (r"How many (\w+) do they have together\?", r"What is their number of \1 in all?"),
    (r"How many (\w+) does each friend get\?", r"What is the share of each friend?"),
    (r"How many pages are left\?", r"What number of pages remains unread?"),
    (r"How many bags are there\?", r"What number of bags does that fill?"),
    (r"How much does (?:she|he) pay\?", r"What is the bill?"),
    (r"How much change does (?:she|he) get\?", r"What is given back?"),
    (r"How much money does (\w+) have left\?", r"What sum remains with \1?"),
)
LAST = re.compile(r"How many (\w+) does (\w+) have (?:now|left)\?$")


def renamed(question: str) -> str:
    """The question with names that the world does not have, each of its own in place of each."""
    return NAMES.sub(lambda name: NEW[name[0]], question)


def reworded(question: str) -> str:
    """The question with its last sentence in other words; as it is where no other words are known for it."""
    for said, instead in WORDINGS:
        question = re.sub(f"{said}$", instead, question)
    return question


def one_more(problem: Problem, gift: int = 5) -> Problem:
    """The problem with one more step before its last sentence, and its new answer; the rest of it is as it was.

    Args:
        problem: That ends by asking how many of something somebody has now or has left.
        gift: How many more there are.

    Raises:
        ValueError: For a problem that ends otherwise.
    """
    found = LAST.search(problem.question)
    if not found:
        raise ValueError(f"{problem.question!r} does not ask at its end how many somebody has now or has left")
    things, name = found.groups()
    question = f"{problem.question[: found.start()]}Then {name} gets {gift} more {things}. {found[0]}"
    return replace(problem, question=question, answer=(problem.answer[0] + gift,))


def _first_places(question: str) -> str:
    for name, new in NEW.items():
        question = question.replace(name, new, 1)
    return question


def _inside_words(question: str) -> str:
    for name, new in NEW.items():
        question = question.replace(name, new)
    return question


# What goes wrong in `renamed`, and what it is.
SLIPS = {
    _first_places: "a name that comes back must be replaced there, too",
    _inside_words: "a name is a whole word: Tom is not the beginning of Tomorrow",
    lambda question: question: "nothing was replaced: a function has to return the new text",
}
