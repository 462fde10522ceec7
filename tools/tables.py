"""Markdown tables of figures, as README and `make run` show them."""

from pathlib import Path

MINUTES = Path("data/results/minutes.json")  # how long each notebook takes: tools/series.py writes it


def percent(share: dict) -> str:
    """A share with its 95 % interval: `96.1 % (94.7–97.1)`. Over seeds that all agree there is none."""
    middle = f"{100 * share['value' if 'value' in share else 'mean']:.1f} %"
    low, high = share["low"], share["high"]
    return middle if low == high else f"{middle} ({100 * low:.1f}–{100 * high:.1f})"


def figure(figures: dict, key: str) -> dict:
    """The figure under a dotted key."""
    for part in key.split("."):
        figures = figures[part]
    return figures


def lines(rows: list[list[str]]) -> str:
    """The rows as Markdown; the second is the rule under the head."""
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)
