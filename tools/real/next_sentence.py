"""A choice at which a small model is above chance and below the top: which of four sentences of a trace comes next."""

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
AWAY = 3  # sentences at least from the true one to another: those that follow at once would fit as well
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
    """Items made from traces, at most `each` from one: the true sentence, and others from further on in the same trace.

    Sentences of other problems would speak of other things, and a whole model misses hardly one.

    Args:
        tokenizer: of the models that are to choose.
        traces: as `traces.read` gives them.
        each: how many are wanted from a trace.
        seed: of the lot.

    Raises:
        ValueError: where no trace has enough sentences of the right length.
    """
    found = []
    for row in traces:
        lot, text = random.Random(f"{seed} {row['question']}"), sentences(row[ANSWER])
        fitting = [place for place in range(FIRST, len(text)) if fits(text[place])]
        others = {place: strange(text, place, fitting) for place in fitting if place < LAST}
        places = [place for place, far in others.items() if len(far) >= OPTIONS - 1]
        for place in sorted(lot.sample(places, min(each, len(places)))):
            wrong, true = lot.sample(others[place], OPTIONS - 1), lot.randrange(OPTIONS)
            options = [*wrong[:true], text[place], *wrong[true:]]
            given = models.prompt_ids(tokenizer, row["question"]) + _ids(tokenizer, " ".join(text[:place]))
            found.append(Item(given, [_ids(tokenizer, f" {one}") for one in options], true))
    if not found:
        raise ValueError(f"none of {len(traces)} traces has {OPTIONS} sentences of {WORDS[0]} to {WORDS[-1]} words")
    return found


def sentences(answer: str) -> list[str]:
    """The sentences of a trace's reasoning, with single spaces in them; the first begins with `<think>`."""
    reasoning = " ".join(answer.partition("</think>")[0].split())
    return re.split(r"(?<=[.!?]) ", reasoning)


def strange(text: Sequence[str], place: int, fitting: Sequence[int]) -> list[str]:
    """The fitting sentences further on that stand nowhere up to `place`, each once."""
    later = [text[other] for other in fitting if other >= place + AWAY]
    return [one for one in dict.fromkeys(later) if one not in text[: place + 1]]


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
