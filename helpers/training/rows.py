"""Conversations as rows of tokens, rows as a batch, and batches as steps of the optimizer."""

import math
import re
from collections.abc import Iterable, Sequence

import torch
from datasets import Dataset

from helpers import losses, traces
from helpers.tiers import Tier


def of_traces(tier: Tier, tokenizer, rows: Dataset, role: str) -> Dataset:
    """Traces as rows of input_ids and labels: what `role` learns, "student" or "sibling", in its tokenizer's tokens."""
    return Dataset.from_list(tokenized(traces.messages(rows, tier, role), tokenizer, tier.max_length))


def tokenized(messages: Iterable[dict], tokenizer, longest: int | None = None) -> list[dict]:
    """Rows of prompt and completion (`traces.messages`) as TRL tokenizes them: input_ids and labels.

    A row of which no learnt token is left is dropped, as TRL drops it, and how many those are is printed.

    Args:
        messages: rows of prompt and completion.
        tokenizer: the student's.
        longest: how many tokens of a row are kept, from its beginning; None for all.

    Raises:
        ValueError: if a whole row does not begin as its prompt: then it is not known where the answer begins.
    """
    found = []
    for row in messages:
        prompt = tokenizer.apply_chat_template(row["prompt"], add_generation_prompt=True, return_dict=False)
        whole = tokenizer.apply_chat_template(row["prompt"] + row["completion"], return_dict=False)
        if whole[: len(prompt)] != prompt:
            whole = prompt + _behind(row, tokenizer)
        labels = [losses.IGNORED] * len(prompt) + whole[len(prompt) :]
        found.append({"input_ids": whole[:longest], "labels": labels[:longest]})
    kept = [row for row in found if any(label != losses.IGNORED for label in row["labels"][1:])]
    if len(kept) < len(found):
        print(f"left out: {len(found) - len(kept)} of {len(found)} traces, whose prompt alone fills {longest} tokens")
    return kept


def _behind(row: dict, tokenizer) -> list[int]:
    """The tokens behind a prompt that ends in letters of which, with the next ones, another token would be made.

    As with a prompt that opens the reasoning, `<think>` and a line break, and an answer that begins with one more: it
    was written behind the prompt's own tokens.
    """
    prompt = tokenizer.apply_chat_template(row["prompt"], add_generation_prompt=True, tokenize=False)
    whole = tokenizer.apply_chat_template(row["prompt"] + row["completion"], tokenize=False)
    if not whole.startswith(prompt):
        raise ValueError("the chat template writes a prompt otherwise once there is an answer behind it")
    return tokenizer(whole[len(prompt) :], add_special_tokens=False).input_ids


def plain_ids(tokenizer, text: str) -> list[int]:
    """The tokens of a text in which the name of a special token (`<|im_end|>`) is a word like any other.

    Only the marks of reasoning stay what they are to a tokenizer that has them as special tokens.
    """

    def ids(part: str, split: bool) -> list[int]:
        return tokenizer(part, add_special_tokens=False, split_special_tokens=split).input_ids

    marks = [mark for mark in ("<think>", "</think>") if ids(mark, True) != ids(mark, False)]
    parts = re.split(f"({'|'.join(marks)})", text) if marks else [text]
    return [i for part in parts for i in ids(part, part not in marks)]


def labels_of_turns(ids: Sequence[int], spans: Sequence[tuple[int, int]]) -> list[int]:
    """The labels of a conversation in which every answer is learnt.

    Args:
        ids: The tokens of the whole conversation.
        spans: Where each answer begins, and the place after its last token.

    Returns:
        [tokens], the token itself inside of an answer, and -100 outside.
    """
    labels = [losses.IGNORED] * len(ids)
    for first, after in spans:
        labels[first:after] = ids[first:after]
    return labels


def optimizer_steps(rows: int, batch: int, micro: int, epochs: int) -> int:
    """How many steps the optimizer makes in a training.

    Args:
        rows: How many rows there are.
        batch: How many of them make a step. The last step of an epoch may have fewer.
        micro: How many go through the model at a time. That changes the memory, and not the steps.
        epochs: How often all rows are read.
    """
    return math.ceil(rows / batch) * epochs


# `optimizer_steps` as beginners write it, and what is wrong with it: for `check.function`.
STEPS_SLIPS = {
    lambda n, b, m, e: math.ceil(n / m) * e: "those are the passes; gradients of several make one step",
    lambda n, b, m, e: n // b * e: "the last, smaller step of an epoch counts too",
    lambda n, b, m, e: math.ceil(n * e / b): "an epoch ends before the next begins: round up for each",
    lambda n, b, m, e: math.ceil(n / b): "that is one epoch",
}


class Padded:
    """A collator: rows of input_ids and labels, each padded on the right to the longest, and a mask of what is no pad.

    It gives input_ids, labels and attention_mask, each (rows, longest). Other columns are left out.

    Args:
        pad: the token that fills up.
        names: what the columns are called that are read as input_ids and labels.
        beside: columns of one number a row that it gives too, as (rows,).
    """

    def __init__(self, pad: int, names: tuple[str, str] = ("input_ids", "labels"), beside: tuple[str, ...] = ()):
        self.pad, self.names, self.beside = pad, names, beside

    def __call__(self, rows: list[dict]) -> dict[str, torch.Tensor]:
        """The batch of some rows."""
        ids, labels = ([torch.tensor(row[name]) for row in rows] for name in self.names)
        filled = {
            "input_ids": (ids, self.pad),
            "labels": (labels, losses.IGNORED),
            "attention_mask": ([torch.ones_like(one) for one in ids], 0),
        }
        found = {
            name: torch.nn.utils.rnn.pad_sequence(columns, batch_first=True, padding_value=value)
            for name, (columns, value) in filled.items()
        }
        return found | {name: torch.tensor([row[name] for row in rows]) for name in self.beside}
