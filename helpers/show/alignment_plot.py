"""Two tokenizations of one text, one above the other, with the chunks in which they meet as coloured spans."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import ipywidgets as widgets

from helpers import alignment
from helpers.alignment import Alignment
from helpers.show.page import BLUE, ORANGE, Picture, card, safe

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase as Tokenizer

LEGEND = {True: "one token on both sides", False: "several tokens"}
TEXT = "naïve 😀 children pay $12 </think>"
# Each chunk is a column of two lines that stays together when the page is narrow.
COLUMN = "display:inline-block;vertical-align:top;margin:0 3px 8px 0;"


def spans(teacher: Sequence[bytes], student: Sequence[bytes], chunks: Alignment | None = None) -> Picture:
    """Chunk by chunk, the teacher's tokens above the student's; a white line parts two tokens of one chunk.

    A space is shown as ␣, a line end as ⏎, a byte that is no letter by itself as \\xe2.

    Args:
        teacher: the surfaces of its tokens (`alignment.surfaces`).
        student: likewise.
        chunks: in which the two meet; `alignment.align` of both if None.

    Raises:
        ValueError: as `alignment.align`.
    """
    chunks = alignment.align(teacher, student) if chunks is None else chunks
    legend = {kind: f"{name}: {chunks.one_to_one.count(kind)}" for kind, name in LEGEND.items()}
    head = f"teacher above: {len(teacher)} tokens · student below: {len(student)} tokens · chunks:"
    html, plain = [], [head, *legend.values()]
    for i, single in enumerate(chunks.one_to_one):
        sides = [
            [_visible(surface) for surface in side[cuts[i] : cuts[i + 1]]]
            for side, cuts in ((teacher, chunks.teacher), (student, chunks.student))
        ]
        above, below = ("".join(_part(token, single) for token in side) for side in sides)
        html.append(f'<span style="{COLUMN}">{above}<br>{below}</span> ')
        if not single:
            plain.append(" = ".join("|".join(side) for side in sides))
    told = " ".join(_part(text, kind) for kind, text in legend.items())
    body = f'<div>{safe(head)}</div><div>{told}</div><div style="margin-top:6px;">{"".join(html)}</div>'
    return Picture(card(body), "\n".join(plain))


def typed(teacher: "Tokenizer", student: "Tokenizer", text: str = TEXT) -> widgets.VBox:
    """`spans` of a text that can be changed.

    Args:
        teacher: its tokenizer, of a kind that `alignment.surfaces` knows.
        student: likewise.
        text: what the box holds at first.
    """
    sides = [(tokenizer, alignment.surfaces(tokenizer)) for tokenizer in (teacher, student)]
    box = widgets.Text(value=text, layout={"width": "100%"})
    picture = widgets.HTML()

    def draw(change: dict | None = None) -> None:
        clean = alignment.normalised(box.value)
        try:
            picture.value = spans(*(spell(tokenizer, known, clean) for tokenizer, known in sides)).data
        except ValueError as error:  # a letter that one of the two cannot spell
            picture.value = card(safe(str(error)))

    box.observe(draw, "value")
    draw()
    return widgets.VBox([box, picture])


def spell(tokenizer: "Tokenizer", surfaces: Sequence[bytes], text: str) -> list[bytes]:
    """The surfaces of a text's tokens, without special tokens."""
    return [surfaces[token] for token in tokenizer(text, add_special_tokens=False).input_ids]


def _visible(surface: bytes) -> str:
    return surface.decode(errors="backslashreplace").replace(" ", "␣").replace("\n", "⏎").replace("\t", "⇥")


def _part(text: str, single: bool) -> str:
    """A token in its colour; underlined as well where it has no partner: a page that drops styles keeps it."""
    style = "border-right:2px solid #ffffff;border-radius:3px;padding:1px 2px;"
    return BLUE.mark(text, style) if single else ORANGE.mark(text, style, "u")
