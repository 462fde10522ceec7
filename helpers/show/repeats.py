"""Repeated runs as pictures: a dot for each, their mean with its interval, a colour for each kind of model."""

from collections.abc import Callable, Mapping, Sequence

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from helpers.show.charts import WIDTH

# Five of Okabe and Ito's colours (2008), which all usual kinds of colour blindness keep apart.
COLOURS = {"teacher": "#009e73", "before": "#56b4e9", "after": "#0072b2", "rival": "#d55e00", "control": "#cc79a7"}
GREY = "#4d4d4d"
MARKS = (("-", "o"), ("--", "s"), (":", "^"))  # told apart without their colours too


def points(difference) -> str:
    """A difference of shares and its interval in percentage points: "+7.8 points (+6.2 to +9.3)".

    Args:
        difference: what has a value, low and high as parts of 1, such as `statistics.paired_repeats` gives.
    """
    return f"{100 * difference.value:+.1f} points ({100 * difference.low:+.1f} to {100 * difference.high:+.1f})"


def means(
    found: Mapping,
    title: str = "",
    xlabel: str = "",
    each: Mapping[str, Sequence[float]] | None = None,
    roles: Mapping[str, str] | None = None,
) -> Figure:
    """Shares as diamonds with 95 % intervals as whiskers, the first on top, their values beside.

    Args:
        found: by name, what has a value, low and high as parts of 1 and is printed with them.
        title: above the picture.
        xlabel: what the shares are of.
        each: the values of the single runs under the same names: dots above the diamond.
        roles: the role under a name, one of `COLOURS`; "after" where there is none.
    """
    figure, axis = _rows(found, each, roles, 1.0, str)
    axis.set_title(title)
    axis.set_xlabel(f"{xlabel} (whiskers: 95 % interval)".strip())
    axis.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    return figure


def gains(
    found: Mapping,
    title: str = "",
    xlabel: str = "",
    each: Mapping[str, Sequence[float]] | None = None,
    roles: Mapping[str, str] | None = None,
    margin: float = 0.0,
) -> Figure:
    """Differences of shares as `means` draws shares, in percentage points, with a line at zero.

    Args:
        found: by name, what has a value, low and high as parts of 1.
        title: above the picture.
        xlabel: what the difference is of.
        each: the differences of the single runs or seeds under the same names.
        roles: the role under a name, one of `COLOURS`; "after" where there is none.
        margin: differences up to this one, a part of 1, are shaded as too small to matter.
    """
    figure, axis = _rows(found, each, roles, 100.0, points)
    if margin:
        axis.axvspan(-100 * margin, 100 * margin, color="#eeeeee", zorder=0)
    axis.axvline(0, color=GREY, linestyle="--", linewidth=1, zorder=0.5)
    axis.set_title(title)
    axis.set_xlabel(f"{xlabel}, points (whiskers: 95 % interval)".strip(", "))
    return figure


def by_size(found: Mapping[str, Mapping[int, object]], title: str = "", xlabel: str = "", ylabel: str = "") -> Figure:
    """How a difference of shares goes with a size, up to three curves with whiskers, in points, and a line at zero.

    Args:
        found: by the curve's name, for each size what has a value, low and high as parts of 1.
        title: above the picture.
        xlabel: what the size is of; its scale is logarithmic.
        ylabel: what the difference is of.

    Raises:
        ValueError: if there are more than three curves.
    """
    if len(found) > len(MARKS):
        raise ValueError(f"{len(found)} curves: a picture takes up to {len(MARKS)}, each with a mark of its own")
    figure, axis = _sheet(3.2)
    axis.axhline(0, color=GREY, linestyle="--", linewidth=1)
    colours = ("after", "control", "rival")
    for place, ((name, curve), (dashes, mark), colour) in enumerate(zip(found.items(), MARKS, colours, strict=False)):
        sizes = [size * 1.03 ** (place - 1) for size in curve]  # side by side, so that no whisker hides another
        values = [100 * one.value for one in curve.values()]
        reach = [[100 * (one.value - one.low) for one in curve.values()],
                 [100 * (one.high - one.value) for one in curve.values()]]  # fmt: skip
        axis.errorbar(sizes, values, reach, linestyle=dashes, marker=mark, color=COLOURS[colour], capsize=3, label=name)
    shown = sorted({size for curve in found.values() for size in curve})
    axis.set(xscale="log", xlabel=xlabel, ylabel=f"{ylabel}, points".strip(", "), title=title)
    axis.set_xticks(shown, [f"{size:,}" for size in shown])
    axis.minorticks_off()
    figure.legend(loc="outside lower center", ncols=len(found), frameon=False)
    return figure


def _sheet(height: float) -> tuple[Figure, Axes]:
    figure, axis = plt.subplots(figsize=(WIDTH, height), facecolor="white", layout="constrained")
    plt.close(figure)  # pyplot would show an open figure at the cell's end, and the notebook the same once more
    axis.spines[["top", "right"]].set_visible(False)
    return figure, axis


def _rows(
    found: Mapping, each: Mapping | None, roles: Mapping | None, scale: float, text: Callable
) -> tuple[Figure, Axes]:
    """A figure and its axis with a row for each name: dots, a diamond with whiskers, and the value beside."""
    figure, axis = _sheet(max(1.9, 1.0 + 0.5 * len(found)))
    for row, (name, one) in enumerate(found.items()):
        colour = COLOURS[(roles or {}).get(name, "after")]
        runs = [scale * value for value in (each or {}).get(name, ())]
        # Above the diamond, where no whisker hides a dot.
        axis.plot(runs, [row - 0.24] * len(runs), "o", color=colour, alpha=0.5, markersize=5, markeredgewidth=0)
        reach = [[scale * (one.value - one.low)], [scale * (one.high - one.value)]]
        axis.errorbar(scale * one.value, row, xerr=reach, fmt="D", color=colour, markersize=5, capsize=4,
                      ecolor="black")  # fmt: skip
        axis.text(1.02, row, text(one), transform=axis.get_yaxis_transform(), va="center", fontsize=8)
    axis.set(yticks=range(len(found)), yticklabels=list(found), ylim=(len(found) - 0.5, -0.6))
    axis.xaxis.set_major_locator(MaxNLocator("auto", steps=[1, 2, 5, 10]))  # no 72.5, shown as 73 %
    return figure, axis
