"""Where something on disk came from: its provenance, written beside it and compared before it is used again."""

import hashlib
import json
import os
from collections.abc import Sequence
from contextlib import contextmanager
from pathlib import Path

import datasets

from helpers.tiers import ModelSpec

PROVENANCE = "provenance.json"


def read(folder: Path, maker: str) -> dict:
    """How what lies in a folder was made. Raises FileNotFoundError for a folder that `maker` has not made."""
    path = folder / PROVENANCE
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing: only a folder that {maker} made has it")
    return json.loads(path.read_text(encoding="utf-8"))


def write(folder: Path, told: dict) -> None:
    """Writes it, never half."""
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f"{PROVENANCE}.part"
    part.write_text(json.dumps(told, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    os.replace(part, folder / PROVENANCE)


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
    return "sha256:" + hashlib.sha256(content).hexdigest()[:16]


def seed_of(*words) -> int:
    """A seed that changes with each of the words, whatever else was drawn before."""
    return int(hashlib.sha256(" ".join(map(str, words)).encode()).hexdigest()[:15], 16)


def revision(spec: ModelSpec) -> str:
    """The commit on the Hub; for a folder, what changes with the model's weights, settings, tokenizer and template."""
    if not spec.local:
        return spec.revision
    kinds = ("*.safetensors", "*.jinja", "*config.json", "tokenizer.json")  # not its card, nor its scores
    paths = sorted(path for kind in kinds for path in Path(spec.source).glob(kind))
    if not paths:
        raise FileNotFoundError(f"there is no model in {spec.name}: `make mini-models` makes the mini models")
    return digest(b"".join(path.name.encode() + path.read_bytes() for path in paths))


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
