"""Repeated runs as pictures: a dot for each, their mean with its interval, a colour for each kind of model."""

from collections.abc import Iterable, Mapping, Sequence
from statistics import mean
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from helpers.evaluation import Estimate
from helpers.show.charts import COLOURS, canvas, whiskers, write_beside

GREY = "#4d4d4d"
WHISKERS = "(whiskers: 95 % interval)"
# Curves are told apart without their colours too.
MARKS = (("-", "o"), ("--", "s"), (":", "^"), ("-.", "D"), ((0, (6, 1, 1, 1, 1, 1)), "v"))
ORDER = ("after", "control", "rival", "before", "teacher")


def means(
    found: Mapping[str, Estimate],
    title: str = "",
    xlabel: str = "",
    each: Mapping[str, Sequence[float]] | None = None,
    roles: Mapping[str, str] | None = None,
    margin: float = 0.0,
    stands_for: Mapping[str, str] | None = None,
) -> Figure:
    """Shares, or differences of shares, as diamonds with 95 % intervals as whiskers, the first on top.

    Shares are in per cent, from 0. Differences are in percentage points and have a line at zero.

    Args:
        found: the shares, or the differences, by their names; they are written beside.
        title: above the picture.
        xlabel: what they are of.
        each: the values of the single runs or seeds under the same names: dots above the diamond.
        roles: the role under a name, one of `COLOURS`; "after" where there is none.
        margin: differences up to this one, a part of 1, are shaded as too small to matter.
        stands_for: what the colour of a role stands for, for the legend.
    """
    signed = any(one.signed for one in found.values())
    scale, unit = (100, ", points") if signed else (1, "")
    figure, axis = canvas(max(1.9, 1.0 + 0.5 * len(found)))
    for row, (name, one) in enumerate(found.items()):
        colour = COLOURS[(roles or {}).get(name, "after")]
        runs = [scale * value for value in (each or {}).get(name, ())]
        # Above the diamond, where no whisker hides a dot.
        axis.plot(runs, [row - 0.24] * len(runs), "o", color=colour, alpha=0.5, markersize=5, markeredgewidth=0,
                  clip_on=False)  # fmt: skip
        diamond, *_ = axis.errorbar(scale * one.value, row, xerr=scale * whiskers([one]), fmt="D", color=colour,
                                    markersize=5, capsize=4, ecolor="black")  # fmt: skip
        diamond.set_clip_on(False)  # whole at 0, too
    write_beside(axis, (str(one).replace("-", "−") for one in found.values()))
    for role, words in (stands_for or {}).items():
        axis.plot([], [], "D", color=COLOURS[role], markersize=5, label=words)
    if signed:
        if margin:
            label = f"counts as equal: ±{100 * margin:g} points"
            axis.axvspan(-scale * margin, scale * margin, color="#eeeeee", zorder=0, label=label)
        axis.axvline(0, color=GREY, linestyle="--", linewidth=1, zorder=0.5)
    else:
        axis.set_xlim(left=0)
        axis.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axis.xaxis.set_major_locator(MaxNLocator("auto", steps=[1, 2, 5, 10]))  # no 72.5, shown as 73 %
    axis.set(yticks=range(len(found)), yticklabels=list(found), ylim=(len(found) - 0.5, -0.6), title=title)
    axis.set_xlabel(f"{xlabel}{unit} {WHISKERS}".strip())
    if axis.get_legend_handles_labels()[1]:
        figure.legend(loc="outside lower center", ncols=3, frameon=False)
    return figure


