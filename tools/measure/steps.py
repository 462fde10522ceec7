"""One real optimizer step of a method: its gradients, its loss, and how like two steps are."""

from contextlib import ExitStack, contextmanager
from functools import partial
from unittest import mock

import torch
from transformers import DefaultFlowCallback, TrainerCallback

from helpers import models, training
from helpers.models import loading
from measure.methods import METHODS


class Noted(TrainerCallback):
    """The gradients just before the first optimizer step, and the loss of that step."""

    def __init__(self):
        self.gradients, self.loss = {}, None

    def on_pre_optimizer_step(self, args, state, control, model=None, **_):
        self.gradients = {
            name: weight.grad.detach().float().cpu().clone()
            for name, weight in model.named_parameters() if weight.requires_grad and weight.grad is not None
        }  # fmt: skip

    def on_log(self, args, state, control, logs=None, **_):
        self.loss = (logs or {}).get("loss", self.loss)


def step(method: str, tier, rows, prepare=lambda trainer: None, **changes) -> Noted:
    """One step of a method on all the rows. prepare: done with the trainer before; changes: fields of the settings."""
    with settings(max_steps=1, save_strategy="no", max_grad_norm=0.0, logging_steps=1, **changes):
        trainer = METHODS[method].make(tier, rows)
    begin_apart(trainer.model)
    noted = Noted()
    trainer.callback_handler.callbacks = [DefaultFlowCallback(), noted]  # no validation
    prepare(trainer)
    trainer.train()
    noted.trained = [name for name, weight in trainer.model.named_parameters() if weight.requires_grad]
    return noted


def begin_apart(model) -> None:
    """Draws the second half of a fresh adapter, which is zero: nothing would reach the first."""
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if "lora_B" in name:
                drawn = torch.randn(weight.shape, generator=torch.Generator().manual_seed(len(name)))
                weight.copy_(0.05 * drawn)


@contextmanager
def settings(**changes):
    """Other settings for every trainer that is made meanwhile."""
    real = training.settings
    with mock.patch.object(training, "settings", lambda *given, **more: real(*given, **{**more, **changes})):
        yield


@contextmanager
def students(four_bit: bool):
    """Students in 4 bits, as they are loaded for a training, or not."""
    with ExitStack() as stack:
        for name in ("load_student", "load_sibling"):
            load = partial(getattr(models, name), four_bit=four_bit)
            stack.enter_context(mock.patch.object(models, name, load))
        yield


@contextmanager
def dtype(chosen: torch.dtype):
    """Models of another dtype than the machine's usual one."""
    with mock.patch.object(loading, "_dtype", lambda: chosen):
        yield


def cosine(found: dict, wanted: dict) -> float:
    """Of all gradients as one vector."""
    one, other = (torch.cat([each[name].flatten() for name in sorted(wanted)]) for each in (found, wanted))
    return torch.nn.functional.cosine_similarity(one, other, dim=0).item()


def in_four_bits(method: str, tier, rows) -> dict:
    """A step in 4 bits and bfloat16 beside one in float32: the cosine of their gradients, and both losses."""
    with students(False), dtype(torch.float32):
        wanted = step(method, tier, rows, bf16=False)
    with students(True), dtype(torch.bfloat16):
        found = step(method, tier, rows, bf16=True)
    return {
        "cosine": cosine(found.gradients, wanted.gradients), "loss": found.loss, "loss_in_float32": wanted.loss,
        "reached": sum(bool(g.abs().sum() > 0) for g in found.gradients.values()), "trained": len(found.trained),
    }  # fmt: skip
