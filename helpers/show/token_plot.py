"""Tokens in colour: which of them the loss sees."""

from collections.abc import Sequence
from itertools import groupby

from helpers.show.page import BLUE, FLOW, GREY, Picture, card, safe

LEGEND = {True: "in the loss", False: "not in the loss"}
INKS = {True: BLUE, False: GREY}
TAGS = {True: "u", False: "span"}  # underlined as well: a page that drops styles keeps the difference


def tokens(tokenizer, ids: Sequence[int], learnt: Sequence[bool]) -> Picture:
    """A sequence token by token, coloured by whether a token is in the loss, with a legend.

    ids, learnt: [tokens]; learnt says of each token whether the student is trained to write it.
    A line end is shown as ⏎. Tokens that hold only a part of a letter are shown together.
    Raises ValueError if the two are not of one length.
    """
    ids, learnt = list(ids), [bool(one) for one in learnt]
    if len(ids) != len(learnt):
        raise ValueError(f"there are {len(ids)} tokens and {len(learnt)} marks: each token needs one")
    counts = {mark: learnt.count(mark) for mark in LEGEND}
    legend = " ".join(_marked(f"{LEGEND[mark]}: {counts[mark]}", mark) for mark in LEGEND)
    html, plain = [], [", ".join(f"{LEGEND[mark]}: {counts[mark]}" for mark in LEGEND)]
    for mark, group in groupby(zip(ids, learnt, strict=True), key=lambda pair: pair[1]):
        pieces = [_visible(piece) for piece in _pieces(tokenizer, [token for token, _ in group])]
        html += [_marked(piece, mark) for piece in pieces]
        plain.append(f"[{LEGEND[mark]}] {'|'.join(pieces)}")
    body = f'<div style="{FLOW}margin-top:6px;">{"".join(html)}</div>'
    return Picture(card(f"<div>tokens {legend}</div>{body}"), "\n".join(plain))


def _pieces(tokenizer, ids: list[int]) -> list[str]:
    """The text of each token; several in one piece where only together they make whole letters."""
    pieces, open_ids = [], []
    for token in ids:
        open_ids.append(token)
        text = tokenizer.decode(open_ids, skip_special_tokens=False, clean_up_tokenization_spaces=False)
        # U+FFFD stands for bytes that are no letter yet; a letter of UTF-8 has at most four.
        if "\ufffd" not in text or len(open_ids) == 4:
            pieces.append(text)
            open_ids = []
    if open_ids:
        pieces.append(tokenizer.decode(open_ids, skip_special_tokens=False, clean_up_tokenization_spaces=False))
    return pieces


def _visible(piece: str) -> str:
    return piece.replace("\n", "⏎\n")


def _marked(text: str, mark: bool) -> str:
    # The white line to the right is what separates a token from the next.
    style = INKS[mark].style("border-right:2px solid #ffffff;border-radius:3px;padding:1px 1px;")
    return f'<{TAGS[mark]} style="{style}">{safe(text)}</{TAGS[mark]}>'
