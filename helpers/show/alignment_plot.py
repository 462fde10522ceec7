"""Two tokenizations of one text, one above the other, with the chunks in which they meet as coloured spans."""

from collections.abc import Sequence

import ipywidgets as widgets

from helpers import alignment
from helpers.alignment import Alignment
from helpers.show.page import BLUE, ORANGE, Ink, Picture, card, safe

INKS = {True: BLUE, False: ORANGE}
LEGEND = {True: "one token on both sides", False: "several tokens"}
TAGS = {True: "span", False: "u"}  # underlined as well: a page that drops styles keeps the difference
NAMES = ("teacher", "student")
TEXT = "naïve 😀 children pay $12 </think>"


def spans(teacher: Sequence[bytes], student: Sequence[bytes], chunks: Alignment | None = None) -> Picture:
    """Chunk by chunk, the teacher's tokens above the student's; a white line parts two tokens of one chunk.

    teacher, student: the surfaces of the tokens (`alignment.surfaces`). chunks: `alignment.align` of both if None.
    A space is shown as ␣, a line end as ⏎, a byte that is no letter by itself as \\xe2.
    Raises ValueError as `alignment.align`.
    """
    chunks = alignment.align(teacher, student) if chunks is None else chunks
    counts = {kind: chunks.one_to_one.count(kind) for kind in LEGEND}
    legend = " ".join(_part(f"{LEGEND[kind]}: {counts[kind]}", INKS[kind], TAGS[kind]) for kind in LEGEND)
    head = f"{NAMES[0]} above: {len(teacher)} tokens · {NAMES[1]} below: {len(student)} tokens · chunks:"
    html, plain = [], [head, *(f"{LEGEND[kind]}: {counts[kind]}" for kind in LEGEND)]
    for i, single in enumerate(chunks.one_to_one):
        sides = [
            [_visible(surface) for surface in side[cuts[i] : cuts[i + 1]]]
            for side, cuts in ((teacher, chunks.teacher), (student, chunks.student))
        ]
        lines = ["".join(_part(token, INKS[single], TAGS[single]) for token in side) for side in sides]
        html.append(f'<span style="{COLUMN}">{lines[0]}<br>{lines[1]}</span> ')
        if not single:
            plain.append(" = ".join("|".join(side) for side in sides))
    return Picture(
        card(f'<div>{safe(head)}</div><div>{legend}</div><div style="margin-top:6px;">{"".join(html)}</div>'),
        "\n".join(plain),
    )


def typed(teacher, student, text: str = TEXT) -> widgets.VBox:
    """`spans` of a text that can be changed. teacher, student: tokenizers, of the kinds that `surfaces` knows."""
    sides = [(tokenizer, alignment.surfaces(tokenizer)) for tokenizer in (teacher, student)]
    box = widgets.Text(value=text, layout={"width": "100%"})
    picture = widgets.HTML()

    def draw(change=None) -> None:
        clean = alignment.normalised(box.value)
        try:
            picture.value = spans(*(spell(tokenizer, known, clean) for tokenizer, known in sides)).data
        except ValueError as error:  # a letter that one of the two cannot spell
            picture.value = card(safe(str(error)))

    box.observe(draw, "value")
    draw()
    return widgets.VBox([box, picture])


def spell(tokenizer, surfaces: Sequence[bytes], text: str) -> list[bytes]:
    """The surfaces of a text's tokens, without special tokens."""
    return [surfaces[token] for token in tokenizer(text, add_special_tokens=False).input_ids]


# Each chunk is a column of two lines that stays together when the page is narrow.
COLUMN = "display:inline-block;vertical-align:top;margin:0 3px 8px 0;"


def _visible(surface: bytes) -> str:
    return surface.decode(errors="backslashreplace").replace(" ", "␣").replace("\n", "⏎").replace("\t", "⇥")


def _part(text: str, ink: Ink, tag: str) -> str:
    style = ink.style("border-right:2px solid #ffffff;border-radius:3px;padding:1px 2px;")
    return f'<{tag} style="{style}">{safe(text)}</{tag}>'