def by_size(
    found: Mapping[str, Mapping[int, Estimate]],
    title: str = "",
    xlabel: str = "",
    ylabel: str = "",
    roles: Mapping[str, str] | None = None,
) -> Figure:
    """How shares, or differences of shares, go with a size: up to five curves with whiskers.

    Shares are in per cent, from 0. Differences are in percentage points and have a line at zero.

    Args:
        found: by the curve's name, the share or the difference at each size; a curve of nothing is left out.
        title: above the picture.
        xlabel: what the size is of; its scale is logarithmic.
        ylabel: what the shares or the differences are of.
        roles: the role under a name, one of `COLOURS`; without them, the first five have a colour each.

    Raises:
        ValueError: if there are more than five curves.
    """
    signed = any(one.signed for curve in found.values() for one in curve.values())
    scale = 100 if signed else 1
    figure, axis = canvas(3.2)
    for name, at, curve, look in _curves(found, roles):
        values = [scale * one.value for one in curve.values()]
        axis.errorbar(at, values, scale * whiskers(curve.values()), **look, capsize=3, label=name)
    if signed:
        axis.axhline(0, color=GREY, linestyle="--", linewidth=1)
        ylabel = f"{ylabel}, points".strip(", ")
    axis.set(ylabel=ylabel, title=title)
    return _over_sizes(figure, axis, found, f"{xlabel} {WHISKERS}".strip(), signed)


def runs_by_size(
    found: Mapping[str, Mapping[int, Sequence[float]]],
    title: str = "",
    xlabel: str = "",
    ylabel: str = "right answers",
    roles: Mapping[str, str] | None = None,
) -> Figure:
    """How shares go with a size: a mark for each run or seed and a line through their means, up to five curves.

    Args:
        found: by the curve's name, the shares of the runs at each size; a curve of nothing is left out.
        title: above the picture.
        xlabel: what the size is of; its scale is logarithmic.
        ylabel: what the shares are of.
        roles: the role under a name, one of `COLOURS`; without them, the first five have a colour each.

    Raises:
        ValueError: if there are more than five curves.
    """
    figure, axis = canvas(3.4)
    for name, at, curve, look in _curves(found, roles):
        axis.plot(at, [mean(runs) for runs in curve.values()], **look | {"marker": ""})
        axis.plot([], [], **look, label=name)  # in the legend, line and mark together
        for size, runs in zip(at, curve.values(), strict=True):
            axis.plot([size] * len(runs), runs, **look | {"linestyle": ""}, alpha=0.6, clip_on=False)
    axis.set(ylabel=ylabel, title=title)
    return _over_sizes(figure, axis, found, xlabel, legend="lines: means; marks: one seed each")


def _curves(
    found: Mapping[str, Mapping[int, Any]], roles: Mapping[str, str] | None
) -> list[tuple[str, list[float], Mapping[int, Any], dict[str, Any]]]:
    """Of each curve its name, its sizes, moved a little so that none hides another, itself, and how it looks."""
    drawn = {name: curve for name, curve in found.items() if curve}
    if len(drawn) > len(MARKS):
        raise ValueError(f"{len(drawn)} curves: a picture takes up to {len(MARKS)}, each with a mark of its own")
    kept = []
    for place, ((name, curve), (dashes, mark)) in enumerate(zip(drawn.items(), MARKS, strict=False)):
        role = roles.get(name, "after") if roles else ORDER[place]
        at = [size * 1.02 ** (place - (len(drawn) - 1) / 2) for size in curve]
        kept.append((name, at, curve, {"linestyle": dashes, "marker": mark, "color": COLOURS[role], "markersize": 5}))
    return kept


def _over_sizes(
    figure: Figure, axis: Axes, found: Mapping[str, Iterable[int]], xlabel: str, signed: bool = False, legend: str = ""
) -> Figure:
    """The figure with a tick at each size, on a logarithmic scale, shares from 0 in per cent, and a legend below."""
    shown = sorted({size for curve in found.values() for size in curve})
    axis.set(xscale="log", xlabel=xlabel)
    axis.set_xticks(shown, [f"{size:,}" for size in shown])
    axis.minorticks_off()
    if not signed:
        axis.set_ylim(bottom=0)
        axis.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    if shown:
        figure.legend(loc="outside lower center", ncols=3, frameon=False, title=legend)
    return figure
