"""The two tokenizers of the open world, learned from its train split: small, and able to spell any word."""

import random
from functools import partial
from pathlib import Path

from data.making import tokenizers
from data.making.world import tasks
from data.making.world.demonstrations import demonstration
from data.making.world.problems import draw

VOCABULARY = 2048


def corpus(seed: int, count: int = 8000) -> list[str]:
    """Text to learn from: questions, workings, small tasks, and words that nobody knows."""
    rng = random.Random(f"world corpus {seed}")
    problems = draw("train", count, seed, True)
    skills = tasks.draw_skills("train", count // 3, seed)
    # The marks alone, so that "think" becomes one piece between "<" and ">" where they are not tokens of their own.
    return (
        [problem.question for problem in problems]
        + [demonstration(problem, rng) for problem in problems]
        + [f"{skill.prompt} {skill.answer}" for skill in skills]
        + [" ".join(tasks.strange_word(rng) for _ in range(12)) for _ in range(count // 8)]
        + ["<think>\n"] * (count // 80)
    )


def tokenizer_for(role: str, folder: Path, seed: int, count: int = 8000):
    """The role's tokenizer, as `data.making.tokenizers` keeps it, of this world's corpus."""
    return tokenizers.tokenizer_for(role, folder, partial(corpus, seed, count), VOCABULARY)
