"""What a cache replaces, as a drawing; what it keeps of a distribution, as bars; and what keeping it costs."""

from collections.abc import Mapping, Sequence
from statistics import fmean

import ipywidgets as widgets
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from helpers.cache.encodings import Encoding
from helpers.losses.gradient_angle import Quality
from helpers.show.charts import BLUE, COLOURS, ORANGE, PURPLE, SKY, canvas
from helpers.show.distillation import arrow, box, sheet
from helpers.show.distributions import name_bars
from helpers.show.live import live
from helpers.show.page import Tokenizer
from helpers.show.repeats import GREY

# How a picture calls each kind of encoding, its colour, and its marks and dashes.
NAMES = {
    "draws": "samples, equal distances", "independent": "samples, one by one",
    "top_k_tail": "top-k and a bucket", "top_k": "top-k alone", "top_k_renormalised": "top-k, scaled up",
}  # fmt: skip
PENS = dict(zip(NAMES, ((BLUE, "o-"), (SKY, "s--"), (PURPLE, "^-."), (ORANGE, "v:"), (GREY, "d--")), strict=True))
NUMBERS = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32)


def replaced() -> Figure:
    """The drawing: above, the teacher is asked at every step; below, once, and each step reads what a file kept.

    Returns:
        The figure, one set of axes of 10 × 4 without units.
    """
    figure, axis = sheet(3.4, 4)
    axis.text(0.15, 3.75, "notebook 5: at every step", va="center", fontsize=9, color=GREY)
    axis.text(0.15, 1.95, "here: once", va="center", fontsize=9, color=GREY)
    axis.text(5.15, 1.95, "and then at every step", va="center", fontsize=9, color=GREY)
    axis.plot([0, 10], [2.2, 2.2], color="#bbbbbb", linewidth=1)
    axis.plot([4.95, 4.95], [0.1, 2.1], color="#bbbbbb", linewidth=1, linestyle="--")
    teacher, student = COLOURS["teacher"], COLOURS["after"]
    box(axis, 0.9, 3.05, "text", GREY, filled=False)
    box(axis, 2.9, 3.05, "teacher", teacher)
    box(axis, 5.9, 3.05, "a probability for\nevery token", teacher, filled=False)
    box(axis, 9.0, 3.05, "student", student)
    box(axis, 0.7, 1.0, "text", GREY, filled=False)
    box(axis, 2.2, 1.0, "teacher", teacher)
    box(axis, 4.05, 1.0, "a few\nof them", teacher, filled=False)
    box(axis, 6.15, 1.0, "the file:\ntext, and a\nfew bytes a token", GREY)
    box(axis, 9.0, 1.0, "student", student)
    for start, end, colour in (
        ((1.35, 3.05), (2.2, 3.05), GREY), ((3.6, 3.05), (4.65, 3.05), teacher), ((7.15, 3.05), (8.3, 3.05), teacher),
        ((1.12, 1.0), (1.52, 1.0), GREY), ((2.88, 1.0), (3.45, 1.0), teacher), ((4.65, 1.0), (5.1, 1.0), teacher),
        ((7.2, 1.0), (8.3, 1.0), GREY),
    ):  # fmt: skip
        arrow(axis, start, end, colour)
    return figure


def marks(p: Sequence[float], n: int, offset: float) -> Figure:
    """Systematic sampling as a drawing: the probabilities end to end, and n marks at equal distances on them.

    Args:
        p: [tokens], adding up to 1.
        n: how many marks.
        offset: where the first one lies, from 0 to 1 of the distance between two.
    """
    figure, axis = canvas(1.7)
    begin = 0.0
    for number, share in enumerate(p):
        axis.barh(0, share, left=begin, height=0.8, color=COLOURS["teacher"], alpha=0.45, edgecolor="white")
        axis.text(begin + share / 2, -0.6, f"token {number}\n{share:.0%}", ha="center", va="top", fontsize=9)
        begin += share
    for number in range(n):
        axis.plot([(offset + number) / n] * 2, [-0.45, 0.6], color=BLUE, linewidth=2.5,
                  label="" if number else f"marks, {1 / n:g} apart")  # fmt: skip
    axis.set(xlim=(-0.01, 1.01), ylim=(-1.6, 0.7))
    axis.axis("off")
    figure.legend(loc="outside upper right", frameon=False)
    return figure


