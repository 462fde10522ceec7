"""One real optimizer step of every trainer, and its gradients: what `test_real_steps` compares, alone and in processes.

As a program it is one of several processes: `torchrun --nproc_per_node 2 tests/real_steps.py FOLDER` saves the
gradients of each method's step on the models in FOLDER/models to FOLDER/gloo/METHOD.safetensors.
"""

import sys
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from unittest import mock

import torch
from safetensors.torch import save_file
from test_trainers import kept
from tiny_models import tier_at
from transformers import DefaultFlowCallback, TrainerCallback

from helpers import across, distil, features, halved, models, soft, tiers, trainers
from helpers.tiers import Tier
from helpers.traces import ANSWER
from helpers.trainers.features import Features

PAIRS = ((1, 2), (2, 2))
ROWS = 4  # one step's


def rows():
    """Traces of very different lengths: a mean over rows or micro-batches is then not one over tokens."""
    long = [row[ANSWER].replace(".\n", "." + " That is so." * 3 * i + "\n") for i, row in enumerate(kept(ROWS))]
    return kept(ROWS).map(lambda row, i: {ANSWER: long[i]}, with_indices=True)


def _beside(tier: Tier):
    return *models.load_sibling(tier), models.load_teacher(tier)[0]


def _token(tier):
    return distil.token_trainer(*models.load_student(tier), rows(), tier, 0)


def _logits(tier, how=soft.Soft(alpha=0.25)):  # noqa: B008  (frozen)
    sibling, tokenizer, teacher = _beside(tier)
    return soft.logit_trainer(sibling, tokenizer, rows(), tier, 0, how, teacher)


def _across(tier):
    (student, tokenizer), (teacher, theirs) = models.load_student(tier), models.load_teacher(tier)
    return across.across_trainer(student, tokenizer, rows(), tier, 0, across.Across(), teacher, theirs)


def _features(kind: str, pairs=PAIRS, logits: bool = True):
    def make(tier):
        sibling, tokenizer, teacher = _beside(tier)
        how = Features(kind, pairs, logits=logits)
        return features.live_trainer(sibling, tokenizer, rows(), tier, 0, soft.Soft(), how, teacher)

    return make


def _halved(tier):
    teacher, tokenizer = models.load_teacher(tier)
    student = halved.student_of(teacher.float(), (1, 2))
    # The head is a part of what is trained, and the student is its teacher's copy: let it not be one.
    with torch.no_grad():
        student.get_output_embeddings().weight.mul_(0.9)
    args = trainers.settings(tier, 0, tier.artifacts / "halved", loss_type="nll")
    return halved.whole_trainer(student, teacher, tokenizer, rows(), tier, args, Features("hint", PAIRS))


# A method joins the tests by a line here.
METHODS = {
    "token": _token,
    "logits": _logits,
    "cached": lambda tier: soft.cached_trainer(tier, 0, soft.Soft(), rows()),
    "across": _across,
    "features_hint": _features("hint"),
    "features_relations": _features("relations"),
    "features_cached": lambda tier: features.cached_trainer(tier, 0, soft.Soft(), Features("hint", PAIRS), rows()),
    "features_across": lambda tier: features.across_trainer(tier, 0, Features("hint", PAIRS), rows()),
    "halved": _halved,
}


class Noted(TrainerCallback):
    """The gradients just before the first optimizer step, and the loss of that step."""

    def __init__(self):
        self.gradients, self.loss = {}, None

    def on_pre_optimizer_step(self, args, state, control, model=None, **_):
        self.gradients = {
            name: weight.grad.detach().float().clone()
            for name, weight in model.named_parameters() if weight.requires_grad and weight.grad is not None
        }  # fmt: skip

    def on_log(self, args, state, control, logs=None, **_):
        self.loss = (logs or {}).get("loss", self.loss)


def step(method: str, tier: Tier, prepare=lambda trainer: None, **changes) -> Noted:
    """One step of a method on all the rows. prepare: done with the trainer before; changes: fields of the settings."""
    with settings(max_steps=1, save_strategy="no", max_grad_norm=0.0, logging_steps=1, **changes):
        trainer = METHODS[method](tier)
    with torch.no_grad():  # the second half of a fresh adapter is zero, and then nothing reaches the first
        for name, weight in trainer.model.named_parameters():
            if "lora_B" in name:
                weight.normal_(std=0.05, generator=torch.Generator().manual_seed(len(name)))
    noted = Noted()
    trainer.callback_handler.callbacks = [DefaultFlowCallback(), noted]  # no validation
    prepare(trainer)
    trainer.train()
    noted.trained = [name for name, weight in trainer.model.named_parameters() if weight.requires_grad]
    return noted


@contextmanager
def settings(**changes):
    """Other settings for every trainer that is made meanwhile."""
    real = trainers.settings
    with mock.patch.object(trainers, "settings", lambda *given, **more: real(*given, **{**more, **changes})):
        yield


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
