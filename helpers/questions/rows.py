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
        """What the row of a number has in a column; `said` is what names the column in the call, as "question=...".

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
    path, where, unit = ROOT / name, disk.shown(ROOT / name), "line"
    if revision:
        where, unit = f"{name}, {split}", "row"
        found = enumerate(from_hub(name, config, split, revision, "name a file or folder instead"), 1)
    elif path.is_dir() or path.suffix == ".parquet":
        unit, found = "row", enumerate(_dataset(path, where, split), 1)
    elif path.suffix in (".jsonl", ".ndjson", ".json"):
        unit = "row" if path.suffix == ".json" else unit
        found = _objects(path, where, unit)
    elif path.suffix in (".csv", ".tsv"):
        found = _cells(path, where)
    else:
        raise ValueError(f"{where} ends in {path.suffix or 'nothing'}, and {READ} can be read: save it as one of these")
    rows = Rows(where, unit, list(found))
    if not rows.each:
        raise ValueError(f"{where} is empty: it needs a {unit} for each question")
    return rows


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


def _objects(path: Path, where: str, unit: str) -> Iterator[tuple[int, dict]]:
    """An object a line; or, of a .json file, one list of objects."""

    def parsed(text: str, place: str) -> object:
        try:
            return json.loads(text)
        except ValueError as error:
            raise ValueError(f"{place}: this is no JSON ({error}): mend or remove it") from None

    text = text_of(path)
    if path.suffix == ".json":
        listed = parsed(text or "[]", where)
        if not isinstance(listed, list):
            raise ValueError(f"{where} is no list of objects: call it .jsonl if it has an object a line")
        found = enumerate(listed, 1)
    else:
        lines = enumerate(text.split("\n"), 1)
        found = ((number, parsed(line, f"{where}, {unit} {number}")) for number, line in lines if line.strip())
    for number, row in found:
        if not isinstance(row, dict):
            told = 'not an object, as {"question": ..., "answer": ...}: mend or remove it'
            raise ValueError(f"{where}, {unit} {number}: {told}")
        yield number, row


def _cells(path: Path, where: str) -> Iterator[tuple[int, dict]]:
    text = text_of(path).lstrip("\n")
    # Excel writes semicolons where a comma is the decimal point.
    delimiter = "\t" if path.suffix == ".tsv" else max(",;\t", key=text.partition("\n")[0].count)
    csv.field_size_limit(LONGEST)
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter)
    reader.fieldnames = [name.strip() for name in reader.fieldnames or []]
    for row in reader:
        more, cells = row.pop(None, []), [cell for cell in row.values() if cell is not None]
        number = reader.line_num - sum(cell.count("\n") for cell in (*cells, *more))
        if more or len(cells) < len(row):
            raise ValueError(
                f"{where}, line {number}: {len(cells) + len(more)} cells, and the head has {len(row)} "
                f'({", ".join(row)}): put a text that has the separator in it between "quotes"'
            )
        yield number, row


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
