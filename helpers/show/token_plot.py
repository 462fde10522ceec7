"""Tokens in colour: which of them the loss sees."""

from collections.abc import Sequence
from itertools import groupby

from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from helpers.show.charts import canvas, literal
from helpers.show.page import BLUE, GREY, Tokenizer

LEGEND = {True: "in the loss", False: "not in the loss"}
INKS = {True: BLUE, False: GREY}
LETTERS = 88  # of a line


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
    boxes, line, column = [], 0, 0  # of each: line, column, text, whether it is learnt
    for mark, pieces in _groups(tokenizer, ids, learnt):
        for piece in pieces:
            text = piece.replace("\n", "⏎")
            if column and column + len(text) > LETTERS:
                line, column = line + 1, 0
            boxes.append((line, column, text, mark))
            column += len(text)
            if piece.endswith("\n"):
                line, column = line + 1, 0
    lines = 1 + max((box[0] for box in boxes), default=0)
    figure, axis = canvas(0.6 + 0.22 * lines)
    for line, column, text, mark in boxes:
        axis.add_patch(Rectangle((column, line), len(text) - 0.25, 0.82, color=INKS[mark].background, linewidth=0))
        for place, letter in enumerate(text, column):
            axis.text(place + 0.45, line + 0.42, literal(letter), color=INKS[mark].text, fontsize=8, family="monospace",
                      ha="center", va="center")  # fmt: skip
    for mark, said in _counted(learnt).items():
        axis.add_patch(Rectangle((0, 0), 0, 0, color=INKS[mark].background, label=said))
    axis.set(xlim=(0, LETTERS), ylim=(lines, 0))
    axis.axis("off")
    figure.legend(loc="outside upper left", ncols=2, frameon=False)
    return figure


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
