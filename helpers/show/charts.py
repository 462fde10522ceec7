"""Charts: shares with their intervals, the course of a training, curves, and how long things are."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from helpers.evaluation import Estimate

if TYPE_CHECKING:
    from helpers.training import Run

# Of Okabe and Ito's colours (2008), which all usual kinds of colour blindness keep apart.
SKY, BLUE, ORANGE, GREEN, PURPLE = "#56b4e9", "#0072b2", "#d55e00", "#009e73", "#cc79a7"
# The colour of each kind of model, in every picture. A bar whose name is one of these has it of its own accord.
COLOURS = {"teacher": GREEN, "before": SKY, "after": BLUE, "rival": ORANGE, "control": PURPLE}
# A curve's colour, dashes, width. The first is wide and the second has wide gaps: of two that coincide, both are seen.
CURVES = ((BLUE, "-", 2.5), (ORANGE, (0, (4, 4)), 1.5), (GREEN, "-.", 1.5), (PURPLE, ":", 3.0))
WIDTH = 7.0  # inches
MOST_BINS = 60


def canvas(
    height: float, rows: int = 1, columns: int = 1, width: float = WIDTH, frame: bool = False, **settings: object
) -> tuple[Figure, Any]:
    """A figure, white also where a theme is dark, since its letters are black, and its axes.

    Args:
        height: in inches.
        rows: of axes.
        columns: of axes.
        width: in inches.
        frame: whether the axes have a line above and on the right, too.
        **settings: further ones of `plt.subplots`.

    Returns:
        What `plt.subplots` gives. The figure is closed: pyplot would show an open one at the cell's end, and the
        notebook the one that the cell ends in, twice the same.
    """
    figure, axes = plt.subplots(
        rows, columns, figsize=(width, height), **{"facecolor": "white", "layout": "constrained"} | settings
    )
    plt.close(figure)
    for axis in figure.axes:
        axis.spines[["top", "right"]].set_visible(frame)
    return figure, axes


def shares(found: Mapping[str, Estimate], title: str = "", xlabel: str = "right answers") -> Figure:
    """Shares as horizontal bars, the first on top, with 95 % intervals as whiskers and the values written beside.

    Teacher and student have their colours. Where there is no share, that is what it says.
    """
    figure, axis = canvas(max(1.6, 1.0 + 0.45 * len(found)))
    rows = range(len(found))
    values = [share.value for share in found.values()]
    if not found:
        _nothing(axis)
    colours = [colour(name) for name in found]
    axis.barh(rows, values, xerr=whiskers(found.values()), color=colours, height=0.6, capsize=4, ecolor="black")
    write_beside(axis, [f"{share}\n{share.hits:,} of {share.n:,}" for share in found.values()])
    axis.set(yticks=rows, yticklabels=map(literal, found), xlim=(0, 1), title=literal(title))
    axis.set_xlabel(f"{literal(xlabel)} (whiskers: 95 % interval)")
    axis.invert_yaxis()
    axis.xaxis.set_major_formatter(PercentFormatter(1))
    return figure


def colour(name: str) -> str:
    """The colour of a model by its name: "teacher" and "student before" have their own, others that of "after"."""
    return COLOURS.get(name.removeprefix("student "), COLOURS["after"])


def losses(run: "Run", before: Estimate | None = None, unseen: Sequence[tuple[int, float]] = ()) -> Figure:
    """The loss of a training step by step and, beside it, the validation accuracy at each epoch's end.

    Args:
        run: a Run of `helpers.training`, or whatever has its loss, [(step, loss)], and validation,
            [(epoch, Estimate)].
        before: the validation accuracy before the training, at epoch 0.
        unseen: (step, loss) on rows that are not trained on, in nats a token.
    """
    figure, (left, right) = canvas(3.2, 1, 2)
    left.set(title="training", xlabel="optimizer step", ylabel="loss (nats per token)")
    right.set(title="validation", xlabel="epoch", ylabel="right answers", ylim=(0, 1))
    if run.loss:
        left.plot(*zip(*run.loss, strict=True), color=BLUE, marker="." if len(run.loss) < 40 else None, label="learnt")
        if unseen:
            left.plot(*zip(*unseen, strict=True), color=ORANGE, marker="o", linestyle="--", label="unseen")
            left.legend(frameon=False)
        left.set_ylim(bottom=0)
    else:
        _nothing(left)
    if run.validation:
        epochs, scores = zip(*([(0, before)] if before else []), *run.validation, strict=True)
        values = [score.value for score in scores]
        right.errorbar(epochs, values, yerr=whiskers(scores), color=ORANGE, marker="o", capsize=4)
        right.set(xlim=(-0.2 if before else 0, max(epochs) + 0.5), xlabel="epoch (whiskers: 95 % interval)")
        right.annotate(f"{values[-1]:.1%}", (epochs[-1], scores[-1].high), (0, 4), textcoords="offset points",
                       ha="center", fontsize=9)  # fmt: skip
        # Room for that number; the scale still ends at 100 %.
        right.set(ylim=(0, 1.1), yticks=np.linspace(0, 1, 6))
    else:
        _nothing(right)
    right.yaxis.set_major_formatter(PercentFormatter(1))
    for axis in (left, right):
        axis.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
    return figure


def lines(
    series: Mapping[str, Sequence[float]], xlabel: str, ylabel: str, x: Sequence[float] | None = None
) -> Figure:
    """Up to four named curves over x, or over their index, told apart by their dashes as well as by colour.

    Raises:
        ValueError: if there are more.
    """
    if len(series) > len(CURVES):
        raise ValueError(f"{len(series)} curves: a picture takes up to {len(CURVES)}, each with dashes of its own")
    figure, axis = canvas(2.8, frame=True)
    for (name, values), (colour, dashes, width) in zip(series.items(), CURVES, strict=False):
        places = range(len(values)) if x is None else x
        axis.plot(places, values, linestyle=dashes, color=colour, label=name, linewidth=width)
    axis.set(xlabel=xlabel, ylabel=ylabel)
    # Above the axes, where no curve can run through it.
    figure.legend(loc="outside upper right", ncols=len(series), frameon=False)
    return figure


def histogram(
    values: Sequence[float],
    limit: float | None = None,
    xlabel: str = "tokens",
    title: str = "",
    bins: int | None = None,
) -> Figure:
    """How often which value occurs, in bins of one width.

    Args:
        values: what is counted.
        limit: drawn as a line; the legend says how many values lie at it or above.
        xlabel: what the values are.
        title: of the picture.
        bins: about how many bins; None for twice the cube root of the number of values (Rice's rule), at most 60.

    Raises:
        ValueError: without values.
    """
    values = np.asarray(values)
    if values.size == 0:
        raise ValueError("there are no values to draw")
    figure, axis = canvas(3.0)
    if bins is None:
        bins = min(MOST_BINS, round(2 * values.size ** (1 / 3)))
    axis.hist(values, bins=_edges(values, bins), color=SKY, edgecolor="white", linewidth=0.5)
    axis.set(xlabel=literal(xlabel), ylabel="how many", title=literal(title))
    axis.yaxis.set_major_locator(MaxNLocator(integer=True))
    if limit is not None:
        reached = int((values >= limit).sum())
        label = f"limit {limit:,g}: {reached:,} of {values.size:,} at it or above"
        axis.axvline(limit, color=ORANGE, linestyle="--", linewidth=2, label=label)
        figure.legend(loc="outside upper right", frameon=False)
    return figure


def whiskers(found: Iterable[Estimate]) -> np.ndarray:
    """[2, figures], how far the interval reaches below and above each value."""
    return np.array([(one.value - one.low, one.high - one.value) for one in found]).reshape(-1, 2).T.clip(0)


def write_beside(axis: Axes, texts: Iterable[str]) -> None:
    """Writes a text at the right of each row, outside the axes: nearer to its bar it would lie on a whisker."""
    for row, text in enumerate(texts):
        axis.text(1.02, row, text, transform=axis.get_yaxis_transform(), va="center", fontsize=8)


def literal(text: str) -> str:
    """The text as it stands: Matplotlib would set what is between two dollar signs as a formula."""
    return text.replace("$", r"\$")


def _edges(values: np.ndarray, bins: int) -> np.ndarray:
    """Bin edges. Each bin holds equally many whole numbers; else some bars would be higher for no reason."""
    if not np.array_equal(values, values.astype(int)):
        return np.histogram_bin_edges(values, bins=bins)
    width = int(np.ceil((values.max() - values.min() + 1) / bins))
    return np.arange(values.min() - 0.5, values.max() + 0.5 + width, width)


def _nothing(axis: Axes) -> None:
    axis.text(0.5, 0.5, "nothing was recorded", transform=axis.transAxes, ha="center", color="#4d4d4d")
