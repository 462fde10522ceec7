"""Weights in few bits as pictures: a group of weights beside its levels, and what rounding breaks layer by layer."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from helpers.evaluation.statistics import Estimate
from helpers.show.charts import BLUE, COLOURS, ORANGE, canvas
from helpers.show.repeats import GREY, MARKS

if TYPE_CHECKING:
    from helpers.quantization import Errors


def levels(weights: Sequence[float], rounded: Mapping[str, Sequence[float]]) -> Figure:
    """A group's weights as they are, on top, and below a row for each way of rounding: where each of them goes.

    Args:
        weights: of one group.
        rounded: by the row's name, the weights after the rounding, in the same order; the levels are those that occur.
    """
    figure, axis = canvas(0.8 + 0.6 * (1 + len(rounded)))
    axis.plot(weights, [0] * len(weights), "o", color=COLOURS["teacher"], markersize=5)
    for row, values in enumerate(rounded.values(), 1):
        for before, after in zip(weights, values, strict=True):
            axis.plot([before, after], [row - 0.35, row], color=GREY, linewidth=0.8)
        axis.plot(weights, [row - 0.35] * len(weights), ".", color=COLOURS["teacher"], markersize=3)
        axis.plot(sorted(set(values)), [row] * len(set(values)), "|", color=BLUE, markersize=14, markeredgewidth=2)
    axis.set(yticks=range(1 + len(rounded)), yticklabels=["the weights", *rounded], xlabel="weight")
    axis.invert_yaxis()
    return figure


def broken(found: "Mapping[str, Mapping[str, Errors]]") -> Figure:
    """The errors of each layer, of its weight and of what it gives, a curve for each way of rounding.

    Args:
        found: by the curve's name, what `quantization.errors` gives: the errors of each layer, of the same layers.

    Raises:
        ValueError: if there are more than five curves.
    """
    if len(found) > len(MARKS):
        raise ValueError(f"{len(found)} curves: a picture takes up to {len(MARKS)}, each with a mark of its own")
    figure, axes = canvas(3.6, 1, 2, sharey=True)
    for axis, what in zip(axes, ("weight", "output"), strict=True):
        for (name, layers), (dashes, mark), colour in zip(
            found.items(), MARKS, (GREY, BLUE, ORANGE, COLOURS["teacher"], COLOURS["control"]), strict=False
        ):
            values = [getattr(one, what) for one in layers.values()]
            axis.plot(range(len(values)), values, dashes, marker=mark, color=colour, markersize=4,
                      label=name if what == "weight" else None)  # fmt: skip
        names = [short(name) for name in next(iter(found.values()), {})]
        axis.set_xticks(range(len(names)), names, rotation=90, fontsize=7)
        axis.set(title=f"error of the {what}, as a share", yscale="log")
    figure.legend(loc="outside lower center", ncols=5, frameon=False)
    return figure


def back(found: "Mapping[str, Mapping[str, Estimate | None]]", ends: tuple[float, float] = (-0.5, 1.5)) -> Figure:
    """Shares that came back: a row for each arm, the first on top, and in it a mark with its interval for each measure.

    Args:
        found: by the arm's name, by the measure's name, the share; None where there is none to speak of.
        ends: of the axis. Lines stand at 0, as it was after the rounding, and at 1, as before; an interval that goes
            farther is cut, and a share that lies farther is an arrow at the end.

    Raises:
        ValueError: if there are more than five measures.
    """
    measures = list(dict.fromkeys(name for one in found.values() for name in one))
    if len(measures) > len(MARKS):
        raise ValueError(f"{len(measures)} measures: a picture takes up to {len(MARKS)}, each with a mark of its own")
    figure, axis = canvas(1.2 + 0.45 * len(found))
    colours = (BLUE, ORANGE, COLOURS["teacher"], COLOURS["control"], GREY)
    for at, (measure, (_, mark), colour) in enumerate(zip(measures, MARKS, colours, strict=False)):
        for row, one in enumerate(found.values()):
            if (share := one.get(measure)) is None:
                continue
            y = row + 0.2 * (at - (len(measures) - 1) / 2)
            low, value, high = (min(max(each, ends[0]), ends[1]) for each in (share.low, share.value, share.high))
            beyond = "<" if share.value < ends[0] else ">" if share.value > ends[1] else mark
            axis.plot([low, high], [y, y], color=colour, linewidth=1.5)
            axis.plot([value], [y], beyond, color=colour, markersize=6, clip_on=False)
        axis.plot([], [], mark, color=colour, label=measure)
    for place in (0, 1):
        axis.axvline(place, color=GREY, linestyle="--", linewidth=1, zorder=0.5)
    axis.set(yticks=range(len(found)), yticklabels=list(found), xlim=ends, ylim=(len(found) - 0.5, -0.5))
    axis.set_xlabel("share that came back (lines: 95 % intervals)")
    axis.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    figure.legend(loc="outside lower center", ncols=5, frameon=False)
    return figure


def short(name: str) -> str:
    """A layer's name as it is written at an axis: "model.layers.2.mlp.up_proj" is "2 up"."""
    number = next((part for part in name.split(".") if part.isdigit()), "")
    return f"{number} {name.rpartition('.')[2].removesuffix('_proj')}".strip()
