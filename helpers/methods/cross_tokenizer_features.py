"""Feature distillation across tokenizers: the mean of each chunk's states on both sides, chunk by chunk."""

from dataclasses import dataclass, field

import torch

from helpers import models
from helpers.losses import layer_maps
from helpers.losses.hidden import chunk_means
from helpers.methods.cross_tokenizer import CrossTokenizer, CrossTokenizerTrainer, read
from helpers.methods.features import widths
from helpers.training import activations
from helpers.training.matching import Features, WithFeatures


class CrossTokenizerFeatureTrainer(WithFeatures, CrossTokenizerTrainer):
    """Trains a student on the logits of a teacher with another tokenizer, and on what that holds inside.

    A chunk is the shortest stretch of text that begins and ends between tokens on both sides (`helpers.alignment`).
    Each side's states in it are averaged, so that both have one for each chunk. features, widths: as WithFeatures; the
    rest as CrossTokenizerTrainer. Raises ValueError for attention: its places are tokens, of which both have their own.
    """

    def __init__(self, *arguments, features, **more):
        if features.signal == "attention":
            raise ValueError(
                "attention cannot be compared across tokenizers, for each side looks at tokens of its own: choose "
                "hint, cosine, normalised, relations or value_relations"
            )
        super().__init__(*arguments, features=features, **more)

    def parts_of(self, model, inputs, count):
        chunks, features, given = inputs["chunks"], self.matching.features, inputs["teacher"]
        labels, their_labels = inputs["labels"], given["labels"]
        with torch.no_grad():
            their_last, theirs = activations.read(
                self.teacher, read(given), features.signal, [b for _, b in features.pairs]
            )
        our_last, ours = activations.read(model, read(inputs), features.signal, [a for a, _ in features.pairs])
        logits = self.loss_of(model, our_last, their_last, labels, their_labels, chunks, inputs["given"], count)
        pairs = (
            [chunk_means(activations.learnt(each, marks), cuts) for each in side]
            for side, marks, cuts in ((ours, labels, chunks.student), (theirs, their_labels, chunks.teacher))
        )
        # There are fewer chunks than tokens; both losses are divided by the same number.
        return logits, *pairs, inputs["sizes"], sum(activations.sizes(labels)) if count is None else count


@dataclass(frozen=True)
class CrossTokenizerFeatures(CrossTokenizer):
    """As CrossTokenizer, with more in the loss. features: what is matched, and how hard.

    Raises as CrossTokenizer; its trainer ValueError for attention, and for a layer that the models do not have.
    """

    features: Features = field(default=Features(), kw_only=True)
    name = "cross-tokenizer-features"

    def trainer(self, student: tuple | None = None, teacher: tuple | None = None):
        """A CrossTokenizerFeatureTrainer. student, teacher: (model, tokenizer), loaded if None."""
        student, teacher = student or self.student(), teacher or models.load_teacher(self.tier)
        layer_maps.check(self.features.pairs, layer_maps.blocks(student[0]), layer_maps.blocks(teacher[0]))
        return self.trainer_from(
            student, teacher, CrossTokenizerFeatureTrainer, features=self.features,
            widths=widths(student[0], teacher[0]),
        )  # fmt: skip
