"""What a model holds likely: a distribution as bars, moved by its temperature, and figures of tokens."""

from collections.abc import Sequence

import ipywidgets as widgets
import torch
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from helpers.show.charts import BLUE, SKY, canvas, literal
from helpers.show.live import live
from helpers.show.page import FLOW, Ink, Picture, Tokenizer, card, safe

TEMPERATURES = (0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0)
# Five steps from white to dark blue, each with letters that can be read on it.
SHADES = (
    Ink("#ffffff", "#1a1a1a"), Ink("#d6e8f5", "#0b2e4a"), Ink("#9ccae6", "#0b2e4a"), Ink("#3f8fc4", "#ffffff"),
    Ink("#08457e", "#ffffff"),
)  # fmt: skip


def distribution(tokenizer: Tokenizer, logits: torch.Tensor, temperature: float = 1.0, most: int = 12) -> Figure:
    """A distribution over the next token as bars: the likeliest tokens, and all others together.

    The order is that of temperature 1, so that bars keep their places when it changes.

    Args:
        tokenizer: whose tokens they are.
        logits: (vocabulary,).
        temperature: by which the logits are divided.
        most: how many tokens have a bar of their own.

    Raises:
        ValueError: for a temperature that is not above 0.
    """
    shares = softened(logits, temperature)
    shown = logits.float().topk(most).indices
    values = [*shares[shown].tolist(), 1 - shares[shown].sum().item()]
    figure, axis = canvas(2.8)
    axis.bar(range(len(values)), values, color=[BLUE, *[SKY] * (most - 1), "#bbbbbb"], width=0.8)
    axis.set_xticks(range(len(values)), [*labels(tokenizer, shown.tolist()), "all others"], rotation=60, ha="right")
    axis.set(ylim=(0, 1), ylabel="probability", title=f"temperature {temperature:g}")
    axis.yaxis.set_major_formatter(PercentFormatter(1))
    return figure


def temperature(tokenizer: Tokenizer, logits: torch.Tensor, most: int = 12) -> widgets.VBox:
    """`distribution` with a slider for the temperature."""
    return live(slider(), lambda value: distribution(tokenizer, logits, value, most))


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
    _each_has_one(ids, nats)
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


def heat(
    tokenizer: Tokenizer, ids: Sequence[int], values: Sequence[float], label: str, top: float | None = None
) -> Picture:
    """A sequence token by token, darker where the figure that belongs to a token is higher, with a legend.

    Args:
        tokenizer: whose tokens they are.
        ids: [tokens].
        values: [tokens].
        label: what the values are.
        top: the figure from which on a token is darkest, the highest one if None; give the same one to two pictures
            that are to be compared.

    Raises:
        ValueError: if ids and values are not of one length.
    """
    _each_has_one(ids, values)
    top = max([*values, 1e-9]) if top is None else top
    texts = [visible(tokenizer.decode([token])) for token in ids]
    legend = "".join(
        _shaded(f" {'from' if i else 'below'} {top * max(i, 1) / len(SHADES):.2g} ", i) for i in range(len(SHADES))
    )
    body, plain = "", []
    for text, value in zip(texts, values, strict=True):
        step = min(len(SHADES) - 1, int(len(SHADES) * max(value, 0.0) / top))
        body += _shaded(text + ("\n" if "⏎" in text else ""), step)
        plain.append(f"{text} {value:.2f}")
    html = f'<div>{safe(label)}: {legend}</div><div style="{FLOW}margin-top:6px;">{body}</div>'
    return Picture(card(html), f"{label}, per token:\n{'|'.join(plain)}")


def visible(text: str) -> str:
    """A token's text with its line ends as ⏎, and a dot where it has none."""
    return text.replace("\n", "⏎") or "·"


def labels(tokenizer: Tokenizer, ids: Sequence[int]) -> list[str]:
    """The tokens' texts, as Matplotlib shows them literally."""
    return [literal(visible(tokenizer.decode([token]))) for token in ids]


def _each_has_one(ids: Sequence[int], values: Sequence[float]) -> None:
    if len(ids) != len(values):
        raise ValueError(f"{len(ids)} tokens and {len(values)} figures: there must be one for each")


def _shaded(text: str, step: int) -> str:
    return SHADES[step].mark(text, "border-right:1px solid #ffffff;border-radius:3px;padding:1px;")
