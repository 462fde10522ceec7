r"""How answers write a number, each way put into plain digits: $1{,}234$, -$5, 2 2/3, 1.5 × 10^6, 12 m^2, 2:00 pm."""

import re
import unicodedata
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

# 7, 1,234, 0.5, -3; not the 3 of "3rd", of "A3" or of "5-3".
DIGITS = r"-?(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+)(?!\d|,\d{3}|(?:st|nd|rd|th)\b)"
NUMBER = re.compile(r"(?<![\w.])" + DIGITS)

BARE = r"\d+(?:,\d{3})*(?:\.\d+)?"
# Where a number begins that more digits may follow in groups.
GROUPED = r"(?<![\w.,])[1-9]\d{0,2}"
# \text{...} and its like, where a number or its unit stands in them.
SET = r"\\(?:text(?:bf|it|rm)?|math(?:bf|it|rm)|mbox|rm)"
UNIT = (
    r"(?<![A-Za-z])(?:[cdkm]?m|in|ft|yd|mi|inch(?:es)?|feet|foot|yards?|miles?|(?:centi|milli|kilo)?met(?:er|re)s?"
    r"|units?|s|sec(?:ond)?s?)"
)
ZEROS = {"thousand": 3, "million": 6, "billion": 9, "trillion": 12, "k": 3, "m": 6, "b": 9, "bn": 9}


class Form(NamedTuple):
    """A way to write a number.

    Attributes:
        pattern: what it looks like.
        plain: what to put in its place, as in `re.sub`.
        examples: {written: in plain digits}.
    """

    pattern: str
    plain: str | Callable[[re.Match], str]
    examples: dict[str, str]


def _joined(found: re.Match) -> str:
    return re.sub(r"\D", "", found[0])


def _european(found: re.Match) -> str:
    return f"{found[1].replace('.', '')}.{found[2]}" if found[2] else _joined(found)


def _spelled(found: re.Match) -> str:
    """½ as 1/2, and with a space before it behind a digit."""
    before = " " if found.start() and found.string[found.start() - 1].isdigit() else ""
    return before + unicodedata.normalize("NFKC", found[0]).replace("\u2044", "/")


def _mixed(found: re.Match) -> str:
    whole, above, below = map(int, found.groups())
    return repr(float(whole + Fraction(above, below))) if 0 < above < below else found[0]


def _times_ten(found: re.Match) -> str:
    power = int(unicodedata.normalize("NFKC", found[2]).replace("−", "-"))
    return format(Decimal(found[1].replace(",", "")).scaleb(power), "f")


def _scaled(found: re.Match) -> str:
    return format(Decimal(found[1].replace(",", "")).scaleb(ZEROS[found[2].lower()]), "f")


