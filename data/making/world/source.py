"""Where the problems come from: `helpers.world`, or the closed `helpers.problems` where that is not there yet."""

import itertools
from dataclasses import dataclass

from helpers.problems.model import Claim, Problem, Step

try:
    from helpers.world import SEED_QUESTIONS, Missing, draw, draw_twins
    from helpers.world.reasons import true_reason

    from helpers import world
except ImportError:
    from helpers import problems
    from helpers.problems import SEED_QUESTIONS

    world = None

    @dataclass(frozen=True)
    class Missing:
        """What a plan needs and the question does not give."""

        what: str

    def draw(split, n, seed, impossible=False, outside=()):
        """`n` problems of the closed world, which has no outside."""
        return problems.draw(split, n, seed, impossible) if not outside else _nowhere(outside)

    def draw_twins(split, pairs, seed, outside=()):
        """Pairs of the closed world, which has no outside."""
        return problems.draw_twins(split, pairs, seed) if not outside else _nowhere(outside)

    def true_reason(text, problem):
        """Whether a text gives the problem's own reason."""
        return problem.reason in text

    def _nowhere(outside):
        raise ValueError(f"the closed world has nothing outside, so no {', '.join(outside)}")


__all__ = [
    "OUTSIDE", "SEED_QUESTIONS", "Claim", "Missing", "Problem", "Step", "draw", "draw_twins", "stream", "true_reason",
]  # fmt: skip

OUTSIDE = world.OUTSIDE if world else ()
DRAWN = 220  # problems that are drawn together


def stream(seed, impossible: bool):
    """Problems of the train split without end, every part of it another seed's."""
    for number in itertools.count():
        yield from draw("train", DRAWN, f"{seed} {number}", impossible)
