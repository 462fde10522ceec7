"""Tables of figures: Markdown in a notebook, the same text aligned where there is none."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from helpers.evaluation.statistics import p_text

# What the name of a figure, or of what it lies in, says of it.
P_VALUES = {"mcnemar", "p", "p_value"}
PARTS = {"retained"}  # of another figure, so per cent


def markdown(head: Sequence, rows: Iterable[Sequence], rule: Sequence[str] | None = None) -> str:
    """A table as Markdown: the names of its columns, the rule under them, and a line for each row.

    Args:
        head: the columns' names.
        rows: as many cells each.
        rule: what stands under each name, which says where its column is set; "---" if None.
    """
    lines = [head, rule or ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)


class Table:
    """A table whose first column is text and whose others are set to the right.

    Args:
        head: the columns' names.
        rows: as many cells each. A cell is text, an Estimate, a number or None (a dash).

    Raises:
        ValueError: for a row of another length.
    """

    def __init__(self, head: Sequence[str], rows: Sequence[Sequence]):
        self.rows = [list(map(str, head)), *(list(map(said, row)) for row in rows)]
        if any(len(row) != len(head) for row in self.rows):
            raise ValueError(f"each row needs {len(head)} cells, as the head has")

    def __repr__(self) -> str:
        first, *others = [max(3, *map(len, column)) for column in zip(*self.rows, strict=True)]
        head, *rows = [[name.ljust(first), *map(str.rjust, cells, others)] for name, *cells in self.rows]
        return markdown(head, rows, ["-" * first, *("-" * (width - 1) + ":" for width in others)])

    _repr_markdown_ = __repr__


def beside(live: Mapping[str, object], study: Mapping | None, names: Mapping[str, str] | None = None) -> Table:
    """Figures of this run beside the study's, a row for each dotted key; a dash where the study has none.

    Args:
        live: this run's figures by their dotted keys.
        study: nested, as `results.study` gives it, or None.
        names: what the row of a key is called; one that has no name is called by its key.
    """
    rows = []
    for key, value in live.items():
        kind = set(key.split("."))
        write = p_text if kind & P_VALUES else "{:.1%}".format if kind & PARTS else _number
        rows.append(((names or {}).get(key, key), said(value, write), said(_at(study, key), write)))
    return Table(("", "this run", "the study"), rows)


def said(value: object, write: Callable[[float], str] | None = None) -> str:
    """A cell's text: figures with their interval, whole numbers with commas, others with four digits, None as a dash.

    A mapping is a share or a mean over seeds as a results file holds it; one that is neither is a dash. Counts and
    p-values, which have no interval over seeds, stand seed by seed where the seeds differ.

    Args:
        value: of the cell.
        write: how a number is written, if not so.
    """
    if value is None:
        return "–"
    write = write or _number
    if isinstance(value, Mapping):
        return _of_a_file(value, write)
    return write(value) if isinstance(value, int | float) else str(value)


def _number(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:,.4g}"


def _of_a_file(found: Mapping, write: Callable[[float], str]) -> str:
    if "per_seed" in found and "low" not in found:
        each = [write(one) for one in found["per_seed"]]
        return " · ".join(each if len(set(each)) > 1 else each[:1])
    middle, low, high = found.get("value", found.get("mean")), found.get("low"), found.get("high")
    if middle is None:
        return "–"
    write = "{:.1%}".format if "n" in found else write
    return write(middle) if low is None or low == high else f"{write(middle)} ({write(low)} to {write(high)})"


def _at(nested: Mapping | None, key: str) -> object:
    for part in key.split("."):
        nested = nested.get(part) if isinstance(nested, Mapping) else None
    return nested
