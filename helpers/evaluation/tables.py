"""Tables of figures: Markdown in a notebook, the same text aligned where there is none."""

from collections.abc import Mapping, Sequence

from helpers.evaluation.statistics import Share


class Table:
    """A table whose first column is text and whose others are set to the right.

    head: the columns' names; rows: as many cells each. A cell is text, a Share, a number or None (a dash).
    Raises ValueError for a row of another length.
    """

    def __init__(self, head: Sequence[str], rows: Sequence[Sequence]):
        self.rows = [[str(name) for name in head], *([said(cell) for cell in row] for row in rows)]
        if any(len(row) != len(head) for row in self.rows):
            raise ValueError(f"each row needs {len(head)} cells, as the head has")

    def __repr__(self) -> str:
        widths = [max(3, *map(len, column)) for column in zip(*self.rows, strict=True)]
        rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
        lines = [self.rows[0], rule, *self.rows[1:]]
        return "\n".join("| " + " | ".join(map(_set, line, widths, range(len(line)))) + " |" for line in lines)

    _repr_markdown_ = __repr__


def beside(live: Mapping[str, object], study: Mapping | None) -> Table:
    """Figures of this run beside the study's, a row for each dotted key of `live`; a dash where the study has none.

    study: nested, as `results.study` gives it, or None.
    """
    return Table(("", "this run", "the study"), [(key, value, _at(study, key)) for key, value in live.items()])


def said(value: object) -> str:
    """A cell's text: shares with their interval, whole numbers with commas, others with four digits, None as a dash.

    A mapping is a share or a mean over seeds as a results file holds it; one that is neither is a dash. Counts and
    p-values, which have no interval over seeds, stand seed by seed where the seeds differ.
    """
    if value is None:
        return "–"
    if isinstance(value, Share):
        return str(value)
    if isinstance(value, Mapping):
        if "per_seed" in value and "low" not in value:
            each = [said(one) for one in value["per_seed"]]
            return " · ".join(each if len(set(each)) > 1 else each[:1])
        middle = value.get("value", value.get("mean"))
        return "–" if middle is None else _with_interval(middle, value.get("low"), value.get("high"), "n" in value)
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:,.4g}" if isinstance(value, float) else str(value)


def _with_interval(middle: float, low: float | None, high: float | None, share: bool) -> str:
    one, two, three = (None if number is None else f"{number:.1%}" if share else said(number)
                       for number in (middle, low, high))  # fmt: skip
    return one if low is None or low == high else f"{one} ({two} to {three})"


def _at(nested: Mapping | None, key: str) -> object:
    for part in key.split("."):
        nested = nested.get(part) if isinstance(nested, Mapping) else None
    return nested


def _set(cell: str, width: int, column: int) -> str:
    return cell.rjust(width) if column else cell.ljust(width)
