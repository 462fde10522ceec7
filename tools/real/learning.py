"""Token distillation of the real student, as in notebook 03: the first thing that `make real` does."""

from pathlib import Path

from datasets import Dataset

from helpers import models, traces, training
from helpers.tiers import Tier

# Products of the training, half again as fast on a processor that has instructions for it; all else is float32.
BFLOAT16 = True


def train(tier: Tier, learnt: Dataset, held: Dataset, seed: int) -> training.Run:
    """Token distillation as in notebook 03, with the held-out loss in the place of its validation.

    That would write 120 answers of a thousand tokens after the last epoch, most of an hour here.
    """
    from helpers.methods.token import Token  # not at the top, any of them: see helpers.methods
    from helpers.training import method

    folder = Token(tier, seed, learnt).folder
    return method.once(folder, lambda: trainer_of(tier, learnt, held, seed, folder))


def trainer_of(tier: Tier, learnt: Dataset, held: Dataset, seed: int, folder: Path):
    """The trainer, with a fresh adapter."""
    from trl import SFTTrainer

    from helpers.training import method
    from helpers.training.callbacks import Validation
    from real.held_out import HeldOut  # not at the top, any of them: see helpers.models.loading

    student, tokenizer = models.load_student(tier)
    changes = {"bf16": BFLOAT16, "per_device_eval_batch_size": tier.micro_batch, "logging_steps": 1}
    args = training.settings(tier, seed, folder, of_trl=True, **changes)
    unseen = {"eval_dataset": traces.messages(held)}
    trainer = method.trainer_of(tier, seed, SFTTrainer, student, tokenizer, traces.messages(learnt), args, **unseen)
    trainer.remove_callback(Validation)
    trainer.add_callback(HeldOut(trainer.get_eval_dataloader()))
    return trainer
