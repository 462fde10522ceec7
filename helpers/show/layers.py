"""Pictures of layers: how alike those of two models are, which learns from which, and where tokens look."""

from collections.abc import Mapping, Sequence

import ipywidgets as widgets
import torch
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from helpers.losses import layer_maps
from helpers.show.charts import BLUE, ORANGE, SKY, canvas, literal
from helpers.show.distributions import labels
from helpers.show.live import live
from helpers.show.page import Tokenizer

MOST_NUMBERS = 8  # layers of a model up to which each value is written into its square


def likeness(found: Mapping[str, Sequence[Sequence[float]]], pairs: layer_maps.Map = ()) -> Figure:
    """CKA between all layers of a student and of its teacher, a map for each name; pairs of layers are framed.

    All maps have one scale of colours.

    Args:
        found: [student's layers][teacher's layers] from layer 0 on, 0 to 1, by the map's name.
        pairs: (student's layer, teacher's layer) of each frame.
    """
    rows, columns = len(next(iter(found.values()))), len(next(iter(found.values()))[0])
    figure, axes = canvas(1.2 + min(4.5, 0.45 * rows), 1, len(found), squeeze=False, sharey=True)
    for axis, (name, values) in zip(axes[0], found.items(), strict=True):
        picture = axis.imshow(values, vmin=0, vmax=1, cmap="Blues", aspect="auto")
        axis.set(title=literal(name), xlabel="layer of the teacher", xticks=_ticks(columns), yticks=_ticks(rows))
        if max(rows, columns) <= MOST_NUMBERS + 1:
            for i, row in enumerate(values):
                for k, value in enumerate(row):
                    colour = "white" if value > 0.55 else "black"
                    axis.text(k, i, f"{value:.2f}", ha="center", va="center", fontsize=8, color=colour)
        for ours, theirs in pairs:
            axis.add_patch(Rectangle((theirs - 0.46, ours - 0.46), 0.92, 0.92, fill=False, edgecolor=ORANGE, lw=2))
    axes[0][0].set_ylabel("layer of the student")
    figure.colorbar(picture, ax=axes[0].tolist(), label="CKA", shrink=0.9)
    return figure


def looks(tokenizer: Tokenizer, ids: Sequence[int], rows: slice, found: Mapping[str, torch.Tensor]) -> Figure:
    """Where some tokens of a text look: a row for each of them, darker where it looks more, a panel for each name.

    Args:
        tokenizer: whose tokens they are.
        ids: [columns], the tokens that are looked at.
        rows: which of them look.
        found: (rows, columns) attention weights; each row is shown as a share of its largest.
    """
    names = [name.strip() or "·" for name in labels(tokenizer, ids)]
    looking = names[rows]
    height = 0.9 + len(found) * (0.16 * len(looking) + 0.7)
    figure, axes = canvas(height, len(found), width=9, squeeze=False, sharex=True)
    for axis, (name, weights) in zip(axes[:, 0], found.items(), strict=True):
        shares = weights / weights.max(-1, keepdim=True).values.clamp(min=1e-9)
        axis.imshow(shares.numpy(), vmin=0, vmax=1, cmap="Blues", aspect="auto", interpolation="nearest")
        axis.set_yticks(range(len(looking)), looking, fontsize=7)
        axis.set_title(literal(name), fontsize=9)
    axes[-1, 0].set_xticks(range(len(names)), names, rotation=90, fontsize=7)
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
    for number, (ours, theirs) in enumerate(pairs):
        left, right = ours / max(1, student), theirs / max(1, teacher)
        axis.plot([0, 1], [left, right], color=ORANGE, linewidth=2, zorder=1)
        at = 0.3 + 0.4 * number / max(1, len(pairs) - 1) if len(pairs) > 1 else 0.5
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


def directions(found: Mapping[str, Mapping[str, float]]) -> Figure:
    """Cosines from -1 to 1 as horizontal bars: a group for each name, a bar for each moment."""
    moments = list(next(iter(found.values())))
    figure, axis = canvas(1.0 + 0.42 * len(found))
    height = 0.8 / len(moments)
    for number, (moment, colour) in enumerate(zip(moments, (SKY, ORANGE, BLUE), strict=False)):
        places = [row + (number - (len(moments) - 1) / 2) * height for row in range(len(found))]
        axis.barh(places, [each[moment] for each in found.values()], height=height, color=colour, label=moment)
    axis.axvline(0, color="black", linewidth=0.8)
    axis.set_yticks(range(len(found)), [literal(name) for name in found])
    axis.invert_yaxis()
    axis.set_xlabel("cosine between the gradients (0: no relation, below 0: against each other)")
    figure.legend(loc="outside upper center", ncols=len(moments), frameon=False)
    return figure


def _ticks(many: int) -> list[int]:
    return list(range(0, many, 1 if many <= 10 else 4))
