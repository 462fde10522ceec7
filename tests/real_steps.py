"""One real optimizer step of every trainer, and its gradients: what `test_real_steps` compares, alone and in processes.

As a program it is one of several processes: `torchrun --nproc_per_node 2 tests/real_steps.py FOLDER` saves the
gradients of each method's step on the models in FOLDER/models to FOLDER/gloo/METHOD.safetensors.
"""

import sys
from dataclasses import replace
from pathlib import Path

import torch
from measure import steps
from measure.methods import METHODS
from safetensors.torch import save_file
from test_training import kept
from tiny_models import tier_at

from helpers import tiers
from helpers.tiers import Tier
from helpers.traces import ANSWER

ROWS = 4  # one step's


def rows():
    """Traces of very different lengths: a mean over rows or micro-batches is then not one over tokens."""
    long = [row[ANSWER].replace(".\n", "." + " That is so." * 3 * i + "\n") for i, row in enumerate(kept(ROWS))]
    return kept(ROWS).map(lambda row, i: {ANSWER: long[i]}, with_indices=True)


def step(method: str, tier: Tier, prepare=lambda trainer: None, **changes) -> steps.Noted:
    """`measure.steps.step` on all the rows."""
    return steps.step(method, tier, rows(), prepare, **changes)


def tier_in(folder: Path, processes: int = 1) -> Tier:
    """The tier of the tests on models that lie in a folder. processes: the rows of a step are shared by so many."""
    tier = tier_at(folder / "models")
    size = ROWS // processes
    return replace(tier, epochs=1, batch_size=size, micro_batch=size, lora=replace(tier.lora, r=4, alpha=8))


def main(folder: Path) -> None:
    (folder / "gloo").mkdir(exist_ok=True)
    tiers.ROOT = folder  # of this process alone
    for method in METHODS:
        noted = step(method, tier_in(folder, processes=2))
        if torch.distributed.get_rank() == 0:
            loss = {"loss": torch.tensor(noted.loss)}
            save_file(noted.gradients, folder / "gloo" / f"{method}.safetensors")
            save_file(loss, folder / "gloo" / f"{method}.loss.safetensors")
    torch.distributed.barrier()
    torch.distributed.destroy_process_group()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
