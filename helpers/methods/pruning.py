"""A student made of some of its teacher's layers, or of the same shape and knowing nothing; trained whole, a little."""

import tempfile
from collections.abc import Sequence
from copy import deepcopy
from typing import TYPE_CHECKING

import torch
from datasets import Dataset

from helpers import provenance, training
from helpers.losses import layer_maps
from helpers.methods.features import FeatureTrainer
from helpers.methods.logits import LogitTrainer, shared
from helpers.tiers import Tier
from helpers.training.matching import Features
from helpers.training.rows import of_traces

if TYPE_CHECKING:
    from transformers import TrainingArguments


def every_other(blocks: int) -> tuple[int, ...]:
    """Every other layer of so many, the last among them (DistilBERT, Sanh et al. 2019, section 3): 4 gives (2, 4)."""
    return tuple(range(blocks, 0, -2))[::-1]


def evenly(blocks: int, many: int) -> tuple[int, ...]:
    """So many layers of the blocks, at even steps from the first to the last: 4 and 2 give (1, 4).

    Raises:
        ValueError: for more layers than there are, or for fewer than two, which have no two ends.
    """
    if not 2 <= many <= blocks:
        raise ValueError(f"{many} layers of {blocks} cannot be kept: choose from 2 to {blocks}")
    return tuple(1 + round(i * (blocks - 1) / (many - 1)) for i in range(many))


def student_of(
    teacher: torch.nn.Module, kept: Sequence[int], seed: int = 0, copied: bool = True
) -> torch.nn.Module:
    """A model with some of a teacher's blocks, its widths and its vocabulary, in float32, every weight to be trained.

    Args:
        teacher: a causal language model, not in 4 bits.
        kept: numbers of its blocks from 1 on (`losses.layer_maps`).
        seed: from which weights are drawn.
        copied: whether it begins with the teacher's weights, of the kept blocks, embeddings and final norm. Without it
            all weights are drawn anew.

    Raises:
        ValueError: for a block that does not exist or no block at all.
    """
    kept = tuple(kept)
    layer_maps.check(tuple(enumerate(kept, 1)), len(kept), layer_maps.blocks(teacher))
    if not all(layer > 0 for layer in kept):
        raise ValueError(f"{kept} names layer 0, which is the teacher's embeddings: every student has those")
    config = deepcopy(teacher.config)
    inner = config.get_text_config()
    inner.num_hidden_layers = len(kept)
    if getattr(inner, "layer_types", None):
        inner.layer_types = [inner.layer_types[layer - 1] for layer in kept]
    with torch.random.fork_rng():  # the random numbers of whoever calls go on as if nothing had been drawn
        torch.manual_seed(seed)
        with torch.device(teacher.device):  # billions of weights are drawn there, and not on one core
            student = type(teacher)(config).to(dtype=torch.float32)
    if copied:
        student.load_state_dict(teacher.state_dict(), strict=False)  # the blocks are still those of the old numbers
        for block, layer in zip(student.base_model.layers, kept, strict=True):
            block.load_state_dict(teacher.base_model.layers[layer - 1].state_dict())
    return student


def learn(
    tier: Tier, seed: int, student: torch.nn.Module, teacher: torch.nn.Module, tokenizer, rows: Dataset, steps: int,
    rate: float, features: Features | None = None,
) -> training.Run:  # fmt: skip
    """Trains the whole student on its teacher's logits for some steps, and on features where they are given.

    The student is as wide as its teacher, so the projections begin as the identity. Nothing is kept on the disk: the
    student itself is what comes of it. rows: kept traces; rate: the learning rate. Raises as `methods.logits.shared`.
    """
    with tempfile.TemporaryDirectory() as folder:
        args = training.settings(
            tier, seed, folder, max_steps=steps, learning_rate=rate, save_strategy="no",
            gradient_checkpointing=False,
        )  # fmt: skip
        trainer = whole_trainer(tier, student, teacher, tokenizer, rows, args, features)
        try:
            return training.run(trainer)
        finally:
            if features is not None:
                del student.matching  # no part of the student: the trainer hung it there


def whole_trainer(
    tier: Tier, student: torch.nn.Module, teacher: torch.nn.Module, tokenizer, rows: Dataset,
    args: "TrainingArguments", features: Features | None = None,
) -> LogitTrainer:  # fmt: skip
    """A trainer of every weight of a student, as `learn` has it. args: as `training.settings`."""
    sizes = (len(model.get_output_embeddings().weight) for model in (student, teacher))
    given = {
        "model": student, "args": args, "train_dataset": of_traces(tier, tokenizer, rows, "sibling"),
        "processing_class": tokenizer, "teacher": teacher, **shared(tier, tokenizer, *sizes),
    }  # fmt: skip
    with provenance.no_bars():  # of the trainer's preparation, which takes a moment
        if features is None:
            return LogitTrainer(**given)
        width = teacher.config.get_text_config().hidden_size
        trainer = FeatureTrainer(**given, features=features, widths=(width, width))
    for projection in trainer.matching.projections:
        torch.nn.init.eye_(projection.weight)
        torch.nn.init.zeros_(projection.bias)
    return trainer
