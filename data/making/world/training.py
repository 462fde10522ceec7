"""Trains one mini model from nothing, on a GPU or a CPU; called again, on either, it goes on where it was."""

import json
import math
import os
import time
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path

import torch

from data.making.world import checkpoints, sharing
from data.making.world.batches import IGNORED, Budget, steps_of
from data.making.world.feed import pools
from data.making.world.optimizers import Optimizers
from data.making.world.rows import Recipe

WARMUP = 100  # steps over which the rate rises
FALL = 0.2  # share of all tokens over which it falls, at the end


def schedule(step: int, tokens: float, total: float) -> float:
    """Share of the plateau's learning rate: a short rise, a plateau, a straight fall over the last tokens.

    A total that is raised before the fall begins changes nothing of what is done by then.
    """
    return max(0.02, min(1.0, (step + 1) / WARMUP, (total - tokens) / (FALL * total)))


@cache
def fast_in_bfloat16(device: str) -> bool:
    """Whether the device multiplies in bfloat16 by itself; a CPU that does not takes several times as long."""
    return device == "cuda" or torch.cpu._is_amx_tile_supported() or torch.cpu._is_avx512_bf16_supported()


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


def gradient_of(parameter: torch.nn.Parameter) -> torch.Tensor:
    """Its gradient; zeros where this process had no part of a step."""
    if parameter.grad is None:
        parameter.grad = torch.zeros_like(parameter)
    return parameter.grad


def quick(model: torch.nn.Module, device: str, compile_: bool) -> Callable[[], None]:
    """Compiles each layer, and lets a CPU take attention as plain products, which it does faster then.

    Gives what puts the model back as it was.
    """
    forwards = [layer.forward for layer in model.model.layers]
    attention = model.config._attn_implementation
    if device == "cpu":
        model.set_attn_implementation("eager")
    if compile_:
        for layer in model.model.layers:
            layer.forward = compiled(layer.forward)

    def back():
        model.set_attn_implementation(attention)
        for layer, forward in zip(model.model.layers, forwards, strict=True):
            layer.forward = forward

    return back


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
          compile_: bool = True, save_every: float = 120.0, begun: dict[str, int] | None = None) -> bool:  # fmt: skip
    """Trains the tokens that are left, or as many as the minutes take; gives whether it is done.

    begun: what a checkpoint would count, of a model that comes trained and without one. A checkpoint goes to `folder`
    at the end of a pool, where `save_every` seconds are over, and at the end; JSON lines are appended to `log`. Budget,
    device and the number of processes (`sharing.together`) may differ from those of the
    run before; the model comes back on the CPU.
    """
    began = time.monotonic()
    device = device or ("cuda" if torch.cuda.is_available() else "cpu")
    budget = budget or Budget.of(device)
    beside, mine = sharing.size(), sharing.rank()
    workers = (workers_for(device) if beside == 1 else 0) if workers is None else workers
    say = partial(print, flush=True) if mine == 0 else lambda *_: None
    model.to(device).train()
    log.parent.mkdir(parents=True, exist_ok=True)
    optimizer = Optimizers(model, rate)
    done = checkpoints.restore(model, optimizer, folder) or begun or {}
    tokens, step, first = done.get("tokens", 0), done.get("step", 0), done.get("pool", 0)
    if done:
        say(f"{recipe.role}: goes on from a checkpoint, step {step:,}, {tokens:,} of {recipe.total:,} tokens")
    say(f"{recipe.role}: {device}, {budget.step:,} tokens a step, {beside} processes train, {workers} draw rows")
    as_it_was = quick(model, device, compile_)
    saved, longest, start, waited = time.monotonic(), 0.0, tokens, 0.0
    source = pools(recipe, first, workers)

    def keep():
        if mine == 0:
            checkpoints.keep(model, optimizer, folder, step=step, pool=first, tokens=tokens)

    try:
        for number in range(first, recipe.pools):
            asked = time.monotonic()
            if sharing.any_says(asked - began + 1.1 * longest > 60 * minutes):
                break
            pool = next(source)
            waited += time.monotonic() - asked
            losses = learnt = torch.zeros((), device=device)
            for parts in steps_of(pool, number, budget, pad, beside):
                count = sum(int((labels[:, 1:] != IGNORED).sum()) for _, labels in parts)
                for ids, labels in parts[mine::beside]:
                    loss = summed_loss(model, ids, labels)
                    (loss / count).backward()
                    losses = losses + loss.detach()
                gathered = [gradient_of(one) for one in optimizer.parameters]
                sharing.add_up(gathered)
                norm = torch.nn.utils.clip_grad_norm_(optimizer.parameters, 1.0)
                learnt = learnt + count
                tokens += sum(int((ids != pad).sum()) for ids, _ in parts)
                optimizer.step(schedule(step, tokens, recipe.total))
                step += 1
            sharing.add_up([losses])
            first = number + 1
            now = time.monotonic()
            line = {
                "step": step, "pool": first, "of": recipe.pools, "tokens": tokens,
                "loss": round((losses / learnt).item(), 4), "gradient_norm": round(norm.item(), 3),
                "rate": round(schedule(step, tokens, recipe.total), 4), "device": device,
                "seconds": round(now - began, 1), "waited": round(waited, 1),
            }  # fmt: skip
            if not math.isfinite(line["loss"]):
                raise RuntimeError(f"the loss became {line['loss']} at step {step}; lower the rate ({rate})")
            if mine == 0:
                with log.open("a") as file:
                    file.write(json.dumps(line) + "\n")
            if number % max(1, recipe.pools // 400) == 0 or first == recipe.pools or now - asked > 5:
                say(
                    f"{recipe.role}: {tokens:,} of {recipe.total:,} tokens, loss {line['loss']}, "
                    f"{(tokens - start) / (now - began):,.0f} tokens/s, waited {waited:.0f} s for rows"
                )
            if first == recipe.pools or now - saved > save_every:
                keep()
                saved = now
            if number > done.get("pool", 0):  # the first one compiles
                longest = max(longest, now - asked)
        else:
            return True
        keep()
        say(f"{recipe.role}: stops after {minutes:g} minutes, {tokens:,} of {recipe.total:,} tokens; call it again")
        return False
    finally:
        source.close()
        as_it_was()
        model.to("cpu").eval()
