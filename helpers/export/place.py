"""Where an export lies: a folder that is made whole or not at all, says what it is, and is never written over."""

import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

from helpers import disk, provenance

CARD = "README.md"
FILES, WRITTEN = "files", "card"  # in the provenance: name and bytes of each file; a short name for the card's text


def made(folder: Path, record: Mapping, make: Callable[[Path], object], card: str, renew: bool = True) -> Path:
    """The folder of an export: read where it is there, which is printed, else made.

    Args:
        folder: where it is to lie.
        record: what makes it what it is, as plain data.
        make: writes its files into the empty folder that it is given.
        card: the text of its model card. One that was edited by hand since stays as it is.
        renew: whether the card of an export that is there is written anew.

    Raises:
        ValueError: for a folder that holds something else, was made with other settings or has lost a file; nothing
            is changed.
    """
    with disk.one_writer(folder):
        if folder.is_file():
            raise ValueError(f"{folder} is a file: name a folder that is empty or not there")
        if folder.is_dir() and any(folder.iterdir()):
            provenance.refuse_others(folder, record, "files", os.listdir(folder))
            files_of(folder)
            print(f"exported before, and read from {disk.shown(folder)}")
            if renew or not (folder / CARD).is_file():
                _write_card(folder, card)
            return folder
        part = folder.with_name(f"{folder.name}.part")
        shutil.rmtree(part, ignore_errors=True)  # what a killed run left
        part.mkdir(parents=True)
        make(part)
        provenance.write(part, {**record, FILES: {path.name: path.stat().st_size for path in sorted(part.iterdir())}})
        _write_card(part, card)
        if folder.is_dir():
            folder.rmdir()  # it is empty
        os.replace(part, folder)
    return folder


def files_of(folder: Path) -> list[str]:
    """The names of the files of an export, its card and provenance among them, and no others.

    Raises:
        FileNotFoundError: for a folder that is no export.
        ValueError: where one of its files is missing or has another size than when it was written.
    """
    sizes = provenance.read(folder, "helpers.export").get(FILES)
    if not isinstance(sizes, dict):
        raise FileNotFoundError(f"{folder} is no export: `export.merged`, `export.adapter` and `export.gguf` make one")
    for name, size in sizes.items():
        path = folder / name
        if not path.is_file() or path.stat().st_size != size:
            what = "has changed" if path.is_file() else "is missing"
            raise ValueError(f"{name}, exported to {disk.shown(folder)}, {what}: delete that folder, and run again")
    return [*sizes, CARD, provenance.PROVENANCE]


def _write_card(folder: Path, card: str) -> None:
    told, path = provenance.read(folder, "helpers.export"), folder / CARD
    if path.is_file() and provenance.digest(path.read_bytes()) != told[WRITTEN]:
        print(f"its {CARD} was edited since, and stays as it is")
        return
    disk.write_whole(path, card)
    provenance.write(folder, {**told, WRITTEN: provenance.digest(card.encode())})
