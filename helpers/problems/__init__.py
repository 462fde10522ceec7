"""A small world of word problems: seeded, with gold answers and impossible twins.

`draw` and `draw_twins` give problems, `SEED_QUESTIONS` the three that every notebook asks
and that no split contains.
"""

import hashlib
import random
from collections.abc import Iterable

from helpers.problems import longer, plain, twins
from helpers.problems.family import Family
from helpers.problems.model import Claim, Problem, Step, calculate

__all__ = [
    "FAMILIES", "GROUPS", "SEED_QUESTIONS", "SPLITS", "TWINS", "Claim", "Problem", "Step", "calculate", "draw",
    "draw_twins", "known_split", "split_of",
]  # fmt: skip

PLAIN = {family.name: family for family in (*plain.FAMILIES, *longer.FAMILIES)}
TWINS = {family.name: family for family in twins.FAMILIES}
FAMILIES = (*PLAIN, *TWINS)
# The families by what they ask: one sum or two; two to four; and a fact to test, which may contradict the others.
GROUPS = {
    name: tuple(family.name for family in room.FAMILIES)
    for name, room in (("plain", plain), ("longer", longer), ("twins", twins))
}
SPLITS = ("train", "validation", "test")

# Asked word for word by the notebooks, so held out of everything.
SEED_QUESTIONS = {
    "crayons": (
        "Sarah has 3 boxes of crayons. Each box has 24 crayons. She gives 10 crayons to her friend. "
        "How many crayons does Sarah have left?",
        (62,),
    ),
    "smoothies": (
        "At a local café, a small smoothie costs $4. A group of friends buys 7 small smoothies. "
        "How much do they spend in total, and what is the average cost per smoothie?",
        (28, 4),
    ),
    "buses": (
        "In the town of Maple Junction, three bus routes connect the school, the library, and the train station.\n\n"
        "* The number of passengers on the school bus was twice the number on the library bus.\n"
        "* The number of passengers on the train station bus was 15 more than the number on the library bus.\n"
        "* The total number of passengers on all three buses was exactly 100.\n"
        "* Together, the school bus and the train station bus carried exactly 70 passengers.\n"
        "* More passengers rode the library bus than the school bus.\n\n"
        "Question: How many passengers rode each bus?",
        (),
    ),
}
_HELD_OUT = {question for question, _ in SEED_QUESTIONS.values()}


def split_of(question: str) -> str | None:
    """The one split that a question belongs to: eight in ten train, one validation, one test; None for the seed's."""
    if question in _HELD_OUT:
        return None
    bucket = hashlib.sha256(question.encode()).digest()[0] % 10
    return "test" if bucket == 0 else "validation" if bucket == 1 else "train"


def draw(
    split: str, n: int, seed: int | str, impossible: bool = False, families: Iterable[str] | None = None
) -> list[Problem]:
    """`n` different problems of a split, the families taking turns.

    Args:
        split: One of SPLITS.
        n: How many.
        seed: The same one gives the same problems, and a larger n the same first ones.
        impossible: Let every second problem of a twin family be its impossible twin; otherwise all have an answer.
        families: Names to draw from; all of them if None.

    Raises:
        ValueError: For an unknown split or family, with the valid names.
    """
    families = _known(families, FAMILIES)
    rng = random.Random(f"problems {known_split(split)} {seed}")
    seen, problems = set(), []
    while len(problems) < n:
        turn = len(problems)
        family = families[turn % len(families)]
        twin = impossible and family in TWINS and (turn // len(families)) % 2 == 1
        problem = _versions({**PLAIN, **TWINS}[family], split, rng)[twin]
        if problem.question not in seen:
            seen.add(problem.question)
            problems.append(problem)
    return problems


def draw_twins(
    split: str, pairs: int, seed: int, families: Iterable[str] | None = None
) -> list[tuple[Problem, Problem]]:
    """`pairs` of a problem with an answer and its twin that cannot be true, both of one split.

    Args:
        split: One of SPLITS.
        pairs: How many.
        seed: The same one gives the same pairs.
        families: Names to draw from; all of TWINS if None.

    Raises:
        ValueError: For an unknown split, or a family that is unknown or has no twins, with the valid names.
    """
    families = _known(families, tuple(TWINS))
    rng = random.Random(f"twins {known_split(split)} {seed}")
    seen, found = set(), []
    while len(found) < pairs:
        pair = _versions(TWINS[families[len(found) % len(families)]], split, rng)
        questions = {problem.question for problem in pair}
        if not questions & seen:
            seen |= questions
            found.append(pair)
    return found


def known_split(split: str) -> str:
    """The split's own name.

    Raises:
        ValueError: If it is none of SPLITS, with the valid names.
    """
    if split not in SPLITS:
        raise ValueError(f"no split called {split!r}; choose from {', '.join(SPLITS)}")
    return split


def _versions(family: Family, split: str, rng: random.Random) -> tuple[Problem, ...]:
    # Both twins must belong to the split, or a twin seen in training could stand in a test pair.
    while True:
        drafts = family.drafts(rng)
        if all(split_of(question) == split for question, _ in drafts):
            return tuple(family.problem(*draft) for draft in drafts)


def _known(families: Iterable[str] | None, valid: tuple[str, ...]) -> tuple[str, ...]:
    families = valid if families is None else tuple(families)
    unknown = [family for family in families if family not in valid]
    if unknown or not families:
        raise ValueError(f"no family called {', '.join(unknown) or '(none given)'}; choose from {', '.join(valid)}")
    return families
