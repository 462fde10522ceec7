"""Pictures of digits, what a teacher says of one as bars with a slider, and means of repeated runs with whiskers."""

from collections.abc import Mapping, Sequence

import ipywidgets as widgets
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from helpers.evaluation import Estimate
from helpers.show import distributions
from helpers.show.charts import BLUE, ORANGE, SKY, WIDTH, canvas, whiskers, write_beside
from helpers.show.live import live

IN_A_ROW = 5


def pictures(images: torch.Tensor, captions: Sequence[str], in_a_row: int = IN_A_ROW) -> Figure:
    """Images in rows, each with a caption above it.

    Args:
        images: (images, 1, height, width), 0 is white and 1 is black.
        captions: one for each.
        in_a_row: how many.

    Raises:
        ValueError: where there is not one caption for each image.
    """
    if len(images) != len(captions):
        raise ValueError(f"{len(images)} images and {len(captions)} captions: there must be one for each")
    rows = -(-len(images) // in_a_row)
    figure, axes = canvas(rows * WIDTH / in_a_row * 1.05, rows, in_a_row, squeeze=False)
    for axis in axes.flat:
        axis.axis("off")
    for axis, image, caption in zip(axes.flat, images, captions, strict=False):
        _image(axis, image)
        axis.set_title(caption, fontsize=10)
    return figure


def doubts(image: torch.Tensor, logits: torch.Tensor, temperature: float = 1.0) -> Figure:
    """An image and, beside it, the probability of each class at a temperature; the likeliest is dark.

    Args:
        image: (1, height, width).
        logits: (classes,).
        temperature: by which the logits are divided.

    Raises:
        ValueError: for a temperature that is not above 0.
    """
    shares = distributions.softened(logits, temperature).tolist()
    best = max(range(len(shares)), key=shares.__getitem__)
    figure, (left, right) = canvas(2.6, 1, 2, width_ratios=(1, 2.6))
    _image(left, image)
    left.axis("off")
    bars = right.bar(range(len(shares)), shares, color=[BLUE if i == best else SKY for i in range(len(shares))])
    # A bar that cannot be seen still has its number.
    right.bar_label(bars, [f"{share:.1%}" for share in shares], fontsize=7, padding=1)
    right.set(xticks=range(len(shares)), ylim=(0, 1.1), ylabel="probability", title=f"temperature {temperature:g}")
    right.set_yticks([0, 0.25, 0.5, 0.75, 1])
    right.yaxis.set_major_formatter(PercentFormatter(1))
    return figure


def slider(image: torch.Tensor, logits: torch.Tensor) -> widgets.VBox:
    """`doubts` with a slider for the temperature."""
    return live(distributions.slider(), lambda value: doubts(image, logits, value))


def means(found: Mapping[str, Estimate], title: str = "", xlabel: str = "", each: Mapping | None = None) -> Figure:
    """Means over repeated runs as dots with 95 % intervals as whiskers, the first on top, their values beside.

    Differences have a line at zero: a whisker that crosses it may be luck.

    Args:
        found: the means by their names.
        title: of the picture.
        xlabel: what they are means of.
        each: the values of the single runs under the same names, drawn as faint dots.
    """
    figure, axis = canvas(max(1.7, 1.0 + 0.42 * len(found)))
    for row, (name, one) in enumerate(found.items()):
        runs = (each or {}).get(name, ())
        axis.plot(runs, [row] * len(runs), "o", color=SKY, alpha=0.45, markersize=5, markeredgewidth=0)
        axis.errorbar(one.value, row, xerr=whiskers([one]), fmt="D", color=BLUE, markersize=5, capsize=4,
                      ecolor="black")  # fmt: skip
    write_beside(axis, map(str, found.values()))
    if any(one.signed for one in found.values()):
        axis.axvline(0, color=ORANGE, linestyle="--", linewidth=1)
    axis.set(yticks=range(len(found)), yticklabels=list(found), title=title, ylim=(len(found) - 0.5, -0.5))
    axis.set_xlabel(f"{xlabel} (whiskers: 95 % interval)".strip())
    axis.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    return figure


def _image(axis: Axes, image: torch.Tensor) -> None:
    axis.imshow(image.squeeze(0).numpy(), cmap="gray_r", vmin=0, vmax=1)
