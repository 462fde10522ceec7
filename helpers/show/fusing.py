"""Pictures of several models made one: what each says at a token, how each does by group, and what a fusion is off."""

from collections.abc import Mapping

import torch
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from helpers.evaluation import Estimate
from helpers.show.charts import BLUE, COLOURS, GREEN, ORANGE, PURPLE, SKY, canvas, literal, whiskers
from helpers.show.distributions import name_bars
from helpers.show.page import Tokenizer

VOICES = ((SKY, ""), (GREEN, "//"), (PURPLE, "xx"), (ORANGE, ".."))  # a colour and a hatch for each


def voices(
    tokenizer: Tokenizer, each: Mapping[str, torch.Tensor], mean: torch.Tensor, most: int = 5, title: str = ""
) -> Figure:
    """What several models hold likely at one place of a text, and the mean of them: bars side by side, token by token.

    Args:
        tokenizer: whose tokens they are.
        each: by name, (vocabulary,) probabilities, of at most four.
        mean: (vocabulary,) probabilities; its likeliest tokens are shown.
        most: how many tokens have bars of their own; the others are added up.
        title: above the picture.

    Raises:
        ValueError: for more than four models.
    """
    if len(each) > len(VOICES):
        raise ValueError(f"{len(each)} models: a picture takes up to {len(VOICES)}, each with a hatch of its own")
    shown = mean.topk(most).indices.tolist()
    looks = [*VOICES[: len(each)], (BLUE, "")]
    width = 0.84 / len(looks)
    figure, axis = canvas(2.9)
    for place, ((name, said), (colour, hatch)) in enumerate(zip([*each.items(), ("mean", mean)], looks, strict=True)):
        values = [*said[shown].tolist(), 1 - said[shown].sum().item()]
        at = [token + (place - (len(looks) - 1) / 2) * width for token in range(len(values))]
        axis.bar(at, values, width, color=colour, hatch=hatch, edgecolor="white", linewidth=0.4, label=literal(name))
    name_bars(figure, tokenizer, shown)
    axis.set(ylim=(0, 1), ylabel="probability", title=literal(title))
    axis.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    figure.legend(loc="outside upper center", ncols=len(looks), frameon=False)
    return figure


def by_group(
    found: Mapping[str, Mapping[str, Estimate]], title: str = "", roles: Mapping[str, str] | None = None
) -> Figure:
    """Right answers of several models in each group of questions: a panel a group, the first model on top.

    Args:
        found: by the model's name, its share in each group; all have the same groups.
        title: above the picture.
        roles: the role under a name, one of `COLOURS`; "after" where there is none.
    """
    names, groups = list(found), list(next(iter(found.values())))
    figure, axes = canvas(0.9 + 0.36 * len(names), 1, len(groups), sharey=True, squeeze=False)
    colours = [COLOURS[(roles or {}).get(name, "after")] for name in names]
    for axis, group in zip(axes[0], groups, strict=True):
        one = [found[name][group] for name in names]
        axis.barh(range(len(names)), [share.value for share in one], xerr=whiskers(one), color=colours, height=0.66,
                  capsize=3, ecolor="black")  # fmt: skip
        axis.set(xlim=(0, 1), yticks=range(len(names)), title=literal(group))
        axis.set_yticklabels([literal(name) for name in names])
        axis.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes[0][0].invert_yaxis()
    figure.suptitle(literal(title), fontsize=11)
    figure.supxlabel("right answers (whiskers: 95 % interval)", fontsize=10)
    return figure


def off(errors: Mapping[str, float], scores: Mapping[str, Estimate], lines: Mapping[str, Estimate]) -> Figure:
    """How right a fused adapter is by how far its update is from the sum that was wanted.

    Args:
        errors: by the way of fusing, the distance as a share of the sum's length.
        scores: by the same names, right answers.
        lines: others to compare with, drawn across with their names.
    """
    figure, axis = canvas(3.2)
    for place, (name, error) in enumerate(errors.items()):
        one = scores[name]
        axis.errorbar(error, one.value, whiskers([one]), fmt="o", color=BLUE, capsize=4, ecolor="black")
        end, away, side = (one.low, -4, "top") if place % 2 else (one.high, 4, "bottom")  # of neighbours by turns
        axis.annotate(literal(name), (error, end), (0, away), textcoords="offset points", ha="center", va=side,
                      fontsize=9)  # fmt: skip
    for (name, share), (colour, dashes) in zip(
        lines.items(), ((ORANGE, "--"), (GREEN, ":"), (PURPLE, "-.")), strict=False
    ):
        axis.axhline(share.value, color=colour, linestyle=dashes, label=literal(name))
    axis.set(ylim=(0, 1), xlabel="error of the update, of the wanted sum", ylabel="right answers")
    axis.set_xlim(-0.06 * max(errors.values()), 1.18 * max(errors.values()))
    for scale in (axis.xaxis, axis.yaxis):
        scale.set_major_formatter(PercentFormatter(1, decimals=0))
    if lines:
        figure.legend(loc="outside upper right", ncols=len(lines), frameon=False)
    return figure
