"""Feature distillation across tokenizers: the mean of each chunk's states on both sides, chunk by chunk."""

import torch

from helpers.losses.hidden import chunk_means
from helpers.trainers import signals
from helpers.trainers.across import AcrossTrainer, read
from helpers.trainers.features import WithFeatures


class AcrossFeatureTrainer(WithFeatures, AcrossTrainer):
    """Trains a student on the logits of a teacher with another tokenizer, and on what that holds inside.

    A chunk is the shortest stretch of text that begins and ends between tokens on both sides (`helpers.alignment`).
    Each side's states in it are averaged, so that both have one for each chunk. features, widths: as WithFeatures; the
    rest as AcrossTrainer. Raises ValueError for attention: its places are tokens, of which both have their own.
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
            their_last, theirs = signals.read(
                self.teacher, read(given), features.signal, [b for _, b in features.pairs]
            )
        our_last, ours = signals.read(model, read(inputs), features.signal, [a for a, _ in features.pairs])
        logits = self.loss_of(model, our_last, their_last, labels, their_labels, chunks, inputs["given"], count)
        pairs = (
            [chunk_means(signals.learnt(each, marks), cuts) for each in side]
            for side, marks, cuts in ((ours, labels, chunks.student), (theirs, their_labels, chunks.teacher))
        )
        # There are fewer chunks than tokens; both losses are divided by the same number.
        return logits, *pairs, inputs["sizes"], sum(signals.sizes(labels)) if count is None else count
