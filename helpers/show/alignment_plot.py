"""Two tokenizations of one text, one above the other: where both cuts meet, and the chunks in between in colour."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import ipywidgets as widgets
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from helpers import alignment
from helpers.alignment import Alignment
from helpers.show.charts import canvas, literal
from helpers.show.live import live
from helpers.show.page import BLUE, ORANGE

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase as Tokenizer

LEGEND = {True: "one token on both sides", False: "several tokens"}
INKS = {True: BLUE, False: ORANGE}
TEXT = "The children's café sells lemonade at $4. </think>"
LETTERS = 76  # of a line
LARGEST = 2.0  # how many times as large a short text is written
PITCH = 3.0  # from line to line, where a row of tokens is 1 high
LATIN = "\u024f"  # letters behind it are shown by their number: not every font has them


def spans(
    teacher: Sequence[bytes], student: Sequence[bytes], chunks: Alignment | None = None, counted: bool = False
) -> Figure:
    """Chunk by chunk, the teacher's tokens above the student's, and a line wherever both cuts meet.

    A picture and no HTML: pages that drop styles, such as GitHub's, would drop the colours. A space is shown as ␣, a
    line end as ⏎, a byte that is no letter by itself as \\xe2.

    Args:
        teacher: the surfaces of its tokens (`alignment.surfaces`).
        student: likewise.
        chunks: in which the two meet; `alignment.align` of both if None.
        counted: whether each meeting has the number of bytes up to it.

    Returns:
        The figure.

    Raises:
        ValueError: as `alignment.align`.
    """
    chunks = alignment.align(teacher, student) if chunks is None else chunks
    places, line, column = [], 0, 0.0  # of each chunk: line, column, width, its tokens above and below
    for i in range(len(chunks)):
        sides = [
            [visible(surface) for surface in side[cuts[i] : cuts[i + 1]]]
            for side, cuts in ((teacher, chunks.teacher), (student, chunks.student))
        ]
        width = max(sum(map(len, side)) for side in sides) + 0.6
        if column and column + width > LETTERS:
            line, column = line + 1, 0.0
        places.append((line, column, width, sides))
        column += width
    # One line is as wide as the picture: its letters grow, up to a limit, and its boxes with the rest.
    letters = column if column and not line else LETTERS
    scale = max(1.0, min(LARGEST, (LETTERS + 6) / (letters + 6)))
    whole = letters / (1 - (6 * scale + 1) / (LETTERS + 7))
    margin = 6 * scale * whole / (LETTERS + 7)
    pitch = PITCH + 0.8 * counted
    figure, axis = canvas(0.9 + 0.2 * scale * pitch * (line + 1))
    for (row, column, width, sides), single, end in zip(places, chunks.one_to_one, chunks.ends, strict=True):
        for y, side in zip((row * pitch, row * pitch + 1.1), sides, strict=True):
            _tokens(axis, column + 0.3, y, side, single, 8 * scale)
        axis.plot([column + width] * 2, [row * pitch - 0.2, row * pitch + 2.2], color="#4d4d4d", linewidth=0.8)
        if counted:
            axis.text(column + width, row * pitch + 2.75, f"{end}", fontsize=8 * scale, ha="center", va="center")
    for row in range(line + 1):
        for y, name in ((0.45, "teacher"), (1.55, "student"), *[(2.75, "bytes")] * counted):
            axis.text(-0.1 * margin, row * pitch + y, name, fontsize=7 * scale, ha="right", va="center")
    for single, name in LEGEND.items():
        label = f"{name}: {chunks.one_to_one.count(single)}"
        axis.add_patch(Rectangle((0, 0), 0, 0, color=INKS[single].background, label=label))
    axis.set(xlim=(-margin, whole - margin), ylim=(pitch * (line + 1), -0.4))
    axis.set_title(f"{len(teacher)} tokens above, {len(student)} below, {len(chunks)} chunks", fontsize=9)
    axis.axis("off")
    figure.legend(loc="outside lower center", ncols=2, frameon=False, fontsize=9)
    return figure


def typed(teacher: "Tokenizer", student: "Tokenizer", text: str = TEXT) -> widgets.VBox:
    """`spans` of a text that can be changed; one that one of the two cannot spell is refused in words.

    Args:
        teacher: its tokenizer, of a kind that `alignment.surfaces` knows.
        student: likewise.
        text: what the box holds at first.
    """
    sides = [(tokenizer, alignment.surfaces(tokenizer)) for tokenizer in (teacher, student)]

    def draw(text: str) -> Figure:
        clean = alignment.normalised(text)
        return spans(*(spell(tokenizer, known, clean) for tokenizer, known in sides))

    box = widgets.Text(value=text, continuous_update=False, layout={"width": "100%"})
    return live(box, draw, refused=ValueError)


def spell(tokenizer: "Tokenizer", surfaces: Sequence[bytes], text: str) -> list[bytes]:
    """The surfaces of a text's tokens, without special tokens."""
    return [surfaces[token] for token in tokenizer(text, add_special_tokens=False).input_ids]


def visible(surface: bytes) -> str:
    """The text of some bytes, as a picture can show it: no space, no line end, no letter that a font may lack."""
    text = surface.decode(errors="backslashreplace").replace(" ", "␣").replace("\n", "⏎").replace("\t", "⇥")
    shown = (one if one in "␣⏎⇥" or (one.isprintable() and one <= LATIN) else ascii(one)[1:-1] for one in text)
    return "".join(shown) or "·"


def _tokens(axis: Axes, column: float, y: float, tokens: list[str], single: bool, size: float) -> None:
    for text in tokens:
        axis.add_patch(Rectangle((column, y), len(text) - 0.15, 0.9, color=INKS[single].background, linewidth=0))
        axis.text(column + len(text) / 2 - 0.08, y + 0.47, literal(text), color=INKS[single].text, fontsize=size,
                  family="monospace", ha="center", va="center")  # fmt: skip
        column += len(text)
