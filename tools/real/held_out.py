"""The loss of a student on traces that it is never trained on, told during its training."""

import time

import torch
from transformers import TrainerCallback


def loss_of(model, batches) -> tuple[float, int]:
    """(nats a learnt token, how many such tokens), over all batches together: a long trace weighs more than a short.

    batches: of a trainer, with input_ids, attention_mask and labels, [rows, tokens]; a label of -100 is not learnt.
    """
    was_training = model.training
    model.eval()
    nats, tokens = 0.0, 0
    with torch.no_grad():
        for batch in batches:
            learnt = int((batch["labels"][:, 1:] != -100).sum())
            nats += model(**batch).loss.item() * learnt
            tokens += learnt
    model.train(was_training)
    return nats / tokens, tokens


class HeldOut(TrainerCallback):
    """The loss on held-out traces before the first step and after every epoch: printed, and kept in the trainer's log.

    The log lies in every checkpoint, so a training that was killed and went on has all of it.
    batches: as of `loss_of`, or a loader. They are drawn now and once. A loader shuffles with the trainer's random
    numbers; drawn in the middle, it would leave other ones to a training that goes on than to one that was not stopped.
    """

    def __init__(self, batches):
        self.batches = list(batches)

    def on_train_begin(self, args, state, control, model=None, **_):
        if state.global_step == 0:
            self._note(state, model, 0)

    def on_epoch_end(self, args, state, control, model=None, **_):
        self._note(state, model, round(state.epoch))

    def _note(self, state, model, epoch: int) -> None:
        began = time.perf_counter()
        loss, tokens = loss_of(model, self.batches)
        seconds = time.perf_counter() - began
        entry = {"step": state.global_step, "epoch": epoch, "held_out": loss, "tokens": tokens, "seconds": seconds}
        state.log_history.append(entry)
        print(f"after epoch {epoch}: {loss:.4f} nats a token on held-out traces ({seconds:.0f} s)", flush=True)
