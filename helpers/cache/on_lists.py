"""A cache on plain lists, right and as beginners get it wrong: what the exercises of notebook 06 are held to."""

import random
from collections.abc import Sequence
from math import ceil, log


def bucket_loss(p: Sequence[float], q: Sequence[float], k: int) -> float:
    """The cross-entropy at one place if the teacher's k likeliest tokens are kept and all others share a bucket.

    Args:
        p: the teacher's probabilities.
        q: the student's, in the same order.
        k: how many tokens are kept, fewer than there are.

    Returns:
        In nats.
    """
    return _with_bucket(p, q, _likeliest(p, k))


def packed_bytes(tokens: int, n: int, different: int, width: int) -> int:
    """How many whole bytes the packed samples of a text fill.

    Args:
        tokens: places of the text.
        n: samples at each.
        different: how many different tokens were drawn, added up over the places.
        width: bits of a token's number.
    """
    return ceil((tokens * (n - 1) + different * width) / 8)


def pays_from(fill: float, live: float, stored: float) -> int:
    """The first number of epochs at which a cache, filled first, is faster than the teacher beside the student.

    Args:
        fill: seconds that filling takes.
        live: seconds of an epoch with the teacher.
        stored: seconds of an epoch from the cache, fewer than `live`.

    Raises:
        ValueError: where an epoch from the cache is no faster: then it never pays.
    """
    if not stored < live:
        raise ValueError(f"an epoch from the cache takes {stored} s and one with the teacher {live} s: it never pays")
    epochs = 1
    while fill + epochs * stored >= epochs * live:
        epochs += 1
    return epochs


def some_places(count: int) -> list[tuple]:
    """Random cases of `bucket_loss`: other distributions, vocabularies and k each."""
    sizes = [random.randint(5, 9) for _ in range(count)]
    return [(_some(n), _some(n), random.randint(2, 3)) for n in sizes]


def some_texts(count: int) -> list[tuple]:
    """Random cases of `packed_bytes`."""
    found = [(random.randint(5, 60), random.randint(4, 12)) for _ in range(count)]
    return [(t, n, t * random.randint(2, n) + 1, random.choice([11, 13, 17])) for t, n in found]


def some_trainings(count: int) -> list[tuple]:
    """Random cases of `pays_from`, and one in which both are equally fast for a whole number of epochs."""
    times = [(random.uniform(9, 40), random.uniform(1, 5), random.uniform(2, 9)) for _ in range(count - 1)]
    return [*((fill, stored + saved, stored) for fill, stored, saved in times), (12.0, 5.0, 2.0)]


def _some(count: int) -> list[float]:
    parts = [random.uniform(0.1, 1) for _ in range(count)]
    return [part / sum(parts) for part in parts]


def _likeliest(shares: Sequence[float], k: int) -> list[int]:
    return sorted(range(len(shares)), key=shares.__getitem__)[-k:]


def _kept(p: Sequence[float], q: Sequence[float], kept: list[int]) -> float:
    return -sum(p[v] * log(q[v]) for v in kept)


def _with_bucket(p: Sequence[float], q: Sequence[float], kept: list[int]) -> float:
    outside_p, outside_q = (1 - sum(each[v] for v in kept) for each in (p, q))
    return _kept(p, q, kept) - outside_p * log(outside_q)


def _bare(p, q, k):
    return _kept(p, q, _likeliest(p, k))


def _of_the_student(p, q, k):
    return _with_bucket(p, q, _likeliest(q, k))


def _scaled_up(p, q, k):
    kept = _likeliest(p, k)
    return _kept(p, q, kept) / sum(p[v] for v in kept)


def _everything(p, q, k):
    return _kept(p, q, list(range(len(p))))


# Each as beginners write it, and what is wrong: for `check.function`.
BUCKET_SLIPS = {
    _bare: "that is bare top-k: what the kept tokens leave has no bucket yet",
    _of_the_student: "the tokens are the teacher's likeliest, not the student's",
    _scaled_up: "nothing is scaled up: the bucket holds what is left",
    _everything: "that is the whole distribution: the cache does not have it",
    lambda p, q, k: -bucket_loss(p, q, k): "a loss is minus the logarithm",
}
BYTES_SLIPS = {
    lambda t, n, d, w: ceil(d * w / 8): "one bit for each sample after the first is missing",
    lambda t, n, d, w: ceil((t * n + d * w) / 8): "the first sample of a place is always new: it has no bit",
    lambda t, n, d, w: (t * (n - 1) + d * w) // 8: "a byte that is begun counts whole: round up",
    lambda t, n, d, w: t * (n - 1) + d * w: "those are bits",
}
PAYS_SLIPS = {
    lambda fill, live, stored: fill / (live - stored): "epochs are whole numbers",
    lambda fill, live, stored: ceil(fill / (live - stored)): "at exactly this number they are equal: not faster yet",
    lambda fill, live, stored: int(fill // live) + 1: "the epochs from the cache take time as well",
}
