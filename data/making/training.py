"""Trains one mini model from nothing, with checkpoints that survive a kill."""

import json
import math
import time
from pathlib import Path

import torch
from safetensors.torch import load_file

from data.making.rows import IGNORED
from data.making.world.checkpoints import keep, restore, weights_of, write


def schedule(step: int, steps: int, warmup: int = 100) -> float:
    """Share of the full learning rate: a short rise, a plateau, a straight fall over the last half."""
    return min(1.0, (step + 1) / warmup, max(0.02, (steps - step) / (0.5 * steps)))


def loss_of(model: torch.nn.Module, ids: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Mean negative log-likelihood, in nats, of the marked tokens. ids, labels: (rows, tokens)."""
    targets = labels[:, 1:]
    marked = targets != IGNORED
    with torch.autocast(ids.device.type, torch.bfloat16):
        hidden = model.model(input_ids=ids[:, :-1], use_cache=False).last_hidden_state
        logits = model.lm_head(hidden[marked])
    return torch.nn.functional.cross_entropy(logits.float(), targets[marked])


def train(model, rows, steps: int, folder: Path, log: Path, rate: float, save_every: float = 120.0) -> None:
    """Runs `steps` steps, or those that are left after a kill; the rate falls at the end of each cycle of `rows`.

    folder: for the checkpoint, replaced every `save_every` seconds; log: JSON lines, appended to. On a GPU if there
    is one; the model comes back on the CPU.
    """
    device = "cuda" if torch.cuda.is_available() else "cpu"
    model.to(device)
    folder.mkdir(parents=True, exist_ok=True)
    log.parent.mkdir(parents=True, exist_ok=True)
    optimizer = torch.optim.AdamW(model.parameters(), lr=rate, betas=(0.9, 0.98), weight_decay=0.02, fused=True)
    step = restore(model, optimizer, folder).get("step", 0)
    model.train()
    # Compiled, a step takes about two thirds of the time; lengths differ from batch to batch, hence dynamic.
    plain_forward = model.model.forward
    model.model.forward = torch.compile(plain_forward, dynamic=True)
    began = saved = time.monotonic()
    losses, tokens = [], 0
    while step < steps:
        ids, labels = (each.to(device) for each in rows.batch_at(step))
        loss = loss_of(model, ids, labels)
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for group in optimizer.param_groups:
            group["lr"] = rate * schedule(step % rows.cycle, rows.cycle)
        optimizer.step()
        optimizer.zero_grad()
        losses.append(loss.item())
        tokens += ids.numel()
        step += 1
        if not math.isfinite(losses[-1]):
            raise RuntimeError(f"the loss became {losses[-1]} at step {step}; lower the rate ({rate})")
        if step % 50 == 0 or step == steps:
            line = {
                "step": step,
                "of": steps,
                "loss": round(sum(losses) / len(losses), 4),
                "gradient_norm": round(norm.item(), 3),
                "tokens": tokens,
                "seconds": round(time.monotonic() - began, 1),
            }
            with log.open("a") as file:
                file.write(json.dumps(line) + "\n")
            print(
                f"{rows.role}: step {step} of {steps}, loss {line['loss']}, "
                f"{tokens / max(line['seconds'], 0.1):,.0f} tokens/s",
                flush=True,
            )
            losses = []
        if step % rows.cycle == 0:  # before the checkpoint: a run killed in between writes it again
            write(weights_of(model), folder / f"cycle-{step}.safetensors")
        if step == steps or time.monotonic() - saved > save_every:
            keep(model, optimizer, folder, step=step)
            saved = time.monotonic()
    model.model.forward = plain_forward
    model.to("cpu")


def average(model, folder: Path, cycles: int) -> None:
    """Gives a model the mean of its weights at the ends of its last cycles, those of them that are there.

    Each end is a solution of its own, and the middle of several generalizes better (stochastic weight averaging,
    Izmailov et al. 2018, algorithm 1).
    """
    paths = sorted(folder.glob("cycle-*.safetensors"), key=lambda path: int(path.stem.rpartition("-")[2]))[-cycles:]
    ends = [load_file(path) for path in paths]
    model.load_state_dict({name: sum(end[name] for end in ends) / len(ends) for name in ends[0]}, strict=False)
