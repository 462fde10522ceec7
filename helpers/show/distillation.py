"""What distillation is, as a drawing: what goes from a teacher to a student, and what the loss sees of it."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from helpers.show.charts import canvas
from helpers.show.repeats import COLOURS, GREY

TEACHER, BEFORE, AFTER = COLOURS["teacher"], COLOURS["before"], COLOURS["after"]
# Made up for the drawing: the next token behind "3 × 24 = ".
SKETCHED = {"7": 0.90, "6": 0.06, "8": 0.03, "1": 0.01}


def distillation() -> Figure:
    """The drawing: one question, what the teacher gives as text or as probabilities, and the student that learns it.

    Returns:
        The figure, one set of axes of 10 × 4 without units, and small ones with the bars.
    """
    figure, axis = sheet(3.3, 4)
    box(axis, 1.0, 2.9, "question\n\n3 boxes of 24\ncrayons, 10 are\ngiven away …", GREY, filled=False)
    box(axis, 3.05, 2.9, "teacher\n\nlarge, reasons", TEACHER)
    box(axis, 5.75, 3.45, "its text: “3 × 24 = 72.\n72 - 10 = 62. … 62 left”", TEACHER, filled=False)
    box(axis, 8.9, 2.9, "student\n\nsmall", BEFORE)
    box(axis, 8.9, 0.75, "student after\n\nreasons alone", AFTER)
    axis.text(5.75, 2.88, "hard targets · notebooks 2 to 4", ha="center", va="center", fontsize=8, color=GREY)
    axis.text(5.75, 0.93, "soft targets · notebooks 1, 5 to 8", ha="center", va="center", fontsize=8, color=GREY)
    bars = figure.add_axes((0.49, 0.34, 0.17, 0.22))
    bars.bar(list(SKETCHED), list(SKETCHED.values()), color=TEACHER)
    bars.set(yticks=[], ylim=(0, 1.1))
    bars.set_title("or how likely it finds each next token", fontsize=8, color=GREY, pad=3)
    bars.tick_params(labelsize=8, length=0, pad=1)
    bars.spines[["top", "right", "left"]].set_visible(False)
    for start, end in (
        ((1.88, 2.9), (2.3, 2.9)), ((3.9, 3.1), (4.5, 3.35)), ((3.3, 2.4), (4.7, 1.6)),
        ((7.15, 3.4), (8.3, 3.1)), ((6.75, 1.9), (8.3, 2.7)),
    ):  # fmt: skip
        arrow(axis, start, end, TEACHER if start[0] > 2 else GREY)
    arrow(axis, (8.9, 2.42), (8.9, 1.25), AFTER)
    axis.text(8.8, 1.62, "training: the loss\nsays how far\nthe student is\nfrom the target", ha="right", va="center",
              fontsize=8, color=AFTER)  # fmt: skip
    axis.text(0.2, 0.2, "a sketch: these bars were not measured", fontsize=7, color=GREY)
    return figure


def sheet(height: float, rows: int) -> tuple[Figure, Axes]:
    """An empty drawing of a height in inches: one set of axes without a frame, 10 wide and some rows high."""
    figure, axis = canvas(height, layout="none")
    axis.set(xlim=(0, 10), ylim=(0, rows), position=(0, 0, 1, 1))
    axis.axis("off")
    return figure, axis


def box(axis: Axes, x: float, y: float, words: str, colour: str, filled: bool = True) -> None:
    """A box of a drawing, with its words in its middle."""
    axis.text(x, y, words, ha="center", va="center", fontsize=9, color="black",
              bbox={"boxstyle": "round,pad=0.5", "facecolor": f"{colour}55" if filled else "white",
                    "edgecolor": colour, "linewidth": 1.5})  # fmt: skip


def arrow(axis: Axes, start: tuple[float, float], end: tuple[float, float], colour: str) -> None:
    """An arrow of a drawing, from one point of its axes to another."""
    style = {"arrowstyle": "-|>", "color": colour, "linewidth": 1.5, "shrinkA": 0, "shrinkB": 0}
    axis.annotate("", xy=end, xytext=start, arrowprops=style)
