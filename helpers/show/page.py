"""What the HTML pictures share: colours for every eye and theme, text that stays text, and a plain-text fallback."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Protocol

from IPython.display import HTML

# MathJax passes over elements of these classes (its versions 3 and 2). Else "$4 and $7" would be set as a formula.
NO_MATH = "mathjax_ignore tex2jax_ignore"
# Spaces count and long words break. Written on each element, for there is no style sheet.
FLOW = "white-space:pre-wrap;overflow-wrap:anywhere;"


@dataclass(frozen=True)
class Ink:
    """A background with a text colour that is easy to read on it.

    Always set together: a notebook's theme may be dark, and would put its own light text on our light background.
    """

    background: str
    text: str

    def style(self, more: str = "") -> str:
        """The value of an HTML style attribute; more: further declarations."""
        return f"background:{self.background};color:{self.text};{more}"

    def mark(self, text: str, more: str = "", tag: str = "span") -> str:
        """HTML that shows a text in this ink; more: further style declarations."""
        return f'<{tag} style="{self.style(more)}">{safe(text)}</{tag}>'


# Blue against orange and grey: the pairs that all usual kinds of colour blindness keep apart.
PAPER = Ink("#ffffff", "#1a1a1a")
FAINT = Ink("#ffffff", "#666666")
GREY = Ink("#ebebeb", "#4d4d4d")
BLUE = Ink("#cce6fa", "#0b2e4a")
ORANGE = Ink("#fde0c8", "#5c2600")
INKS = (PAPER, FAINT, GREY, BLUE, ORANGE)


class Tokenizer(Protocol):
    """What a picture needs of a tokenizer: the text of some tokens."""

    def decode(self, ids: list[int], /, **settings: bool) -> str: ...


class Picture(HTML):
    """HTML with a plain-text fallback, for terminals and for whatever does not show HTML."""

    def __init__(self, html: str, plain: str):
        super().__init__(html)
        self.plain = plain

    def __repr__(self) -> str:
        return self.plain


def safe(text: str) -> str:
    """The text as HTML that shows exactly this text: nothing in it is a tag, a formula or a lost line end."""
    # A page that drops our classes (GitHub's) may still look for formulas, but in no piece of text across elements.
    alone = re.sub(r"[$\\]", r"<span>\g<0></span>", escape(text))
    return alone.replace("\n", "<br>")


def card(inside: str, more: str = "") -> str:
    """HTML on paper of its own, where MathJax does not look; more: further style declarations."""
    return f'<div class="{NO_MATH}" style="{PAPER.style(f"padding:8px;line-height:1.5;{more}")}">{inside}</div>'


def each_has_one(ids: Sequence[int], values: Sequence[float]) -> None:
    """Raises ValueError if there is not one figure for each token."""
    if len(ids) != len(values):
        raise ValueError(f"{len(ids)} tokens and {len(values)} figures: there must be one for each")
