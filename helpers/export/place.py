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

    A card that was edited by hand stays as it is.

    Args:
        folder: where it is to lie.
        record: what makes it what it is, as plain data.
        make: writes its files into the empty folder that it is given.
        card: the text of its model card.
        renew: whether the card of an export that is there is written anew where its text has changed.

    Raises:
        ValueError: for a folder that holds something else, was made otherwise or has lost a file; nothing is changed.
    """
    with disk.one_writer(folder):
        if folder.is_file():
            raise ValueError(f"{folder} is a file: name a folder that is empty or not there")
        if folder.is_dir() and any(folder.iterdir()):
            _read(folder, record, card if renew else None)
        else:
            _make(folder, record, make, card)
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


def _read(folder: Path, record: Mapping, card: str | None) -> None:
    there = [path.name for path in folder.iterdir()]
    provenance.refuse_others(folder, record, "files", there)
    files_of(folder)
    told = provenance.read(folder, "helpers.export")
    print(f"exported before, and read from {disk.shown(folder)}")
    found = (folder / CARD).read_bytes() if (folder / CARD).is_file() else b""
    if card is None or found == card.encode():
        return
    if found and provenance.digest(found) != told[WRITTEN]:
        print(f"its {CARD} was edited since, and stays as it is")
        return
    disk.write_whole(folder / CARD, card)
    provenance.write(folder, {**told, WRITTEN: provenance.digest(card.encode())})


def _make(folder: Path, record: Mapping, make: Callable[[Path], object], card: str) -> None:
    part = folder.with_name(f"{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)  # what a killed run left
    part.mkdir(parents=True)
    make(part)
    written = sorted(path for path in part.rglob("*") if path.is_file())
    sizes = {path.relative_to(part).as_posix(): path.stat().st_size for path in written}
    disk.write_whole(part / CARD, card)
    provenance.write(part, {**record, FILES: sizes, WRITTEN: provenance.digest(card.encode())})
    if folder.is_dir():
        folder.rmdir()  # it is empty
    os.replace(part, folder)
