"""What distillation is, as a drawing, and what models say of one image, beside one another."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from helpers.show.charts import WIDTH, canvas
from helpers.show.distillation import arrow
from helpers.show.distributions import softened
from helpers.show.repeats import COLOURS, GREY

# Made up for the drawing: what a teacher, softened, and a student that has just begun might say of a 2.
SKETCHED = {
    "teacher": (0.03, 0.05, 0.46, 0.17, 0.02, 0.04, 0.03, 0.07, 0.10, 0.03),
    "before": (0.11, 0.08, 0.13, 0.09, 0.10, 0.12, 0.08, 0.10, 0.09, 0.10),
}
LABEL = 2


def idea(image: torch.Tensor) -> Figure:
    """The drawing: an image goes to teacher and student, and the loss sees three rows of ten numbers.

    Args:
        image: (1, height, width) of a 2, 0 is white and 1 is black.
    """
    figure = plt.figure(figsize=(WIDTH, 3.9), facecolor="white")
    page = figure.add_axes((0, 0, 1, 1))
    page.set(xlim=(0, 1), ylim=(0, 1))
    page.axis("off")
    picture = figure.add_axes((0.015, 0.40, 0.12, 0.21))
    picture.imshow(image.squeeze(0).numpy(), cmap="gray_r", vmin=0, vmax=1)
    picture.set(xticks=[], yticks=[])
    arrow(page, (0.145, 0.57), (0.19, 0.80), COLOURS["teacher"])
    arrow(page, (0.145, 0.505), (0.19, 0.505), COLOURS["before"])
    rows = (
        (0.80, "teacher", COLOURS["teacher"], SKETCHED["teacher"], "soft target:\nten probabilities"),
        (0.50, "student", COLOURS["before"], SKETCHED["before"], "its answer,\nto be changed"),
        (0.20, "label", GREY, tuple(float(i == LABEL) for i in range(10)), "hard target:\none digit"),
    )
    for y, name, colour, shares, what in rows:
        page.text(0.255, y, name, ha="center", va="center", fontsize=11, color="white", fontweight="bold",
                  bbox={"boxstyle": "round,pad=0.5", "facecolor": colour, "edgecolor": colour})  # fmt: skip
        arrow(page, (0.325, y), (0.365, y), colour)
        bars = figure.add_axes((0.375, y - 0.08, 0.19, 0.17))
        bars.bar(range(10), shares, color=colour)
        bars.set(xticks=range(10), yticks=[], ylim=(0, 1.05 * max(shares)))
        bars.tick_params(labelsize=7, length=0, pad=1)
        bars.spines[["top", "right", "left"]].set_visible(False)
        page.text(0.47, y - 0.16, what.replace("\n", " "), ha="center", va="center", fontsize=8, color=GREY)
    for y, title, formula, weight in ((0.66, "soft loss", "T² · KL(teacher ‖ student)", "1 − α"),
                                      (0.34, "hard loss", "−log student(label)", "α")):  # fmt: skip
        page.text(0.725, y, f"{title}\n{formula}", ha="center", va="center", fontsize=9,
                  bbox={"boxstyle": "round,pad=0.5", "facecolor": "white", "edgecolor": GREY})  # fmt: skip
        middle = 0.80 if y > 0.5 else 0.20
        arrow(page, (0.575, middle), (0.625, y + (0.07 if y > 0.5 else -0.07)), GREY)
        arrow(page, (0.575, 0.50), (0.615, y + (-0.05 if y > 0.5 else 0.05)), COLOURS["before"])
        arrow(page, (0.862, y), (0.912, 0.50 + (0.05 if y > 0.5 else -0.05)), GREY)
        page.text(0.90, y, weight, ha="left", va="center", fontsize=10)
    page.text(0.95, 0.50, "loss", ha="center", va="center", fontsize=11, fontweight="bold")
    page.text(0.985, 0.02, "a sketch: these bars were not measured", ha="right", fontsize=7, color=GREY)
    plt.close(figure)
    return figure


def beside(
    images: torch.Tensor, said: Mapping[str, torch.Tensor], roles: Mapping[str, str], temperature: float = 1.0
) -> Figure:
    """What models say of some images: a row an image, a column a model, the probability of each class as a bar.

    Args:
        images: (images, 1, height, width), 0 is white and 1 is black.
        said: by the model's name, its logits, (images, classes).
        roles: the role of each model, one of `COLOURS`.
        temperature: that the logits are divided by; above 0.

    Raises:
        ValueError: if the temperature is not above 0.
    """
    columns = 1 + len(said)
    ratios = (0.8, *[1.6] * len(said))
    figure, axes = canvas(0.4 + 1.45 * len(images), len(images), columns, squeeze=False, width_ratios=ratios)
    for row, image in zip(axes, images, strict=True):
        row[0].imshow(image.squeeze(0).numpy(), cmap="gray_r", vmin=0, vmax=1)
        row[0].axis("off")
    for column, (name, logits) in enumerate(said.items(), 1):
        axes[0, column].set_title(name, fontsize=9, color=COLOURS[roles[name]], fontweight="bold")
        for axis, one in zip(axes[:, column], logits, strict=True):
            axis.bar(range(len(one)), softened(one, temperature).tolist(), color=COLOURS[roles[name]])
            axis.set(xticks=range(len(one)), yticks=[0, 0.5, 1], ylim=(0, 1))
            axis.tick_params(labelsize=7)
            axis.yaxis.set_major_formatter(PercentFormatter(1))
            if column > 1:
                axis.set_yticklabels([])
    figure.supxlabel("digit" if temperature == 1 else f"digit, at temperature {temperature:g}", fontsize=8)
    return figure
