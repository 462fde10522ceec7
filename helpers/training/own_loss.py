"""What every trainer with a loss of ours shares: how models are read, and over how many processes tokens are counted.

To be imported where a training begins, not before: see `helpers.methods`.
"""

from typing import NamedTuple

import torch
from transformers import Trainer

from helpers.losses.head import Head, head_of
from helpers.training import activations
from helpers.training.rows import Padded


class Parts(NamedTuple):
    """What a batch gives: its loss on logits, and what of both models may be matched beside it.

    Attributes:
        loss: a scalar.
        ours: of the student, for each pair of layers (tokens, ...).
        theirs: of the teacher, likewise.
        sizes: how many of these tokens belong to each text.
        count: what sums over tokens are divided by, as `losses.per_token`.
    """

    loss: torch.Tensor
    ours: list[torch.Tensor]
    theirs: list[torch.Tensor]
    sizes: list[int]
    count: float | torch.Tensor | None


class OwnLoss(Trainer):
    """The Trainer of transformers with another loss: a subclass says with `parts_of` what the loss of a batch is.

    Trainer counts the learnt tokens of a step over all micro-batches and all processes, as `num_items_in_batch`.
    Several processes (DistributedDataParallel) then take the mean of their gradients, where the sum is meant: so the
    loss is multiplied by their number, as Trainer does with a model's own (transformers 5.17.0, Trainer.compute_loss).

    Without a data_collator the rows have input_ids and labels, as `rows.tokenized` gives them.
    """

    vocabulary: int | None = None  # of how many tokens there are logits on both sides, None for all of the student's
    signal, pairs = "hidden", ()  # what of which layers is matched: nothing, but see `training.matching`

    def __init__(self, model: torch.nn.Module, *arguments, data_collator=None, **more):
        collator = data_collator or Padded(more["processing_class"].pad_token_id)
        super().__init__(model, *arguments, data_collator=collator, **more)
        # Whatever the model's own loss takes, this one takes the count, and so is not divided by the micro-batches.
        self.model_accepts_loss_kwargs = True
        if self.args.gradient_checkpointing and hasattr(model, "enable_input_require_grads"):
            # Below an adapter nothing has a gradient: what is made again in the backward pass would have none either.
            model.enable_input_require_grads()

    def parts_of(self, model: torch.nn.Module, inputs: dict, count: float | torch.Tensor | None) -> Parts:
        """What a batch gives. inputs: what the collator gave."""
        raise NotImplementedError

    def loss_on(self, model: torch.nn.Module, inputs: dict, count: float | torch.Tensor | None) -> torch.Tensor:
        """The loss of a batch, a scalar. inputs: what the collator gave; count: as `losses.per_token`."""
        return self.parts_of(model, inputs, count).loss

    def read(self, model: torch.nn.Module, inputs: dict) -> tuple[torch.Tensor, list[torch.Tensor]]:
        """`activations.read` of a batch, of the layers that are matched; the teacher gets no gradient."""
        teacher = model is getattr(self, "teacher", None)
        given = {name: inputs[name] for name in ("input_ids", "attention_mask")}
        with torch.set_grad_enabled(torch.is_grad_enabled() and not teacher):
            return activations.read(model, given, self.signal, [pair[teacher] for pair in self.pairs])

    def head(self, model: torch.nn.Module) -> Head:
        """The student's output head."""
        return head_of(self.accelerator.unwrap_model(model), self.vocabulary)

    def compute_loss(self, model, inputs, return_outputs=False, num_items_in_batch=None):
        """As Trainer's, of `loss_on`."""
        loss = self.loss_on(model, inputs, num_items_in_batch)
        if num_items_in_batch is not None and self.args.average_tokens_across_devices:
            loss = loss * self.accelerator.num_processes
        return (loss, {}) if return_outputs else loss