def kept(tokenizer: Tokenizer, shares: torch.Tensor, n: int, seed: int = 0, most: int = 10) -> Figure:
    """A teacher's distribution as bars and on them what is kept of it: n samples on the left, the n likeliest right.

    Args:
        tokenizer: whose tokens they are.
        shares: (vocabulary,), adding up to 1.
        n: how many tokens are kept.
        seed: of the draws.
        most: how many of the likeliest tokens are shown; all others are one bar.

    Raises:
        ValueError: for n below 1.
    """
    shown = shares.topk(most).indices
    titles = (f"{n} samples" if n > 1 else "1 sample", f"the {n} likeliest (top-k)" if n > 1 else "the likeliest")
    figure, axes = canvas(3.0, 1, 2, sharey=True)
    for axis, kind, title, colour in zip(axes, ("draws", "top_k"), titles, (BLUE, ORANGE), strict=True):
        found = _of(Encoding(kind, n), shares, seed)
        teacher = (shares, "teacher", {"width": 0.85, "color": COLOURS["teacher"], "alpha": 0.35})
        for values, label, look in (teacher, (found, "kept", {"width": 0.45, "color": colour})):
            heights = [*values[shown].tolist(), max(0.0, (values.sum() - values[shown].sum()).item())]
            axis.bar(range(len(heights)), heights, label=label, **look)
        axis.set(title=title)
        axis.yaxis.set_major_formatter(PercentFormatter(1))
        axis.legend(frameon=False)
    name_bars(figure, tokenizer, shown.tolist())
    axes[0].set_ylabel("probability")
    return figure


def slider(tokenizer: Tokenizer, shares: torch.Tensor, seed: int = 0, most: int = 10) -> widgets.VBox:
    """`kept` with a slider for n."""
    number = widgets.SelectionSlider(options=NUMBERS, value=4, description="n")
    return live(number, lambda n: kept(tokenizer, shares, n, seed, most))


def prices(found: Mapping[Encoding, Sequence[Quality]]) -> Figure:
    """Bytes a token against the angle to the full gradient, a curve for each kind of encoding; lower left is better.

    Args:
        found: `gradient_angle.Quality` of each encoding, one for each seed: all are dots, the curve is their mean.
    """
    figure, axis = canvas(3.4)
    for kind in dict.fromkeys(one.kind for one in found):
        each = sorted((fmean(q.bytes for q in qs), [q.degrees for q in qs]) for one, qs in found.items()
                      if one.kind == kind)  # fmt: skip
        _curve(axis, kind, [size for size, _ in each], [degrees for _, degrees in each])
    axis.set(xlabel="bytes a token (the packed targets alone)", xlim=(0, None))
    _degrees(axis)
    figure.legend(loc="outside upper center", ncols=3, frameon=False, fontsize=9)
    return figure


def turned(found: Mapping[str, Mapping[Encoding, Sequence[Quality]]]) -> Figure:
    """The angle to the full gradient for one student after the other, a curve for each encoding.

    Args:
        found: for each student, by its name, `gradient_angle.Quality` of each encoding, one for each seed.
    """
    figure, axis = canvas(3.2)
    for one in next(iter(found.values())):
        _curve(axis, one.kind, range(len(found)), [[q.degrees for q in each[one]] for each in found.values()], one.n,
               apart=0.05)  # fmt: skip
    axis.set_xticks(range(len(found)), list(found))
    axis.set(xlim=(-0.4, len(found) - 0.6), xlabel="student (small dots: one seed each)")
    _degrees(axis)
    figure.legend(loc="outside upper center", ncols=3, frameon=False, fontsize=9)
    return figure


def _curve(
    axis: Axes, kind: str, places: Sequence[float], degrees: Sequence[Sequence[float]], n: int = 0, apart: float = 0.0
) -> None:
    """One kind's means as a line, and its seeds as dots, which may lie beside it, apart."""
    colour, style = PENS[kind]
    name = NAMES[kind]
    if n:
        name = name.replace("top-k", f"top-{n}") if kind.startswith("top") else f"{n} {name}"
    axis.plot(places, [fmean(each) for each in degrees], style, color=colour, label=name, linewidth=1.5, markersize=5)
    for place, each in zip(places, degrees, strict=True):
        dots = [place + apart * i for i in range(1, len(each) + 1)]
        axis.plot(dots, each, ".", color=colour, alpha=0.6, markersize=5)


def _degrees(axis: Axes) -> None:
    """A logarithmic scale of degrees, with ticks that can be read."""
    axis.set(ylabel="angle to the full gradient\n(°, logarithmic)", yscale="log")
    limits = axis.get_ylim()
    axis.set_yticks([0.2, 0.5, 1, 2, 5, 10, 20, 50, 90])
    axis.minorticks_off()
    axis.yaxis.set_major_formatter("{x:g}")
    axis.set_ylim(limits)


def _of(encoding: Encoding, shares: torch.Tensor, seed: int) -> torch.Tensor:
    """What comes back of a distribution that was encoded: (vocabulary,)."""
    packed = encoding.encode(shares[None], torch.Generator().manual_seed(seed))
    ids, weights = (torch.from_numpy(each[0]) for each in encoding.decode(packed, 1, len(shares)))
    return torch.zeros(len(shares)).index_add_(0, ids, weights)
