"""The likeliest tokens of a distribution and their probabilities: what most caches keep, packed as small as it goes."""

import numpy as np
import torch

from helpers.cache.draws import flags_of, ids_of

HALF = 16  # bits of a probability: float16, at most one part in two thousand off


def top(shares: torch.Tensor, k: int) -> tuple[torch.Tensor, torch.Tensor]:
    """The k likeliest tokens of (tokens, vocabulary) shares and their probabilities: (tokens, k) each, likeliest first.

    Raises:
        ValueError: for k below 1 or above the vocabulary.
    """
    if not 1 <= k <= shares.shape[-1]:
        raise ValueError(f"k is {k}; keep from 1 to {shares.shape[-1]:,} tokens")
    found = shares.topk(k)
    return found.indices, found.values


def pack(ids: np.ndarray, values: np.ndarray, bits: int) -> bytes:
    """What `top` found as bytes: first all ids with `bits` bits each, then all probabilities as float16.

    Raises:
        ValueError: if ids and values differ in shape, or if an id needs more bits.
    """
    ids, values = np.asarray(ids), np.asarray(values)
    if ids.shape != values.shape:
        raise ValueError(f"ids of shape {ids.shape} and probabilities of shape {values.shape}")
    return np.packbits(flags_of(ids, bits)).tobytes() + values.astype("<f2").tobytes()


def unpack(packed: bytes, tokens: int, k: int, bits: int) -> tuple[np.ndarray, np.ndarray]:
    """What `pack` was given, (tokens, k) each: ids as int64, probabilities as float32, rounded once to float16.

    Raises:
        ValueError: if the bytes are not so many as they should be.
    """
    border = -(-tokens * k * bits // 8)
    size = border + tokens * k * HALF // 8
    if len(packed) != size:
        raise ValueError(f"{len(packed):,} bytes of targets where {size:,} were expected: the cache is damaged")
    flags = np.unpackbits(np.frombuffer(packed[:border], np.uint8), count=tokens * k * bits)
    values = np.frombuffer(packed[border:], "<f2").astype(np.float32)
    return ids_of(flags, bits).reshape(tokens, k), values.reshape(tokens, k)
