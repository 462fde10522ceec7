"""Feature distillation: what a student holds inside is drawn towards what its teacher holds, beside the loss on logits.

To be imported where a training begins, not before.
"""

from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from helpers import layers, losses
from helpers.cache.states import unpack
from helpers.losses import features as between
from helpers.trainers import signals
from helpers.trainers.cached import CachedTrainer, WithTargets
from helpers.trainers.logits import LogitTrainer

PROJECTIONS = "projections.safetensors"
# Of each kind: whether the student's states are projected to the teacher's width first, and of what it is a loss.
KINDS = {
    "hint": (True, "hidden"), "cosine": (True, "hidden"), "normalised": (True, "hidden"),
    "relations": (False, "hidden"), "value_relations": (False, "values"), "attention": (False, "attention"),
}  # fmt: skip


@dataclass(frozen=True)
class Features:
    """How a teacher's inside is learnt.

    kind: a key of KINDS, a loss of `helpers.losses.features`. pairs: pairs of a student's layer and a teacher's
    (`helpers.layers`). weight: how hard they pull beside the logits: at 1 as hard as those at the first step, measured
    by the gradient of the adapter. logits: whether there is a loss on the logits at all.
    Raises ValueError for another kind or a weight that is not above 0.
    """

    kind: str = "hint"
    pairs: layers.Map = ((3, 4),)
    weight: float = 1.0
    logits: bool = True

    def __post_init__(self):
        if self.kind not in KINDS:
            raise ValueError(f"there is no feature loss called {self.kind!r}; choose from {', '.join(KINDS)}")
        if not self.weight > 0:
            raise ValueError(f"the weight of the features is {self.weight}; it must be above 0")

    @property
    def signal(self) -> str:
        """What of the models is compared: "hidden", "values" or "attention"."""
        return KINDS[self.kind][1]


class Matching(torch.nn.Module):
    """The loss on features, with the projections that it learns.

    widths: the student's and the teacher's. balance: what the loss is multiplied by; variances: of the teacher's states
    at each pair. Both are measured once, at the first batch, and saved with the projections.
    """

    def __init__(self, features: Features, widths: tuple[int, int], seed: int = 0):
        super().__init__()
        self.features = features
        projected = KINDS[features.kind][0]
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            made = [torch.nn.Linear(*widths) for _ in features.pairs] if projected else []
        self.projections = torch.nn.ModuleList(made)
        self.register_buffer("balance", torch.tensor(0.0))
        self.register_buffer("variances", torch.zeros(len(features.pairs)))

    def forward(self, ours: list[torch.Tensor], theirs: list[torch.Tensor], sizes: list[int]) -> torch.Tensor:
        """The mean over the pairs of layers, a scalar. ours, theirs: for each pair (tokens, width); sizes: of texts."""
        found = []
        for i, (one, other) in enumerate(zip(ours, theirs, strict=True)):
            other, more = other.to(one.device), ()
            if len(self.projections):
                one = self.projections[i](one.float())
            if self.features.kind == "hint":
                if not self.variances[i]:
                    self.variances[i] = between.spread(other)
                more = (self.variances[i],)
            elif self.features.kind in ("relations", "value_relations"):
                more = (sizes,)
            found.append(getattr(between, self.features.kind)(one, other, *more))
        return torch.stack(found).mean()


