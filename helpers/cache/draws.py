"""A distribution as a few whole numbers: drawn so that the mean is right, packed so that it is small."""

import numpy as np
import torch


def draw(shares: torch.Tensor, n: int, generator: torch.Generator) -> torch.Tensor:
    """n tokens for each distribution, so that token v comes n·p times on average: (tokens, n), ids in rising order.

    Systematic sampling: one random offset, then n equally spaced marks along the distribution laid end to end. A token
    of probability p gets ⌊n·p⌋ or ⌈n·p⌉ marks, on average exactly n·p. So means over the draws are unbiased, as those
    of n independent draws are. Where few tokens hold most of the probability they vary far less: all but the last mark
    of a likely token are certain. Not always: of many equally likely tokens, marks at equal distances may all fall on
    every second one.

    Args:
        shares: (tokens, vocabulary), each row adding up to 1.
        n: how many tokens.
        generator: of the offsets.

    Raises:
        ValueError: for n below 1.

    Source:
        Carpenter et al. 1999, in particle filters; independent draws: RS-KD, Anshumann et al. 2025.
    """
    if n < 1:
        raise ValueError(f"n is {n}; draw 1 token or more")
    ends = shares.double().cumsum(-1)
    ends = ends / ends[:, -1:]
    offset = torch.rand(len(shares), 1, generator=generator, dtype=torch.float64).to(shares.device)
    marks = (offset + torch.arange(n, dtype=torch.float64, device=shares.device)) / n
    # right: a mark on an end belongs to what begins there, so that a token of probability 0 is never drawn.
    return torch.searchsorted(ends, marks, right=True).clamp_(max=shares.shape[-1] - 1)


def pack(draws: np.ndarray, bits: int) -> bytes:
    """Draws of `draw`, (tokens, n), as bytes: n - 1 bits and one id for each different token.

    First one bit for each draw after the first of its row: whether it differs from the one before. Then the different
    ids, row by row, with `bits` bits each.

    Raises:
        ValueError: if an id needs more, or if a row is not in rising order.
    """
    draws = np.asarray(draws)
    steps = np.diff(draws, axis=1)
    if (steps < 0).any():
        raise ValueError("the draws of a token must be in rising order, as `draw` gives them")
    differs = steps > 0
    first = np.concatenate([np.ones((len(draws), 1), bool), differs], axis=1)
    return np.packbits(np.concatenate([differs.ravel(), flags_of(draws[first], bits)])).tobytes()


def unpack(packed: bytes, tokens: int, n: int, bits: int) -> np.ndarray:
    """What `pack` was given: (tokens, n), int64.

    Raises:
        ValueError: if the bytes are not so many as they should be.
    """
    flags = np.unpackbits(np.frombuffer(packed, np.uint8))
    border = tokens * (n - 1)
    differs = flags[:border].reshape(tokens, n - 1).astype(bool)
    different = tokens + int(differs.sum())
    size = -(-(border + different * bits) // 8)
    if len(packed) != size:
        raise ValueError(f"{len(packed):,} bytes of draws where {size:,} were expected: the cache is damaged")
    ids = ids_of(flags[border : border + different * bits], bits)
    first = np.concatenate([np.ones((tokens, 1), bool), differs], axis=1)
    return ids[np.cumsum(first.ravel()) - 1].reshape(tokens, n)


def flags_of(ids: np.ndarray, bits: int) -> np.ndarray:
    """Ids one after the other, as `bits` truths each, the highest first.

    Raises:
        ValueError: if an id needs more bits.
    """
    if ids.size and (ids.min() < 0 or ids.max() >= 2**bits):
        raise ValueError(f"an id is {ids.max():,}, and with {bits} bits the highest is {2**bits - 1:,}")
    return (ids.reshape(-1, 1) >> np.arange(bits - 1, -1, -1) & 1).astype(bool).ravel()


def ids_of(flags: np.ndarray, bits: int) -> np.ndarray:
    """What `flags_of` was given, one after the other."""
    return flags.reshape(-1, bits) @ (1 << np.arange(bits - 1, -1, -1))
