"""Where the problems come from: `helpers.world`."""

import itertools

from helpers.problems.model import Claim, Step
from helpers.world import OUTSIDE, SEED_QUESTIONS, Missing, Problem, draw, draw_twins
from helpers.world.reasons import true_reason

__all__ = [
    "OUTSIDE", "SEED_QUESTIONS", "Claim", "Missing", "Problem", "Step", "draw", "draw_twins", "stream", "true_reason",
]  # fmt: skip

DRAWN = 60  # problems that are drawn together: all kinds, each as often


def stream(seed, impossible: bool):
    """Problems of the train split without end, every part of it another seed's."""
    for number in itertools.count():
        yield from draw("train", DRAWN, f"{seed} {number}", impossible)
