"""What a teacher holds inside as a loss beside the one on logits: which kind, how it is weighed, and what it learns."""

import math
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from helpers import losses
from helpers.losses import hidden as between
from helpers.losses import layer_maps

PROJECTIONS = "projections.safetensors"
# Of each kind: whether the student's states are projected to the teacher's width first, and of what it is a loss.
KINDS = {
    "hint": (True, "hidden"), "cosine": (True, "hidden"), "normalised": (True, "hidden"),
    "relations": (False, "hidden"), "value_relations": (False, "values"), "attention": (False, "attention"),
}  # fmt: skip


@dataclass(frozen=True)
class Features:
    """How a teacher's inside is learnt.

    Args:
        kind: a key of KINDS, a loss of `helpers.losses.hidden`.
        pairs: pairs of a student's layer and a teacher's (`losses.layer_maps`).
        weight: how hard they pull beside the logits: at 1 as hard as those at the first step, measured by the gradient
            of the adapter.
        logits: whether there is a loss on the logits at all.

    Raises:
        ValueError: for another kind, or a weight that is not above 0.
    """

    kind: str = "hint"
    pairs: layer_maps.Map = ((3, 4),)
    weight: float = 1.0
    logits: bool = True

    def __post_init__(self):
        if self.kind not in KINDS:
            raise ValueError(f"there is no feature loss called {self.kind!r}; choose from {', '.join(KINDS)}")
        if not 0 < self.weight < math.inf:
            raise ValueError(f"the weight of the features is {self.weight}; it must be above 0")

    @property
    def signal(self) -> str:
        """What of the models is compared: "hidden", "values" or "attention"."""
        return KINDS[self.kind][1]


class Matching(torch.nn.Module):
    """The loss on features, with the projections that it learns.

    Beside these it holds balance, what the loss is multiplied by, and variances, of the teacher's states at each pair.
    Both are measured once, at the first step, and saved with the projections.

    Args:
        seed: of the projections' first weights.
        features: how.
        widths: of the student's hidden states and of the teacher's.
    """

    def __init__(self, seed: int, features: Features, widths: tuple[int, int]):
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

    The projections are trained beside the adapter, with its optimizer, and saved with it at each checkpoint. features
    and widths are as Matching, the rest as OwnLoss.
    """

    def __init__(self, *arguments, features: Features, widths: tuple[int, int], **more):
        super().__init__(*arguments, **more)
        self.signal, self.pairs = features.signal, features.pairs
        if self.signal == "attention":  # the other implementations never hold it
            for model in (self.model, getattr(self, "teacher", None)):
                if model is not None:
                    model.set_attn_implementation("eager")
        self.matching = Matching(self.args.seed, features, widths).to(self.args.device)
        # A part of the model, so that the optimizer, the clipping of gradients and Trainer know of them.
        self.model.add_module("matching", self.matching)

    def loss_on(self, model: torch.nn.Module, inputs: dict, count: float | torch.Tensor | None) -> torch.Tensor:
        """The loss on logits and that on features, weighed."""
        if not self.matching.balance:
            self.measure([inputs], count)
        parts = self.parts_of(model, inputs, count)
        logits = parts.loss
        if not self.matching.features.logits:
            # Several processes wait for a gradient of every weight, also of those above the layers that are matched.
            logits = 0 * logits if self.accelerator.num_processes > 1 else 0
        return logits + self.matching.features.weight * self.matching.balance * self._on_features(parts)

    def measure(self, batches: list[dict], count: float | torch.Tensor | None) -> None:
        """Sets the variances, and the balance: how many times as hard as the features the logits pull at the adapter.

        The gradients are those of the whole step over all processes, so neither figure depends on how it is cut. Passes
        of their own, one for each loss: behind reentrant checkpointing, such as Unsloth's, `autograd.grad` finds
        nothing, and its compiled norm can be gone through backwards once. Gradients that are there already stay as they
        are. The balance stays 0 where the features do not pull at all, as with a student that is its teacher's copy:
        the next step asks again.

        Args:
            batches: the micro-batches of one step, of this process.
            count: the tokens of that step, of all processes.
        """
        if self.matching.features.kind == "hint":
            states = [self.parts_of(self.model, batch, count).theirs for batch in batches]
            total = partial(self.accelerator.reduce, reduction="sum")
            for i, each in enumerate(zip(*states, strict=True)):
                self.matching.variances[i] = between.pooled_spread(each, total)
        logits = self._pull(batches, count, lambda parts: parts.loss)
        features = self._pull(batches, count, self._on_features)
        self.matching.balance.fill_(float(logits / features) if features > 0 else 0.0)

    def _pull(self, batches: list[dict], count, loss_of) -> torch.Tensor:
        """How long the gradient of a loss is, over all weights that are trained but the projections."""
        own = set(self.matching.parameters())
        trained = [weight for weight in self.model.parameters() if weight.requires_grad]
        before = [weight.grad for weight in trained]
        for weight in trained:
            weight.grad = None
        with torch.enable_grad():
            for batch in batches:
                loss_of(self.parts_of(self.model, batch, count)).backward()
        found = [torch.zeros_like(weight) if weight.grad is None else weight.grad
                 for weight in trained if weight not in own]  # fmt: skip
        for weight, gradient in zip(trained, before, strict=True):
            weight.grad = gradient
        return torch.nn.utils.get_total_norm([self.accelerator.reduce(each.float(), "sum") for each in found])

    def get_batch_samples(self, epoch_iterator, num_batches, device):
        """As Trainer's; before the first step the balance is measured on all its micro-batches."""
        batches, count = super().get_batch_samples(epoch_iterator, num_batches, device)
        if batches and not self.matching.balance:
            self.model.train()
            self.measure([self._prepare_inputs(batch) for batch in batches], count)
        return batches, count

    def evaluate(self, *arguments, **more):
        """As Trainer's. Before the first step too: then the balance is measured on the first batch of the training."""
        if not self.matching.balance:
            with torch.random.fork_rng():  # what is drawn for the order of rows stays as if nobody had asked
                self.measure([self._prepare_inputs(next(iter(self.get_train_dataloader())))], None)
        return super().evaluate(*arguments, **more)

    def _on_features(self, parts) -> torch.Tensor:
        tokens = sum(parts.sizes)
        return losses.per_token(self.matching(parts.ours, parts.theirs, parts.sizes) * tokens, tokens, parts.count)

    def _save(self, output_dir=None, state_dict=None):
        super()._save(output_dir, state_dict)
        save_file(self.matching.state_dict(), Path(output_dir or self.args.output_dir) / PROJECTIONS)

    def _load_from_checkpoint(self, resume_from_checkpoint, model=None):
        super()._load_from_checkpoint(resume_from_checkpoint, model)
        self.matching.load_state_dict(load_file(Path(resume_from_checkpoint) / PROJECTIONS))
