"""Which checkpoints are whole: a kill may come at any byte of one, and Trainer itself goes by the folder's name."""

import json
import os
import shutil
from pathlib import Path

from helpers import disk, sources

WHOLE = "whole.json"  # written last, into the checkpoint: its files and how many bytes each has


def say_whole(folder: Path) -> None:
    """Notes that a checkpoint is whole as it is now."""
    sizes = {path.name: path.stat().st_size for path in folder.iterdir() if path.is_file()}
    disk.write_whole(folder / WHOLE, json.dumps(sizes, indent=1) + "\n")


def is_whole(folder: Path) -> bool:
    """Whether a checkpoint was noted as whole, and still has all its files with all their bytes."""
    try:
        sizes = json.loads((folder / WHOLE).read_text(encoding="utf-8"))
        return all((folder / name).stat().st_size == size for name, size in sizes.items())
    except (OSError, ValueError):
        return False


def last_whole(folder: Path) -> str | None:
    """The newest whole checkpoint of a run, None if there is none. What is not whole is deleted, which is said."""
    found = sorted(folder.glob("checkpoint-*"), key=step_of)
    whole = [path for path in found if is_whole(path)]
    broken = [path for path in found if path not in whole]
    # By one process: the others of a run on several cards read what is there.
    for path in broken if int(os.environ.get("RANK", 0)) == 0 else ():
        shutil.rmtree(path, ignore_errors=True)
    if broken:
        names = ", ".join(path.name for path in broken)
        print(f"not whole, and deleted: {names}. It goes on from {whole[-1].name if whole else 'the beginning'}")
    return str(whole[-1]) if whole else None


def adapters(folder: Path | str) -> list[Path]:
    """The adapters that a run saved, one an epoch, in their order.

    Raises:
        FileNotFoundError: if there is none.
    """
    found = sorted((path.parent for path in Path(folder).glob("checkpoint-*/adapter_model.safetensors")), key=step_of)
    if not found:
        raise FileNotFoundError(f"there is no adapter in {folder}: `training.run` makes one at each epoch's end")
    return found


def started(folder: Path | str | None) -> dict[str, str]:
    """With what adapter a training begins, for the name of a folder: nothing for a fresh one.

    Raises:
        FileNotFoundError: for a folder without an adapter.
    """
    if folder is None:
        return {}
    files = [Path(folder) / name for name in ("adapter_model.safetensors", "adapter_config.json")]
    if not files[0].is_file():
        raise FileNotFoundError(f"there is no adapter in {folder}: give a folder of `training.adapters`")
    return {"start": sources.digest(*(one for one in files if one.is_file()))}


def step_of(checkpoint: Path) -> int:
    """The optimizer's step after which a checkpoint was made, by its name."""
    return int(checkpoint.name.rpartition("-")[2])
