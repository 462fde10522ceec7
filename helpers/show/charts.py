"""Charts: shares with their intervals, the course of a training, and how long things are."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from helpers.evaluation import Share

# Three of Okabe and Ito's colours (2008), which all usual kinds of colour blindness keep apart.
SKY, BLUE, ORANGE = "#56b4e9", "#0072b2", "#d55e00"
WIDTH = 7.0  # inches
MOST_BINS = 60
# White also where a theme is dark, for the letters are black.
STYLE = {"facecolor": "white", "layout": "constrained"}


def shares(found: Mapping[str, Share], title: str = "", xlabel: str = "right answers") -> Figure:
    """Shares as horizontal bars, the first on top, with 95 % intervals as whiskers and the values written beside.

    Where there is no share, that is what it says.
    """
    figure, axis = plt.subplots(figsize=(WIDTH, max(1.6, 1.0 + 0.45 * len(found))), **STYLE)
    rows = range(len(found))
    values = [share.value for share in found.values()]
    if not found:
        _nothing(axis)
    axis.barh(rows, values, xerr=_whiskers(found.values()), color=SKY, height=0.6, capsize=4, ecolor="black")
    for row, share in zip(rows, found.values(), strict=True):
        # Beside the axes: nearer to its bar it would lie on a whisker.
        axis.text(1.02, row, f"{share}\n{share.hits:,} of {share.n:,}", transform=axis.get_yaxis_transform(),
                  va="center", fontsize=8)  # fmt: skip
    axis.set(yticks=rows, yticklabels=map(literal, found), xlim=(0, 1))
    axis.set_xlabel(f"{literal(xlabel)} (whiskers: 95 % interval)")
    axis.invert_yaxis()
    axis.xaxis.set_major_formatter(PercentFormatter(1))
    axis.set_title(literal(title))
    return done(figure)


def losses(run, before: Share | None = None, unseen: Sequence[tuple[int, float]] = ()) -> Figure:
    """The loss of a training step by step and, beside it, the validation accuracy at each epoch's end.

    Args:
        run: A Run of `helpers.training`, or whatever has its loss, [(step, loss)], and validation, [(epoch, Share)].
        before: The validation accuracy before the training, at epoch 0.
        unseen: (step, loss) on rows that are not trained on, in nats a token.
    """
    figure, (left, right) = plt.subplots(1, 2, figsize=(WIDTH, 3.2), **STYLE)
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
        right.errorbar(epochs, values, yerr=_whiskers(scores), color=ORANGE, marker="o", capsize=4)
        right.set_xlim(-0.2 if before else 0, max(epochs) + 0.5)
        right.set_xlabel("epoch (whiskers: 95 % interval)")
        right.annotate(f"{values[-1]:.1%}", (epochs[-1], scores[-1].high), (0, 4), textcoords="offset points",
                       ha="center", fontsize=9)  # fmt: skip
        right.set_ylim(0, 1.1)  # room for that number; the scale still ends at 100 %
        right.set_yticks(np.linspace(0, 1, 6))
    else:
        _nothing(right)
    right.yaxis.set_major_formatter(PercentFormatter(1))
    for axis in (left, right):
        axis.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
    return done(figure)


def histogram(
    values: Sequence[float],
    limit: float | None = None,
    xlabel: str = "tokens",
    title: str = "",
    bins: int | None = None,
) -> Figure:
    """How often which value occurs, in bins of one width.

    limit: drawn as a line; the legend says how many values lie at it or above. bins: about how many bins; None for
    twice the cube root of the number of values (Rice's rule), at most 60. Raises ValueError without values.
    """
    values = np.asarray(values)
    if values.size == 0:
        raise ValueError("there are no values to draw")
    figure, axis = plt.subplots(figsize=(WIDTH, 3.0), **STYLE)
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
    return done(figure)


def _edges(values: np.ndarray, bins: int) -> np.ndarray:
    """Bin edges. Each bin holds equally many whole numbers; else some bars would be higher for no reason."""
    if not np.array_equal(values, values.astype(int)):
        return np.histogram_bin_edges(values, bins=bins)
    width = int(np.ceil((values.max() - values.min() + 1) / bins))
    return np.arange(values.min() - 0.5, values.max() + 0.5 + width, width)


def _whiskers(found) -> np.ndarray:
    """[2, shares], how far the interval reaches below and above each value."""
    return np.array([(share.value - share.low, share.high - share.value) for share in found]).reshape(-1, 2).T.clip(0)


def literal(text: str) -> str:
    """The text as it stands: Matplotlib would set what is between two dollar signs as a formula."""
    return text.replace("$", r"\$")


def _nothing(axis) -> None:
    axis.text(0.5, 0.5, "nothing was recorded", transform=axis.transAxes, ha="center", color="#4d4d4d")


def done(figure: Figure) -> Figure:
    # pyplot would show an open figure at the cell's end, and the notebook the returned one: twice the same.
    for axis in figure.axes:
        axis.spines[["top", "right"]].set_visible(False)
    plt.close(figure)
    return figure
