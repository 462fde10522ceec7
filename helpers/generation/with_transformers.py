"""Answers of a model of transformers: questions in, what it wrote out."""

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from numbers import Integral, Real

from tqdm.auto import tqdm

from helpers import models
from helpers.generation.voices import as_one
from helpers.models import answering, gpu_errors, opens_reasoning, prompt_ids, unpacked
from helpers.models.kinds import Model, Tokenizer
from helpers.tiers import check_seed


@dataclass(frozen=True)
class Answer:
    """What a model wrote.

    text: from the end of the prompt on, without the end-of-turn token; `</think>` stays.
    tokens: how many it wrote, the end-of-turn token included.
    ended: whether it stopped by itself; if not, it was cut off at max_new_tokens.
    opened: whether the prompt had already opened the reasoning (`<think>`), so that the text begins inside it.
    """

    text: str
    tokens: int
    ended: bool
    opened: bool = False

    @property
    def whole(self) -> str:
        """The text with the `<think>` that the prompt opened: what to read an answer from."""
        return f"<think>\n{self.text}" if self.opened else self.text


class Transformers:
    """A `generation.Writer`: a model that `models` loaded, through Unsloth or without. voices: as `generate`."""

    def __init__(self, model: Model, voices: Sequence[str] = ()):
        self.model, self.voices = model, voices

    @property
    def name(self) -> str | None:
        """As `Writer.name`."""
        return "unsloth" if models.unsloth.loaded(self.model) else None

    def answers(self, tokenizer: Tokenizer, tasks: Iterable[tuple[Sequence[str], dict]]) -> Iterator[list[Answer]]:
        """As `Writer.answers`."""
        voices = {"voices": self.voices} if self.voices else {}
        for questions, how in tasks:
            yield generate(self.model, tokenizer, questions, **voices | how)

    def close(self) -> None:
        """As `Writer.close`."""
        models.unload(self.model)


def generate(
    model: Model,
    tokenizer: Tokenizer,
    questions: Sequence[str],
    max_new_tokens: int,
    batch_size: int = 32,
    temperature: float = 0.0,
    top_p: float = 1.0,
    top_k: int = 0,
    seed: int = 0,
    progress: bool = True,
    voices: Sequence[str] = (),
) -> list[Answer]:
    """The model's answers, in the order of the questions.

    Args:
        model: it is in evaluation mode while it writes.
        tokenizer: the model's.
        questions: each is put to the model in the chat template, by itself.
        max_new_tokens: where an answer is cut off.
        batch_size: how many are written at a time.
        temperature: 0 takes the likeliest token each time; above 0 it samples, and the same seed with the same batches
            gives the same answers.
        top_p: 1 cuts nothing off the distribution.
        top_k: 0 cuts nothing off the distribution.
        seed: of the sampling.
        progress: show a bar once it has taken five seconds; the bar goes when it is done.
        voices: names of the model's adapters, which answer as one (`voices.as_one`); greedily, and each takes a row.

    Raises:
        ValueError: for a setting that is none, and for a question that is no text, with its number.
    """
    import torch

    check_asked(questions, max_new_tokens, batch_size, temperature, top_p, top_k, seed)
    many = len(voices) or 1  # rows that an answer takes
    prompts = [prompt_ids(tokenizer, question) for question in questions]
    opened = bool(questions) and opens_reasoning(tokenizer, questions[0])
    # Prompts of one length beside each other: less padding, so less work.
    order = sorted(range(len(prompts)), key=lambda i: len(prompts[i]))
    ends = end_tokens(model, tokenizer)
    config = generation_config(tokenizer, ends, max_new_tokens, temperature, top_p, top_k)
    answers: dict[int, Answer] = {}
    bar = tqdm(total=len(prompts), desc="answers", delay=5, leave=False, disable=not progress)
    # The seed belongs to this call: the random numbers of whoever calls go on as if nothing had been drawn.
    devices = [model.device] if model.device.type == "cuda" else []
    kept = torch.random.fork_rng(devices=devices)
    with bar, answering(model), gpu_errors.enough_memory("answers"), unpacked(model), kept, torch.no_grad():
        torch.manual_seed(seed)
        for start in range(0, len(order), batch_size):
            rows = order[start : start + batch_size]
            batch = pad_left([prompts[i] for i in rows for _ in range(many)], tokenizer.pad_token_id, model.device)
            more = as_one(model, voices, len(rows), temperature) if voices else {}
            output = model.generate(**batch, generation_config=config, **more)[::many]
            written = output[:, batch["input_ids"].shape[1] :].tolist()
            answers |= {i: answer_of(ids, ends, tokenizer, opened) for i, ids in zip(rows, written, strict=True)}
            bar.update(len(rows))
    return [answers[i] for i in range(len(prompts))]


