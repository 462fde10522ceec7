"""What happens beside the steps of a training: validation, the clock, the progress bar."""

import time
from contextlib import contextmanager
from dataclasses import asdict

from tqdm.auto import tqdm
from transformers import TrainerCallback


class Validation(TrainerCallback):
    """After every so many epochs, and the last, the share of right answers: printed, and kept in the trainer's log."""

    def __init__(self, score, every: int = 1):
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

    def on_epoch_end(self, args, state, control, **_):
        now = time.perf_counter()
        state.log_history.append({"step": state.global_step, "part_seconds": now - self.began})
        self.began = now


class Bar(TrainerCallback):
    """Moves a tqdm bar with the optimizer's steps."""

    def __init__(self, shown: tqdm):
        self.shown = shown

    def on_train_begin(self, args, state, control, **_):
        self.shown.reset(state.max_steps)
        self.shown.update(state.global_step)

    def on_step_end(self, args, state, control, **_):
        self.shown.update(state.global_step - self.shown.n)


@contextmanager
def bar():
    """A bar of steps, shown after five seconds; it goes when training is done."""
    with tqdm(desc="steps", delay=5, leave=False) as shown:
        yield Bar(shown)
