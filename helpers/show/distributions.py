"""What a model holds likely: a distribution as bars, moved by its temperature, and figures of tokens as colours."""

from collections.abc import Sequence
from io import BytesIO

import ipywidgets as widgets
import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from helpers.show.charts import BLUE, SKY, STYLE, WIDTH, done, literal
from helpers.show.page import FLOW, Picture, card, safe

TEMPERATURES = (0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0)
# Five steps from white to dark blue, each with letters that can be read on it.
SHADES = (
    ("#ffffff", "#1a1a1a"), ("#d6e8f5", "#0b2e4a"), ("#9ccae6", "#0b2e4a"), ("#3f8fc4", "#ffffff"),
    ("#08457e", "#ffffff"),
)  # fmt: skip


def distribution(tokenizer, logits: torch.Tensor, temperature: float = 1.0, most: int = 12) -> Figure:
    """A distribution over the next token as bars: the likeliest `most` tokens, and all others together.

    logits: (vocabulary,). The order is that of temperature 1, so that bars keep their places when it changes.
    Raises ValueError for a temperature that is not above 0.
    """
    if not temperature > 0:
        raise ValueError(f"the temperature is {temperature}; it must be above 0")
    shown = logits.float().topk(most).indices
    shares = (logits.float() / temperature).softmax(-1)
    values = [*shares[shown].tolist(), 1 - shares[shown].sum().item()]
    names = [visible(tokenizer.decode([token])) for token in shown.tolist()] + ["all others"]
    figure, axis = plt.subplots(figsize=(WIDTH, 2.8), **STYLE)
    axis.bar(range(len(values)), values, color=[BLUE, *[SKY] * (most - 1), "#bbbbbb"], width=0.8)
    axis.set_xticks(range(len(values)), [literal(name) for name in names], rotation=60, ha="right")
    axis.set(ylim=(0, 1), ylabel="probability", title=f"temperature {temperature:g}")
    axis.yaxis.set_major_formatter(PercentFormatter(1))
    return done(figure)


def temperature(tokenizer, logits: torch.Tensor, most: int = 12) -> widgets.VBox:
    """`distribution` with a slider for the temperature."""
    slider = widgets.SelectionSlider(options=TEMPERATURES, value=1.0, description="T")
    picture = widgets.Image(format="png", layout={"max_width": "100%"})

    def draw(change=None) -> None:
        with BytesIO() as file:
            distribution(tokenizer, logits, slider.value, most).savefig(file, format="png", dpi=100)
            picture.value = file.getvalue()

    slider.observe(draw, "value")
    draw()
    return widgets.VBox([slider, picture])


def heat(tokenizer, ids: Sequence[int], values: Sequence[float], label: str, top: float | None = None) -> Picture:
    """A sequence token by token, darker where the figure that belongs to a token is higher, with a legend.

    ids, values: [tokens]. top: the figure from which on a token is darkest, the highest one if None; give the same
    one to two pictures that are to be compared. Raises ValueError if ids and values are not of one length.
    """
    if len(ids) != len(values):
        raise ValueError(f"{len(ids)} tokens and {len(values)} figures: there must be one for each")
    top = max([*values, 1e-9]) if top is None else top
    steps = [min(len(SHADES) - 1, int(len(SHADES) * max(value, 0.0) / top)) for value in values]
    texts = [visible(tokenizer.decode([token])) for token in ids]
    legend = "".join(
        _shaded(f" {'from' if i else 'below'} {top * max(i, 1) / len(SHADES):.2g} ", i) for i in range(len(SHADES))
    )
    body = "".join(
        _shaded(text + ("\n" if "⏎" in text else ""), step) for text, step in zip(texts, steps, strict=True)
    )
    plain = "\n".join(
        [f"{label}, per token:", "|".join(f"{text} {value:.2f}" for text, value in zip(texts, values, strict=True))]
    )
    html = f'<div>{safe(label)}: {legend}</div><div style="{FLOW}margin-top:6px;">{body}</div>'
    return Picture(card(html), plain)


def visible(text: str) -> str:
    return text.replace("\n", "⏎") or "·"


def _shaded(text: str, step: int) -> str:
    background, letters = SHADES[step]
    style = f"background:{background};color:{letters};border-right:1px solid #ffffff;border-radius:3px;padding:1px;"
    return f'<span style="{style}">{safe(text)}</span>'
