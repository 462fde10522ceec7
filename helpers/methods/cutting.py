"""A model made smaller, with fewer blocks and narrower MLPs, as a folder that a tier can name as one of its models."""

import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import replace

import torch

from helpers import disk, models, provenance, sources
from helpers.methods import pruning
from helpers.models.loading import load
from helpers.tiers import ModelSpec, Tier
from helpers.tiers.naming import from_root

NARROW = ("gate_proj", "up_proj")  # their rows are the neurons of an MLP, as the columns of down_proj are


def narrower(model: torch.nn.Module, neurons: Sequence[Sequence[int]]) -> torch.nn.Module:
    """The model itself, with some of the neurons of its MLPs alone.

    Args:
        model: with `gate_proj`, `up_proj` and `down_proj` in each block.
        neurons: for each block the numbers of those that stay, from 0 on, as many in each.

    Raises:
        ValueError: for another number of blocks, for blocks of different widths, or for a neuron that does not exist or
            stands twice.
    """
    blocks, widths = model.base_model.layers, sorted({len(each) for each in neurons})
    if len(neurons) != len(blocks) or len(widths) != 1 or not widths[0]:
        raise ValueError(
            f"neurons are given for {len(neurons)} blocks, {widths} in each: give as many, at least one, for each of "
            f"the {len(blocks)}, because a config has one width for all"
        )
    for number, (block, kept) in enumerate(zip(blocks, neurons, strict=True), 1):
        there = block.mlp.down_proj.in_features
        if len(set(kept)) < len(kept) or not all(0 <= one < there for one in kept):
            raise ValueError(f"block {number} has the neurons 0 to {there - 1}, each once: correct the list for it")
    for mlp, kept in zip((block.mlp for block in blocks), neurons, strict=True):
        at = torch.as_tensor(list(kept), device=mlp.down_proj.weight.device)
        for layer in (getattr(mlp, name) for name in NARROW):
            layer.weight.data, layer.out_features = layer.weight.data[at].clone(), len(kept)
            if layer.bias is not None:
                layer.bias.data = layer.bias.data[at].clone()
        mlp.down_proj.weight.data, mlp.down_proj.in_features = mlp.down_proj.weight.data[:, at].clone(), len(kept)
        mlp.intermediate_size = len(kept)
    model.config.get_text_config().intermediate_size = widths[0]
    return model


def width_for(model: torch.nn.Module, blocks: int, weights: int, step: int = 32) -> int:
    """How wide the MLPs of a smaller model are to be, for it to have about so many weights.

    Args:
        model: from which it is cut; its blocks are equal.
        blocks: how many of them it keeps.
        weights: how many it is to have, embeddings and all.
        step: the width is a multiple of this.

    Returns:
        The nearest width from `step` to the model's own.
    """
    every, first = model.base_model.layers, model.base_model.layers[0]
    block, mlp = models.parameter_count(first), models.parameter_count(first.mlp)
    own = first.mlp.down_proj.in_features
    rest = models.parameter_count(model) - len(every) * block + blocks * (block - mlp)
    wanted = (weights - rest) / (blocks * mlp / own)
    return int(min(max(step * round(wanted / step), step), own))


def cut(
    tier: Tier, source: ModelSpec, kept: Sequence[int], neurons: Sequence[Sequence[int]] | None = None, seed: int = 0,
    copied: bool = True, loaded: tuple | None = None,
) -> ModelSpec:  # fmt: skip
    """A smaller model out of a larger one, in float32 and with its tokenizer, as a folder among the tier's artifacts.

    It is made where it is not there yet. `dataclasses.replace(tier, sibling=...)` makes it the student of the tier, or
    `teacher=...` its teacher.

    Args:
        tier: whose artifacts it lies among.
        source: the larger model.
        kept: numbers of its blocks, from 1 on.
        neurons: as `narrower`, for each block that is kept; all if None.
        seed: as `pruning.student_of`.
        copied: as `pruning.student_of`.
        loaded: the larger model and its tokenizer, not in 4 bits; loaded here if None, and unloaded.

    Raises:
        ValueError: as `pruning.student_of` and `narrower`.
        OSError: as `models.load_teacher`.
    """
    record = {
        "source": source.name, "revision": provenance.revision(source), "kept": list(kept), "copied": copied,
        "neurons": neurons and provenance.digest(json.dumps([[*each] for each in neurons]).encode()),
        "seed": None if copied else seed, "code": sources.code("methods/cutting"),
    }  # fmt: skip
    name = provenance.digest(json.dumps(record).encode()).removeprefix("sha256:")[:8]
    folder = tier.artifacts / f"cut-{name}"
    with disk.one_writer(folder):
        if not folder.is_dir():
            _make(tier, source, kept, neurons, seed, copied, loaded, record, folder)
    return ModelSpec(from_root(folder))


def _make(tier, source, kept, neurons, seed, copied, loaded, record, folder) -> None:
    model, tokenizer = loaded or load(replace(tier, engine="transformers"), source, four_bit=False)
    part = folder.with_name(f"{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)  # what a killed run left
    try:
        made = pruning.student_of(model, kept, seed, copied)
        made.generation_config = model.generation_config  # where it ends, as the larger one does
        with provenance.no_bars():
            (narrower(made, neurons) if neurons else made).save_pretrained(part)
        tokenizer.save_pretrained(part)
        provenance.write(part, record)
        os.replace(part, folder)
    finally:
        if loaded is None:
            models.unload(model)
