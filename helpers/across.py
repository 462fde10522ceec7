"""Distillation from a teacher with another tokenizer, by its name: made where it is missing, else read."""

import math
from dataclasses import asdict, dataclass

from datasets import Dataset

from helpers import distil, losses, models, traces, trainers
from helpers.tiers import Tier


@dataclass(frozen=True)
class Across:
    """How a teacher is learnt across tokenizers.

    alpha: the share of the hard labels. unmatched: the weight of `cross_tokenizer.sorted_distance`.
    Raises ValueError for an alpha outside 0 to 1, and for an unmatched that is below 0 or no number.
    """

    alpha: float = 0.0
    unmatched: float = 1.0

    def __post_init__(self):
        losses.check_alpha(self.alpha)
        if not 0 <= self.unmatched < math.inf:
            raise ValueError(f"unmatched is {self.unmatched}; it is a weight, 0 or above")


def logits(tier: Tier, seed: int, how: Across, rows=None) -> trainers.Run:
    """As in notebook 07: the student learns the distributions of a teacher whose tokens are not its own.

    rows: kept traces, `traces.load` if None. The teacher is loaded beside the student and asked again at each step.
    Trained where it is not finished yet, else read. Raises as `traces.load`, `models.load_student` and `sides`.
    """
    rows = traces.load(tier, seed=seed) if rows is None else rows
    return distil.once(
        folder_of(tier, seed, rows, how),
        lambda: across_trainer(*models.load_student(tier), rows, tier, seed, how, *models.load_teacher(tier)),
    )


def across_trainer(student, tokenizer, rows, tier: Tier, seed: int, how: Across, teacher, teacher_tokenizer):
    """As `distil.token_trainer`, with the loss of `trainers.across.AcrossTrainer`. Raises as `logits`."""
    from helpers.trainers.across import AcrossTrainer, rows_of, sides_of  # not at the top: see helpers.models.loading

    both = sides_of(teacher_tokenizer, tokenizer)
    dataset = Dataset.from_list(rows_of(traces.messages(rows), both, tier.max_length))
    # The teacher's tokens and the chunks are columns of their own, which Trainer would drop. And the rows are cut
    # already: TRL's preparation would cut the student's tokens and leave the chunks.
    ready = {"remove_unused_columns": False, "dataset_kwargs": {"skip_prepare_dataset": True}}
    args = trainers.settings(tier, seed, folder_of(tier, seed, rows, how), loss_type="nll", **ready)
    return distil.trainer_of(
        AcrossTrainer, student, tokenizer, dataset, tier, seed, args, teacher=teacher, sides=both, **asdict(how)
    )


def folder_of(tier: Tier, seed: int, rows, how: Across):
    """Where such a distillation lies."""
    by = ("across", "trainers/across")
    return distil.folder_of("across", tier, seed, rows, "student", by, **distil.taught(tier), across=asdict(how))
