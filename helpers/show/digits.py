"""Pictures of digits, and what a teacher says of one as bars with a slider."""

from collections.abc import Sequence

import ipywidgets as widgets
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from helpers.show import distributions
from helpers.show.charts import WIDTH, canvas
from helpers.show.live import live
from helpers.show.repeats import COLOURS

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
    colours = [(COLOURS["teacher"], 1 if i == best else 0.5) for i in range(len(shares))]
    bars = right.bar(range(len(shares)), shares, color=colours)
    # A bar that cannot be seen still has its number.
    right.bar_label(bars, [f"{share:.1%}" for share in shares], fontsize=7, padding=1)
    right.set(xticks=range(len(shares)), ylim=(0, 1.1), ylabel="probability", title=f"temperature {temperature:g}")
    right.set_yticks([0, 0.25, 0.5, 0.75, 1])
    right.yaxis.set_major_formatter(PercentFormatter(1))
    return figure


def slider(image: torch.Tensor, logits: torch.Tensor) -> widgets.VBox:
    """`doubts` with a slider for the temperature."""
    return live(distributions.slider(), lambda value: doubts(image, logits, value))


def _image(axis: Axes, image: torch.Tensor) -> None:
    axis.imshow(image.squeeze(0).numpy(), cmap="gray_r", vmin=0, vmax=1)
