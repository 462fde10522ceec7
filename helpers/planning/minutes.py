"""How long each phase takes on a card, from the operations and the bytes that it needs: a range."""

from dataclasses import dataclass

from helpers.planning import measured
from helpers.planning.cards import BANDWIDTH, COMPUTE, LAUNCH, Card
from helpers.planning.parts import kv_cache
from helpers.planning.shapes import Shape

# Of 200 DeepSeek-R1 answers to GSM8K questions, in Qwen 3's tokens: the mean, and the longest of so many at random as a
# multiple of it, for a batch goes on until its longest text is done.
TRACE_TOKENS = 1_354
LONGEST_OF = {1: 1.0, 8: 2.4, 16: 3.2, 32: 4.3, 48: 4.9}
PROMPT_TOKENS = 120  # a GSM8K question in its template


@dataclass(frozen=True)
class Minutes:
    """At best and at worst, under the assumptions in `helpers.planning.cards`."""

    least: float
    most: float

    def __add__(self, other: "Minutes") -> "Minutes":
        return Minutes(self.least + other.least, self.most + other.most)

    def __str__(self) -> str:
        return f"{self.least:,.0f}–{self.most:,.0f} min"


NONE = Minutes(0.0, 0.0)


def range_of(seconds) -> Minutes:
    """seconds: a function of (launch, bandwidth share, compute share), asked at best and at worst."""
    ranges = measured.assumed("launch", LAUNCH), BANDWIDTH, measured.assumed("compute", COMPUTE)
    least, most = (seconds(*each) for each in zip(*ranges, strict=True))
    return Minutes(least / 60, most / 60)


def flops(shape: Shape, tokens: float, length: float) -> float:
    """Operations of one forward pass: two for each weight that is multiplied, and attention over what came before."""
    head = shape.vocabulary * shape.width
    per_token = 2 * (shape.linear_weights + head)
    sliding = shape.layers - shape.full_layers
    seen = shape.full_layers * length / 2 + sliding * min(length / 2, shape.window or length)
    return tokens * (per_token + 4 * shape.queries * seen)


def longest_of(batch: int) -> float:
    """How many times the mean the longest of a batch is."""
    below = max(size for size in LONGEST_OF if size <= batch)
    above = min((size for size in LONGEST_OF if size >= batch), default=below)
    if below == above:
        return LONGEST_OF[below]
    share = (batch - below) / (above - below)
    return LONGEST_OF[below] + share * (LONGEST_OF[above] - LONGEST_OF[below])


def writing(shape: Shape, card: Card, texts: int, mean: float, most: int, batch: int, bits: int) -> Minutes:
    """A model writes texts of a mean length, at most `most` tokens, `batch` at a time.

    Each token needs all weights once. In 4 bits they are first written out and read again, each time.
    """
    steps = -(-texts // batch) * min(most, mean * longest_of(min(batch, texts)))
    weights = shape.weights * (0.5 + 2 * card.bytes if bits == 4 else bits / 8)
    read = weights + kv_cache(shape, batch, int(PROMPT_TOKENS + mean), card.bytes)

    def seconds(launch, bandwidth, compute):
        slow = shape.layers * launch * (2 if bits == 4 else 1)
        work = flops(shape, batch, PROMPT_TOKENS + mean) / (card.flops * compute)
        return steps * max(slow, read / (card.bandwidth * bandwidth), work)

    return range_of(seconds)


def passing(shape: Shape, card: Card, texts: float, length: float, batch: int, times: float, adapted=False) -> Minutes:
    """Texts go through a model. times: forward passes that it is worth: 1 for reading, 3 for training, where the
    backward pass of frozen weights counts once and checkpointing once more. adapted: with an adapter beside each layer.
    """
    work = times * flops(shape, texts * length, length)
    launches = times * shape.layers * (2.5 if adapted else 1) * texts / batch

    def seconds(launch, bandwidth, compute):
        return max(launches * launch, work / (card.flops * compute))

    return range_of(seconds)
