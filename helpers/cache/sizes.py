"""How large a cache is on the disk, where its targets are the smaller part."""

from pathlib import Path

from datasets import Dataset

from helpers import cache
from helpers.cache.encodings import bits

NUMBER = 4  # bytes of a token's number and of a label


def on_disk(dataset: Dataset) -> float:
    """Bytes of a cache's files for each learnt token. dataset: whole, as `cache.load` gives it.

    `cache.size` counts the packed targets alone. Beside them lie the tokens and the labels of each sequence, its prompt
    included, with 4 bytes each.

    Raises:
        ValueError: for a dataset that is not on the disk.
    """
    files = [Path(file["filename"]) for file in dataset.cache_files]
    if not files:
        raise ValueError("this dataset lies in memory: give the one that `cache.load` reads from the disk")
    return sum(file.stat().st_size for file in files) / sum(dataset["tokens"][:])


def parts(dataset: Dataset, vocabulary: int) -> dict[str, float]:
    """What a cache's files hold, in bytes for each learnt token.

    Args:
        dataset: whole, as `cache.load` gives it.
        vocabulary: how many tokens there are.

    Returns:
        "targets", "tokens", "labels" and "the rest", which add up to "on disk"; and "could be", with only the bits that
        a token's number needs, and for each text the place where its answer begins in the place of its labels.

    Raises:
        ValueError: as `on_disk`.
    """
    whole, targets = on_disk(dataset), cache.size(dataset)
    length, learnt = (sum(dataset[name][:]) for name in ("length", "tokens"))
    numbers = NUMBER * length / learnt
    lean = (length * bits(vocabulary) / 8 + NUMBER * len(dataset)) / learnt
    return {
        "targets": targets, "tokens": numbers, "labels": numbers, "the rest": whole - targets - 2 * numbers,
        "on disk": whole, "could be": targets + lean,
    }  # fmt: skip
