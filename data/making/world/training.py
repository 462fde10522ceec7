"""Trains one mini model from nothing, on a GPU or a CPU; called again, on either, it goes on where it was."""

import json
import math
import os
import time
from functools import cache
from pathlib import Path

import torch

from data.making.world import checkpoints
from data.making.world.batches import IGNORED, Budget, steps_of
from data.making.world.feed import pools
from data.making.world.rows import Recipe

WARMUP = 0.01  # share of the tokens over which the rate rises


def schedule(tokens: float, total: float) -> float:
    """Share of the full learning rate after so many tokens: a short rise, a plateau, a fall over the last half."""
    return max(0.02, min(1.0, tokens / (WARMUP * total), (total - tokens) / (0.5 * total)))


@cache
def fast_in_bfloat16(device: str) -> bool:
    """Whether the device multiplies in bfloat16 by itself; a CPU that does not takes several times as long."""
    return device == "cuda" or torch.cpu._is_amx_tile_supported()


def summed_loss(model: torch.nn.Module, ids: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Summed negative log-likelihood, in nats, of the marked tokens. ids, labels: (rows, tokens), on the CPU.

    What is marked is found there, so that a GPU need not stop to say how many tokens that are.
    """
    device = model.device
    targets = labels[:, 1:].flatten()
    places = (targets != IGNORED).nonzero().squeeze(1)
    targets, places, ids = (each.to(device, non_blocking=True) for each in (targets[places], places, ids[:, :-1]))
    with torch.autocast(device.type, torch.bfloat16, enabled=fast_in_bfloat16(device.type)):
        hidden = model.model(input_ids=ids, use_cache=False).last_hidden_state
        logits = model.lm_head(hidden.flatten(0, 1)[places])
    return torch.nn.functional.cross_entropy(logits.float(), targets, reduction="sum")


def compiled(forward):
    """The compiled forward; where compiling fails, the plain one from then on."""
    fast = torch.compile(forward, dynamic=True)
    works = True

    def call(*args, **kwargs):
        nonlocal works
        if works:
            try:
                return fast(*args, **kwargs)
            except Exception as error:
                works = False
                print(f"not compiled ({type(error).__name__}: {str(error)[:120]})", flush=True)
        return forward(*args, **kwargs)

    return call


def workers_for(device: str) -> int:
    """As many processes as leave the trainer its own cores: all but one beside a GPU, one beside a CPU's training."""
    cores = len(os.sched_getaffinity(0))
    return max(1, cores - 1) if device == "cuda" else min(1, cores - 1)


def train(model, recipe: Recipe, folder: Path, log: Path, rate: float, pad: int, minutes: float = math.inf,
          device: str | None = None, budget: Budget | None = None, workers: int | None = None,
          compile_: bool | None = None, save_every: float = 120.0) -> bool:  # fmt: skip
    """Trains the tokens that are left, or as many as the minutes take; gives whether it is done.

    A checkpoint goes to `folder` at the end of a pool, where `save_every` seconds are over, and at the end; JSON lines
    are appended to `log`. Budget and device may differ from those of the run before; the model comes back on the CPU.
    """
    began = time.monotonic()
    device = device or ("cuda" if torch.cuda.is_available() else "cpu")
    budget = budget or Budget.of(device)
    workers = workers_for(device) if workers is None else workers
    model.to(device).train()
    log.parent.mkdir(parents=True, exist_ok=True)
    optimizer = torch.optim.AdamW(model.parameters(), lr=rate, betas=(0.9, 0.98), weight_decay=0.02, fused=True)
    done = checkpoints.restore(model, optimizer, folder)
    tokens, step, first = done.get("tokens", 0), done.get("step", 0), done.get("pool", 0)
    if done:
        print(f"{recipe.role}: goes on from a checkpoint, step {step:,}, {tokens:,} of {recipe.total:,} tokens")
    print(f"{recipe.role}: {device}, {budget.step:,} tokens a step, {workers} processes draw rows", flush=True)
    plain_forward = model.model.forward
    if compile_ or (compile_ is None and device == "cuda"):
        model.model.forward = compiled(plain_forward)
    saved, longest, start, waited = time.monotonic(), 0.0, tokens, 0.0
    source = pools(recipe, first, workers)
    try:
        for number in range(first, recipe.pools):
            asked = time.monotonic()
            if asked - began + 1.1 * longest > 60 * minutes:
                break
            pool = next(source)
            waited += time.monotonic() - asked
            losses = learnt = torch.zeros((), device=device)
            for parts in steps_of(pool, number, budget, pad):
                count = sum(int((labels[:, 1:] != IGNORED).sum()) for _, labels in parts)
                for ids, labels in parts:
                    loss = summed_loss(model, ids, labels)
                    (loss / count).backward()
                    losses = losses + loss.detach()
                norm = torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
                learnt = learnt + count
                tokens += sum(int((ids != pad).sum()) for ids, _ in parts)
                for group in optimizer.param_groups:
                    group["lr"] = rate * schedule(tokens, recipe.total)
                optimizer.step()
                optimizer.zero_grad()
                step += 1
            line = {
                "step": step, "pool": number + 1, "of": recipe.pools, "tokens": tokens,
                "loss": round((losses / learnt).item(), 4), "gradient_norm": round(norm.item(), 3),
                "rate": optimizer.param_groups[0]["lr"], "device": device,
                "seconds": round(time.monotonic() - began, 1), "waited": round(waited, 1),
            }  # fmt: skip
            if not math.isfinite(line["loss"]):
                raise RuntimeError(f"the loss became {line['loss']} at step {step}; lower the rate ({rate})")
            with log.open("a") as file:
                file.write(json.dumps(line) + "\n")
            now = time.monotonic()
            if number % max(1, recipe.pools // 400) == 0 or number + 1 == recipe.pools or now - asked > 5:
                print(
                    f"{recipe.role}: {tokens:,} of {recipe.total:,} tokens, loss {line['loss']}, "
                    f"{(tokens - start) / (now - began):,.0f} tokens/s, waited {waited:.0f} s for rows",
                    flush=True,
                )
            if number + 1 == recipe.pools or now - saved > save_every:
                checkpoints.keep(model, optimizer, folder, step=step, pool=number + 1, tokens=tokens)
                saved = time.monotonic()
            first = number + 1
            if number > done.get("pool", 0):  # the first one compiles
                longest = max(longest, now - asked)
        else:
            return True
        checkpoints.keep(model, optimizer, folder, step=step, pool=first, tokens=tokens)
        print(f"{recipe.role}: stops after {minutes:g} minutes, {tokens:,} of {recipe.total:,} tokens; call it again")
        return False
    finally:
        source.close()
        model.model.forward = plain_forward
        model.to("cpu").eval()
