"""What every trainer with a loss of ours shares: over how many processes tokens are counted, and what is passed on.

To be imported where a training begins, not before: see `helpers.methods`.
"""

from transformers import Trainer

from helpers.training.rows import Padded


class OwnLoss(Trainer):
    """The Trainer of transformers with another loss: a subclass says with `loss_on` what the loss of a batch is.

    train_dataset: rows of input_ids and labels, as `training.rows.tokenized` gives them, unless a collator is given.
    Trainer counts the learnt tokens of a step over all micro-batches and all processes, as `num_items_in_batch`.
    Several processes (DistributedDataParallel) then take the mean of their gradients, where the sum is meant: so the
    loss is multiplied by their number, as Trainer does with a model's own (transformers 5.17.0, Trainer.compute_loss).
    """

    def __init__(self, model, *arguments, data_collator=None, **more):
        collator = data_collator or Padded(more["processing_class"].pad_token_id)
        super().__init__(model, *arguments, data_collator=collator, **more)
        # Whatever the model's own loss takes, this one takes the count, and so is not divided by the micro-batches.
        self.model_accepts_loss_kwargs = True
        if self.args.gradient_checkpointing and hasattr(model, "enable_input_require_grads"):
            # Below an adapter nothing has a gradient: what is made again in the backward pass would have none either.
            model.enable_input_require_grads()

    def loss_on(self, model, inputs: dict, count):
        """The loss of a batch, a scalar. inputs: what the collator gave, to change at will; count: as `per_token`."""
        raise NotImplementedError

    def compute_loss(self, model, inputs, return_outputs=False, num_items_in_batch=None):
        """As Trainer's, of `loss_on`."""
        loss = self.loss_on(model, dict(inputs), num_items_in_batch)
        if num_items_in_batch is not None and self.args.average_tokens_across_devices:
            loss = loss * self.accelerator.num_processes
        return (loss, {}) if return_outputs else loss
