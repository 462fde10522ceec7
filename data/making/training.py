"""Trains one mini model from nothing, with checkpoints that survive a kill."""

import json
import math
import time
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from data.making.rows import IGNORED


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
    step = restore(model, optimizer, folder)
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
            keep(model, optimizer, step, folder)
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


def weights_of(model) -> dict[str, torch.Tensor]:
    # The output head is the embedding itself (tied), so it is not stored.
    return {name: tensor for name, tensor in model.state_dict().items() if name != "lm_head.weight"}


def write(tensors: dict[str, torch.Tensor], path: Path, **metadata: str) -> None:
    """Writes tensors as safetensors, whole or not at all."""
    partial = path.with_suffix(".partial")
    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, partial, metadata=metadata or None)
    partial.replace(path)


def keep(model, optimizer, step: int, folder: Path) -> None:
    """Writes weights and the optimizer's state as safetensors, whole or not at all."""
    tensors = {f"model.{name}": tensor for name, tensor in weights_of(model).items()}
    for index, state in optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer.{index}.{key}": torch.as_tensor(value) for key, value in state.items()}
    write(tensors, folder / "checkpoint.safetensors", step=str(step))


def restore(model, optimizer, folder: Path) -> int:
    """Loads the checkpoint if there is one; gives the step to go on from."""
    path = folder / "checkpoint.safetensors"
    if not path.exists():
        return 0
    tensors = load_file(path)
    model.load_state_dict(
        {n.removeprefix("model."): t for n, t in tensors.items() if n.startswith("model.")}, strict=False
    )
    state: dict = {}
    for name, tensor in tensors.items():
        if name.startswith("optimizer."):
            _, index, key = name.split(".")
            state.setdefault(int(index), {})[key] = tensor
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})
    with safe_open(path, "pt") as file:
        return int(file.metadata()["step"])
