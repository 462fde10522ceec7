"""What happens beside the steps of a training: validation, the clock, the progress bar."""

import math
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import torch
from tqdm.auto import tqdm
from transformers import TrainerCallback

from helpers.evaluation.statistics import Estimate
from helpers.training import checkpoints


class Validation(TrainerCallback):
    """The share of right answers at the end of an epoch: printed, and kept in the trainer's log.

    Args:
        score: called with the model, gives an Estimate.
        every: after so many epochs, and after the last.
    """

    def __init__(self, score: Callable[[torch.nn.Module], Estimate], every: int = 1):
        self.score, self.every = score, every

    def on_epoch_end(self, args, state, control, model=None, **_):
        epoch = round(state.epoch)
        if epoch % self.every and epoch != round(args.num_train_epochs):
            return
        found = self.score(model)
        began = max((log["step"] for log in state.log_history if "validation" in log), default=0)
        state.log_history.append({"step": state.global_step, "epoch": epoch, "validation": asdict(found)})
        losses = [log["loss"] for log in state.log_history if "loss" in log and log["step"] > began]
        loss = f"loss {sum(losses) / len(losses):.3f}, " if losses else ""
        print(f"epoch {epoch} of {args.num_train_epochs:.0f}: {loss}right {found}")


class Clock(TrainerCallback):
    """Seconds from checkpoint to checkpoint, in the trainer's log, where they outlive a kill."""

    def on_train_begin(self, args, state, control, **_):
        self.began = time.perf_counter()

    def on_step_end(self, args, state, control, **_):
        if control.should_save:
            self._note(state)

    def on_epoch_end(self, args, state, control, **_):
        self._note(state)

    def _note(self, state) -> None:
        now = time.perf_counter()
        state.log_history.append({"step": state.global_step, "part_seconds": now - self.began})
        self.began = now


class Finite(TrainerCallback):
    """Stops a training whose gradient or loss is NaN or infinite, before the adapter is: it would look finished."""

    def on_pre_optimizer_step(self, args, state, control, model=None, **_):
        gradients = [weight.grad for weight in model.parameters() if weight.grad is not None]
        self._see(float(torch.nn.utils.get_total_norm(gradients)), "the gradient", state.global_step + 1)

    def on_log(self, args, state, control, logs=None, **_):
        self._see((logs or {}).get("loss", 0.0), "the loss", state.global_step)

    def _see(self, value: float, what: str, step: int) -> None:
        if not math.isfinite(value):
            raise FloatingPointError(
                f"{what} of step {step} is {value}, so the training was stopped before its weights became that too. "
                "What the last whole checkpoint holds is good. Often the learning rate is too high, a temperature too "
                "near 0, or a token of the text is one that a model rules out (a logit of -inf)"
            )


class Whole(TrainerCallback):
    """Says of each checkpoint that it is whole, once it is: see `helpers.training.checkpoints`."""

    def on_save(self, args, state, control, **_):
        if torch.distributed.is_initialized():
            torch.distributed.barrier()  # each process writes its own random state
        if state.is_world_process_zero:
            checkpoints.say_whole(Path(args.output_dir) / f"checkpoint-{state.global_step}")


class Bar(TrainerCallback):
    """Moves a tqdm bar with the optimizer's steps."""

    def __init__(self, shown: tqdm):
        self.shown = shown

    def on_train_begin(self, args, state, control, **_):
        self.shown.reset(state.max_steps)
        self.shown.update(state.global_step)

    def on_step_end(self, args, state, control, **_):
        self.shown.update(state.global_step - self.shown.n)