# Put into plain digits one after the other; the order matters.
FORMS = (
    Form("−", "-", {"It was −5 degrees.": "It was -5 degrees."}),
    # An en dash is a minus sign right before a number only: not in "3–5" and not in "the answer – 5".
    Form(r"(?<![\w).])–(?=[$€£]?\.?\d)", "-", {"It was –5 degrees.": "It was -5 degrees."}),
    Form(r"(?<=\d)\*\*(?=\d)", "^", {"2**3": "2^3"}),
    # Bold and italics.
    Form(r"\*\*", "", {"**62** pens": "62 pens"}),
    Form(r"(?<![\w*])\*(?=\S)([^*\n]+)(?<=\S)\*(?![\w*])", r"\1", {"= *62* pens": "= 62 pens"}),
    Form(r"(?<![^\W_])(?<![_)}])_+(?=[-$€£]*\.?\d)", "", {"_62 pens_": "62 pens_", "__$62 left__": "$62 left__"}),
    Form(r"(?<=\d)_+(?!\w)", "", {"It is 62__.": "It is 62."}),
    Form(r"\\\$", "", {r"\$62": "62"}),
    Form(SET + r"\s*\{([^{}]*\d[^{}]*)\}", r"\1", {r"\boxed{\text{62 pens}}": r"\boxed{62 pens}"}),
    # math-verify takes 50% for 50 and for 0.5. "50% of 124" is no number.
    Form(r"(?<=\d)\s*\\?%(?!\s*of\b)", "", {r"50\%, 60 %": "50, 60", "50% of 124": "50% of 124"}),
    Form(r"(?:\b(?:USD|US(?=\$)|EUR|GBP|CHF|CAD|AUD|INR|RM|Rs\.?)|[¥₹])\s?\$?(?=-?\.?\d)", "$",
         {"USD62": "$62", "US$62": "$62", "Rs. 62": "$62"}),
    Form(r"(?<![\w)}\].])-[$€£]\s?(?=\.?\d)", "-", {"It is -$5.": "It is -5."}),
    # Groups of three digits: LaTeX's ways, then spaces and apostrophes, which must be the same all through.
    Form(GROUPED + r"(?:(?:\{,\}|,?\s?\\[,!;:]\s?|\\ |,)\d{3})+(?!\d)", _joined,
         {"1{,}234": "1234", r"12\,345": "12345", r"1,000\,000": "1000000", r"99,\!076.92": "99076.92"}),
    Form(GROUPED + r"([ \u00a0\u2007\u2009\u202f'’_])\d{3}(?:\1\d{3})*(?![\w/-]|[.,]\d{3})", _joined,
         {"1 234 pens": "1234 pens", "1\u202f234\u202f567": "1234567", "1'234": "1234",
          "3 100-dollar bills": "3 100-dollar bills"}),
    Form(r"(?<![\w.,])\d{1,2}(?:,\d{2})+,\d{3}(?![\d,])", _joined, {"Rs 1,00,000": "$100000"}),
    Form(r"(?<![\w.,])\d{1,3}(?:\.\d{3}){2,}(?![\d.])", _joined, {"1.234.567": "1234567"}),
    Form(r"(?<![\w.,])(\d{1,3}(?:\.\d{3})+|\d+)(?:,(\d\d?))?(?=\s?(?:€|EUR\b|[Ee]uros?\b))", _european,
         {"12,50 €": "12.50 €", "1.234,50 euros": "1234.50 euros", "1.234 €": "1234 €"}),
    Form(r"(?<=€)(\d{1,3}(?:\.\d{3})+|\d+),(\d\d?)(?![\d,])", _european, {"€12,50": "€12.50"}),
    # Fractions.
    Form("[¼-¾⅐-⅞]", _spelled, {"½": "1/2", "¾ or ⅔": "3/4 or 2/3"}),
    Form("\u2044", "/", {"1\u20442": "1/2"}),
    Form(r"(?<![\w./^,])(?<!between )(\d+)(?: | and )(\d+)/(\d+)(?![\w/.]*\d)", _mixed,
         {"3½": "3.5", "11 5/6 metres": "11.833333333333334 metres", "2 10/2": "2 10/2"}),
    Form(r"(?<![\w./^,])(\d+)\s*\\[dt]?frac\{(\d+)\}\{(\d+)\}", _mixed, {r"3\frac{1}{2}": "3.5"}),
    # Powers of ten.
    Form(rf"(?<![\w.,^])({BARE})\s*(?:[×x*·]|\\times|\\cdot)\s*10\s*\^\s*\{{?\s*([-−]?\d\d?)\b\s*\}}?", _times_ten,
         {"1.5 × 10^6": "1500000", r"1.5 \times 10^{-2}": "0.015"}),
    Form(rf"(?<![\w.,^])({BARE})\s*(?:[×x*·]|\\times|\\cdot)\s*10([⁻]?[⁰¹²³⁴-⁹]{{1,2}})", _times_ten,
         {"1.5 × 10⁶": "1500000"}),
    Form(rf"(?<![\w.,^])({BARE})[eE]([-+]?\d\d?)(?!\w|\.\d)", _times_ten, {"1.5e6": "1500000"}),
    # What stands beside a number and is none.
    Form(rf"({UNIT}|{SET}\s*\{{[^{{}}]*\}})\s?\$?\s?\^\s?\{{?-?[1-4]\}}?(?!\d)", r"\1",
         {"12 m^2": "12 m", r"12\text{ cm}^{3}": r"12\text{ cm}", "12 m$^2$": "12 m$"}),
    Form(rf"(?<![\w.,])({BARE})(?:\s|{SET}\s*\{{)*out of(?:\s|\}}|the|all|her|his|their|its|a total of)*\$?{BARE}",
         r"\1", {"62 out of 100": "62", r"62\text{ out of }100": "62"}),
    Form(r"(?<![\w.:])(\d{1,2}):00(?![:\d])", r"\1", {"2:00 pm": "2 pm"}),
    Form(r"(?<![\w.:])\d{1,2}:[0-5]\d(?=(?:\s|~|\\[ ,;]?|\{|text)*[AaPp]\.?[Mm]\b)", "",
         {"62 pens at 2:30 pm": "62 pens at  pm"}),
)  # fmt: skip
SCALES = (
    Form(rf"(?<![\w.,])({BARE})(?:\s|\\[,; ]|{SET}\s*\{{)+(thousand|million|billion|trillion)\b(?!-)", _scaled,
         {"2.5 million": "2500000", r"3\text{ thousand": "3000"}),
    Form(rf"(?<=[$€£])({BARE})(k|K|M|m|B|bn)\b", _scaled, {"$2.5M": "$2500000", "$62k": "$62000"}),
)  # fmt: skip


@lru_cache(maxsize=8)
def plain(text: str, scaled: bool = True) -> str:
    """The text with its numbers in plain digits, and without what only dresses them up.

    Args:
        text: an answer.
        scaled: whether "2.5 million" becomes 2500000, or is left as it stands.
    """
    for form in FORMS + SCALES if scaled else FORMS:
        text = re.sub(form.pattern, form.plain, text)
    return text


def value(number: str) -> int | float:
    """What a number in digits is worth; whole numbers as int."""
    worth = float(number.replace(",", ""))
    return int(worth) if worth.is_integer() else worth