class WithFeatures:
    """What a trainer of any of the losses on logits needs to match features too: before it among the bases of a class.

    features: how; widths: as Matching. The projections are trained beside the adapter, with its optimizer, and saved
    with it at each checkpoint.
    """

    def __init__(self, *arguments, features: Features, widths: tuple[int, int], **more):
        super().__init__(*arguments, **more)
        self.matching = Matching(features, widths, self.args.seed).to(self.args.device)
        # A part of the model, so that the optimizer, the clipping of gradients and Trainer know of them.
        self.model.add_module("matching", self.matching)

    def both(self, logits: torch.Tensor, ours, theirs, sizes: list[int], count) -> torch.Tensor:
        """The loss on logits and that on features, weighed. logits: the former. The rest as Matching, and count."""
        tokens = sum(sizes)
        found = self.matching(ours, theirs, sizes) * tokens
        found = losses.per_token(found, tokens, count)
        if not self.matching.balance:
            self.matching.balance.fill_(self._ratio(logits, found))
        weight = self.matching.features.weight * self.matching.balance
        return (logits if self.matching.features.logits else 0) + weight * found

    def _ratio(self, logits: torch.Tensor, found: torch.Tensor) -> float:
        """How many times as hard the logits pull at what is trained, projections aside, as the features do.

        0 where the features do not pull at all, as with a student that is its teacher's copy: the next step asks again.
        """
        own = set(self.matching.parameters())
        trained = [weight for weight in self.model.parameters() if weight.requires_grad and weight not in own]
        norms = []
        for loss in (logits, found):
            gradients = torch.autograd.grad(loss, trained, retain_graph=True, allow_unused=True)
            norms.append(torch.stack([g.float().norm() for g in gradients if g is not None]).norm())
        return float(norms[0] / norms[1]) if norms[1] > 0 else 0.0

    def _save(self, output_dir=None, state_dict=None):
        super()._save(output_dir, state_dict)
        save_file(self.matching.state_dict(), Path(output_dir or self.args.output_dir) / PROJECTIONS)

    def _load_from_checkpoint(self, resume_from_checkpoint, model=None):
        super()._load_from_checkpoint(resume_from_checkpoint, model)
        self.matching.load_state_dict(load_file(Path(resume_from_checkpoint) / PROJECTIONS))


class FeatureTrainer(WithFeatures, LogitTrainer):
    """Trains a student on its teacher's logits and on what it holds inside, with the teacher beside it.

    features, widths: as WithFeatures; the rest as LogitTrainer.
    """

    def compute_loss(self, model, inputs, return_outputs=False, num_items_in_batch=None):
        labels, features = inputs.pop("labels"), self.matching.features
        with torch.no_grad():
            their_last, theirs = signals.read(self.teacher, inputs, features.signal, [b for _, b in features.pairs])
        our_last, ours = signals.read(model, inputs, features.signal, [a for a, _ in features.pairs])
        logits = self.loss_of(model, our_last, their_last, labels, num_items_in_batch)
        pairs = ([signals.learnt(each, labels) for each in side] for side in (ours, theirs))
        loss = self.both(logits, *pairs, signals.sizes(labels), num_items_in_batch)
        return (loss, {}) if return_outputs else loss


class CachedFeatureTrainer(WithFeatures, CachedTrainer):
    """As FeatureTrainer, from a cache: the teacher is not there.

    layers: of the teacher, in the order in which the cache has them. The rest as WithFeatures and CachedTrainer.
    """

    def __init__(self, *arguments, layers: tuple[int, ...], **more):
        super().__init__(*arguments, **more)
        collator = self.data_collator
        self.data_collator = WithStates(collator.plain.pad_token_id, collator.encoding, collator.vocabulary)
        self.data_collator.layers = self.layers = tuple(layers)

    def compute_loss(self, model, inputs, return_outputs=False, num_items_in_batch=None):
        names, features = ("labels", "target_ids", "target_weights", "states"), self.matching.features
        labels, ids, weights, states = (inputs.pop(name) for name in names)
        theirs = [states[self.layers.index(layer)] for _, layer in features.pairs]
        last, ours = signals.read(model, inputs, features.signal, [a for a, _ in features.pairs])
        logits = self.loss_of(model, last, labels, ids, weights, num_items_in_batch)
        ours = [signals.learnt(each, labels) for each in ours]
        if features.signal == "attention":
            theirs = [each[:, None] for each in theirs]  # the mean of the heads was kept
        loss = self.both(logits, ours, theirs, signals.sizes(labels), num_items_in_batch)
        return (loss, {}) if return_outputs else loss


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
