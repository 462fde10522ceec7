"""Repeated runs as pictures: a dot for each, their mean with its interval, a colour for each kind of model."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from statistics import mean

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from helpers.evaluation import Estimate
from helpers.show.charts import COLOURS, canvas, whiskers, write_beside

GREY = "#4d4d4d"
MARKS = (("-", "o"), ("--", "s"), (":", "^"))  # told apart without their colours too


def points(difference: Estimate) -> str:
    """A difference of shares and its interval in percentage points: "+7.8 points (+6.2 to +9.3)"."""
    return str(replace(difference, signed=True))


def means(
    found: Mapping[str, Estimate],
    title: str = "",
    xlabel: str = "",
    each: Mapping[str, Sequence[float]] | None = None,
    roles: Mapping[str, str] | None = None,
    margin: float = 0.0,
) -> Figure:
    """Shares, or differences of shares, as diamonds with 95 % intervals as whiskers, the first on top.

    Shares are in per cent. Differences are in percentage points and have a line at zero.

    Args:
        found: the shares, or the differences, by their names; they are written beside.
        title: above the picture.
        xlabel: what they are of.
        each: the values of the single runs or seeds under the same names: dots above the diamond.
        roles: the role under a name, one of `COLOURS`; "after" where there is none.
        margin: differences up to this one, a part of 1, are shaded as too small to matter.
    """
    signed = any(one.signed for one in found.values())
    scale, unit = (100, ", points") if signed else (1, "")
    figure, axis = canvas(max(1.9, 1.0 + 0.5 * len(found)))
    for row, (name, one) in enumerate(found.items()):
        colour = COLOURS[(roles or {}).get(name, "after")]
        runs = [scale * value for value in (each or {}).get(name, ())]
        # Above the diamond, where no whisker hides a dot.
        axis.plot(runs, [row - 0.24] * len(runs), "o", color=colour, alpha=0.5, markersize=5, markeredgewidth=0)
        axis.errorbar(scale * one.value, row, xerr=scale * whiskers([one]), fmt="D", color=colour, markersize=5,
                      capsize=4, ecolor="black")  # fmt: skip
    write_beside(axis, map(str, found.values()))
    if signed:
        axis.axvspan(-scale * margin, scale * margin, color="#eeeeee", zorder=0)
        axis.axvline(0, color=GREY, linestyle="--", linewidth=1, zorder=0.5)
    else:
        axis.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axis.xaxis.set_major_locator(MaxNLocator("auto", steps=[1, 2, 5, 10]))  # no 72.5, shown as 73 %
    axis.set(yticks=range(len(found)), yticklabels=list(found), ylim=(len(found) - 0.5, -0.6), title=title)
    axis.set_xlabel(f"{xlabel}{unit} (whiskers: 95 % interval)".strip())
    return figure


def by_size(
    found: Mapping[str, Mapping[int, Estimate]], title: str = "", xlabel: str = "", ylabel: str = ""
) -> Figure:
    """How a difference of shares goes with a size, up to three curves with whiskers, in points, and a line at zero.

    Args:
        found: by the curve's name, the difference at each size.
        title: above the picture.
        xlabel: what the size is of; its scale is logarithmic.
        ylabel: what the difference is of.

    Raises:
        ValueError: if there are more than three curves.
    """
    _few_enough(found)
    figure, axis = canvas(3.2)
    axis.axhline(0, color=GREY, linestyle="--", linewidth=1)
    colours = ("after", "control", "rival")
    for place, ((name, curve), (dashes, mark), colour) in enumerate(zip(found.items(), MARKS, colours, strict=False)):
        values = [100 * one.value for one in curve.values()]
        reach = 100 * whiskers(curve.values())
        axis.errorbar(_beside(curve, place), values, reach, linestyle=dashes, marker=mark, color=COLOURS[colour],
                      capsize=3, label=name)  # fmt: skip
    axis.set(ylabel=f"{ylabel}, points".strip(", "), title=title)
    return _over_sizes(figure, axis, found, xlabel)


def runs_by_size(
    found: Mapping[str, Mapping[int, Sequence[float]]],
    title: str = "",
    xlabel: str = "",
    ylabel: str = "right answers",
    roles: Mapping[str, str] | None = None,
) -> Figure:
    """How shares go with a size: a dot for each run or seed and a line through their means, up to three curves.

    Args:
        found: by the curve's name, the shares of the runs at each size.
        title: above the picture.
        xlabel: what the size is of; its scale is logarithmic.
        ylabel: what the shares are of.
        roles: the role under a name, one of `COLOURS`; "after" where there is none.

    Raises:
        ValueError: if there are more than three curves.
    """
    _few_enough(found)
    figure, axis = canvas(3.2)
    for place, ((name, curve), (dashes, mark)) in enumerate(zip(found.items(), MARKS, strict=False)):
        colour = COLOURS[(roles or {}).get(name, "after")]
        at = _beside(curve, place)
        axis.plot(at, [mean(runs) for runs in curve.values()], dashes, color=colour, label=name)
        for size, runs in zip(at, curve.values(), strict=True):
            axis.plot([size] * len(runs), runs, mark, color=colour, alpha=0.6, markersize=5, markeredgewidth=0)
    axis.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axis.set(ylabel=ylabel, title=title)
    return _over_sizes(figure, axis, found, xlabel)


def _few_enough(found: Mapping[str, object]) -> None:
    if len(found) > len(MARKS):
        raise ValueError(f"{len(found)} curves: a picture takes up to {len(MARKS)}, each with a mark of its own")


def _beside(sizes: Iterable[int], place: int) -> list[float]:
    """The sizes, moved a little for each curve, so that none hides another."""
    return [size * 1.03 ** (place - 1) for size in sizes]


def _over_sizes(figure: Figure, axis: Axes, found: Mapping[str, Iterable[int]], xlabel: str) -> Figure:
    """The figure with a tick at each size, on a logarithmic scale, and a legend below."""
    shown = sorted({size for curve in found.values() for size in curve})
    axis.set(xscale="log", xlabel=xlabel)
    axis.set_xticks(shown, [f"{size:,}" for size in shown])
    axis.minorticks_off()
    if found:
        figure.legend(loc="outside lower center", ncols=len(found), frameon=False)
    return figure


def shares_by_size(
    found: Mapping[str, Mapping[int, Estimate]], roles: Mapping[str, str], title: str = "", xlabel: str = ""
) -> Figure:
    """How shares go with a size: a curve for each name, with whiskers, in the colour of its role.

    Args:
        found: by the curve's name, the share at each size; a curve of nothing is left out.
        roles: the role under each name, one of `COLOURS`.
        title: above the picture.
        xlabel: what the size is of; its scale is logarithmic.
    """
    figure, axis = canvas(3.4)
    drawn = {name: curve for name, curve in found.items() if curve}
    for place, (name, curve) in enumerate(drawn.items()):
        sizes = [size * 1.02 ** (place - len(drawn) / 2) for size in curve]  # so that no whisker hides another
        dashes, mark = MARKS[place % len(MARKS)]
        axis.errorbar(sizes, [one.value for one in curve.values()], whiskers(curve.values()), linestyle=dashes,
                      marker=mark, color=COLOURS[roles[name]], capsize=3, label=name)  # fmt: skip
    shown = sorted({size for curve in drawn.values() for size in curve})
    axis.set(xscale="log", ylim=(0, 1.03), xlabel=xlabel, ylabel="right answers", title=title)
    axis.set_xticks(shown, [f"{size:,}" for size in shown])
    axis.minorticks_off()
    axis.yaxis.set_major_formatter(PercentFormatter(1))
    if drawn:
        figure.legend(loc="outside lower center", ncols=3, frameon=False)
    return figure
