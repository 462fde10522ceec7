"""Formats of few bits: the weights of a group share a scale, and each of them is one of a few levels."""

from dataclasses import dataclass

import torch

KINDS = ("asymmetric", "symmetric", "nf4", "hqq")
BITS = (2, 3, 4, 8)
BLOCK = 256  # scales of NF4 that are quantized together (`bitsandbytes.functional.quantize_4bit`)


@dataclass(frozen=True)
class Codes:
    """A weight as it is stored.

    Attributes:
        codes: (rows, columns), whole numbers from 0 on, in uint8.
        scales: (rows, groups), float16, what a step from one code to the next is worth.
        lows: (rows, groups), float16, what code 0 is worth; None where it is -2^(bits - 1) steps, so that there is a
            zero.
    """

    codes: torch.Tensor
    scales: torch.Tensor
    lows: torch.Tensor | None


@dataclass(frozen=True)
class Format:
    """How a layer's weights are rounded.

    Args:
        bits: of a code, one of BITS.
        group: so many neighbours in a row of the weight share a scale.
        kind: "asymmetric": the levels lie evenly from the least weight of a group to the largest, zero among them, much
            as in Q4_1 of GGUF.
            "symmetric": they are multiples of one step, and the weight farthest from zero is the level at the end, as
            in Q4_0 of GGUF; the other side has a level less.
            "nf4": the 16 levels of Dettmers et al. 2023 (arXiv 2305.14314, section 3), closer around zero, by
            bitsandbytes, with scales that are quantized too: so the students are loaded for a training.
            "hqq": as asymmetric, but where the levels lie is searched for, so that few large errors count
            less than many small ones (Badri and Shaji 2023, "Half-Quadratic Quantization of Large Machine Learning
            Models"), by torchao.

    Raises:
        ValueError: for other bits, kinds or groups.
    """

    bits: int = 4
    group: int = 64
    kind: str = "asymmetric"

    def __post_init__(self):
        if self.kind not in KINDS:
            raise ValueError(f"there is no format called {self.kind!r}; choose from {', '.join(KINDS)}")
        if self.bits not in BITS:
            raise ValueError(f"bits is {self.bits}; choose from {', '.join(map(str, BITS))}")
        if self.kind == "nf4" and self.bits != 4:
            raise ValueError(f"nf4 has 4 bits, and not {self.bits}: choose another kind for them")
        if self.group < 8 or self.group % 8:
            raise ValueError(f"group is {self.group}; it must be a multiple of 8, so that a group fills whole bytes")

    def __str__(self) -> str:
        return f"{self.bits} bits, {self.kind}, groups of {self.group}"

    @property
    def bits_a_weight(self) -> float:
        """All that is stored, scales among it, for each weight."""
        if self.kind == "nf4":
            return self.bits + (8 + 32 / BLOCK) / self.group
        return self.bits + 16 * (1 if self.kind == "symmetric" else 2) / self.group

    def check(self, weight: torch.Tensor, name: str = "the layer") -> None:
        """Whether a weight can be rounded like this. name: the layer's, for the message.

        Raises:
            ValueError: where its rows do not fall into whole groups, or where it is quantized already.
        """
        if not weight.is_floating_point():
            raise ValueError(f"{name} holds {weight.dtype}, so it is quantized already: load the model whole")
        if weight.shape[-1] % self.group:
            raise ValueError(
                f"{name} has rows of {weight.shape[-1]} weights, which are no groups of {self.group}: choose a group "
                "that divides it, such as 32"
            )

    @torch.no_grad()
    def quantized(self, weight: torch.Tensor) -> Codes:
        """A weight, (rows, columns), as it is stored.

        Raises:
            ValueError: as `check`, and for nf4, whose codes bitsandbytes keeps.
        """
        if self.kind == "nf4":
            raise ValueError("bitsandbytes stores nf4 in its own layers: load the model in 4 bits")
        self.check(weight)
        groups = weight.float().unflatten(1, (-1, self.group))
        most = 2**self.bits - 1
        if self.kind == "symmetric":
            far = groups.gather(-1, groups.abs().argmax(-1, keepdim=True))[..., 0]
            scales, lows = (far / -(2 ** (self.bits - 1))).half(), None
        else:
            # With zero among them a group never lies so far from it that float16 could not tell its ends apart.
            lows, high = groups.amin(-1).clamp(max=0).half(), groups.amax(-1).clamp(min=0)
            scales = ((high - lows.float()) / most).half()
        if self.kind == "hqq":
            scales, lows = _searched(groups, self.bits)
        steps, begin = self._steps(scales, lows)
        codes = ((groups - begin) / steps.where(steps != 0, 1.0)).round().clamp(0, most)
        return Codes(codes.flatten(1).to(torch.uint8), scales, lows)

    @torch.no_grad()
    def values(self, stored: Codes) -> torch.Tensor:
        """What the codes are worth: (rows, columns), in float32."""
        steps, begin = self._steps(stored.scales, stored.lows)
        return (stored.codes.unflatten(1, (-1, self.group)).float() * steps + begin).flatten(1)

    @torch.no_grad()
    def rounded(self, weight: torch.Tensor) -> torch.Tensor:
        """A weight, (rows, columns), rounded to its levels, in its own dtype. Raises as `quantized`."""
        if self.kind != "nf4":
            return self.values(self.quantized(weight)).to(weight.dtype)
        from bitsandbytes.functional import dequantize_4bit, quantize_4bit  # not at the top: it takes seconds

        self.check(weight)
        how = {"blocksize": self.group, "compress_statistics": True, "quant_type": "nf4"}
        return dequantize_4bit(*quantize_4bit(weight.contiguous(), **how)).to(weight.dtype)

    def _steps(self, scales: torch.Tensor, lows: torch.Tensor | None) -> tuple[torch.Tensor, torch.Tensor]:
        """What a step is worth, and code 0: (rows, groups, 1) each, in float32, from what is stored."""
        steps = scales.float()[..., None]
        return steps, -(2 ** (self.bits - 1)) * steps if lows is None else lows.float()[..., None]


def _searched(groups: torch.Tensor, bits: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Scales and lows by torchao's proximal solver.

    In torchao 0.18.0 that has no public name, outside of one layout of 4 bits on a GPU. Its public one for all bits,
    `IntxChooseQParamsAlgorithm.HQQ_SCALE_ONLY`, is another: it searches for the scale alone, zero stays a level, and
    at 4 and 2 bits the mini model is farther from itself with it than with the scale of the largest weight.
    """
    from torchao.quantization.quant_primitives import _choose_qparams_and_quantize_affine_hqq as search

    flat = groups.flatten(0, 1)
    _, scales, zeros, _ = search(
        flat, nbits=bits, group_size=groups.shape[-1], axis=1, compute_dtype=torch.float32, device=str(flat.device),
        raw_output=True,
    )  # fmt: skip
    # It means (code - zero) * scale.
    scales, zeros = (each.reshape(groups.shape[:2]).float() for each in (scales, zeros))
    return scales.half(), (-zeros * scales).half()
