"""Tokens in colour: which of them the loss sees, and where a figure that belongs to each is high."""

from collections.abc import Mapping, Sequence
from itertools import groupby

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from helpers.show.charts import canvas, literal
from helpers.show.page import BLUE, GREY, Ink, Tokenizer, each_has_one

LEGEND = {True: "in the loss", False: "not in the loss"}
INKS = {True: BLUE, False: GREY}
LETTERS = 88  # of a line
# Five steps from white to dark blue, each with letters that can be read on it.
SHADES = (
    Ink("#ffffff", "#1a1a1a"), Ink("#d6e8f5", "#0b2e4a"), Ink("#9ccae6", "#0b2e4a"), Ink("#3f8fc4", "#ffffff"),
    Ink("#08457e", "#ffffff"),
)  # fmt: skip


def tokens(tokenizer: Tokenizer, ids: Sequence[int], learnt: Sequence[bool]) -> Figure:
    """A sequence token by token, coloured by whether a token is in the loss, with a legend.

    A picture and no HTML: pages that drop styles, such as GitHub's, would drop the colours. A line end is shown as ⏎.
    Tokens that hold only a part of a letter are shown together.

    Args:
        tokenizer: of the student, to write the tokens.
        ids: the tokens.
        learnt: [tokens], whether the student is trained to write each.

    Raises:
        ValueError: if the two are not of one length.
    """
    marked = [(piece, INKS[mark]) for mark, pieces in _groups(tokenizer, ids, learnt) for piece in pieces]
    places, lines = _places([piece for piece, _ in marked])
    figure, axis = canvas(0.6 + 0.22 * lines)
    _write(axis, marked, places, lines)
    for mark, said in _counted(learnt).items():
        axis.add_patch(Rectangle((0, 0), 0, 0, color=INKS[mark].background, label=said))
    figure.legend(loc="outside upper left", ncols=2, frameon=False)
    return figure


def heat(
    tokenizer: Tokenizer,
    ids: Sequence[int],
    found: Mapping[str, Sequence[float]],
    label: str,
    top: float | None = None,
    most: int = 400,
) -> Figure:
    """A sequence token by token, darker where the figure that belongs to a token is higher, with a legend.

    Args:
        tokenizer: whose tokens they are.
        ids: [tokens].
        found: by the name of a panel, [tokens], a figure for each; all panels have one scale.
        label: what the figures are.
        top: the figure from which on a token is darkest, the highest one if None.
        most: how many tokens are shown; the legend says where there are more.

    Returns:
        The figure, a panel below the other.

    Raises:
        ValueError: if a panel has not one figure for each token.
    """
    for values in found.values():
        each_has_one(ids, values)
    top = max([1e-9, *(value for values in found.values() for value in values)]) if top is None else top
    if len(ids) > most:
        label += f" (the first {most} of {len(ids):,} tokens)"
    pieces = [tokenizer.decode([token]) or "·" for token in ids[:most]]
    places, lines = _places(pieces)
    figure, axes = canvas(0.5 + len(found) * (0.3 + 0.22 * lines), len(found), squeeze=False)
    for axis, (name, values) in zip(axes[:, 0], found.items(), strict=True):
        steps = [min(len(SHADES) - 1, int(len(SHADES) * max(value, 0.0) / top)) for value in values[:most]]
        _write(axis, [(piece, SHADES[step]) for piece, step in zip(pieces, steps, strict=True)], places, lines)
        axis.set_title(name, loc="left", fontsize=9)
    for i, shade in enumerate(SHADES):
        said = f"{'from' if i else 'below'} {top * max(i, 1) / len(SHADES):.2g}"
        axes[0, 0].add_patch(Rectangle((0, 0), 0, 0, facecolor=shade.background, edgecolor="#bbbbbb", label=said))
    figure.legend(loc="outside upper left", ncols=len(SHADES), frameon=False, title=label, alignment="left")
    return figure


def _places(pieces: Sequence[str]) -> tuple[list[tuple[int, int]], int]:
    """Line and column of each piece of a text, and how many lines there are."""
    found, line, column = [], 0, 0
    for piece in pieces:
        if column and column + len(piece) > LETTERS:
            line, column = line + 1, 0
        found.append((line, column))
        column += len(piece)
        if piece.endswith("\n"):
            line, column = line + 1, 0
    return found, 1 + max((line for line, _ in found), default=0)


def _write(axis: Axes, inked: Sequence[tuple[str, Ink]], places: Sequence[tuple[int, int]], lines: int) -> None:
    """Writes pieces of a text, each in its ink and at its line and column."""
    for (piece, ink), (line, column) in zip(inked, places, strict=True):
        axis.add_patch(Rectangle((column, line), len(piece) - 0.25, 0.82, color=ink.background, linewidth=0))
        for place, letter in enumerate(piece.replace("\n", "⏎"), column):
            axis.text(place + 0.45, line + 0.42, literal(letter), color=ink.text, fontsize=8, family="monospace",
                      ha="center", va="center")  # fmt: skip
    axis.set(xlim=(0, LETTERS), ylim=(lines, 0))
    axis.axis("off")


def _groups(tokenizer: Tokenizer, ids: Sequence[int], learnt: Sequence[bool]) -> list[tuple[bool, list[str]]]:
    """The texts of the tokens, those that follow each other with one mark together."""
    ids, learnt = list(ids), [bool(one) for one in learnt]
    if len(ids) != len(learnt):
        raise ValueError(f"there are {len(ids)} tokens and {len(learnt)} marks: each token needs one")
    marked = groupby(zip(ids, learnt, strict=True), key=lambda pair: pair[1])
    return [(mark, _pieces(tokenizer, [token for token, _ in group])) for mark, group in marked]


def _counted(learnt: Sequence[bool]) -> dict[bool, str]:
    """The words of the legend."""
    return {mark: f"{said}: {sum(bool(one) == mark for one in learnt)}" for mark, said in LEGEND.items()}


def _pieces(tokenizer: Tokenizer, ids: list[int]) -> list[str]:
    """The text of each token; several in one piece where only together they make whole letters."""
    pieces, open_ids = [], []
    for place, token in enumerate(ids, 1):
        open_ids.append(token)
        text = tokenizer.decode(open_ids, skip_special_tokens=False, clean_up_tokenization_spaces=False)
        # U+FFFD stands for bytes that are no letter yet; a letter of UTF-8 has at most four.
        if "\ufffd" not in text or len(open_ids) == 4 or place == len(ids):
            pieces.append(text)
            open_ids = []
    return pieces
