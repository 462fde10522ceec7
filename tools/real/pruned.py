"""The real model with fewer blocks, healed by what the whole one holds likely, or by the labels alone.

A part of `make real`. As in notebook 12, blocks go one after another, each time the one that is missed least. Then all
weights learn: once from the whole model's distributions, through notebook 06's cache, once from the words, and both
times on the same tokens.
"""

import json
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from datasets import Dataset

from helpers import disk, evaluation, losses, models
from helpers.evaluation import results
from helpers.losses.head import head_of
from helpers.methods import cutting, selection
from helpers.methods.all_weights import AllWeightsCached
from helpers.tiers import ModelSpec, Tier
from helpers.training import activations
from helpers.training.method import digest_of, short, teacher_id
from helpers.training.rows import Padded
from real import next_sentence
from real import traces as real_traces

DEPTHS, WAYS = (24, 20), {"after": 0.0, "labels": 1.0}  # blocks that stay, of 30; the share of labels in the loss
LENGTH, EPOCHS = 320, 1  # tokens of a trace's beginning that are read, and how often, on a CPU
GPU_LENGTH, GPU_EPOCHS = 1_152, 4
RATE = 3e-4  # in the first 20 steps from the whole model the loss fell from 3.4 to 2.3 nats, at 1e-3 to 2.9
CHOOSING = 2  # traces that say which blocks go
ITEMS = 3  # sentences of each held-out trace that are to be chosen
# Products of the training, of the blocks' choice and of the sentences'. Held-out losses are of float32.
BFLOAT16 = True
FILE, LEFT_OUT = "figures.json", "left_out.json"


@dataclass(frozen=True)
class Healed(AllWeightsCached):
    """As AllWeightsCached, on the beginnings of traces."""

    name = "healed"

    def changes(self) -> dict:
        """As Whole's. A training takes minutes: none goes on from its middle, so the optimizer's state is not kept."""
        return super().changes() | {"bf16": BFLOAT16, "save_only_model": True}

    def tokens(self, tokenizer) -> Dataset:
        """As Method's."""
        return Dataset.from_list(real_traces.beginnings(self.tier, tokenizer, self.rows))


def pruned(tier: Tier, held: int, seed: int) -> dict:
    """What the whole model, each cut of it and each healed one can do, and what that took: for real.json.

    kl: the divergence of the whole model from it, in nats a learnt token of held-out traces, on average. loss: in nats
    a token. accuracy: how often it holds the true next sentence for the likeliest of four (`real.next_sentence`). gain:
    how much oftener healed by distributions than by labels, on the same items.

    Each loss without a block, each training and the figures are on disk as soon as they are there: the same call goes
    on where one was stopped.

    Args:
        tier: whose student is the whole model.
        held: how many traces are never learnt.
        seed: of what is held out, of the trainings and of the items.
    """
    learnt, unseen, _ = real_traces.split(
        real_traces.read(real_traces.path()), replace(tier, max_length=sys.maxsize), held, seed
    )
    length, epochs = (GPU_LENGTH, GPU_EPOCHS) if torch.cuda.is_available() else (LENGTH, EPOCHS)
    # One text makes a step: few tokens are many steps, and none of them fills up.
    tier = replace(
        tier, teacher=tier.student, sibling=tier.student, max_length=length, epochs=epochs, batch_size=1, micro_batch=1,
        generate_batch=1,
    )  # fmt: skip
    chosen = {"depths": list(DEPTHS), "length": length, "rate": RATE, "choosing": CHOOSING, "items": ITEMS}
    made = {**teacher_id(tier), **chosen, "seed": seed, "traces": [digest_of(learnt), digest_of(unseen)]}
    folder = tier.artifacts / f"pruned-{short(made)}"
    with disk.one_writer(folder):
        if not (folder / FILE).is_file():
            found = figures(tier, folder, learnt, unseen, seed) | {"settings": {**chosen, "epochs": epochs}}
            disk.write_whole(folder / FILE, json.dumps(results.plain(found)))
    return json.loads((folder / FILE).read_text(encoding="utf-8"))


