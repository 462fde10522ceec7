"""How long a phase takes on a card, from the operations and the bytes that it needs: minutes at best and at worst.

The speeds are those that `make measure` found on a GPU (data/results/gpu.json), else those that `cards` assumes.
"""

import json
from pathlib import Path

import numpy as np

from helpers.tiers import ROOT, Budget, Tier
from planner.cards import BANDWIDTH, COMPUTE, LAUNCH, Card
from planner.parts import kv_cache
from planner.shapes import Shape, linear_weights, queries, weights

FILE = ROOT / "data" / "results" / "gpu.json"
# Of 200 DeepSeek-R1 answers to GSM8K questions, in Qwen 3's tokens: the mean, and the longest of so many at random as a
# multiple of it, for a batch goes on until its longest text is done.
TRACE_TOKENS = 1_354
LONGEST_OF = {1: 1.0, 8: 2.4, 16: 3.2, 32: 4.3, 48: 4.9}
PROMPT_TOKENS = 120  # a GSM8K question in its template


def summary(path: Path = FILE) -> dict:
    """The summary of what was measured, empty where no GPU was (`measure.summary` writes it).

    Returns:
        card: its name; launch: seconds, compute: share, each from the lowest to the highest; off: how far the planner
        was off by what it is off in; tiers: of each {"peak_gb", "phase", "minutes", "state"}.
    """
    return json.loads(path.read_text(encoding="utf-8"))["summary"] if path.is_file() else {}


def speeds() -> np.ndarray:
    """Launch, bandwidth and compute as `cards` has them, each at best and at worst: (3, 2)."""
    found = summary()
    launch, compute = sorted(found.get("launch", LAUNCH)), sorted(found.get("compute", COMPUTE), reverse=True)
    return np.array([launch, BANDWIDTH, compute])


def budget(tier: Tier) -> Budget:
    """What a tier takes: traces, token distillation and exam as measured where they were, else as the tier says."""
    found = summary().get("tiers", {}).get(tier.name)
    return Budget(found["minutes"], round(found["peak_gb"]), found["state"]) if found else tier.budget


def told() -> str:
    """What stands under a plan: that it is arithmetic, and how far off it was where a card was measured."""
    found = summary()
    if not found:
        return "Predicted from formulas; no GPU was used for any of these figures."
    off = "; ".join(f"{what} {low:+.0%} to {high:+.0%}" for what, (low, high) in found["off"].items())
    return (
        f"Predicted from formulas, whose speeds come from one {found['card']}. Planned over measured there, before "
        f"that: {off}. Other cards were not measured."
    )


def span(took: np.ndarray) -> str:
    """Minutes at best and at worst, such as "10–20 min"."""
    return f"{took[0]:,.0f}–{took[1]:,.0f} min"


def longest_of(batch: int) -> float:
    """How many times the mean the longest of a batch is."""
    return float(np.interp(batch, list(LONGEST_OF), list(LONGEST_OF.values())))


def flops(shape: Shape, tokens: float, length: float) -> float:
    """Operations of one forward pass: two for each weight that is multiplied, and attention over what came before."""
    multiplied = linear_weights(shape) + shape.vocab_size * shape.hidden_size
    full = shape.layer_types.count("full_attention")
    sliding = shape.num_hidden_layers - full
    seen = full * length / 2 + sliding * min(length / 2, shape.sliding_window or length)
    return tokens * (2 * multiplied + 4 * queries(shape) * seen)


def writing(shape: Shape, card: Card, texts: int, mean: float, most: int, batch: int, bits: int) -> np.ndarray:
    """A model writes texts of a mean length, at most `most` tokens, `batch` at a time.

    Each token needs all weights once. In 4 bits they are first written out and read again, each time.
    """
    launch, bandwidth, compute = speeds()
    steps = -(-texts // batch) * min(most, mean * longest_of(min(batch, texts)))
    held = weights(shape) * (0.5 + 2 * card.bytes if bits == 4 else bits / 8)
    read = held + kv_cache(shape, batch, int(PROMPT_TOKENS + mean), card.bytes)
    slow = shape.num_hidden_layers * launch * (2 if bits == 4 else 1)
    work = flops(shape, batch, PROMPT_TOKENS + mean) / (card.flops * compute)
    return steps * np.maximum.reduce([slow, read / (card.bandwidth * bandwidth), work]) / 60


def passing(
    shape: Shape, card: Card, texts: float, length: float, batch: int, times: float, adapted: bool = False
) -> np.ndarray:
    """Texts go through a model.

    Args:
        shape: of the model.
        card: that it is on.
        texts: how many.
        length: tokens of each.
        batch: texts at a time.
        times: forward passes that it is worth: 1 for reading, 3 for training, where the backward pass of frozen weights
            counts once and checkpointing once more.
        adapted: with an adapter beside each layer.
    """
    launch, _, compute = speeds()
    work = times * flops(shape, texts * length, length)
    launches = times * shape.num_hidden_layers * (2.5 if adapted else 1) * texts / batch
    return np.maximum(launches * launch, work / (card.flops * compute)) / 60
