"""A teacher's distributions on disk: written once, part by part, read from the disk while training.

Beside each sequence lie a few tokens for each learnt place: drawn from what the teacher held likely there, or the
likeliest (`helpers.cache.encodings`). A training that reads them needs neither the teacher nor its memory.
"""

import hashlib
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from datasets import Dataset, Features, List, Value, concatenate_datasets, load_from_disk

from helpers import origins
from helpers.cache.draws import draw, pack, unpack
from helpers.cache.encodings import Encoding
from helpers.origins import PROVENANCE, no_bars

__all__ = ["FEATURES", "Encoding", "draw", "finished", "load", "make", "pack", "size", "unpack"]

PARTS, DATASET, CHECKSUM = "parts", "dataset", "checksum"
# A sequence, its labels, how many of its tokens are learnt, and the packed targets of those.
FEATURES = Features(
    {
        "input_ids": List(Value("int32")), "labels": List(Value("int32")), "tokens": Value("int32"),
        "targets": Value("large_binary"),
    }
)  # fmt: skip
# And where the teacher's inside is kept too, what `helpers.cache.states` packs of it.
STATES = {"states": Value("large_binary")}


def make(folder: Path, made: dict, parts: int, part: Callable[[int], list[dict]]) -> Iterator[int]:
    """Writes what is not there yet of a cache, part by part, and yields the number of each part when it is on disk.

    made: what makes the cache what it is: teacher, tokenizer, prompts, traces, encoding, ...; a "signal" in it says
        that states are kept. part: gives the rows of part number i, with the columns of FEATURES and STATES.
    After a kill the same call goes on behind the last whole part.
    Raises ValueError if the folder holds a cache that was made otherwise, naming what differs.
    """
    origins.refuse_others(folder, made, "cached targets", (PARTS, DATASET))
    if finished(folder):
        return
    if not (folder / PROVENANCE).is_file():
        origins.write(folder, made)
    columns = Features({**FEATURES, **(STATES if "signal" in made else {})})
    with no_bars():
        for number in range(parts):
            place, unfinished = folder / PARTS / f"{number:05d}", folder / PARTS / "unfinished"
            if not place.is_dir():
                shutil.rmtree(unfinished, ignore_errors=True)
                rows = part(number)
                Dataset.from_dict({name: [row[name] for row in rows] for name in columns}, columns).save_to_disk(
                    str(unfinished)
                )
                unfinished.rename(place)
            yield number
        whole = concatenate_datasets([load_from_disk(str(folder / PARTS / f"{i:05d}")) for i in range(parts)])
        unfinished = folder / f"{DATASET}.part"
        shutil.rmtree(unfinished, ignore_errors=True)
        whole.save_to_disk(str(unfinished))
        (unfinished / CHECKSUM).write_text(_checksum(unfinished) + "\n", encoding="utf-8")
        unfinished.rename(folder / DATASET)
    shutil.rmtree(folder / PARTS)


def finished(folder: Path) -> bool:
    """Whether a cache in this folder came to its end."""
    return (folder / DATASET).is_dir()


def load(folder: Path, made: dict) -> Dataset:
    """A finished cache, mapped from the disk: a row is read when it is asked for, and memory stays flat.

    made: what the training needs it to be. Raises FileNotFoundError if it is not there or not finished, ValueError if
    it was made otherwise (by another teacher, for another tokenizer, prompt or trace set, ...), naming what differs,
    or if its bytes are not those that were written.
    """
    if not finished(folder):
        raise FileNotFoundError(f"there is no finished cache in {folder}: `soft.fill_cache` makes one")
    origins.refuse_others(folder, made, "cached targets", (PARTS, DATASET))
    written = (folder / DATASET / CHECKSUM).read_text(encoding="utf-8").strip()
    found = _checksum(folder / DATASET)
    if found != written:
        raise ValueError(f"{folder} is damaged: its checksum is {found} and was {written}. Delete it, and run again")
    return load_from_disk(str(folder / DATASET))


def size(dataset: Dataset, column: str = "targets") -> float:
    """Bytes of targets, or of states, for each learnt token."""
    return sum(map(len, dataset[column][:])) / sum(dataset["tokens"][:])


def _checksum(folder: Path) -> str:
    """Of the files with the rows, in their order."""
    found = hashlib.sha256()
    # Only those that `save_to_disk` wrote: a trainer's `map` puts what it made of them into the same folder.
    for path in sorted(folder.glob("data-*.arrow")):
        with open(path, "rb") as file:
            while block := file.read(2**20):
                found.update(block)
    return found.hexdigest()[:16]
