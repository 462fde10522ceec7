"""Pictures of layers: where features attach, how alike those of two models are, and which learns from which."""

from collections.abc import Mapping, Sequence
from itertools import pairwise

import ipywidgets as widgets
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from helpers.losses import layer_maps
from helpers.show.charts import BLUE, COLOURS, ORANGE, PURPLE, SKY, canvas, literal
from helpers.show.distillation import arrow, sheet
from helpers.show.live import live
from helpers.show.repeats import GREY

MOST_NUMBERS = 8  # layers of a model up to which each value is written into its square


def hints(student: int, teacher: int) -> Figure:
    """The drawing: two models read one text, and two losses stand between them, on the logits and on what is inside.

    Args:
        student: how many blocks it has.
        teacher: likewise.

    Returns:
        The figure, one set of axes of 10 × 6 without units.
    """
    figure, axis = sheet(4.2, 6)
    tops = {}
    for name, x, blocks in (("student", 1.6, student), ("teacher", 8.4, teacher)):
        colour = COLOURS["before" if name == "student" else name]
        inner = [f"block {number}" for number in range(1, blocks + 1)]
        shown = inner if blocks <= 5 else [*inner[:2], "…", *inner[-2:]]
        parts = ["embeddings", *shown, "final norm", "logits"]
        heights = [0.95 + 3.9 * place / (len(parts) - 1) for place in range(len(parts))]
        for part, y in zip(parts, heights, strict=True):
            axis.text(x, y, part, ha="center", va="center", fontsize=9, bbox={
                "boxstyle": "round,pad=0.35", "facecolor": f"{colour}55", "edgecolor": colour})  # fmt: skip
        for low, high in pairwise(heights):
            arrow(axis, (x, low + 0.21), (x, high - 0.21), GREY)
        axis.text(x, 5.5, name, ha="center", va="center", fontsize=11, fontweight="bold", color=colour)
        axis.text(x, 0.3, "the same text", ha="center", va="center", fontsize=8, color=GREY)
        tops[name] = heights[-2:]
    for place, (words, colour, level) in enumerate((
        ("loss on features", PURPLE, 2.55), ("loss on logits (notebook 5)", BLUE, 4.85),
    )):  # fmt: skip
        axis.text(5, level, words, ha="center", va="center", fontsize=9, bbox={
            "boxstyle": "round,pad=0.5", "facecolor": "white", "edgecolor": colour, "linewidth": 1.5})  # fmt: skip
        reach = (0.9, 1.35)[place]
        for start, end, name in ((2.25, 4.9 - reach, "student"), (7.75, 5.1 + reach, "teacher")):
            arrow(axis, (start, tops[name][place]), (end, level), colour)
    axis.text(3.3, 3.6, "projection:\nlearnt, then\nthrown away", fontsize=8, color=PURPLE, va="center")
    axis.text(5, 1.6, "hidden states: a vector for each\ntoken after each block, the last\nafter the final norm",
              ha="center", va="center", fontsize=8, color=GREY)  # fmt: skip
    return figure


def arrows(student: Sequence[Sequence[float]], teacher: Sequence[Sequence[float]]) -> Figure:
    """States of two numbers as arrows, a panel for each token, with equal axes: an angle looks as large as it is.

    Args:
        student: a pair of numbers for each token.
        teacher: likewise.
    """
    reach = 1.15 * max(max(map(max, student)), max(map(max, teacher)))
    figure, axes = canvas(2.6, 1, len(student), squeeze=False, sharey=True)
    for number, (axis, ours, theirs) in enumerate(zip(axes[0], student, teacher, strict=True), 1):
        for states, role, width in ((theirs, "teacher", 0.03), (ours, "before", 0.012)):
            axis.quiver(0, 0, *states, color=COLOURS[role], label="student" if role == "before" else role, width=width,
                        angles="xy", scale_units="xy", scale=1, zorder=3)  # fmt: skip
        axis.set(xlim=(-0.2, reach), ylim=(-0.2, reach), aspect="equal", title=f"token {number}",
                 xlabel="first number")  # fmt: skip
    axes[0][0].set_ylabel("second number")
    figure.legend(*axes[0][0].get_legend_handles_labels(), loc="outside lower center", ncols=2, frameon=False)
    return figure


def likeness(found: Mapping[str, Sequence[Sequence[float]]], pairs: layer_maps.Map = ()) -> Figure:
    """CKA between all layers of a student and of its teacher, a map for each name; pairs of layers are framed.

    All maps have one scale of colours. The largest value of each row is underlined, or has a dot where there are too
    many layers for numbers.

    Args:
        found: [student's layers][teacher's layers] from layer 0 on, 0 to 1, by the map's name.
        pairs: (student's layer, teacher's layer) of each frame.
    """
    rows, columns = len(next(iter(found.values()))), len(next(iter(found.values()))[0])
    figure, axes = canvas(1.2 + min(4.5, 0.45 * rows), 1, len(found), squeeze=False, sharey=True)
    for axis, (name, values) in zip(axes[0], found.items(), strict=True):
        picture = axis.imshow(values, vmin=0, vmax=1, cmap="Blues", aspect="auto")
        axis.set(title=literal(name), xlabel="layer of the teacher", xticks=_ticks(columns), yticks=_ticks(rows))
        for i, row in enumerate(values):
            nearest = max(range(columns), key=row.__getitem__)
            if max(rows, columns) > MOST_NUMBERS + 1:
                axis.plot(nearest, i, "o", color=ORANGE, markersize=3)
                continue
            for k, value in enumerate(row):
                colour = "white" if value > 0.55 else "black"
                axis.text(k, i, f"{value:.2f}", ha="center", va="center", fontsize=8, color=colour)
            colour = "white" if row[nearest] > 0.55 else "black"
            axis.plot([nearest - 0.28, nearest + 0.28], [i + 0.24] * 2, color=colour, linewidth=1.5)
        for ours, theirs in pairs:
            axis.add_patch(Rectangle((theirs - 0.46, ours - 0.46), 0.92, 0.92, fill=False, edgecolor=ORANGE, lw=2))
    axes[0][0].set_ylabel("layer of the student")
    figure.colorbar(picture, ax=axes[0].tolist(), label="CKA", shrink=0.9)
    return figure


