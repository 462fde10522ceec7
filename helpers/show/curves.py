"""Pictures of a row's tokens and of what changes over steps."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

# Colour, dashes, width. The dots are wide: a curve that lies on another one is seen.
STYLES = (("#0072b2", "-", 1.5), ("#d55e00", "--", 1.5), ("#009e73", "-.", 1.5), ("#cc79a7", ":", 3.0))


def surprise(
    tokenizer, ids: Sequence[int], nats: Sequence[float], most: int = 60, highest: float | None = None
) -> Figure:
    """A bar for each of the first `most` tokens: how surprised a model is by it.

    Args:
        tokenizer: Of the model, to write each token below its bar.
        ids: The tokens.
        nats: [tokens], the surprise at each: -log of its probability.
        most: How many tokens are shown.
        highest: Bars end here, and a higher one has its figure on top: else one of them flattens all others.

    Raises:
        ValueError: If ids and nats are not of one length.
    """
    if len(ids) != len(nats):
        raise ValueError(f"{len(ids)} tokens and {len(nats)} figures: there must be one for each")
    shown = [tokenizer.decode([token]).replace("\n", "⏎") or "·" for token in ids[:most]]
    figure, axes = plt.subplots(figsize=(9, 2.8), layout="tight")
    axes.bar(range(len(shown)), nats[:most], color="#0072b2", width=0.8)
    if highest is not None:
        axes.set_ylim(0, 1.1 * highest)
        for place, value in enumerate(nats[:most]):
            if value > highest:
                axes.text(place, 1.11 * highest, f"{value:.1f}", ha="center", va="bottom", fontsize=8)
    # A dollar sign would begin a formula.
    axes.set_xticks(range(len(shown)), [text.strip().replace("$", r"\$") for text in shown], rotation=90, fontsize=7)
    axes.set_xlim(-0.7, len(shown) - 0.3)
    axes.set_ylabel("surprise (nats)")
    if len(ids) > most:
        axes.set_xlabel(f"the first {most} of {len(ids)} tokens")
    return _done(figure)


def lines(
    series: Mapping[str, Sequence[float]], xlabel: str, ylabel: str, x: Sequence[float] | None = None
) -> Figure:
    """Up to four named curves over x, or over their index, told apart by their dashes as well as by colour.

    Raises ValueError if there are more.
    """
    if len(series) > len(STYLES):
        raise ValueError(f"{len(series)} curves: a picture takes up to {len(STYLES)}, each with dashes of its own")
    figure, axes = plt.subplots(figsize=(7, 2.8), layout="constrained")
    for (name, values), (colour, dashes, width) in zip(series.items(), STYLES, strict=False):
        places = range(len(values)) if x is None else x
        axes.plot(places, values, dashes, color=colour, label=name, linewidth=width)
    axes.set_xlabel(xlabel)
    axes.set_ylabel(ylabel)
    # Above the axes, where no curve can run through it.
    figure.legend(loc="outside upper right", ncols=len(series), frameon=False)
    return _done(figure)


def _done(figure: Figure) -> Figure:
    """The figure, closed for pyplot: a cell that ends in it shows it once and not twice."""
    plt.close(figure)
    return figure
