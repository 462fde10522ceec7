"""Who writes the teacher's answers: a server, if it has the teacher; vLLM where it can run here; else the loaded model.

vLLM is not among the requirements: it wants a torch of its own choice. Where it is there, thousands of traces take a
fraction of the time, because hundreds are written at once and none waits for the longest. A model that Unsloth loaded
has Unsloth's faster `generate` already. For one seed each of them writes other traces than transformers.
"""

import os
from collections.abc import Iterable, Iterator, Sequence
from importlib.util import find_spec
from typing import Protocol, runtime_checkable

from helpers import models
from helpers.generation.asking import EndpointError
from helpers.generation.spending import CeilingReached, Limits, Spent
from helpers.generation.with_endpoint import Endpoint
from helpers.generation.with_transformers import Answer, Transformers
from helpers.generation.with_vllm import FORCED, Vllm
from helpers.models.kinds import Model, Tokenizer
from helpers.tiers import EndpointSpec, Tier

__all__ = [
    "ENGINES", "FORCED", "Answer", "CeilingReached", "Endpoint", "EndpointError", "Limits", "Spent", "Transformers",
    "Writer", "engine", "generate", "load_teacher", "unload", "writer",
]  # fmt: skip

ENGINES = ("vllm", "unsloth", "transformers")


@runtime_checkable
class Writer(Protocol):
    """Who writes answers, whatever library does it."""

    name: str | None  # as provenance tells it: None for transformers, which it does not mention

    def answers(
        self, tokenizer: Tokenizer | None, tasks: Iterable[tuple[Sequence[str], dict]]
    ) -> Iterator[list[Answer]]:
        """The answers to each task in order: its questions and the settings of `with_transformers.generate`."""

    def close(self) -> None:
        """Gives the memory back; the model can no longer be asked."""


def engine(tier: Tier) -> str:
    """Which of ENGINES writes the teacher's answers on this computer.

    vllm: where it is installed, on a tier for a GPU, with a card that has bfloat16 (the teachers' own format);
    unsloth: on the same tiers without it; transformers: elsewhere. DISTILL_ENGINE=transformers does without vLLM.

    Raises:
        ValueError: where DISTILL_ENGINE names no engine, or one that this tier or computer has not.
    """
    import torch

    on_gpu = tier.engine == "unsloth" and torch.cuda.is_available()
    without = "unsloth" if on_gpu else "transformers"
    fast = on_gpu and torch.cuda.is_bf16_supported(including_emulation=False) and find_spec("vllm") is not None
    wanted = os.environ.get(FORCED)
    if not wanted:
        return "vllm" if fast else without
    if wanted not in ENGINES:
        raise ValueError(f"{FORCED} is {wanted!r}, and there is no such engine; choose from {', '.join(ENGINES)}")
    if wanted == "vllm" and not fast:
        raise ValueError(
            f"{FORCED} is 'vllm', and the {tier.name} tier cannot have it here: it takes a tier for a GPU, a card with "
            "bfloat16, and `pip install vllm`. Unset it, or take DISTILL_ENGINE=transformers"
        )
    return "vllm" if wanted == "vllm" else without


def load_teacher(tier: Tier) -> tuple[Model | Writer, Tokenizer | None]:
    """The tier's teacher, to write answers, and its tokenizer.

    A `Vllm` where that is the engine: it writes and can do nothing else. Its memory comes back with `unload`. An
    `Endpoint` where the teacher is behind a server: its tokenizer is not here, so that is None.
    """
    if isinstance(tier.teacher, EndpointSpec):
        return Endpoint(tier), None
    if engine(tier) == "vllm":
        tokenizer = models.load_tokenizer(tier, "teacher")  # first: it imports Unsloth, which comes before the others
        return Vllm(tier), tokenizer
    return models.load_teacher(tier)


def writer(model: Model | Writer) -> Writer:
    """What writes the answers of a model that `load_teacher` or `models` loaded."""
    return model if isinstance(model, Writer) else Transformers(model)


def generate(
    model: Model | Writer,
    tokenizer: Tokenizer | None,
    questions: Sequence[str],
    max_new_tokens: int,
    batch_size: int = 32,
    **how: float,
) -> list[Answer]:
    """A model's answers, in the order of the questions.

    As `with_transformers.generate`, which says what the settings mean; vLLM makes its batches itself, and an `Endpoint`
    needs no tokenizer.
    """
    how |= {"max_new_tokens": max_new_tokens, "batch_size": batch_size}
    (found,) = writer(model).answers(tokenizer, [(questions, how)])
    return found


def unload(model: Model | Writer) -> None:
    """As `models.unload`, for what `load_teacher` gave."""
    writer(model).close()
