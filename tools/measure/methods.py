"""Every method's trainer by its name, as the notebooks make it. A method joins by a line: the measurement and the tests
of real steps (`tests/test_real_steps.py`) both go through this list."""

from collections.abc import Callable
from dataclasses import dataclass

import torch

from helpers import across, distil, features, halved, models, soft, trainers
from helpers.trainers.features import Features


@dataclass(frozen=True)
class Method:
    """role: who learns, "student" or "sibling". make: (tier, rows) to a trainer. planned: its name in the planner.

    whole: whether all weights of a student of its own are trained, without an adapter.
    """

    make: Callable
    role: str = "sibling"
    planned: str | None = None
    whole: bool = False


def pairs_of(tier, role: str) -> tuple[tuple[int, int], ...]:
    """Two pairs of layers, near the middle and at the end, of a student and its teacher: as notebook 08 has them."""
    depths = [features.settings_of(tier, each).num_hidden_layers for each in (role, "teacher")]
    return tuple(zip(*((max(1, depth // 2), depth) for depth in depths), strict=True))


def _beside(tier):
    return *models.load_sibling(tier), models.load_teacher(tier)[0]


def _token(tier, rows):
    return distil.token_trainer(*models.load_student(tier), rows, tier, 0)


def _logits(tier, rows):
    sibling, tokenizer, teacher = _beside(tier)
    return soft.logit_trainer(sibling, tokenizer, rows, tier, 0, soft.Soft(alpha=0.25), teacher)


def _cached(tier, rows):
    return soft.cached_trainer(tier, 0, soft.Soft(), rows)


def _across(tier, rows):
    (student, tokenizer), (teacher, theirs) = models.load_student(tier), models.load_teacher(tier)
    return across.across_trainer(student, tokenizer, rows, tier, 0, across.Across(), teacher, theirs)


def _features(kind: str):
    def make(tier, rows):
        sibling, tokenizer, teacher = _beside(tier)
        how = Features(kind, pairs_of(tier, "sibling"), logits=True)
        return features.live_trainer(sibling, tokenizer, rows, tier, 0, soft.Soft(), how, teacher)

    return make


def _features_cached(tier, rows):
    return features.cached_trainer(tier, 0, soft.Soft(), Features("hint", pairs_of(tier, "sibling")), rows)


def _features_across(tier, rows):
    return features.across_trainer(tier, 0, Features("hint", pairs_of(tier, "student")), rows)


def _halved(tier, rows):
    teacher, tokenizer = models.load_teacher(tier)
    kept = halved.every_other(features.settings_of(tier, "teacher").num_hidden_layers)
    student = halved.student_of(teacher, kept)
    # The head is a part of what is trained, and the student is its teacher's copy: let it not be one.
    with torch.no_grad():
        student.get_output_embeddings().weight.mul_(0.9)
    args = trainers.settings(tier, 0, tier.artifacts / "halved", loss_type="nll")
    how = Features("hint", tuple(enumerate(kept, 1)))
    return halved.whole_trainer(student, teacher, tokenizer, rows, tier, args, how)


METHODS = {
    "token": Method(_token, "student", "token"),
    "logits": Method(_logits, planned="logits"),
    "cached": Method(_cached, planned="cached logits"),
    "across": Method(_across, "student", "across"),
    "features_hint": Method(_features("hint"), planned="features live"),
    "features_relations": Method(_features("relations"), planned="features live"),
    "features_cached": Method(_features_cached, planned="features"),
    "features_across": Method(_features_across, "student"),
    "halved": Method(_halved, whole=True),
}
