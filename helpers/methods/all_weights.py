"""Logit distillation of a whole student: what was cut out of a larger model mends more than an adapter can reach."""

from dataclasses import dataclass, field, replace
from functools import cache
from typing import ClassVar

from helpers import models, provenance, training
from helpers.losses import layer_maps
from helpers.methods.features import FeatureTrainer
from helpers.methods.logits import Logits, LogitTrainer, shared
from helpers.models.loading import load
from helpers.tiers import ModelSpec
from helpers.tiers.naming import from_root
from helpers.training import method
from helpers.training.checkpoints import step_of
from helpers.training.matching import Features

PART = 8  # all weights are moved by so small a part of an adapter's learning rate


class WholeFeatureTrainer(FeatureTrainer):
    """As FeatureTrainer, for a student without an adapter: the projections are no part of the model that is saved."""

    def _save(self, output_dir=None, state_dict=None):
        found = self.model.state_dict() if state_dict is None else state_dict
        super()._save(output_dir, {name: one for name, one in found.items() if not name.startswith("matching.")})


@dataclass(frozen=True)
class AllWeights(Logits):
    """As Logits, and every weight of the student is trained, in float32 and through transformers alone.

    Its student is the tier's sibling: `dataclasses.replace(tier, sibling=cutting.cut(...))` names a smaller model. With
    alpha=1 it learns the labels alone. It needs 16 bytes of memory for each weight, and two checkpoints are kept.

    Args:
        rate: the learning rate; an eighth of the tier's if None.
        steps: after so many steps of the optimizer it ends, within an epoch too, and nothing is validated; None for the
            tier's epochs.
        features: what of the teacher's inside is learnt as well; nothing if None.

    Raises:
        ValueError: for a rate or steps that are none, and as Logits.
    """

    rate: float | None = field(default=None, kw_only=True)
    steps: int | None = field(default=None, kw_only=True)
    features: Features | None = field(default=None, kw_only=True)
    name: ClassVar[str] = "all-weights"

    @property
    def made_by(self) -> type:
        """As Method's."""
        return LogitTrainer if self.features is None else WholeFeatureTrainer

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

    def beside(self) -> dict:
        """What WithFeatures takes, where there are features. Raises ValueError for a layer that does not exist."""
        if self.features is None:
            return {}
        shapes = [models.text_config(getattr(self.tier, role)) for role in (self.role, "teacher")]
        layer_maps.check(self.features.pairs, *(one.num_hidden_layers for one in shapes))
        return {"features": self.features, "widths": tuple(one.hidden_size for one in shapes)}

    def trainer(self, student: tuple | None = None, teacher: tuple | None = None) -> LogitTrainer:
        """As Logits's."""
        from helpers.training.callbacks import Validation  # not at the top: it stands on transformers

        beside = self.beside()
        model, tokenizer = student or self.student()
        other, _ = teacher or models.load_teacher(self.tier)
        sizes = (len(one.get_output_embeddings().weight) for one in (model, other))
        dataset = self.tokens(tokenizer)
        if not len(dataset):
            raise ValueError("there are no traces to learn from: see with `traces.verify` why none was kept")
        args = training.settings(
            self.tier, self.seed, self.folder, remove_unused_columns=False, save_total_limit=2,
            learning_rate=self.rate or self.tier.lora.learning_rate / PART,
            **({"max_steps": self.steps} if self.steps else {}),
        )  # fmt: skip
        problems = cache(lambda: method.validation_problems(self.tier))
        every = -(-method.BETWEEN // -(-len(dataset) // self.tier.batch_size))
        valid = Validation(lambda one: method.right_answers(self.tier, one, tokenizer, problems), every)
        with provenance.no_bars():  # of the trainer's preparation, which takes a moment
            return self.made_by(
                model=model, args=args, train_dataset=dataset, processing_class=tokenizer, teacher=other,
                callbacks=[] if self.steps else [valid], kind=self.kind, temperature=self.temperature, beta=self.beta,
                alpha=self.alpha, **shared(self.tier, tokenizer, *sizes), **beside,
            )  # fmt: skip

    def trained(self) -> ModelSpec:
        """The student after its training, as a model that a tier can name.

        Raises:
            FileNotFoundError: where the training is not finished.
        """
        training.read(self.folder)
        return ModelSpec(from_root(max(self.folder.glob("checkpoint-*"), key=step_of)))