def check_asked(
    questions: Sequence[str], max_new_tokens: int, batch_size: int = 1, temperature: float = 0.0, top_p: float = 1.0,
    top_k: int = 0, seed: int = 0, progress: bool = True,
) -> None:  # fmt: skip
    """Looks whether `generate` can take what it is given.

    Raises:
        ValueError: naming a setting by its name, a question by its number.
    """
    for name, value, kind, least, most, said in (
        ("max_new_tokens", max_new_tokens, Integral, 1, math.inf, "1 or more"),
        ("batch_size", batch_size, Integral, 1, math.inf, "1 or more"),
        ("temperature", temperature, Real, 0, 1e6, "0, which takes the likeliest token, or above"),
        ("top_p", top_p, Real, 1e-9, 1, "above 0, and at most 1"),
        ("top_k", top_k, Integral, 0, math.inf, "0, which leaves all tokens, or above"),
    ):
        if not isinstance(value, kind) or not least <= value <= most:
            raise ValueError(f"{name} is {value!r}: it must be {said}")
    check_seed(seed, most=2**64 - 1)  # the seed of a batch has more digits than that of a run
    for number, question in enumerate(questions, 1):
        if not isinstance(question, str) or re.search("[\ud800-\udfff]", question):
            raise ValueError(f"question {number} is {question!r}, and no text: mend it, or leave it out")


def end_tokens(model: Model, tokenizer: Tokenizer) -> list[int]:
    """The ids at which an answer ends: the tokenizer's, and those that the model's own settings name."""
    named = model.generation_config.eos_token_id
    named = named if isinstance(named, list | tuple) else [named]
    return sorted({i for i in (tokenizer.eos_token_id, *named) if i is not None})


def generation_config(
    tokenizer: Tokenizer, ends: list[int], max_new_tokens: int, temperature: float, top_p: float, top_k: int
):
    """The settings of `generate` as transformers takes them.

    What is left open comes from the model's folder (Gemma's says top_k 64), so all of it is given. With temperature 0
    these are the library's neutral values: others, which greedy decoding ignores, it warns of.
    """
    from transformers import GenerationConfig  # not at the top: see helpers.models.loading

    sampled = temperature > 0
    return GenerationConfig(
        max_new_tokens=max_new_tokens,
        do_sample=sampled,
        temperature=temperature if sampled else 1.0,
        top_p=top_p if sampled else 1.0,
        top_k=top_k if sampled else 50,
        eos_token_id=ends,
        pad_token_id=tokenizer.pad_token_id,
        use_cache=True,
    )


def answer_of(ids: list[int], ends: list[int], tokenizer: Tokenizer, opened: bool) -> Answer:
    """One row of output: up to its first end token; what follows in the row is padding."""
    stop = next((i for i, token in enumerate(ids) if token in ends), None)
    # Special tokens are kept: one in the middle of an answer is a fault that should be seen.
    text = tokenizer.decode(ids[:stop], skip_special_tokens=False, clean_up_tokenization_spaces=False)
    return Answer(text, len(ids) if stop is None else stop + 1, stop is not None, opened)


def pad_left(prompts: list[list[int]], pad: int, device):
    """input_ids and attention_mask, [prompts, longest]. An answer is written on from the right end: no gap there."""
    import torch

    gaps = [max(map(len, prompts)) - len(prompt) for prompt in prompts]
    ids = [[pad] * gap + prompt for gap, prompt in zip(gaps, prompts, strict=True)]
    mask = [[0] * gap + [1] * len(prompt) for gap, prompt in zip(gaps, prompts, strict=True)]
    return {"input_ids": torch.tensor(ids, device=device), "attention_mask": torch.tensor(mask, device=device)}
