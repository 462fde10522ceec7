"""Logit distillation of a whole student: what was cut out of a larger model mends more than an adapter can reach."""

from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING, ClassVar

from datasets import Dataset

from helpers import models, provenance, training
from helpers.methods.cached import Cached
from helpers.methods.features import FeatureTrainer, LiveFeatures
from helpers.methods.logits import Logits
from helpers.models.loading import load
from helpers.tiers import ModelSpec
from helpers.tiers.naming import from_root
from helpers.training import method
from helpers.training.checkpoints import step_of

if TYPE_CHECKING:
    from transformers import Trainer

PART = 8  # all weights are moved by so small a part of an adapter's learning rate


class WholeFeatureTrainer(FeatureTrainer):
    """As FeatureTrainer, for a student without an adapter: the projections are no part of the model that is saved."""

    def _save(self, output_dir=None, state_dict=None):
        found = self.model.state_dict() if state_dict is None else state_dict
        super()._save(output_dir, {name: one for name, one in found.items() if not name.startswith("matching.")})


@dataclass(frozen=True)
class Whole:
    """What a method needs to train every weight, in float32 and through transformers alone: first among the bases.

    Its student is the tier's sibling: `dataclasses.replace(tier, sibling=cutting.cut(...))` names a smaller model. It
    needs 16 bytes of memory for each weight. Two checkpoints are kept, of the whole student and its optimizer.

    Args:
        rate: the learning rate; an eighth of the tier's if None.
        steps: after so many steps of the optimizer it ends, within an epoch too, and nothing is validated; None for the
            tier's epochs.

    Raises:
        ValueError: for a rate or steps that are none.
    """

    rate: float | None = field(default=None, kw_only=True)
    steps: int | None = field(default=None, kw_only=True)

    def check(self) -> None:
        """As Method's."""
        super().check()
        if self.rate is not None and not self.rate > 0:
            raise ValueError(f"rate is {self.rate}; a learning rate is above 0, or None for the tier's over {PART}")
        if self.steps is not None and self.steps < 1:
            raise ValueError(f"steps is {self.steps}; at least one is trained, or give None for the tier's epochs")

    def student(self) -> tuple:
        """(model, tokenizer), the model whole and in float32. Raises as `models.load_sibling`."""
        if self.tier.sibling is None:
            return models.load_sibling(self.tier)  # raises, and says why
        model, tokenizer = load(replace(self.tier, engine="transformers"), self.tier.sibling, four_bit=False)
        return model.float(), tokenizer

    def changes(self) -> dict[str, object]:
        """What is other than the tier's settings, as `training.settings` takes it."""
        longest = {}
        if self.steps:  # an epoch of few traces is over soon, and a whole model takes long to write
            kept = min(self.steps, method.BETWEEN)
            longest = {"max_steps": self.steps, "save_strategy": "steps", "save_steps": kept}
        rate = self.rate or self.tier.lora.learning_rate / PART
        return {"remove_unused_columns": False, "save_total_limit": 2, "learning_rate": rate, **longest}

    def trainer_for(self, student: tuple, dataset: Dataset, **more: object) -> "Trainer":
        """As Method's, without an adapter.

        Raises:
            ValueError: for a dataset of no rows.
        """
        from helpers.training.callbacks import Validation  # not at the top: it stands on transformers

        if not len(dataset):
            raise ValueError("there are no traces to learn from: see with `traces.verify` why none was kept")
        model, tokenizer = student
        args = training.settings(self.tier, self.seed, self.folder, **self.changes())
        problems = cache(lambda: method.validation_problems(self.tier))
        every = -(-method.BETWEEN // -(-len(dataset) // self.tier.batch_size))
        valid = Validation(lambda one: method.right_answers(self.tier, one, tokenizer, problems), every)
        with provenance.no_bars():  # of the trainer's preparation, which takes a moment
            return self.made_by(
                model=model, args=args, train_dataset=dataset, processing_class=tokenizer,
                callbacks=[] if self.steps else [valid], **more,
            )  # fmt: skip

    def trained(self) -> ModelSpec:
        """The student after its training, as a model that a tier can name.

        Raises:
            FileNotFoundError: where the training is not finished.
        """
        training.read(self.folder)
        return ModelSpec(from_root(max(self.folder.glob("checkpoint-*"), key=step_of)))


@dataclass(frozen=True)
class AllWeights(Whole, Logits):
    """As Logits and Whole. With alpha=1 the labels alone are learnt."""

    name: ClassVar[str] = "all-weights"


@dataclass(frozen=True)
class AllWeightsCached(Whole, Cached):
    """As Cached and Whole: the larger model is read once, and not beside the student."""

    name: ClassVar[str] = "all-weights-cached"


@dataclass(frozen=True)
class AllWeightsFeatures(Whole, LiveFeatures):
    """As LiveFeatures and Whole."""

    name: ClassVar[str] = "all-weights-features"
    made_by: ClassVar[type] = WholeFeatureTrainer
