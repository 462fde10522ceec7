"""Tokens in colour: which of them the loss sees."""

from collections.abc import Sequence
from itertools import groupby

from helpers.show.page import BLUE, FLOW, GREY, Picture, Tokenizer, card

LEGEND = {True: "in the loss", False: "not in the loss"}


def tokens(tokenizer: Tokenizer, ids: Sequence[int], learnt: Sequence[bool]) -> Picture:
    """A sequence token by token, coloured by whether a token is in the loss, with a legend.

    A line end is shown as ⏎. Tokens that hold only a part of a letter are shown together.

    Args:
        tokenizer: whose tokens they are.
        ids: [tokens].
        learnt: [tokens], whether the student is trained to write each of them.

    Raises:
        ValueError: if ids and learnt are not of one length.
    """
    ids, learnt = list(ids), [bool(one) for one in learnt]
    if len(ids) != len(learnt):
        raise ValueError(f"there are {len(ids)} tokens and {len(learnt)} marks: each token needs one")
    legend = {mark: f"{name}: {learnt.count(mark)}" for mark, name in LEGEND.items()}
    html, plain = [], [", ".join(legend.values())]
    for mark, group in groupby(zip(ids, learnt, strict=True), key=lambda pair: pair[1]):
        pieces = [piece.replace("\n", "⏎\n") for piece in _pieces(tokenizer, [token for token, _ in group])]
        html += [_marked(piece, mark) for piece in pieces]
        plain.append(f"[{LEGEND[mark]}] {'|'.join(pieces)}")
    head = f"<div>tokens {' '.join(_marked(text, mark) for mark, text in legend.items())}</div>"
    return Picture(card(f'{head}<div style="{FLOW}margin-top:6px;">{"".join(html)}</div>'), "\n".join(plain))


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


def _marked(text: str, mark: bool) -> str:
    # The white line to the right is what separates a token from the next. What is learnt is underlined as well: a page
    # that drops styles keeps the difference.
    style = "border-right:2px solid #ffffff;border-radius:3px;padding:1px 1px;"
    return BLUE.mark(text, style, "u") if mark else GREY.mark(text, style)
