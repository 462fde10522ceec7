"""How a teacher's distribution is kept: as tokens drawn from it, or as its likeliest tokens. One form for a reader."""

from dataclasses import dataclass

import numpy as np
import torch

from helpers.cache import draws, top

# What each keeps of a distribution, in a few words.
KINDS = {
    "draws": "n tokens at equally spaced marks (systematic sampling)",
    "independent": "n tokens drawn one by one",
    "top_k_tail": "the n likeliest tokens, and what is left as one more",
    "top_k": "the n likeliest tokens as they are",
    "top_k_renormalised": "the n likeliest tokens, scaled up to add up to 1",
}


@dataclass(frozen=True)
class Encoding:
    """One way to keep a distribution over a vocabulary.

    Args:
        kind: a key of KINDS. "independent" is random sampling KD as published (Anshumann et al. 2025); "draws" is the
            same with the variance taken out (`helpers.cache.draws`). The others keep the top and differ in what a
            reader makes of it.
        n: how many tokens, drawn or kept.

    Raises:
        ValueError: for another kind, and for an n that is no whole number from 1.
    """

    kind: str = "draws"
    n: int = 16

    def __post_init__(self):
        if self.kind not in KINDS:
            raise ValueError(f"there is no encoding called {self.kind!r}; choose from {', '.join(KINDS)}")
        if not isinstance(self.n, int) or self.n < 1:
            raise ValueError(f"{self.n!r} tokens of each distribution cannot be kept: take whole ones, 1 token or more")

    @property
    def tail(self) -> bool:
        """Whether what the kept tokens leave belongs to all others together, and not to nobody."""
        return self.kind == "top_k_tail"

    @property
    def drawn(self) -> bool:
        """Whether tokens are drawn, and not the likeliest kept."""
        return self.kind in ("draws", "independent")

    def encode(self, shares: torch.Tensor, generator: torch.Generator) -> bytes:
        """Distributions, (tokens, vocabulary), each row adding up to 1, as bytes."""
        return self.pack([self.keep(shares, generator)], shares.shape[-1])

    def keep(self, shares: torch.Tensor, generator: torch.Generator) -> tuple[np.ndarray, ...]:
        """What is kept of some distributions, each (tokens, n): ids, and for the likeliest their probabilities."""
        if self.kind == "draws":
            return (draws.draw(shares, self.n, generator).cpu().numpy(),)
        if self.kind == "independent":
            found = torch.multinomial(shares.cpu(), self.n, replacement=True, generator=generator)
            return (found.sort(-1).values.numpy(),)
        return tuple(each.cpu().numpy() for each in top.top(shares, self.n))

    def pack(self, kept: list[tuple[np.ndarray, ...]], vocabulary: int) -> bytes:
        """What `keep` gave of the tokens of one text, block after block, as bytes."""
        whole = (np.concatenate(blocks) for blocks in zip(*kept, strict=True))
        return (draws if self.drawn else top).pack(*whole, bits(vocabulary))

    def decode(self, packed: bytes, tokens: int, vocabulary: int) -> tuple[np.ndarray, np.ndarray]:
        """What a reader makes of the bytes: ids and their weights, (tokens, n) each. Drawn twice, an id stands twice.

        Raises:
            ValueError: if there are not as many bytes as there should be.
        """
        if self.drawn:
            ids = draws.unpack(packed, tokens, self.n, bits(vocabulary))
            return ids, np.full(ids.shape, 1 / self.n, np.float32)
        ids, values = top.unpack(packed, tokens, self.n, bits(vocabulary))
        if self.kind == "top_k_renormalised":
            values = values / values.sum(-1, keepdims=True)
        return ids, values


def bits(vocabulary: int) -> int:
    """How many bits the highest id needs."""
    return max(1, (vocabulary - 1).bit_length())
