"""The models of a tier at their full published shapes, with random weights, where the Hub's client looks for them.

    python -m measure.weights TIER FOLDER
"""

import math
import shutil
import sys
from pathlib import Path

import torch
from rehearsal import settings as real_settings
from rehearsal import stand_ins

from helpers.tiers import TIERS, ModelSpec

MARK = "RANDOM_WEIGHTS"
WARNING = "The weights are random. What the model says means nothing; memory and speed are those of the real one.\n"


def specs(tier: str) -> list[ModelSpec]:
    """Teacher, student and sibling of a tier, each once."""
    chosen = TIERS[tier]
    return list({spec.name: spec for spec in (chosen.teacher, chosen.student, chosen.sibling)}.values())


def make(tier: str, hub: Path, device: str, files_of=real_settings.whole_files_of) -> None:
    """Writes what is missing of the tier's models to a cache of the Hub's client. device: where weights are drawn.

    files_of: gives a model's files but its weights, by name. Raises as `real_tokenizers.path_of`.
    """
    for spec in specs(tier):
        folder = stand_ins.place_of(spec.name, hub)
        snapshot = folder / "snapshots" / spec.revision
        if (snapshot / MARK).is_file():
            continue
        print(f"drawing weights for {spec.name}", flush=True)
        shutil.rmtree(folder, ignore_errors=True)
        snapshot.mkdir(parents=True)
        draw(spec.name, snapshot, device, files_of)
        (folder / "refs").mkdir()
        (folder / "refs" / "main").write_text(spec.revision, encoding="utf-8")
        (snapshot / MARK).write_text(WARNING, encoding="utf-8")  # last: without it the model is drawn anew


def draw(name: str, place: Path, device: str, files_of) -> None:
    """Writes a model's files to a folder, its weights in bfloat16."""
    from transformers import AutoConfig, AutoModelForCausalLM

    with stand_ins.repository(place, files_of(name), real_settings.MODELS[name].family):
        torch.manual_seed(0)
        with torch.device("meta"):
            made = AutoModelForCausalLM.from_config(AutoConfig.from_pretrained(place), dtype=torch.bfloat16)
        filled(made, device).save_pretrained(place)


def filled(made, device: str):
    """A model without memory gets random weights: matrices as wide as training begins with, norms as they begin."""
    made = made.to_empty(device=device)
    with torch.no_grad():
        for name, weight in made.named_parameters():
            if weight.ndim == 2:
                weight.normal_(std=min(0.02, 1 / math.sqrt(weight.shape[1])))
            else:
                weight.fill_(0.0 if "gemma" in made.config.model_type and "norm" in name else 1.0)
    made.tie_weights()
    return made


def variables(hub: Path) -> dict[str, str]:
    """The environment of a process that is to find the models there, and no network."""
    return {
        **stand_ins.offline(hub, stand_ins.home(hub.parent)), "UNSLOTH_DISABLE_STATISTICS": "1", "DISTILL_STUDENT": "",
        "UNSLOTH_DATASET_NUM_PROC": "0",  # else it forks for a handful of rows
    }  # fmt: skip


if __name__ == "__main__":
    make(sys.argv[1], Path(sys.argv[2]), "cuda")
