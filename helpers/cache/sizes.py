"""How large a cache is on the disk, where its targets are the smaller part."""

from pathlib import Path

from datasets import Dataset


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
