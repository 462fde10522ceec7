"""What every trainer with a loss of ours shares: over how many processes tokens are counted, and what is passed on."""

from trl import SFTTrainer


class OwnLoss(SFTTrainer):
    """TRL's SFTTrainer with another loss: a subclass says with `loss_on` what the loss of a batch is.

    Trainer counts the learnt tokens of a step over all micro-batches and all processes, as `num_items_in_batch`.
    Several processes (DistributedDataParallel) then take the mean of their gradients, where the sum is meant: so the
    loss is multiplied by their number, as Trainer does with a model's own (transformers 5.17.0, Trainer.compute_loss).
    Raises ValueError if the loss_type of its args is not "nll".
    """

    def __init__(self, *arguments, **more):
        super().__init__(*arguments, **more)
        if self.args.loss_type != "nll":
            raise ValueError(f'with loss_type {self.args.loss_type!r} a model gives no hidden states: set "nll"')

    def loss_on(self, model, inputs: dict, count):
        """The loss of a batch, a scalar. inputs: what the collator gave, to change at will; count: as `per_token`."""
        raise NotImplementedError

    def compute_loss(self, model, inputs, return_outputs=False, num_items_in_batch=None):
        # TRL leaves notes of its own in a batch, such as _prediction_loss_only, which no model takes.
        given = {name: value for name, value in inputs.items() if not name.startswith("_")}
        loss = self.loss_on(model, given, num_items_in_batch)
        if num_items_in_batch is not None and self.args.average_tokens_across_devices:
            loss = loss * self.accelerator.num_processes
        return (loss, {}) if return_outputs else loss
