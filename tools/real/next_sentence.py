"""A choice that a small model is well above chance at: which of four sentences comes next in a trace."""

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from datasets import Dataset

from helpers import models
from helpers.traces import ANSWER

OPTIONS = 4  # one of which is true
FIRST, LAST = 2, 14  # sentences of a trace between which an item lies: something stands before it, and not too much
WORDS = range(6, 31)  # of a sentence


@dataclass(frozen=True)
class Item:
    """A question and the beginning of an answer, as tokens, and sentences that could come next.

    Attributes:
        given: what is read first.
        options: each as tokens.
        true: the number of the one that came next.
    """

    given: list[int]
    options: list[list[int]]
    true: int


def items(tokenizer, traces: Dataset, each: int, seed: int) -> list[Item]:
    """Items made from traces, at most `each` from one: the true sentence, and others from other traces.

    Args:
        tokenizer: of the models that are to choose.
        traces: as `traces.read` gives them.
        each: how many are wanted from a trace.
        seed: of the lot.

    Raises:
        ValueError: where there are too few traces with sentences of the right length.
    """
    texts = [sentences(row[ANSWER]) for row in traces]
    fitting = [[i for i, one in enumerate(text[:LAST]) if i >= FIRST and fits(one)] for text in texts]
    if sum(map(bool, fitting)) < OPTIONS:
        raise ValueError(f"an item takes sentences from {OPTIONS} traces, and {sum(map(bool, fitting))} have some")
    found = []
    for number, (row, text) in enumerate(zip(traces, texts, strict=True)):
        lot = random.Random(f"{seed} {row['question']}")
        others = [other for other, places in enumerate(fitting) if places and other != number]
        for place in sorted(lot.sample(fitting[number], min(each, len(fitting[number])))):
            strange = [texts[other][lot.choice(fitting[other])] for other in lot.sample(others, OPTIONS - 1)]
            true = lot.randrange(OPTIONS)
            options = [*strange[:true], text[place], *strange[true:]]
            given = models.prompt_ids(tokenizer, row["question"]) + _ids(tokenizer, " ".join(text[:place]))
            found.append(Item(given, [_ids(tokenizer, f" {one}") for one in options], true))
    return found


def sentences(answer: str) -> list[str]:
    """The sentences of a trace's reasoning, with single spaces in them; the first begins with `<think>`."""
    reasoning = " ".join(answer.partition("</think>")[0].split())
    return re.split(r"(?<=[.!?]) ", reasoning)


def fits(sentence: str) -> bool:
    """Whether a sentence is neither so short that it could stand anywhere, nor long."""
    return len(sentence.split()) in WORDS


@torch.no_grad()
def choose(model: torch.nn.Module, item: Item) -> int:
    """The number of the option whose tokens a model holds likeliest, on average: a long sentence is at no disadvantage.

    What comes first is read once, for all options.
    """
    first = model(input_ids=_row(model, item.given), use_cache=True, logits_to_keep=1)
    first.past_key_values.batch_repeat_interleave(len(item.options))
    ids = torch.nn.utils.rnn.pad_sequence([torch.tensor(one) for one in item.options], batch_first=True)
    ids = ids.to(model.device)  # behind the end of a shorter one stands anything: nothing of it is counted
    then = model(input_ids=ids, past_key_values=first.past_key_values).logits
    logits = torch.cat([first.logits.expand(len(ids), -1, -1), then[:, :-1]], dim=1)
    each = logits.float().log_softmax(-1).gather(-1, ids[..., None])[..., 0]
    means = [one[: len(option)].mean().item() for one, option in zip(each, item.options, strict=True)]
    return max(range(len(means)), key=means.__getitem__)


def right(model: torch.nn.Module, asked: Sequence[Item]) -> list[bool]:
    """Whether a model chooses the true sentence of each item."""
    return [choose(model, item) == item.true for item in asked]


def _ids(tokenizer, text: str) -> list[int]:
    return tokenizer(text, add_special_tokens=False).input_ids


def _row(model, ids) -> torch.Tensor:
    return torch.tensor([ids], device=model.device)
