"""Several adapters of one model that answer as one, token by token from the mean of their distributions."""

import math
from collections.abc import Sequence

from helpers.models import unsloth
from helpers.models.kinds import Model


def as_one(model: Model, voices: Sequence[str], answers: int, temperature: float = 0.0) -> dict:
    """What `generate` takes besides, for a batch in which each prompt stands once for each voice, one below the other.

    Each row is read with an adapter of its own (`adapter_names` of PEFT). Before a token is chosen, the rows of a
    prompt get the mean of their distributions, so all of them choose the same one.

    Args:
        model: with the adapters.
        voices: their names.
        answers: how many prompts there are.
        temperature: as `with_transformers.generate`.

    Raises:
        ValueError: for sampling, in which the rows of a prompt would part; and for a model that Unsloth loaded: its
            kernels pass over `adapter_names`, and every row would be read with the same adapter.
    """
    if temperature:
        raise ValueError(f"several adapters answer greedily alone, and the temperature is {temperature}")
    if unsloth.loaded(model):
        raise ValueError("Unsloth reads all rows with one adapter: load with replace(tier, engine='transformers')")
    return {"adapter_names": [*voices] * answers, "logits_processor": [Mean(len(voices))]}


class Mean:
    """A logits processor: for each row the logarithm of the mean of the distributions of its prompt's rows."""

    def __init__(self, voices: int):
        self.voices = voices

    def __call__(self, input_ids, scores):
        """(rows, vocabulary). input_ids: (rows, length), which play no part; scores: logits."""
        each = scores.float().log_softmax(-1).unflatten(0, (-1, self.voices))
        return (each.logsumexp(1) - math.log(self.voices)).repeat_interleave(self.voices, 0)
