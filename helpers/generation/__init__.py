"""Who writes the teacher's answers: vLLM where it is installed and the card can run it, else the model as it is loaded.

vLLM is not among the requirements: it wants a torch of its own choice. Where it is there, thousands of traces take a
fraction of the time, because hundreds are written at once and none waits for the longest. A model that Unsloth loaded
has Unsloth's faster `generate` already. For one seed each of them writes other traces than transformers.
"""

import os
from collections.abc import Iterable, Iterator, Sequence
from importlib.util import find_spec

import torch
from tqdm.auto import tqdm

from helpers import models
from helpers.generation import with_transformers
from helpers.generation.with_transformers import Answer, check_asked
from helpers.generation.with_vllm import AHEAD, FORCED, Vllm, derived
from helpers.tiers import Tier

ENGINES = ("vllm", "unsloth", "transformers")


def engine(tier: Tier) -> str:
    """Which of ENGINES writes the teacher's answers on this computer.

    vllm: where it is installed, on a tier for a GPU, with a card that has bfloat16 (the teachers' own format);
    unsloth: on the same tiers without it; transformers: elsewhere. DISTILL_ENGINE=transformers does without vLLM.
    Raises ValueError where DISTILL_ENGINE names no engine, or one that this tier or computer has not.
    """
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


def load_teacher(tier: Tier) -> tuple:
    """The tier's teacher, to write answers, and its tokenizer. Raises as `engine` and `models.load_teacher`.

    A `Vllm` where that is the engine: it writes and can do nothing else. Its memory comes back with `unload`.
    """
    if engine(tier) == "vllm":
        tokenizer = models.load_tokenizer(tier, "teacher")  # first: it imports Unsloth, which comes before the others
        return Vllm(tier), tokenizer
    return models.load_teacher(tier)


def unload(model) -> None:
    """As `models.unload`, for what `load_teacher` gave."""
    if isinstance(model, Vllm):
        model.close()
    else:
        models.unload(model)


def written_by(model) -> str | None:
    """What provenance says of the engine: None for transformers, which it does not mention."""
    if isinstance(model, Vllm):
        return "vllm"
    return "unsloth" if models.unsloth.loaded(model) else None


def generate(model, tokenizer, questions: Sequence[str], max_new_tokens: int, batch_size: int = 32, **how):
    """As `with_transformers.generate`, for a model of `load_teacher`; vLLM makes its batches itself."""
    if not isinstance(model, Vllm):
        return with_transformers.generate(model, tokenizer, questions, max_new_tokens, batch_size, **how)
    shown, seed = how.pop("progress", True), how.pop("seed", 0)
    check_asked(questions, max_new_tokens, batch_size, seed=seed, **how)
    starts = range(0, len(questions), AHEAD)
    tasks = [
        (questions[start : start + AHEAD], {**how, "max_new_tokens": max_new_tokens, "seed": derived(seed, start)})
        for start in starts
    ]
    found: list[Answer] = []
    with tqdm(total=len(questions), desc="answers", delay=5, leave=False, disable=not shown) as bar:
        for answers_of_task in model.answers(tokenizer, tasks):
            found += answers_of_task
            bar.update(len(answers_of_task))
    return found


def answers(model, tokenizer, tasks: Iterable[tuple[Sequence[str], dict]]) -> Iterator[list[Answer]]:
    """The answers to each task in order: its questions and the settings of `with_transformers.generate`."""
    if isinstance(model, Vllm):
        yield from model.answers(tokenizer, tasks)
    else:
        for asked, how in tasks:
            yield with_transformers.generate(model, tokenizer, asked, **how)
