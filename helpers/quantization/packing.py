"""Codes of few bits in real bytes: packed, in a file, and in layers that unpack them when they are used."""

import math
from collections.abc import Sequence
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from helpers.models.kinds import Model
from helpers.quantization.fake import linears
from helpers.quantization.formats import Codes, Format


def pack(codes: torch.Tensor, bits: int) -> torch.Tensor:
    """Codes in as many bits each, one behind the other: the first bit of a code is its lowest, as in the bytes.

    Args:
        codes: of any shape, from 0 to 2^bits - 1.
        bits: 1 to 8.

    Returns:
        (⌈codes × bits / 8⌉,), uint8.

    Raises:
        ValueError: for a code that has no room.
    """
    if codes.numel() and int(codes.max()) >= 2**bits:
        raise ValueError(f"the code {int(codes.max())} does not fit into {bits} bits")
    planes = (codes.flatten()[:, None].to(torch.uint8) >> _places(bits, codes)) & 1
    flat = torch.nn.functional.pad(planes.flatten(), (0, -planes.numel() % 8))
    return (flat.unflatten(0, (-1, 8)) << _places(8, codes)).sum(-1, dtype=torch.uint8)


def unpack(stored: torch.Tensor, bits: int, shape: Sequence[int]) -> torch.Tensor:
    """The codes that `pack` was given, uint8, in a shape.

    Raises:
        ValueError: for bytes that do not hold so many codes.
    """
    many = math.prod(shape)
    if len(stored) != -(-many * bits // 8):
        raise ValueError(f"{len(stored):,} bytes are not {many:,} codes of {bits} bits")
    planes = ((stored[:, None] >> _places(8, stored)) & 1).flatten()[: many * bits]
    return (planes.unflatten(0, (-1, bits)) << _places(bits, stored)).sum(-1, dtype=torch.uint8).reshape(*shape)


def _places(bits: int, like: torch.Tensor) -> torch.Tensor:
    return torch.arange(bits, dtype=torch.uint8, device=like.device)


class PackedLinear(torch.nn.Module):
    """A linear layer whose weight is in few bits. At each use it is unpacked and multiplied: small, and not fast.

    Args:
        layer: the layer in whose place it stands.
        form: an integer format.
    """

    def __init__(self, layer: torch.nn.Linear, form: Format):
        super().__init__()
        self.form, self.shape = form, tuple(layer.weight.shape)
        stored = form.quantized(layer.weight)
        self.register_buffer("codes", pack(stored.codes, form.bits))
        self.register_buffer("scales", stored.scales)
        self.register_buffer("lows", stored.lows)
        self.bias = layer.bias

    @property
    def weight(self) -> torch.Tensor:
        """(rows, columns), unpacked, in float32."""
        return self.form.values(Codes(unpack(self.codes, self.form.bits, self.shape), self.scales, self.lows))

    def forward(self, given: torch.Tensor) -> torch.Tensor:
        """As torch.nn.Linear's."""
        return torch.nn.functional.linear(given, self.weight.to(given.dtype), self.bias)


def packed(model: Model, form: Format) -> Model:
    """The model with `PackedLinear` in the place of its linear layers.

    Rounding what is rounded already gives the same weights, so a student of `fake`, once settled, says what it said.
    Raises as `Format.quantized`.
    """
    found = linears(model)
    for name, one in found.items():
        form.check(one.weight, name)
    for name, one in found.items():
        parent, _, own = name.rpartition(".")
        setattr(model.get_submodule(parent), own, PackedLinear(one, form))
    return model


def save(model: Model, path: Path, dtype: torch.dtype = torch.bfloat16) -> int:
    """Writes a model's tensors to a safetensors file, each once. What is not packed is written in `dtype`.

    Returns:
        The file's size in bytes.
    """
    output, tied = model.get_output_embeddings(), model.get_input_embeddings().weight
    own = getattr(output, "weight", None)
    left_out = {name for name, one in model.named_parameters(remove_duplicate=False) if one is own is tied}
    kept = {
        name: one if name.endswith((".scales", ".lows")) or not one.is_floating_point() else one.to(dtype)
        for name, one in model.state_dict().items()
    }
    for name in sorted(left_out)[:-1]:  # of the two names of one tensor the last, lm_head or embedding, is enough
        del kept[name]
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file({name: one.contiguous() for name, one in kept.items()}, path)
    return path.stat().st_size


def read(path: Path, model: Model, form: Format) -> Model:
    """A model that `save` wrote of a packed one. model: one of the same shape, whose weights play no part.

    Raises:
        ValueError: for a file of another model or format.
    """
    model = packed(model, form)
    found = load_file(path)
    try:
        missing, other = model.load_state_dict(found, strict=False)
    except RuntimeError as error:  # of other shapes
        raise ValueError(f"{path.name} does not hold {type(model).__name__} in {form}: {error}") from error
    tied = {name for name, one in model.named_parameters(remove_duplicate=False)
            if one is model.get_input_embeddings().weight}  # fmt: skip
    if other or set(missing) - tied or len(set(missing) & tied) == len(tied):
        raise ValueError(f"{path.name} does not hold {type(model).__name__} in {form}: {[*missing, *other][:3]}")
    return model
