"""The route: the notebooks of the series as a path, with the place where the reader is."""

import textwrap

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from helpers.show.charts import BLUE, ORANGE, canvas
from helpers.tiers import ROOT

FOLDER = ROOT / "notebooks"
GROUPS = {
    "start": ("00_start_here", "01_dark_knowledge"),
    "token route": ("02_teacher_traces", "03_token_distillation", "04_before_and_after"),
    "logits": ("05_logit_distillation", "06_teacher_cache", "07_across_tokenizers"),
    "inside": ("08_feature_distillation", "09_self_distillation"),
    "beyond": ("10_on_policy", "11_quantization_aware", "12_smaller_steps", "13_adapters"),
    "beware": ("14_risks",),
    "compare": ("15_scoreboard",),
    "yours": ("16_your_own",),
    "larger": ("17_scale_out",),
}
ROUTE = tuple(name for names in GROUPS.values() for name in names)
IN_A_ROW = 5
BOX_WIDTH, BOX_HEIGHT = 0.86, 0.46  # of a place on the path, which is 1 × 1
LEFT = -0.48  # where the path goes down to the next row
PALE, GREY = "#dceefa", "#6b6b6b"


def route(here: int | str | None = None) -> Figure:
    """The notebooks in their order; solid where the notebook is there, dashed where it is to come.

    Args:
        here: the notebook to mark, as its number or its name.

    Raises:
        ValueError: if there is none like it.
    """
    marked = _number(here)
    figure, axis = canvas(4.0)
    axis.set(xlim=(-0.52, IN_A_ROW - 0.48), ylim=(3.4, -0.62))
    axis.axis("off")
    for number in range(len(ROUTE) - 1):
        _draw_way(axis, _place(number), _place(number + 1))
    for group, names in GROUPS.items():
        x, y = _place(ROUTE.index(names[0]))
        axis.text(x - BOX_WIDTH / 2, y - 0.31, group, fontsize=9, fontweight="bold", color="#333333", va="bottom")
        end, _ = _place(ROUTE.index(names[-1]))
        axis.plot([x - BOX_WIDTH / 2, end + BOX_WIDTH / 2], [y - 0.295] * 2, color="#333333", linewidth=1)
    for number, name in enumerate(ROUTE):
        _draw_notebook(axis, number, name, number == marked)
    axis.text(3 - BOX_WIDTH / 2, 3, "solid box: there      dashed box: to come", fontsize=8, color=GREY, va="center")
    return figure


def _number(here: int | str | None) -> int | None:
    if here is None:
        return None
    for number, name in enumerate(ROUTE):
        if here in (int(name[:2]), name, name[:2]):
            return number
    raise ValueError(f"there is no notebook {here!r} on the route; it goes from {ROUTE[0]} to {ROUTE[-1]}")


def _place(number: int) -> tuple[int, int]:
    row, column = divmod(number, IN_A_ROW)
    return column, row


def _draw_way(axis: Axes, start: tuple[int, int], end: tuple[int, int]) -> None:
    (x, y), (next_x, next_y) = start, end
    if y == next_y:
        xs, ys = [x, next_x], [y, y]
    else:  # through the gap between two rows, back to the left
        xs, ys = [x, x, LEFT, LEFT, next_x], [y, y + 0.4, y + 0.4, next_y, next_y]
    axis.plot(xs, ys, color="#9a9a9a", linewidth=2, zorder=1)


def _draw_notebook(axis: Axes, number: int, name: str, here: bool) -> None:
    x, y = _place(number)
    there = (FOLDER / f"{name}.ipynb").is_file()
    edge = ORANGE if here else BLUE if there else GREY
    box = FancyBboxPatch(
        (x - BOX_WIDTH / 2, y - BOX_HEIGHT / 2), BOX_WIDTH, BOX_HEIGHT,
        boxstyle="round,pad=0,rounding_size=0.05", linewidth=3 if here else 1.5, edgecolor=edge,
        facecolor=PALE if there else "white", linestyle="-" if there else (0, (3, 2)), zorder=2,
        label=name,
    )  # fmt: skip
    axis.add_patch(box)
    title = textwrap.fill(name.replace("_", " "), 16)
    axis.text(x, y, title, ha="center", va="center", fontsize=8, color="black" if there else GREY, zorder=3)
    if here:
        axis.text(x, y + BOX_HEIGHT / 2 + 0.02, "▲ you are here", ha="center", va="top", fontsize=8,
                  fontweight="bold", color=ORANGE, zorder=3,
                  bbox={"facecolor": "white", "edgecolor": "none", "pad": 1})  # fmt: skip
