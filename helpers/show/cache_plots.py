"""What a cache keeps of a distribution, as bars and with a slider, and what keeping it costs, as curves."""

from collections.abc import Mapping

import ipywidgets as widgets
import torch
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter, ScalarFormatter

from helpers.cache.encodings import Encoding
from helpers.show.charts import BLUE, GREEN, ORANGE, PURPLE, SKY, canvas
from helpers.show.distributions import labels
from helpers.show.live import live
from helpers.show.page import Tokenizer

NUMBERS = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32)


def kept(tokenizer: Tokenizer, shares: torch.Tensor, n: int, seed: int = 0, most: int = 10) -> Figure:
    """A distribution as grey bars and on them what is kept of it: n draws on the left, the likeliest n on the right.

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
    names = [*labels(tokenizer, shown.tolist()), "all others"]
    titles = (f"{n} draws" if n > 1 else "1 draw", f"the likeliest {n}" if n > 1 else "the likeliest")
    figure, axes = canvas(3.0, 1, 2, sharey=True)
    for axis, kind, title, colour in zip(axes, ("draws", "top_k"), titles, (BLUE, ORANGE), strict=True):
        found = _of(Encoding(kind, n), shares, seed)
        for values, label, width, shade in ((shares, "teacher", 0.85, "#cccccc"), (found, "kept", 0.45, colour)):
            heights = [*values[shown].tolist(), max(0.0, (values.sum() - values[shown].sum()).item())]
            axis.bar(range(len(heights)), heights, width=width, color=shade, label=label)
        axis.set_xticks(range(len(names)), names, rotation=60, ha="right", fontsize=8)
        axis.set(title=title, ylim=(0, 1))
        axis.yaxis.set_major_formatter(PercentFormatter(1))
        axis.legend(frameon=False)
    axes[0].set_ylabel("probability")
    return figure


def slider(tokenizer: Tokenizer, shares: torch.Tensor, seed: int = 0, most: int = 10) -> widgets.VBox:
    """`kept` with a slider for n."""
    number = widgets.SelectionSlider(options=NUMBERS, value=4, description="n")
    return live(number, lambda n: kept(tokenizer, shares, n, seed, most))


def prices(found: Mapping[Encoding, object], limits: tuple[tuple[float, float], ...] = ()) -> Figure:
    """Bytes a token against the angle to the full gradient, a curve for each kind of encoding; lower left is better.

    Args:
        found: `gradient_angle.Quality` of each encoding.
        limits: (bytes, degrees) to stay below and left of, drawn as corners.
    """
    figure, axis = canvas(3.4)
    styles = ((BLUE, "o-"), (SKY, "s--"), (GREEN, "^-."), (ORANGE, "v:"), (PURPLE, "d--"))
    for kind, (colour, style) in zip(dict.fromkeys(one.kind for one in found), styles, strict=False):
        points = sorted((each.bytes, each.degrees) for one, each in found.items() if one.kind == kind)
        axis.plot(*zip(*points, strict=True), style, color=colour, label=kind.replace("_", " "), linewidth=1.5)
    for width, height in limits:
        axis.plot([0, width, width], [height, height, 0], color="#777777", linewidth=0.8)
    axis.set(xlabel="bytes a token", ylabel="degrees from full", yscale="log", xlim=(0, None))
    axis.yaxis.set_major_formatter(ScalarFormatter())
    axis.set_yticks([0.5, 1, 2, 5, 10, 20, 50])
    axis.minorticks_off()
    figure.legend(loc="outside right upper", frameon=False)
    return figure


def _of(encoding: Encoding, shares: torch.Tensor, seed: int) -> torch.Tensor:
    """What comes back of a distribution that was encoded: (vocabulary,)."""
    packed = encoding.encode(shares[None], torch.Generator().manual_seed(seed))
    ids, weights = (torch.from_numpy(each[0]) for each in encoding.decode(packed, 1, len(shares)))
    return torch.zeros(len(shares)).index_add_(0, ids, weights)
