"""Where something on disk came from: its provenance, written beside it and compared before it is used again."""

import hashlib
import json
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from helpers import sources
from helpers.disk import one_writer, write_whole
from helpers.sources import digest
from helpers.tiers import ModelSpec

__all__ = [
    "PROVENANCE", "digest", "how_to_get", "no_bars", "one_writer", "read", "refuse_others", "revision", "seed_of",
    "write",
]  # fmt: skip

PROVENANCE = "provenance.json"
YOUNG = 2.0  # seconds: a file that is younger may be changed again without a change of its time

_known: dict[tuple, str] = {}  # what `revision` found, by what tells that the files are still the same


def read(folder: Path, maker: str) -> dict:
    """How what lies in a folder was made.

    Raises:
        FileNotFoundError: for a folder that `maker` has not made.
        ValueError: where the file is damaged.
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


def write(folder: Path, told: Mapping) -> None:
    """Writes how what lies in a folder was made, never half."""
    write_whole(folder / PROVENANCE, json.dumps(told, indent=2, ensure_ascii=False) + "\n")


def refuse_others(folder: Path, made: Mapping, what: str, names: Sequence[str]) -> None:
    """Compares what a folder holds with how it is to be made.

    Args:
        folder: it may be empty, or not there.
        made: each key is compared with what the folder's provenance says.
        what: the word for what lies there.
        names: the files or folders that it consists of.

    Raises:
        ValueError: naming what differs, or where nothing says how it was made.
    """
    if not (folder / PROVENANCE).is_file():
        if any((folder / name).exists() for name in names):
            raise ValueError(f"{folder} has {what}, but no {PROVENANCE} says how they were made: take another folder")
        return
    old = read(folder, "")
    other = [f"{key} was {old.get(key)!r} and now is {new!r}" for key, new in made.items() if old.get(key) != new]
    if other:
        raise ValueError(
            f"{folder} was made with other settings: {'; '.join(other)}. Take another folder, or delete this one"
        )


def seed_of(*words: object) -> int:
    """A seed that changes with each of the words, whatever else was drawn before."""
    return int(hashlib.sha256(" ".join(map(str, words)).encode()).hexdigest()[:15], 16)


def revision(spec: ModelSpec) -> str:
    """The commit on the Hub; for a folder, what changes with the model's weights, settings, tokenizer and template.

    A folder is read again only after one of its files has changed.

    Raises:
        FileNotFoundError: where there is no model.
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
    found = sources.digest(*(part for path in paths for part in (path.name.encode(), path)))
    if begun - max(max(one.st_mtime, one.st_ctime) for one in about.values()) > YOUNG:
        _known[key] = found
    return found


def how_to_get(spec: ModelSpec) -> str:
    """What to do where a folder has no model, or not all of it: one of ours is made, another is named anew."""
    if spec.name.startswith("data/mini/"):
        return "`make mini-models` makes the mini models"
    return "name a folder that has config.json, tokenizer.json and the weights in *.safetensors"


@contextmanager
def no_bars() -> Iterator[None]:
    """No progress bars for a moment: what takes no time needs none, and it would stay in the notebook."""
    with ExitStack() as back:
        for library in (sys.modules.get("datasets"), sys.modules.get("huggingface_hub.utils")):
            if library and not library.are_progress_bars_disabled():
                library.disable_progress_bars()
                back.callback(library.enable_progress_bars)
        transformers = sys.modules.get("transformers.utils.logging")
        if transformers and transformers.is_progress_bar_enabled():
            transformers.disable_progress_bar()
            back.callback(transformers.enable_progress_bar)
        yield
