"""Feature distillation, as in notebook 08: a student is drawn towards what its teacher holds inside.

It stands beside the loss on logits, with the teacher beside the student or from a cache.
"""

from dataclasses import dataclass, field

import torch

from helpers import models, training
from helpers.cache.states import unpack
from helpers.losses import layer_maps
from helpers.methods.cached import Cached, CachedTrainer, WithTargets
from helpers.methods.logits import Logits, LogitTrainer, shared
from helpers.training import activations
from helpers.training.matching import Features, WithFeatures
from helpers.training.method import trainer_of


class FeatureTrainer(WithFeatures, LogitTrainer):
    """Trains a student on its teacher's logits and on what it holds inside, with the teacher beside it.

    features, widths: as WithFeatures; the rest as LogitTrainer.
    """

    def parts_of(self, model, inputs, count):
        labels, features = inputs.pop("labels"), self.matching.features
        with torch.no_grad():
            their_last, theirs = activations.read(self.teacher, inputs, features.signal, [b for _, b in features.pairs])
        our_last, ours = activations.read(model, inputs, features.signal, [a for a, _ in features.pairs])
        logits = self.loss_of(model, our_last, their_last, labels, count)
        pairs = ([activations.learnt(each, labels) for each in side] for side in (ours, theirs))
        return logits, *pairs, activations.sizes(labels), count


class CachedFeatureTrainer(WithFeatures, CachedTrainer):
    """As FeatureTrainer, from a cache: the teacher is not there.

    layers: of the teacher, in the order in which the cache has them. The rest as WithFeatures and CachedTrainer.
    """

    def __init__(self, *arguments, layers: tuple[int, ...], **more):
        super().__init__(*arguments, **more)
        collator = self.data_collator
        self.data_collator = WithStates(collator.plain.pad, collator.encoding, collator.vocabulary)
        self.data_collator.layers = self.layers = tuple(layers)

    def parts_of(self, model, inputs, count):
        names, features = ("labels", "target_ids", "target_weights", "states"), self.matching.features
        labels, ids, weights, states = (inputs.pop(name) for name in names)
        theirs = [states[self.layers.index(layer)] for _, layer in features.pairs]
        last, ours = activations.read(model, inputs, features.signal, [a for a, _ in features.pairs])
        logits = self.loss_of(model, last, labels, ids, weights, count)
        ours = [activations.learnt(each, labels) for each in ours]
        if features.signal == "attention":
            theirs = [each[:, None] for each in theirs]  # the mean of the heads was kept
        return logits, ours, theirs, activations.sizes(labels), count


class WithStates(WithTargets):
    """As WithTargets, and beside it the stored states of a batch: states, (layers, learnt tokens, width)."""

    layers: tuple[int, ...] = ()

    def __call__(self, rows: list[dict]) -> dict[str, torch.Tensor]:
        batch = super().__call__(rows)
        found = [unpack(row["states"], len(self.layers), row["tokens"]) for row in rows]
        # Attention reaches as far as a text is long; beyond it there is nothing in the batch to look at.
        width = max(each.shape[-1] for each in found)
        padded = [torch.nn.functional.pad(each, (0, width - each.shape[-1])) for each in found]
        return {**batch, "states": torch.cat(padded, dim=1)}


@dataclass(frozen=True)
class LiveFeatures(Logits):
    """As Logits, with more in the loss. features: what is matched, and how hard.

    Raises as Logits; its trainer ValueError for a map with a layer that the models do not have.
    """

    features: Features = field(default=Features(), kw_only=True)
    name = "features"

    def trainer(self, student: tuple | None = None, teacher: tuple | None = None):
        """A FeatureTrainer. student, teacher: (model, tokenizer), loaded if None. Raises as Logits's."""
        model, tokenizer = student or self.student()
        other, _ = teacher or models.load_teacher(self.tier)
        layer_maps.check(self.features.pairs, layer_maps.blocks(model), layer_maps.blocks(other))
        if self.features.signal == "attention":
            for one in (model, other):
                one.set_attn_implementation("eager")
        args = training.settings(self.tier, self.seed, self.folder)
        common = shared(self.tier, tokenizer, other, model)
        return trainer_of(
            FeatureTrainer, model, tokenizer, self.tokens(tokenizer), self.tier, self.seed, args, teacher=other,
            features=self.features, widths=widths(model, other), **common, **self.soft,
        )  # fmt: skip


@dataclass(frozen=True)
class CachedFeatures(Cached):
    """As LiveFeatures, from a cache that holds states too. The rest as Cached."""

    features: Features = field(default=Features(), kw_only=True)
    name = "features-cached"

    @property
    def inside(self) -> tuple:
        """The signal, and the teacher's layers in the order in which the cache has them."""
        return self.features.signal, tuple(sorted({theirs for _, theirs in self.features.pairs}))

    def trainer(self, student: tuple | None = None, teacher: tuple | None = None):
        """A CachedFeatureTrainer. Raises as Cached's and LiveFeatures's."""
        shapes = [models.text_config(getattr(self.tier, role)) for role in (self.role, "teacher")]
        layer_maps.check(self.features.pairs, *(one.num_hidden_layers for one in shapes))
        data, record = self.fill(teacher)
        student = student or self.student()
        if self.features.signal == "attention":
            student[0].set_attn_implementation("eager")
        return self.trainer_from(
            data, record, student, CachedFeatureTrainer, layers=self.inside[1], features=self.features,
            widths=tuple(one.hidden_size for one in shapes),
        )  # fmt: skip


def widths(student, teacher) -> tuple[int, int]:
    """How wide the hidden states of both are."""
    return tuple(model.config.get_text_config().hidden_size for model in (student, teacher))
