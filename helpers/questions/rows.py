"""Rows of a reader's own file or dataset, each with its place, so that what is wrong with one can be named."""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from helpers import disk
from helpers.questions.reading import text_of
from helpers.tiers.naming import ROOT

READ = ".jsonl (an object a line), .csv, .tsv or .parquet"
LONGEST = 10**8  # characters of a cell: the csv module stops at 131,072


@dataclass(frozen=True)
class Row:
    """Cells by the names of their columns, and where they stand, for messages, as "mine.csv, line 3"."""

    place: str
    cells: dict

    def get(self, names: Mapping[str, str | None], how: str = "{}=...") -> dict:
        """The cells of some columns, by what they are for.

        Args:
            names: what each is called; None for what has no column.
            how: a column is named in the call, for messages.

        Raises:
            ValueError: naming the columns that there are, where there is none of a name.
        """
        for what, column in names.items():
            if column and column not in self.cells:
                there = ", ".join(map(str, self.cells)) or "none"
                raise ValueError(
                    f"{self.place}: there is no column {column!r}; there is {there}: name the right one with "
                    f"{how.format(what)}, or add it"
                )
        return {what: self.cells[column] for what, column in names.items() if column}


def read(name: str, revision: str | None = None, config: str | None = None, split: str = "train") -> list[Row]:
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
    elif path.suffix == ".jsonl":
        found = _objects(path, where)
    elif path.suffix in (".csv", ".tsv"):
        found = _cells(path, where)
    else:
        raise ValueError(f"{where} ends in {path.suffix or 'nothing'}, and {READ} can be read: save it as one of these")
    rows = [Row(f"{where}, {unit} {number}", cells) for number, cells in found]
    if not rows:
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


def _objects(path: Path, where: str) -> Iterator[tuple[int, dict]]:
    for number, line in enumerate(text_of(path).split("\n"), 1):
        if line.strip():
            place = f"{where}, line {number}"
            try:
                found = json.loads(line)
            except ValueError as error:
                raise ValueError(f"{place}: this is no JSON ({error}): mend or remove it") from None
            if not isinstance(found, dict):
                raise ValueError(f'{place}: not an object, as {{"question": ..., "answer": ...}}: mend or remove it')
            yield number, found


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