def figures(tier: Tier, folder: Path, learnt: Dataset, unseen: Dataset, seed: int) -> dict:
    """What `pruned` gives. folder: where the losses without a block lie."""
    whole, tokenizer = models.load_teacher(tier)
    try:
        order, choosing = leaving(folder, whole, tokenizer, tier, learnt)
        blocks = whole.config.get_text_config().num_hidden_layers
        kept = {depth: [one for one in range(1, blocks + 1) if one not in order[: blocks - depth]] for depth in DEPTHS}
        specs, seconds = {}, 0.0
        for depth, stay in kept.items():
            cut = specs[depth, "before"] = cutting.cut(tier, tier.teacher, stay, loaded=(whole, tokenizer))
            for way, alpha in WAYS.items():
                how = {"steps": tier.epochs * len(learnt), "rate": RATE, "alpha": alpha}
                method = Healed(replace(tier, sibling=cut), seed, learnt, **how)
                print(f"{depth} of {blocks} blocks, {'labels' if alpha else 'the whole model'} to heal it", flush=True)
                seconds += method.run().seconds
                specs[depth, way] = method.trained()
        began = time.perf_counter()
        rows = real_traces.beginnings(tier, tokenizer, unseen)
        asked = next_sentence.items(tokenizer, unseen, ITEMS, seed)
        theirs = [states_of(whole, row) for row in rows]
        found = {"whole": told(whole, whole, theirs, rows, asked)}
        found |= {key: measured(tier, spec, whole, theirs, rows, asked) for key, spec in specs.items()}
    finally:
        models.unload(whole)
    told_of = {name: {key: value for key, value in one.items() if key != "right"} for name, one in found.items()}
    texts = real_traces.beginnings(tier, tokenizer, learnt)
    return {
        "whole": told_of["whole"] | {"blocks": blocks},
        **{
            str(depth): {"kept": stay, **{way: told_of[depth, way] for way in ("before", *WAYS)}} | {
                "gain": evaluation.paired_bootstrap(found[depth, "labels"]["right"], found[depth, "after"]["right"],
                                                    seed)}
            for depth, stay in kept.items()
        },
        "tokens": {
            "read": sum(len(row["input_ids"]) for row in texts), "learnt": sum(map(real_traces.counted, texts)),
            "held_out": sum(map(real_traces.counted, rows)),
        },
        "traces": len(learnt),
        "minutes": {"choosing": choosing / 60, "training": seconds / 60,
                    "measuring": (time.perf_counter() - began) / 60},
    }  # fmt: skip


def leaving(folder: Path, whole, tokenizer, tier: Tier, learnt: Dataset) -> tuple[list[int], float]:
    """The blocks in the order in which they go, and the seconds that took. Each loss is kept in the folder."""
    pad, rows = Padded(tokenizer.pad_token_id), real_traces.beginnings(tier, tokenizer, learnt)
    read = [pad([row]) for row in rows[:CHOOSING]]
    file = folder / LEFT_OUT
    known = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    head_of(whole)  # which looks at it once, in float32

    def loss_of(dropped: Sequence[int]) -> float:
        key = ", ".join(map(str, sorted(dropped)))
        if key not in known:
            began = time.perf_counter()
            with narrow():
                known[key] = [selection.loss(whole, read, dropped), time.perf_counter() - began]
            disk.write_whole(file, json.dumps(known))
            print(f"without {key}: {known[key][0]:.3f} nats", flush=True)
        return known[key][0]

    blocks = whole.config.get_text_config().num_hidden_layers
    gone = selection.one_after_another(blocks, min(DEPTHS), loss_of)
    return [block for block, _ in gone], sum(seconds for _, seconds in known.values())


def measured(tier: Tier, spec: ModelSpec, whole, theirs, rows, asked) -> dict:
    """As `told`, of a model that is loaded for it."""
    model, _ = models.load_teacher(replace(tier, teacher=spec))
    try:
        return told(model, whole, theirs, rows, asked)
    finally:
        models.unload(model)


@torch.no_grad()
def told(model, whole, theirs: Sequence[torch.Tensor], rows: Sequence[Mapping], asked) -> dict:
    """kl, loss, accuracy and weights of a model, and "right" for each item.

    theirs: what the whole model's head is given at the learnt tokens of each row: a fraction of its logits.
    """
    ours, wide, kl, loss = head_of(model), head_of(whole), 0.0, 0.0
    for row, states in zip(rows, theirs, strict=True):
        logits = ours.logits(states_of(model, row))
        words = torch.tensor(row["labels"], device=logits.device)[None]
        kl += losses.each_divergence(logits, wide.logits(states)).sum().item()
        loss += torch.nn.functional.cross_entropy(logits, losses.targets(words), reduction="sum").item()
    with narrow():
        right = next_sentence.right(model, asked)
    many = sum(map(real_traces.counted, rows))
    return {
        "kl": kl / many, "loss": loss / many, "accuracy": evaluation.wilson(sum(right), len(right)),
        "weights": models.parameter_count(model), "right": right,
    }  # fmt: skip


@torch.no_grad()
def states_of(model, row: Mapping) -> torch.Tensor:
    """What a model's head is given at the learnt tokens of a row, (tokens, width)."""
    ids, labels = (torch.tensor([row[name]], device=model.device) for name in ("input_ids", "labels"))
    given = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
    return losses.learnt(activations.read(model, given, "hidden", ())[0], labels)


@contextmanager
def narrow():
    """Products in bfloat16: some processors have instructions for them."""
    with torch.autocast("cuda" if torch.cuda.is_available() else "cpu", torch.bfloat16, enabled=BFLOAT16):
        yield
