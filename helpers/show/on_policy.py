"""A training in which the student writes, as pictures: how a figure goes along an answer, and the board beside it."""

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from helpers.evaluation import Estimate
from helpers.show.charts import COLOURS, ORANGE, canvas
from helpers.show.repeats import GREY, MARKS

# What of a board's row is drawn, what it is called there, and whether it is a share.
PANELS = {
    "loss": ("loss, nats a token", False), "length": ("tokens of an answer", False), "cut_off": ("cut off", True),
    "entropy": ("entropy, nats", False), "overlap": ("overlap of the top 16", True), "checks": ("with a check", True),
}  # fmt: skip


def bands(
    found: Mapping[str, Sequence[Estimate]], xlabel: str, ylabel: str, roles: Mapping[str, str] | None = None
) -> Figure:
    """Curves over parts of an answer, each in the band of its 95 % intervals.

    Args:
        found: by the curve's name, a figure for each part, in their order.
        xlabel: what the parts are; they are counted from 1.
        ylabel: what the figures are.
        roles: the role under a name, one of `COLOURS`.

    Raises:
        ValueError: if there are more than five curves.
    """
    if len(found) > len(MARKS):
        raise ValueError(f"{len(found)} curves: a picture takes up to {len(MARKS)}, each with a mark of its own")
    figure, axis = canvas(3.0)
    for (name, curve), (dashes, mark) in zip(found.items(), MARKS, strict=False):
        colour, places = COLOURS[(roles or {}).get(name, "after")], range(1, len(curve) + 1)
        axis.plot(places, [one.value for one in curve], dashes, marker=mark, color=colour, markersize=5, label=name)
        axis.fill_between(places, [one.low for one in curve], [one.high for one in curve], color=colour, alpha=0.2,
                          linewidth=0)  # fmt: skip
    axis.set(xlabel=xlabel, ylabel=f"{ylabel} (band: 95 % interval)", ylim=(0, None))
    axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    figure.legend(loc="outside upper right", ncols=3, frameon=False)
    return figure


WINDOW = 5  # steps, as in training.board, which stands on transformers: a test holds both equal


def board(steps: Sequence[Mapping], rules: Sequence[Mapping] = (), tripped: Mapping | None = None) -> Figure:
    """What a `training.board` holds, a panel a measure; steps that the teacher wrote have no answers of the student's.

    Args:
        steps: its rows.
        rules: their bounds are drawn as dashed lines, those that are multiples of the start once that is known.
        tripped: the rule that stopped it; its panel is marked.
    """
    figure, axes = canvas(4.2, 2, 3)
    for axis, (what, (title, share)) in zip(axes.flat, PANELS.items(), strict=True):
        known = [(row["step"], row[what]) for row in steps if row[what] is not None]
        own = [row[what] for row in steps if row["writer"] == "student" and row[what] is not None]
        stopped = tripped is not None and tripped["what"] == what
        if known:
            axis.plot(*zip(*known, strict=True), color=ORANGE if stopped else COLOURS["after"], marker=".")
        begun = sum(own[:WINDOW]) / WINDOW if len(own) >= WINDOW else None
        for rule in rules:
            for bound in (rule["below"], rule["above"]) if rule["what"] == what else ():
                if bound is not None and (begun is not None or not rule["of_start"]):
                    axis.axhline(bound * begun if rule["of_start"] else bound, color=GREY, linestyle="--", linewidth=1)
        axis.set_title(f"{title}: stopped" if stopped else title, fontsize=9, color=ORANGE if stopped else "black")
        axis.set(ylim=(0, 1.05 if share else None), xlim=(0, None))
        axis.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=5))
        axis.tick_params(labelsize=8)
        if share:
            axis.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    figure.supxlabel("optimizer step (dashed: where a rule stops)", fontsize=8)
    return figure
