"""Answers that a student writes while it is trained: sampled row by row, so that no row's answer depends on another's.

Trainer may cut a step into micro-batches and share it among processes, and a killed training goes on in the middle.
What is sampled is the same all the same: each row has random numbers of its own.
"""

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from helpers.generation.with_transformers import end_tokens, generation_config, pad_left
from helpers.models import answering, gpu_errors, unpacked
from helpers.models.kinds import Model, Tokenizer


@dataclass(frozen=True)
class Written:
    """An answer as its tokens. ended: whether the last one ends it; if not, it was cut off."""

    ids: tuple[int, ...]
    ended: bool


def write(
    model: Model, tokenizer: Tokenizer, prompts: Sequence[Sequence[int]], seeds: Sequence[int], longest: int,
    at_a_time: int, vocabulary: int | None = None,
) -> list[Written]:  # fmt: skip
    """An answer to each prompt, sampled from the model's distribution at temperature 1, of which nothing is cut off.

    A token is the likeliest one after noise was added to the logits, -log E with E exponential for each token: that
    draws from their softmax (the Gumbel-max trick). The sampler of transformers has one generator for a whole batch.

    Args:
        model: it is in evaluation mode while it writes, and gets no gradient.
        tokenizer: the model's.
        prompts: tokens, up to where the answer begins.
        seeds: of each answer.
        longest: after so many tokens an answer is cut off.
        at_a_time: how many are written at a time.
        vocabulary: how many tokens there really are, None for as many as there are logits: padding is not written.
    """
    ends = end_tokens(model, tokenizer)
    config = generation_config(tokenizer, ends, longest, temperature=0.0, top_p=1.0, top_k=0)
    found = []
    with answering(model), gpu_errors.enough_memory("answers"), unpacked(model), torch.no_grad():
        for begin in range(0, len(prompts), at_a_time):
            part = slice(begin, begin + at_a_time)
            batch = pad_left([list(prompt) for prompt in prompts[part]], tokenizer.pad_token_id, model.device)
            noise = Noise(seeds[part], model.device, vocabulary)
            output = model.generate(**batch, generation_config=config, logits_processor=[noise])
            found += [written(ids, ends) for ids in output[:, batch["input_ids"].shape[1] :].tolist()]
    return found


def written(ids: Sequence[int], ends: Sequence[int]) -> Written:
    """A row of output up to its first end token, which belongs to the answer; what follows is padding."""
    stop = next((place for place, token in enumerate(ids, 1) if token in ends), None)
    return Written(tuple(ids[:stop]), stop is not None)


class Noise:
    """A logits processor: the likeliest token of what it gives is drawn from the softmax of what it is given."""

    def __init__(self, seeds: Sequence[int], device: torch.device, vocabulary: int | None = None):
        self.generators = [torch.Generator(device).manual_seed(seed) for seed in seeds]
        self.vocabulary = vocabulary

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        """(rows, vocabulary), logits with a draw for each. input_ids: (rows, length), which play no part."""
        scores = scores[:, : self.vocabulary].float()
        drawn = torch.empty_like(scores)
        for row, generator in zip(drawn, self.generators, strict=True):
            row.exponential_(generator=generator)
        return scores - drawn.log()


def seed_of(*parts: object) -> int:
    """A seed that belongs to some parts, such as a run's seed, a step and a row's tokens."""
    return int.from_bytes(hashlib.sha256(repr(parts).encode()).digest()[:8], "big") >> 1


def own_turn(step: int, share: float) -> bool:
    """Whether a step's answers are the student's own: of the first n steps, ⌊n × share⌋ are, evenly spread.

    Args:
        step: counted from 0.
        share: λ, from 0 to 1.
    """
    behind, before = (math.floor(number * share + 1e-9) for number in (step + 1, step))
    return behind > before


def beginning(labels: Sequence[int], share: float, ignored: int) -> int:
    """How many tokens of a row reach to the end of the first `share` of its learnt ones, of which one is kept at least.

    Args:
        labels: of the row's tokens, `ignored` where one is not learnt.
        share: above 0, and at most 1.
        ignored: losses.IGNORED.
    """
    places = [place for place, label in enumerate(labels, 1) if label != ignored]
    return places[max(1, math.ceil(len(places) * share - 1e-9)) - 1] if places else len(labels)
