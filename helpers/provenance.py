"""Where something on disk came from: its provenance, written beside it and compared before it is used again."""

import hashlib
import json
import time
from collections.abc import Sequence
from contextlib import contextmanager
from pathlib import Path

import datasets

from helpers import disk
from helpers.disk import one_writer, write_whole
from helpers.tiers import ModelSpec

__all__ = [
    "PROVENANCE", "digest", "how_to_get", "no_bars", "one_writer", "read", "refuse_others", "revision",
    "seed_of", "write", "write_whole",
]

PROVENANCE = "provenance.json"
YOUNG = 2.0  # seconds: a file that is younger may be changed again without a change of its time

_known: dict[tuple, str] = {}  # what `revision` found, by what tells that the files are still the same


def read(folder: Path, maker: str) -> dict:
    """How what lies in a folder was made.

    Raises FileNotFoundError for a folder that `maker` has not made, ValueError where the file is damaged.
    """
    path = folder / PROVENANCE
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing: only a folder that {maker} made has it")
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        told = None
    if not isinstance(told, dict):
        raise ValueError(f"{path} is damaged, and says no longer how this was made: delete {folder}, and run again")
    return told


def write(folder: Path, told: dict) -> None:
    """Writes it, never half."""
    write_whole(folder / PROVENANCE, json.dumps(told, indent=2, ensure_ascii=False) + "\n")


def refuse_others(folder: Path, made: dict, what: str, names: Sequence[str]) -> None:
    """Raises ValueError if the folder holds something that was made otherwise than `made` says, naming what differs.

    what: the word for what lies there; names: the files or folders that it consists of.
    """
    if not (folder / PROVENANCE).is_file():
        if any((folder / name).exists() for name in names):
            raise ValueError(f"{folder} has {what}, but no {PROVENANCE} says how they were made: take another folder")
        return
    old = read(folder, "")
    other = [f"{key} was {old.get(key)!r} and now is {new!r}" for key, new in made.items() if old.get(key) != new]
    if other:
        raise ValueError(f"{folder} was made otherwise: {'; '.join(other)}. Take another folder, or delete this one")


def digest(content: bytes) -> str:
    """A short name for some content: other content has another."""
    return _short(hashlib.sha256(content))


def seed_of(*words) -> int:
    """A seed that changes with each of the words, whatever else was drawn before."""
    return int(hashlib.sha256(" ".join(map(str, words)).encode()).hexdigest()[:15], 16)


def revision(spec: ModelSpec) -> str:
    """The commit on the Hub; for a folder, what changes with the model's weights, settings, tokenizer and template.

    A folder is read some bytes at a time, and again only after one of its files has changed.
    Raises FileNotFoundError where there is no model.
    """
    if not spec.local:
        return spec.revision
    kinds = ("*.safetensors", "*.jinja", "*config.json", "tokenizer.json")  # not its card, nor its scores
    paths = sorted(path for kind in kinds for path in Path(spec.source).glob(kind))
    if not paths:
        raise FileNotFoundError(f"there is no model in {spec.name}: {how_to_get(spec)}")
    begun, about = time.time(), {str(path): path.stat() for path in paths}
    key = tuple((path, one.st_size, one.st_mtime_ns, one.st_ctime_ns, one.st_ino) for path, one in about.items())
    if key in _known:
        return _known[key]
    found = hashlib.sha256()
    for path in paths:
        found.update(path.name.encode())
        disk.add_file(found, path)
    if begun - max(max(one.st_mtime, one.st_ctime) for one in about.values()) > YOUNG:
        _known[key] = _short(found)
    return _short(found)


def how_to_get(spec: ModelSpec) -> str:
    """What to do where a folder has no model, or not all of it: one of ours is made, another is named anew."""
    if spec.name.startswith("data/mini/"):
        return "`make mini-models` makes the mini models"
    return "name a folder that has config.json, tokenizer.json and the weights in *.safetensors"


@contextmanager
def no_bars():
    """No progress bars of datasets for a moment: what takes no time needs none, and it would stay in the notebook."""
    hidden = datasets.are_progress_bars_disabled()
    datasets.disable_progress_bars()
    try:
        yield
    finally:
        if not hidden:
            datasets.enable_progress_bars()


def _short(found) -> str:
    """A hash as the files hold it."""
    return "sha256:" + found.hexdigest()[:16]
