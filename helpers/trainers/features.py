"""Feature distillation: what a student holds inside is drawn towards what its teacher holds, beside the loss on logits.

To be imported where a training begins, not before.
"""

import torch

from helpers.cache.states import unpack
from helpers.trainers import signals
from helpers.trainers.cached import CachedTrainer, WithTargets
from helpers.trainers.logits import LogitTrainer
from helpers.trainers.matching import KINDS, PROJECTIONS, Features, Matching, WithFeatures

__all__ = [
    "KINDS", "PROJECTIONS", "CachedFeatureTrainer", "FeatureTrainer", "Features", "Matching", "WithFeatures",
    "WithStates",
]


class FeatureTrainer(WithFeatures, LogitTrainer):
    """Trains a student on its teacher's logits and on what it holds inside, with the teacher beside it.

    features, widths: as WithFeatures; the rest as LogitTrainer.
    """

    def parts_of(self, model, inputs, count):
        labels, features = inputs.pop("labels"), self.matching.features
        with torch.no_grad():
            their_last, theirs = signals.read(self.teacher, inputs, features.signal, [b for _, b in features.pairs])
        our_last, ours = signals.read(model, inputs, features.signal, [a for a, _ in features.pairs])
        logits = self.loss_of(model, our_last, their_last, labels, count)
        pairs = ([signals.learnt(each, labels) for each in side] for side in (ours, theirs))
        return logits, *pairs, signals.sizes(labels), count


class CachedFeatureTrainer(WithFeatures, CachedTrainer):
    """As FeatureTrainer, from a cache: the teacher is not there.

    layers: of the teacher, in the order in which the cache has them. The rest as WithFeatures and CachedTrainer.
    """

    def __init__(self, *arguments, layers: tuple[int, ...], **more):
        super().__init__(*arguments, **more)
        collator = self.data_collator
        self.data_collator = WithStates(collator.plain.pad_token_id, collator.encoding, collator.vocabulary)
        self.data_collator.layers = self.layers = tuple(layers)

    def parts_of(self, model, inputs, count):
        names, features = ("labels", "target_ids", "target_weights", "states"), self.matching.features
        labels, ids, weights, states = (inputs.pop(name) for name in names)
        theirs = [states[self.layers.index(layer)] for _, layer in features.pairs]
        last, ours = signals.read(model, inputs, features.signal, [a for a, _ in features.pairs])
        logits = self.loss_of(model, last, labels, ids, weights, count)
        ours = [signals.learnt(each, labels) for each in ours]
        if features.signal == "attention":
            theirs = [each[:, None] for each in theirs]  # the mean of the heads was kept
        return logits, ours, theirs, signals.sizes(labels), count


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
