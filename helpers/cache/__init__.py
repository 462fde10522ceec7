"""A teacher's distributions on disk: written once, part by part, read from the disk while training.

Beside each sequence lie a few tokens for each learnt place: drawn from what the teacher held likely there, or the
likeliest (`helpers.cache.encodings`). A training that reads them needs neither the teacher nor its memory.
"""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from datasets import Dataset, Features, List, Value, concatenate_datasets

from helpers import disk, provenance
from helpers.cache.draws import draw, pack, unpack
from helpers.cache.encodings import Encoding
from helpers.disk import Damaged
from helpers.provenance import PROVENANCE, no_bars, one_writer

__all__ = ["FEATURES", "Encoding", "draw", "finished", "load", "make", "pack", "size", "unpack"]

PARTS, DATASET = "parts", "dataset"
# A sequence, its labels and its length, how many of its tokens are learnt, and the packed targets of those. By its
# length a trainer groups the rows; where there is no such column it reads every row, with its states, to count.
FEATURES = Features(
    {
        "input_ids": List(Value("int32")), "labels": List(Value("int32")), "length": Value("int32"),
        "tokens": Value("int32"), "targets": Value("large_binary"),
    }
)  # fmt: skip
# And where the teacher's inside is kept too, what `helpers.cache.states` packs of it.
STATES = {"states": Value("large_binary")}


def make(folder: Path, made: dict, parts: int, part: Callable[[int], list[dict]]) -> Iterator[int]:
    """Writes what is not there yet of a cache, part by part, and yields the number of each part when it is on disk.

    After a kill the same call goes on: parts that are whole stay. Of two calls at once the second waits for the first.

    Args:
        folder: where it lies.
        made: what makes the cache what it is: teacher, tokenizer, prompts, traces, encoding, ...; a "signal" in it says
            that states are kept.
        parts: how many parts.
        part: gives the rows of part number i, with the columns of FEATURES and STATES; their length is counted here.

    Raises:
        ValueError: if the folder holds a cache that was made with other settings, naming what differs.
    """
    provenance.refuse_others(folder, made, "cached targets", (PARTS, DATASET))
    if finished(folder):
        return
    with one_writer(folder), no_bars():
        provenance.refuse_others(folder, made, "cached targets", (PARTS, DATASET))  # as whoever wrote until now left it
        if finished(folder):
            return
        if not (folder / PROVENANCE).is_file():
            provenance.write(folder, made)
        columns = Features({**FEATURES, **(STATES if "signal" in made else {})})
        places = [folder / PARTS / f"{number:05d}" for number in range(parts)]
        for number, place in enumerate(places):
            if not _whole(place):
                rows = [{**row, "length": len(row["input_ids"])} for row in part(number)]
                disk.save(Dataset.from_dict({name: [row[name] for row in rows] for name in columns}, columns), place)
            yield number
        disk.save(concatenate_datasets(list(map(disk.load, places))), folder / DATASET)
        shutil.rmtree(folder / PARTS, ignore_errors=True)


def finished(folder: Path) -> bool:
    """Whether a cache in this folder came to its end."""
    return (folder / DATASET).is_dir()


def load(folder: Path, made: dict, tell: bool = True) -> Dataset:
    """A finished cache, mapped from the disk: a row is read when it is asked for, and memory stays flat.

    Args:
        folder: where it lies.
        made: what the training needs it to be.
        tell: print that it is read.

    Raises:
        FileNotFoundError: if it is not there or not finished.
        ValueError: if it was made with other settings (by another teacher, for another tokenizer, prompt or trace set,
            ...), naming what differs, or if it is not what was written.
    """
    if not finished(folder):
        raise FileNotFoundError(f"there is no finished cache in {folder}: `methods.Cached(...).fill()` makes one")
    provenance.refuse_others(folder, made, "cached targets", (PARTS, DATASET))
    try:
        dataset = disk.load(folder / DATASET)
    except Damaged as error:
        raise ValueError(f"{folder} is damaged: {error}. Delete it, and run again") from error
    shutil.rmtree(folder / PARTS, ignore_errors=True)  # of a maker that was killed when all was done
    if tell:
        print(f"the teacher's targets of {len(dataset):,} texts: read from {disk.shown(folder)}")
    return dataset


def _whole(place: Path) -> bool:
    """Whether a part is there as it was written, with the columns of today."""
    try:
        return "length" in disk.load(place).column_names
    except Damaged:
        return False


def size(dataset: Dataset, column: str = "targets") -> float:
    """Bytes of targets, or of states, for each learnt token."""
    return sum(map(len, dataset[column][:])) / sum(dataset["tokens"][:])
