"""Tables of figures: Markdown in a notebook, the same text aligned where there is none."""

from collections.abc import Iterable, Mapping, Sequence


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


def beside(live: Mapping[str, object], study: Mapping | None) -> Table:
    """Figures of this run beside the study's, a row for each dotted key; a dash where the study has none.

    Args:
        live: this run's figures by their dotted keys.
        study: nested, as `results.study` gives it, or None.
    """
    return Table(("", "this run", "the study"), [(key, value, _at(study, key)) for key, value in live.items()])


def said(value: object) -> str:
    """A cell's text: figures with their interval, whole numbers with commas, others with four digits, None as a dash.

    A mapping is a share or a mean over seeds as a results file holds it; one that is neither is a dash. Counts and
    p-values, which have no interval over seeds, stand seed by seed where the seeds differ.
    """
    if value is None:
        return "–"
    if isinstance(value, Mapping):
        return _of_a_file(value)
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:,.4g}" if isinstance(value, float) else str(value)


def _of_a_file(found: Mapping) -> str:
    if "per_seed" in found and "low" not in found:
        each = [said(one) for one in found["per_seed"]]
        return " · ".join(each if len(set(each)) > 1 else each[:1])
    middle, low, high = found.get("value", found.get("mean")), found.get("low"), found.get("high")
    write = "{:.1%}".format if "n" in found and middle is not None else said
    return write(middle) if low is None or low == high else f"{write(middle)} ({write(low)} to {write(high)})"


def _at(nested: Mapping | None, key: str) -> object:
    for part in key.split("."):
        nested = nested.get(part) if isinstance(nested, Mapping) else None
    return nested
