"""An open world of word problems: composed plans, open words, many ways to say it, impossible ones of every kind.

`draw` and `draw_twins` give problems, `stream` those of the train split without end; `SEED_QUESTIONS` are the three
that every notebook asks and no split contains.
"""

import random
from itertools import count

from data.making.world.problems import buses, making
from data.making.world.problems.cast import SPLITS
from data.making.world.problems.model import HELD_KINDS, KINDS, OUTSIDE, Missing, Problem
from data.making.world.problems.reasons import true_reason
from helpers.problems import SEED_QUESTIONS
from helpers.problems.model import Claim, Step

__all__ = [
    "HELD_KINDS", "KINDS", "OUTSIDE", "SEED_QUESTIONS", "SPLITS", "Claim", "Missing", "Problem", "Step", "draw",
    "draw_twins", "stream", "true_reason",
]  # fmt: skip

DRAWN = 60  # problems of a stream that are drawn together: all kinds, each as often
BUSES = 0.03  # so many of the problems are about three buses, where nothing but words and ways may be held out
_HELD_OUT = {question for question, _ in SEED_QUESTIONS.values()}


def draw(split: str, n: int, seed: int | str, impossible: bool = False, outside=()) -> list[Problem]:
    """`n` different problems of a split; the same seed gives the same ones, a larger n the same first ones.

    impossible: let every third problem be one without an answer, of the KINDS in turn; otherwise all have one.
    outside: respects of OUTSIDE in which every problem is held out, and in no other; with "kinds" all problems are
        impossible, of HELD_KINDS.
    Raises ValueError, with the valid names, for an unknown split or respect.
    """
    outside = _known(split, outside)
    rng = random.Random(f"world {split} {seed} {sorted(outside)}")
    seen, problems = set(_HELD_OUT), []
    while len(problems) < n:
        turn = len(problems)
        if "kinds" in outside:
            problem = _pair(HELD_KINDS[turn % len(HELD_KINDS)], split, outside, rng, True)[-1]
        elif impossible and turn % 3 == 2:
            problem = _pair(KINDS[turn // 3 % len(KINDS)], split, outside, rng, True)[-1]
        elif rng.random() < BUSES and outside <= {"names", "ways"}:
            problem = buses.pair_of("order", split, outside, rng)[0]
        else:
            problem = making.single_of(split, outside, rng)
        if problem.question not in seen:
            seen.add(problem.question)
            problems.append(problem)
    return problems


def draw_twins(split: str, pairs: int, seed: int | str, outside=()) -> list[tuple[Problem, Problem]]:
    """`pairs` of (solvable, impossible) problems: the same story, one fact changed or gone; the kinds in turn.

    outside: as in `draw`; with "kinds" the impossible ones are of HELD_KINDS. Raises ValueError as `draw` does.
    """
    outside = _known(split, outside)
    rng = random.Random(f"world twins {split} {seed} {sorted(outside)}")
    kinds = HELD_KINDS if "kinds" in outside else KINDS
    seen, found = set(_HELD_OUT), []
    while len(found) < pairs:
        pair = _pair(kinds[len(found) % len(kinds)], split, outside, rng)
        questions = {problem.question for problem in pair}
        if len(questions) == 2 and not questions & seen:
            seen |= questions
            found.append(pair)
    return found


def stream(seed, impossible: bool):
    """Problems of the train split without end, every part of it another seed's."""
    for number in count():
        yield from draw("train", DRAWN, f"{seed} {number}", impossible)


def _pair(kind, split, outside, rng, alone=False) -> tuple[Problem, ...]:
    if kind in ("contradiction", "order") and outside <= {"names", "ways"} and rng.random() < 3 * BUSES:
        return buses.pair_of(kind, split, outside, rng)
    return making.pair_of(kind, split, outside, rng, alone)


def _known(split: str, outside) -> frozenset[str]:
    if split not in SPLITS:
        raise ValueError(f"no split called {split!r}; choose from {', '.join(SPLITS)}")
    outside = frozenset([outside] if isinstance(outside, str) else outside)
    if unknown := sorted(outside - set(OUTSIDE)):
        raise ValueError(f"nothing outside called {', '.join(unknown)}; choose from {', '.join(OUTSIDE)}")
    return outside
