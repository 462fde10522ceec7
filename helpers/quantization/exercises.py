"""A group of weights rounded, and its bytes, on plain lists: right and as beginners get them, for notebook 11."""

import random
from collections.abc import Sequence


def rounded_group(weights: Sequence[float], bits: int) -> list[float]:
    """The weights of a group, each at the nearest of 2^bits levels that lie evenly from the least to the largest."""
    low, step = min(weights), (max(weights) - min(weights)) / (2**bits - 1)
    return [low + step * round((weight - low) / step) for weight in weights]


def bytes_of(codes: Sequence[int], bits: int) -> list[int]:
    """Codes in as many bits each, one behind the other, lowest bit first, in whole bytes (`packing.pack`)."""
    whole = sum(code << bits * place for place, code in enumerate(codes))
    return list(whole.to_bytes(-(-bits * len(codes) // 8), "little"))


def a_group() -> tuple[list[float], int]:
    """Some weights and bits."""
    return [round(random.gauss(0, 1), 3) for _ in range(random.randint(5, 9))], random.choice((2, 3, 4))


def some_codes() -> tuple[list[int], int]:
    """Some codes and their bits, which do not fill whole bytes."""
    bits = random.choice((2, 3, 4))
    return [random.randrange(2**bits) for _ in range(random.choice((5, 7, 9)))], bits


def _one_step_more(weights, bits):
    low, step = min(weights), (max(weights) - min(weights)) / 2**bits
    return [low + step * round((weight - low) / step) for weight in weights]


def _from_zero(weights, bits):
    step = (max(weights) - min(weights)) / (2**bits - 1)
    return [step * round(weight / step) for weight in weights]


def _down(weights, bits):
    low, step = min(weights), (max(weights) - min(weights)) / (2**bits - 1)
    return [low + step * int((weight - low) / step) for weight in weights]


def _codes_alone(weights, bits):
    low, step = min(weights), (max(weights) - min(weights)) / (2**bits - 1)
    return [round((weight - low) / step) for weight in weights]


# As beginners write them, and what is wrong: for `check.function`.
GROUP_SLIPS = {
    _one_step_more: "2^bits levels have one step less between them",
    _from_zero: "the levels begin at the least weight, not at zero",
    _down: "to the nearest level, which may be the one above",
    _codes_alone: "those are the codes: what are they worth?",
}
BYTES_SLIPS = {
    lambda codes, bits: list(codes): "a byte for each code has room for more",
    lambda codes, bits: bytes_of(codes[::-1], bits): "the first code lies in the lowest bits",
    lambda codes, bits: bytes_of(codes, bits)[: bits * len(codes) // 8]: "a byte that is begun counts too",
    lambda codes, bits: list(sum(c << bits * i for i, c in enumerate(codes)).to_bytes(
        -(-bits * len(codes) // 8), "big")): "the lowest bits are the first byte",
}  # fmt: skip
