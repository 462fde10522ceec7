"""Conversations as rows of tokens, rows as a batch, and batches as steps of the optimizer."""

import math
from collections.abc import Sequence

import torch

from helpers import losses


def tokenized(messages, tokenizer, longest: int | None = None) -> list[dict]:
    """Rows of prompt and completion (`traces.messages`) as TRL tokenizes them: input_ids and labels.

    longest: how many tokens of a row are kept, from its beginning; None for all. A row of which no learnt token is left
    is dropped, as TRL drops it, and how many those are is printed.
    Raises ValueError if a whole row does not begin as its prompt: then it is not known where the answer begins.
    """
    found = []
    for row in messages:
        prompt = tokenizer.apply_chat_template(row["prompt"], add_generation_prompt=True, return_dict=False)
        whole = tokenizer.apply_chat_template(row["prompt"] + row["completion"], return_dict=False)
        if whole[: len(prompt)] != prompt:
            raise ValueError("the chat template writes a prompt otherwise once there is an answer behind it")
        labels = [losses.IGNORED] * len(prompt) + whole[len(prompt) :]
        found.append({"input_ids": whole[:longest], "labels": labels[:longest]})
    kept = [row for row in found if any(label != losses.IGNORED for label in row["labels"][1:])]
    if len(kept) < len(found):
        print(f"left out: {len(found) - len(kept)} of {len(found)} traces, whose prompt alone fills {longest} tokens")
    return kept


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


class Padded:
    """A collator: rows of input_ids and labels, each padded on the right to the longest, and a mask of what is no pad.

    input_ids, labels, attention_mask: (rows, longest). Other columns are left out.
    """

    def __init__(self, pad: int):
        self.pad = pad

    def __call__(self, rows: list[dict]) -> dict[str, torch.Tensor]:
        filled = {"input_ids": self.pad, "labels": losses.IGNORED, "attention_mask": 0}
        columns = [
            {"input_ids": row["input_ids"], "labels": row["labels"], "attention_mask": [1] * len(row["input_ids"])}
            for row in rows
        ]
        return {
            name: torch.nn.utils.rnn.pad_sequence([torch.tensor(row[name]) for row in columns], True, value)
            for name, value in filled.items()
        }
