"""Feature distillation, as in notebook 08: a student is drawn towards what its teacher holds inside.

It stands beside the loss on logits: with the teacher beside the student, from a cache, or across tokenizers.
"""

from dataclasses import dataclass, field
from typing import ClassVar

from helpers import models
from helpers.losses import layer_maps
from helpers.methods.cached import Cached, CachedTrainer
from helpers.methods.cross_tokenizer import CrossTokenizer, CrossTokenizerTrainer
from helpers.methods.logits import Logits, LogitTrainer
from helpers.training.matching import Features, WithFeatures


class FeatureTrainer(WithFeatures, LogitTrainer):
    """Trains a student on its teacher's logits and on what it holds inside, with the teacher beside it."""


class CachedFeatureTrainer(WithFeatures, CachedTrainer):
    """As FeatureTrainer, from a cache: the teacher is not there."""


class CrossTokenizerFeatureTrainer(WithFeatures, CrossTokenizerTrainer):
    """As FeatureTrainer, with a teacher that has another tokenizer: the mean of each chunk's states on both sides.

    A chunk is the shortest stretch of text that begins and ends between tokens on both sides (`helpers.alignment`).
    """


@dataclass(frozen=True)
class Matched:
    """What a method needs to match features too: before it among the bases of a class. features: what, and how hard.

    Its trainer raises ValueError for a map with a layer that the models do not have.
    """

    features: Features = field(default=Features(), kw_only=True)

    def beside(self) -> dict:
        """What WithFeatures takes."""
        shapes = [models.text_config(getattr(self.tier, role)) for role in (self.role, "teacher")]
        layer_maps.check(self.features.pairs, *(one.num_hidden_layers for one in shapes))
        return super().beside() | {
            "features": self.features, "widths": tuple(one.hidden_size for one in shapes)
        }  # fmt: skip


@dataclass(frozen=True)
class LiveFeatures(Matched, Logits):
    """As Logits, with more in the loss."""

    name = "features"
    made_by: ClassVar[type] = FeatureTrainer


@dataclass(frozen=True)
class CachedFeatures(Matched, Cached):
    """As Cached, with more in the loss: the cache holds states too."""

    name = "features-cached"
    made_by: ClassVar[type] = CachedFeatureTrainer

    @property
    def inside(self) -> tuple:
        """The signal, and the teacher's layers in the order in which the cache has them."""
        return self.features.signal, tuple(sorted({theirs for _, theirs in self.features.pairs}))


@dataclass(frozen=True)
class CrossTokenizerFeatures(Matched, CrossTokenizer):
    """As CrossTokenizer, with more in the loss.

    Raises:
        ValueError: for attention: its places are tokens, of which both sides have their own; and as CrossTokenizer.
    """

    name = "cross-tokenizer-features"
    made_by: ClassVar[type] = CrossTokenizerFeatureTrainer

    def check(self) -> None:
        """As Method's."""
        super().check()
        if self.features.signal == "attention":
            raise ValueError(
                "attention cannot be compared across tokenizers, for each side looks at tokens of its own: choose "
                "hint, cosine, normalised, relations or value_relations"
            )
