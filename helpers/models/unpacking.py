"""Weights in 4 bits, unpacked once for a whole text and not once for each of its tokens."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from helpers.models.kinds import Model


@contextmanager
def unpacked(model: Model) -> Iterator[None]:
    """A model that reads copies of its 4-bit weights, in the format it computes in, while it writes.

    On a CPU alone: there a layer unpacks its weights at each call, and a short batch spends a third of its time on it.
    What is computed is the same, bit for bit. The copies take as much room as the whole model's linear layers.
    """
    changed = []
    if model.device.type == "cpu":
        changed = [layer for layer in model.modules() if _in_four_bits(layer)]
    try:
        for layer in changed:
            layer.forward = partial(_forward, _copy(layer), layer.bias)
        yield
    finally:
        for layer in changed:
            vars(layer).pop("forward", None)


def _in_four_bits(layer) -> bool:
    from bitsandbytes.nn import Linear4bit  # not at the top: see helpers.models.loading

    if not isinstance(layer, Linear4bit) or "forward" in vars(layer):  # changed already, or unloaded
        return False
    # A layer that bitsandbytes has packed for AVX512-BF16 has other bytes.
    return not getattr(layer.weight.quant_state, "packing_format_for_cpu", False)


def _copy(layer):
    from bitsandbytes.functional import dequantize_4bit  # not at the top: as above

    state = layer.weight.quant_state
    return dequantize_4bit(layer.weight.data, state).to(layer.compute_dtype or state.dtype)


def _forward(weight, bias, x):
    import torch

    bias = None if bias is None else bias.to(weight.dtype)
    return torch.nn.functional.linear(x.to(weight.dtype), weight, bias).to(x.dtype)
