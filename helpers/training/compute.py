"""What a training costs in operations, so that two ways to one student can be given as much."""

import torch
from datasets import Dataset

from helpers import models

READ, ADAPTER, WHOLE = 1, 2, 3  # passes: a reading; a training beside frozen weights; a training of all weights


def operations(steps: float, tokens: float, weights: int, teacher: int = 0, passes: int = WHOLE) -> float:
    """Multiplications and additions of a training: steps × tokens × (passes × student + teacher) × 2.

    A weight is multiplied and added once for each token that is read. Backwards it is so once for the gradient of what
    came in, and once more for its own, if it is trained. Attention between tokens, which grows with the length of a
    text, and the adapter's own weights are left out.

    Args:
        steps: of the optimizer.
        tokens: that are read in a step, of prompts too (`tokens_a_step`).
        weights: of the student, as `multiplied` counts them.
        teacher: those of the teacher that reads the same tokens at each step, 0 for none.
        passes: WHOLE or ADAPTER; READ where nothing is trained.

    Source:
        Kaplan et al. 2020, "Scaling Laws for Neural Language Models" (arXiv 2001.08361), section 2.1: about 2 N
        forwards and 6 N in all for each token.
    """
    return 2.0 * steps * tokens * (passes * weights + teacher)


def steps_within(budget: float, tokens: float, weights: int, teacher: int = 0, passes: int = WHOLE) -> int:
    """How many whole steps a budget of operations pays for. The others as `operations`.

    Raises:
        ValueError: where it does not pay for one.
    """
    found = int(budget / operations(1, tokens, weights, teacher, passes))
    if found < 1:
        raise ValueError(f"a budget of {budget:.3g} operations does not pay for a single step: give a larger one")
    return found


def tokens_a_step(rows: Dataset, batch: int) -> float:
    """How many tokens a step of so many rows reads on average, padding aside. rows: with input_ids."""
    return batch * sum(map(len, rows["input_ids"])) / len(rows)


def multiplied(model: torch.nn.Module) -> int:
    """The weights that a token meets: all but input embeddings that are not the output head as well."""
    embedding, head = model.get_input_embeddings().weight, model.get_output_embeddings().weight
    apart = embedding is not head and embedding.data_ptr() != head.data_ptr()
    return models.parameter_count(model) - (embedding.numel() if apart else 0)


def jump_steps(first: int, then: int, student: int, assistant: int, teacher: int) -> int:
    """How many steps a jump gets for what two trainings cost, at equally many tokens in each step.

    Args:
        first: steps in which the assistant learns from the teacher.
        then: steps in which the student learns from the assistant.
        student: its weights; the others alike.
    """
    both = operations(first, 1, assistant, teacher) + operations(then, 1, student, assistant)
    return steps_within(both, 1, student, teacher)


def _for_nothing(first, then, student, assistant, teacher):
    return then * (3 * student + assistant) // (3 * student + teacher)


def _first_alone(first, then, student, assistant, teacher):
    return first * (3 * assistant + teacher) // (3 * student + teacher)


def _alone(first, then, student, assistant, teacher):
    return (first * 3 * assistant + then * 3 * student) // (3 * student)


def _as_many(first, then, student, assistant, teacher):
    return first + then


def _all_learn(first, then, student, assistant, teacher):
    return (first * (assistant + teacher) + then * (student + assistant)) // (student + teacher)


def _one_more(first, then, student, assistant, teacher):
    return jump_steps(first, then, student, assistant, teacher) + 1


# `jump_steps` as beginners write it, and what is wrong with it: for `check.function`.
SLIPS = {
    _for_nothing: "and what did it cost to make the assistant?",
    _first_alone: "the student's own lesson costs something, too",
    _alone: "who teaches reads every token too",
    _as_many: "a step of the one does not cost what a step of the other costs",
    _all_learn: "who teaches is not trained: it reads once, where a learner takes three times as much",
    _one_more: "that is more than both cost together: only whole steps that are paid for",
}
