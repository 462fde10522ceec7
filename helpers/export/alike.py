"""How like two models are in what they say: the same questions, and every token of one model's answers read by both."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from helpers import models
from helpers.evaluation.scoring import accuracy
from helpers.evaluation.statistics import Estimate
from helpers.generation.with_transformers import Answer, generate
from helpers.models.kinds import Model, Tokenizer
from helpers.tiers import Tier

LIKELY = 0.01  # a token that is less probable to the first model is not compared


@dataclass(frozen=True)
class Likeness:
    """What one form says beside the first one.

    Attributes:
        accuracy: its right answers.
        same: how many of its answers are the first one's, word for word.
        furthest: the largest difference of a log probability, in nats, at every token of the first one's answers,
            over all tokens that it holds at least LIKELY.
        mean: the mean Kullback-Leibler divergence from the first one, in nats a token.
        allowed: what `furthest` may be for this kind of numbers.
    """

    accuracy: Estimate
    same: int
    furthest: float
    mean: float
    allowed: float

    @property
    def alike(self) -> bool:
        """Whether it differs by no more than the rounding of its numbers."""
        return self.furthest <= self.allowed


def alike(
    tier: Tier, tokenizer: Tokenizer, first: str, forms: Mapping[str, Callable[[], Model]],
    allowed: Mapping[str, float], problems: Sequence,
) -> dict[str, Likeness]:  # fmt: skip
    """Asks each model the same questions, greedily, and compares the others with the first. One is loaded at a time.

    Args:
        tier: how long an answer is, and how many are written at a time.
        tokenizer: what all of them are asked with.
        first: the name of the one that the others are compared with.
        forms: by name, what loads each.
        allowed: by name, what `Likeness.furthest` may be.
        problems: with `.question` and `.answer`.

    Returns:
        By name, the first one first.

    Raises:
        ValueError: without problems.
    """
    if not problems:
        raise ValueError("there are no questions to compare the forms on")
    asked = [problem.question for problem in problems]

    def sits(model: Model) -> list[Answer]:
        return generate(model, tokenizer, asked, tier.answer_tokens, tier.answer_batch, progress=False)

    whole = forms[first]()
    answers, rows = sits(whole), []
    for question, answer in zip(asked, answers, strict=True):
        prompt = models.prompt_ids(tokenizer, question)
        rows.append((prompt + tokenizer(answer.text, add_special_tokens=False).input_ids, len(prompt)))
    theirs = [_log_probabilities(whole, *row) for row in rows]
    models.unload(whole)
    found = {first: Likeness(accuracy(answers, problems), len(answers), 0.0, 0.0, 0.0)}
    for name, load in forms.items():
        if name == first:
            continue
        model = load()
        said = sits(model)
        apart = [_apart(_log_probabilities(model, *row), one) for row, one in zip(rows, theirs, strict=True)]
        models.unload(model)
        same = sum(ours.text == other.text for ours, other in zip(said, answers, strict=True))
        furthest = max(far for far, _, _ in apart)
        mean = sum(mean * n for _, mean, n in apart) / sum(n for _, _, n in apart)
        found[name] = Likeness(accuracy(said, problems), same, furthest, mean, allowed[name])
    return found


def _log_probabilities(model: Model, ids: list[int], asked: int):
    """(tokens, vocabulary), of each token of an answer and of its end."""
    import torch

    with torch.no_grad():
        found = model(torch.tensor([ids], device=model.device)).logits[0, asked - 1 :]
    return found.float().log_softmax(-1).cpu()


def _apart(ours, theirs) -> tuple[float, float, int]:
    """The largest difference where a token is likely, the mean divergence, and over how many tokens."""
    likely = theirs >= math.log(LIKELY)
    divergence = (theirs.exp() * (theirs - ours)).sum(-1)
    far = (ours - theirs)[likely].abs()
    return far.max().item() if len(far) else 0.0, divergence.mean().item(), len(ours)
