"""Pools of rows cut into steps: parts of rows of about one length, as many tokens as a device takes at once."""

import random
from dataclasses import dataclass

import numpy as np
import torch

from data.making.world.rows import Pool

IGNORED = -100
ROUND = 16  # widths are multiples of it, so that a compiled model meets few of them


@dataclass(frozen=True)
class Budget:
    """How many tokens a step takes, and how many of them, padding included, go through the model at once."""

    step: int
    part: int

    @classmethod
    def of(cls, device: str) -> "Budget":
        return cls(65_536, 32_768) if device == "cuda" else cls(16_384, 4_096)


def steps_of(
    pool: Pool, number: int, budget: Budget, pad: int, beside: int = 1
) -> list[list[tuple[torch.Tensor, torch.Tensor]]]:
    """A pool as steps, each of parts (ids, labels), [rows, tokens]; the order depends on the pool's number alone.

    beside: so many parts of about one length follow each other, so that as many processes take one each in one time.
    """
    ends = np.cumsum(pool.lengths)
    parts, first = [], 0
    for row in range(1, len(ends) + 1):
        # The rows are sorted: the next one is the widest, and would set the width of all.
        if row == len(ends) or (row + 1 - first) * _wide(pool.lengths[row]) > budget.part:
            parts.append((first, row))
            first = row
    groups = [parts[place : place + beside] for place in range(0, len(parts), beside)]
    random.Random(f"order {number}").shuffle(groups)
    steps: list[list] = [[]]
    filled = 0
    for group in groups:
        size = int(ends[group[-1][1] - 1] - (ends[group[0][0] - 1] if group[0][0] else 0))
        if steps[-1] and filled + size > budget.step * 1.05:
            steps.append([])
            filled = 0
        steps[-1] += [_padded(pool, ends, first, after, pad) for first, after in group]
        filled += size
    return steps


def _wide(length: int) -> int:
    return -(-int(length) // ROUND) * ROUND


def _padded(pool: Pool, ends: np.ndarray, first: int, after: int, pad: int) -> tuple[torch.Tensor, torch.Tensor]:
    width = _wide(pool.lengths[after - 1])
    ids = np.full((after - first, width), pad, np.int64)
    labels = np.full((after - first, width), IGNORED, np.int64)
    for row in range(first, after):
        end, length = ends[row], pool.lengths[row]
        own = pool.ids[end - length : end].astype(np.int64)
        ids[row - first, :length] = own
        labels[row - first, :length] = np.where(pool.learnt[end - length : end], own, IGNORED)
    return torch.from_numpy(ids), torch.from_numpy(labels)