def ladder(pairs: layer_maps.Map, values: Sequence[Sequence[float]]) -> Figure:
    """Which layer of the student learns from which of the teacher, with the CKA of each pair written beside.

    Args:
        pairs: (student's layer, teacher's layer) of each.
        values: [student's layers][teacher's layers], as `likeness` takes them.

    Raises:
        ValueError: as `layer_maps.check`.
    """
    student, teacher = len(values) - 1, len(values[0]) - 1
    layer_maps.check(pairs, student, teacher)
    figure, axis = canvas(0.9 + 0.34 * (max(student, teacher) + 1))
    for x, name, blocks in ((0, "student", student), (1, "teacher", teacher)):
        for layer in range(blocks + 1):
            used = layer in {pair[x] for pair in pairs}
            text = f"{name}'s embeddings" if not layer else f"{name}'s layer {layer}"
            box = {"boxstyle": "round", "facecolor": SKY if used else "white", "edgecolor": BLUE if used else "#9a9a9a"}
            axis.text(x, layer / max(1, blocks), text, ha="center", va="center", fontsize=9, bbox=box, zorder=3)
    for ours, theirs in pairs:
        left, right = ours / max(1, student), theirs / max(1, teacher)
        axis.plot([0, 1], [left, right], color=ORANGE, linewidth=2, zorder=1)
        # In a column at the student's side, where lines to one and the same layer of the teacher lie apart.
        at = 0.27
        axis.text(at, left + at * (right - left), f"{values[ours][theirs]:.2f}", ha="center", va="center", fontsize=8,
                  bbox={"facecolor": "white", "edgecolor": "none", "pad": 1}, zorder=2)  # fmt: skip
    mean = sum(values[ours][theirs] for ours, theirs in pairs) / len(pairs)
    axis.set(xlim=(-0.25, 1.25), ylim=(-0.15, 1.15), title=f"CKA of the pairs: {mean:.2f} on average")
    axis.axis("off")
    return figure


def by_hand(values: Sequence[Sequence[float]], pairs: layer_maps.Map) -> widgets.VBox:
    """`ladder` of a map that can be typed, such as "1-1 2-3 3-4"; one that cannot be is refused in words."""
    box = widgets.Text(value=written(pairs), description="map", continuous_update=False)
    return live(box, lambda text: ladder(typed(text), values), refused=ValueError)


def written(pairs: layer_maps.Map) -> str:
    """A map as `by_hand` takes it: "1-1 2-3 3-4"."""
    return " ".join(f"{ours}-{theirs}" for ours, theirs in pairs)


def typed(text: str) -> layer_maps.Map:
    """A map from what was typed.

    Raises:
        ValueError: for what is no pair.
    """
    found = []
    for part in text.replace(",", " ").split():
        ours, dash, theirs = part.partition("-")
        if not (dash and ours.isdecimal() and theirs.isdecimal()):
            raise ValueError(f"{part!r} is no pair of layers: write a student's and a teacher's layer, such as 1-2")
        found.append((int(ours), int(theirs)))
    return tuple(found)


def directions(found: Mapping[str, Mapping[str, float]], chance: float = 0.0) -> Figure:
    """Cosines from -1 to 1 as horizontal bars: a group for each name, a bar for each moment.

    Args:
        found: the cosine by name and by moment.
        chance: how far from 0 a cosine of random directions reaches; a band shows it.
    """
    moments = list(next(iter(found.values())))
    figure, axis = canvas(1.0 + 0.42 * len(found))
    height = 0.8 / len(moments)
    for number, (moment, colour) in enumerate(zip(moments, (SKY, BLUE, ORANGE), strict=False)):
        places = [row + (number - (len(moments) - 1) / 2) * height for row in range(len(found))]
        axis.barh(places, [each[moment] for each in found.values()], height=height, color=colour, label=moment)
    axis.axvline(0, color="black", linewidth=0.8)
    if chance:
        axis.axvspan(-chance, chance, color=GREY, alpha=0.4, label=f"random directions: ±{chance:.4f}", zorder=3)
    axis.set_yticks(range(len(found)), [literal(name) for name in found])
    axis.invert_yaxis()
    axis.set_xlabel("cosine between the gradients (0: no relation, below 0: against each other)")
    figure.legend(loc="outside upper center", ncols=len(moments) + 1, frameon=False)
    return figure


def _ticks(many: int) -> list[int]:
    return list(range(0, many, 1 if many <= 10 else 4))
