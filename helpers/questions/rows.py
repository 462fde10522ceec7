"""Rows of a reader's own file or dataset, each with its place, so that what is wrong with one can be named."""

import csv
import io
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from helpers import disk
from helpers.questions.reading import text_of
from helpers.tiers.naming import ROOT

READ = ".jsonl, .json, .csv, .tsv or .parquet"
LONGEST = 10**8  # characters of a cell: the csv module stops at 131,072


@dataclass(frozen=True)
class Rows:
    """What a file or dataset holds.

    Attributes:
        where: its name, for messages.
        unit: what a row is called there, "line" or "row".
        each: (number, row) in order; a line counts where it begins.
    """

    where: str
    unit: str
    each: list[tuple[int, dict]]

    def place(self, number: int) -> str:
        """Where a row stands, for messages."""
        return f"{self.where}, {self.unit} {number}"

    def cell(self, number: int, row: dict, column: str, said: str) -> object:
        """What a row has in a column.

        Args:
            number: the row's.
            row: the row.
            column: its name.
            said: what names the column, for the message, as "question=...".

        Raises:
            ValueError: naming the columns that there are, where it has none of this name.
        """
        if column not in row:
            there = ", ".join(map(str, row)) or "none"
            raise ValueError(
                f"{self.place(number)}: there is no column {column!r}; there is {there}: name the right one with "
                f"{said}, or add it"
            )
        return row[column]


def read(name: str, revision: str | None = None, config: str | None = None, split: str = "train") -> Rows:
    """The rows of a file, a folder of a dataset, or a dataset on the Hub.

    Args:
        name: a path, whole or from the project's root on; or a dataset's name, with its commit.
        revision: the commit; None for a path.
        config: which part of a dataset on the Hub.
        split: of a dataset that comes in splits.

    Raises:
        ValueError: for what is empty or cannot be read, with its place and its mend.
        OSError: for a path that is not there, and where the Hub does not give the data.
    """
    if revision:
        rows = from_hub(name, config, split, revision, "name a file or folder instead")
        return _some(Rows(f"{name}, {split}", "row", list(enumerate(rows, 1))))
    path = ROOT / name
    where = disk.shown(path)
    if path.is_dir() or path.suffix == ".parquet":
        return _some(Rows(where, "row", list(enumerate(_dataset(path, where, split), 1))))
    if not path.is_file():
        raise FileNotFoundError(f"there is no {path}: correct its path")
    if path.suffix in (".jsonl", ".ndjson"):
        return _some(Rows(where, "line", list(_lines(path, where))))
    if path.suffix == ".json":
        return _some(Rows(where, "row", list(_array(path, where))))
    if path.suffix in (".csv", ".tsv"):
        return _some(Rows(where, "line", list(_cells(path, where))))
    raise ValueError(f"{where} ends in {path.suffix or 'nothing'}, and {READ} can be read: save it as one of these")


def from_hub(name: str, config: str | None, split: str, revision: str, way: str) -> Iterable[dict]:
    """A split of a dataset on the Hub, at a commit.

    Args:
        name: the dataset's.
        config: which part of it.
        split: which split.
        revision: the commit.
        way: another way to the data, for the message.

    Raises:
        OSError: with the mend, where it cannot be had.
    """
    import datasets  # over a second: only where the Hub is asked

    from helpers.models import hub_errors

    try:
        return datasets.load_dataset(name, config, split=split, revision=revision)
    except (OSError, ValueError, datasets.exceptions.DatasetsError) as error:
        mend = hub_errors.mend(error, f"datasets/{name}")
        if mend is None:
            mend = f"see what it has: {error}" if isinstance(error, ValueError) else hub_errors.not_reached()
        raise OSError(f"{name} at revision {revision} could not be loaded: {way}, or {mend}") from error


def _some(rows: Rows) -> Rows:
    if not rows.each:
        raise ValueError(f"{rows.where} is empty: it needs a {rows.unit} for each question")
    return rows


def _lines(path: Path, where: str) -> Iterator[tuple[int, dict]]:
    for number, line in enumerate(text_of(path).split("\n"), 1):
        if line.strip():
            yield number, _object(line, f"{where}, line {number}")


def _object(line: str, place: str) -> dict:
    try:
        row = json.loads(line)
    except ValueError as error:
        raise ValueError(f"{place}: this is no JSON ({error}): mend or remove it") from None
    if not isinstance(row, dict):
        raise ValueError(f'{place}: not an object, as {{"question": ..., "answer": ...}}: mend or remove it')
    return row


def _array(path: Path, where: str) -> Iterator[tuple[int, dict]]:
    try:
        found = json.loads(text_of(path) or "[]")
    except ValueError as error:
        raise ValueError(
            f"{where} is no JSON ({error}): mend it, or call it .jsonl if it has an object a line"
        ) from None
    if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
        raise ValueError(f"{where} is no list of objects: write one, or a .jsonl file with an object a line")
    yield from enumerate(found, 1)


def _cells(path: Path, where: str) -> Iterator[tuple[int, dict]]:
    text = text_of(path).lstrip("\n")
    head = text.partition("\n")[0]
    # Excel writes semicolons where a comma is the decimal point.
    delimiter = "\t" if path.suffix == ".tsv" else max(",;\t", key=head.count)
    csv.field_size_limit(LONGEST)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        names, end = [name.strip() for name in next(reader, [])], reader.line_num
        for cells in reader:
            number, end = end + 1, reader.line_num
            if cells and len(cells) != len(names):
                raise ValueError(
                    f"{where}, line {number}: {len(cells)} cells, and the head has {len(names)} ({', '.join(names)}): "
                    'put a text that has the separator in it between "quotes"'
                )
            if cells:
                yield number, dict(zip(names, cells, strict=True))
    except csv.Error as error:
        raise ValueError(f"{where}, line {reader.line_num}: this is no CSV ({error}): mend it") from None


def _dataset(path: Path, where: str, split: str) -> Iterable[dict]:
    import datasets

    try:
        if path.is_file():
            return datasets.Dataset.from_parquet(str(path), keep_in_memory=True)
        if any((path / name).is_file() for name in ("state.json", "dataset_dict.json")):
            found = datasets.load_from_disk(str(path))
            return found if isinstance(found, datasets.Dataset) else found[split]
        return datasets.load_dataset(str(path), split=split)
    except KeyError:
        raise ValueError(f"{where} has no split {split!r}; it has {', '.join(found)}: say split=...") from None
    except (OSError, ValueError, datasets.exceptions.DatasetsError) as error:
        raise ValueError(f"{where} is no dataset that can be read: {error}") from error
