"""What a model holds likely: a distribution as bars, moved by its temperature, and figures of tokens."""

from collections.abc import Sequence

import ipywidgets as widgets
import torch
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from helpers import losses
from helpers.show.charts import BLUE, COLOURS, ORANGE, SKY, canvas, literal
from helpers.show.live import live
from helpers.show.page import Tokenizer, each_has_one

TEMPERATURES = (0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0)


def distribution(
    tokenizer: Tokenizer,
    logits: torch.Tensor,
    temperature: float = 1.0,
    most: int = 12,
    written: int | None = None,
    top: float | None = None,
) -> Figure:
    """A distribution over the next token as bars: the likeliest tokens, and all others together.

    The order is that of temperature 1, so that bars keep their places when it changes.

    Args:
        tokenizer: whose tokens they are.
        logits: (vocabulary,).
        temperature: by which the logits are divided.
        most: how many tokens have a bar of their own.
        written: the token that the text has there; its bar is orange, if it has one.
        top: where the scale ends; above the highest bar if None.

    Raises:
        ValueError: for a temperature that is not above 0.
    """
    shares = softened(logits, temperature)
    shown = logits.float().topk(most).indices.tolist()
    values = [*shares[shown].tolist(), 1 - shares[shown].sum().item()]
    figure, axis = canvas(2.8)
    colours = [BLUE, *[SKY] * (most - 1), "#bbbbbb"]
    title = f"temperature {temperature:g}"
    if written in shown:
        colours[shown.index(written)] = ORANGE
        title += " (orange: the token that was written)"
    axis.bar(range(len(values)), values, color=colours, width=0.8)
    name_bars(figure, tokenizer, shown)
    axis.set(ylim=(0, top), ylabel="probability", title=title)
    axis.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    return figure


def temperature(
    tokenizer: Tokenizer, logits: torch.Tensor, most: int = 12, written: int | None = None
) -> widgets.VBox:
    """`distribution` with a slider for the temperature, and one scale for all of them."""
    return live(slider(), lambda value: distribution(tokenizer, logits, value, most, written, top=1.0))


def targets(
    tokenizer: Tokenizer, student: torch.Tensor, teacher: torch.Tensor, written: int, most: int = 9
) -> Figure:
    """What the loss sees at one place of a text: with a hard target one bar of the student's, with a soft one all.

    Args:
        tokenizer: whose tokens they are.
        student: (vocabulary,), its logits.
        teacher: (vocabulary,), its logits.
        written: the token that the text has there.
        most: how many tokens have bars of their own.

    Returns:
        The figure, two panels; above each, its loss in nats.
    """
    p, q = softened(teacher, 1.0), softened(student, 1.0)
    shown = p.topk(most).indices.tolist()
    if written not in shown:
        shown[-1] = written
    seen = [token == written for token in [*shown, None]]
    soft, said = ([*each[shown].tolist(), 1 - each[shown].sum().item()] for each in (p, q))
    divergence = losses.divergence(student[None], teacher[None]).item()
    figure, axes = canvas(3.2, 1, 2, sharey=True)
    panels = (
        (f"hard target: −log q = {-q[written].log().item():.2f} nats", [float(one) for one in seen], seen),
        (f"soft target: Σ p log(p / q) = {divergence:.2f} nats", soft, [True] * len(seen)),
    )
    for axis, (title, target, counted) in zip(axes, panels, strict=True):
        places = torch.arange(len(seen))
        faint = [f"{COLOURS['before']}{'ff' if one else '40'}" for one in counted]
        axis.bar(places - 0.2, target, 0.4, color=COLOURS["teacher"], label="target p")
        axis.bar(places + 0.2, said, 0.4, color=faint, label="student q (faint: not in the loss)")
        axis.set_title(title, fontsize=10, pad=14)
        axis.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    name_bars(figure, tokenizer, shown)
    top = 1.25 * max(*soft, *said)
    axes[0].set(ylim=(0, top), ylabel="probability")
    axes[0].text(seen.index(True) - 0.2, 1.01 * top, "↑ 100 %", ha="center", va="bottom", fontsize=8)
    handles, names = axes[1].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside upper center", ncols=2, frameon=False)
    return figure


def slider() -> widgets.SelectionSlider:
    """A slider for a temperature."""
    return widgets.SelectionSlider(options=TEMPERATURES, value=1.0, description="T")


def softened(logits: torch.Tensor, temperature: float) -> torch.Tensor:
    """The probabilities at a temperature: (classes,), adding up to 1.

    Raises:
        ValueError: for a temperature that is not above 0.
    """
    if not temperature > 0:
        raise ValueError(f"the temperature is {temperature}; it must be above 0")
    return (logits.float() / temperature).softmax(-1)


def surprise(
    tokenizer: Tokenizer, ids: Sequence[int], nats: Sequence[float], most: int = 60, highest: float | None = None
) -> Figure:
    """A bar for each of the first tokens: how surprised a model is by it.

    Args:
        tokenizer: whose tokens they are.
        ids: [tokens].
        nats: [tokens], -log of each token's probability.
        most: how many are shown.
        highest: bars end here, and a higher one has its figure on top: else one of them flattens all others.

    Raises:
        ValueError: if ids and nats are not of one length.
    """
    each_has_one(ids, nats)
    shown = [name.strip() for name in labels(tokenizer, ids[:most])]
    figure, axis = canvas(2.8, width=9, frame=True, layout="tight")
    axis.bar(range(len(shown)), nats[:most], color=BLUE, width=0.8)
    if highest is not None:
        axis.set_ylim(0, 1.1 * highest)
        for place, value in enumerate(nats[:most]):
            if value > highest:
                axis.text(place, 1.11 * highest, f"{value:.1f}", ha="center", va="bottom", fontsize=8)
    axis.set_xticks(range(len(shown)), shown, rotation=90, fontsize=7)
    axis.set(xlim=(-0.7, len(shown) - 0.3), ylabel="surprise (nats)")
    if len(ids) > most:
        axis.set_xlabel(f"the first {most} of {len(ids)} tokens")
    return figure


def visible(text: str) -> str:
    """A token's text with its line ends as ⏎, and a dot where it has none."""
    return text.replace("\n", "⏎") or "·"


def name_bars(figure: Figure, tokenizer: Tokenizer, ids: Sequence[int]) -> None:
    """Writes under each panel's bars which tokens they are, short ones upright, and that the last is all others."""
    names = [*labels(tokenizer, ids), "all others"]
    for axis in figure.axes:
        axis.set_xticks(range(len(names)), names)
        for label in axis.get_xticklabels():
            if len(label.get_text().strip()) > 2:
                label.set(rotation=60, ha="right", rotation_mode="anchor")
    figure.supxlabel("next token" + " (⏎ is a line break)" * any("⏎" in name for name in names), fontsize=10)


def labels(tokenizer: Tokenizer, ids: Sequence[int]) -> list[str]:
    """The tokens' texts, as Matplotlib shows them literally."""
    return [literal(visible(tokenizer.decode([token]))) for token in ids]
