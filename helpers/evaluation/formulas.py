"""What a formula or a sum is worth, by math-verify, within bounds that keep its algebra short."""

import logging
import math
import re

# Its time limit rests on signals, which work in no thread and not in every notebook, so it is off below.
# It would warn of that.
logging.getLogger("math_verify.parser").setLevel(logging.CRITICAL)

# LaTeX, or a sum that is not worked out: what a plain number is not.
FORMULA = re.compile(r"\\|\d\s*[-+*/×÷^]\s*\(?\s*[$€£]?\s*\d")
# Towers of powers and the like, on which SymPy would work until the memory is full. Factorials only up to 999!.
ENDLESS = re.compile(
    r"\^.*\^|\^\W*\d{3}|\^.*!|!.{0,3}!|\d{4}\s*!|[)\]}|]\s*!"
    r"|\\(?:sum|prod|int|lim|binom|exp|zeta|Gamma|(?:arc)?(?:sin|cos|tan)|operatorname)", re.DOTALL
)  # fmt: skip
# The commands that a number in LaTeX is written with. With any other it is none.
KNOWN = re.compile(
    r"\\(?:boxed|text\w*|math(?:rm|bf|it)|[cdt]?frac|sqrt|times|cdot|div|pi|log|ln|circ|degree|approx|left|right|q?quad"
    r"|rm|bf)(?![a-zA-Z])|\\[^a-zA-Z]"
)
# math-verify's time grows with the cube of the depth and worse. What states an answer is short and flat: of 3,389
# formulas that real responses to GSM8K and MATH end in, the longest has 152 characters.
DEEPEST, LONGEST = 5, 200


def endless(text: str) -> bool:
    """Whether math-verify might work on a text for long: a tower of powers, or brackets in brackets in brackets."""
    depth = deepest = 0
    for bracket in re.findall(r"[(\[{|)\]}]", text):
        depth = max(0, depth + (1 if bracket in "([{|" else -1))
        deepest = max(deepest, depth)
    return deepest > DEEPEST or bool(ENDLESS.search(text))


def worth(text: str) -> float | None:
    """What the formula in a text is worth; None if there is none, or none that is worked out in a moment."""
    text = text.strip().rstrip(".")
    if len(text) > LONGEST or not FORMULA.search(text):
        return None
    if "\\" in KNOWN.sub("", text) or endless(text):
        return None
    from math_verify import parse  # not at the top: it takes two seconds

    # "answer" anywhere would make math-verify look behind it first: "she answered 24 and scored 66".
    text = re.sub(r"(?i)answer", "", text)
    for sign, name in (("*", r"×|\\times(?![a-z])|\\cdot(?![a-z])"), ("/", r"÷|\\div(?![a-z])")):
        text = re.sub(name, sign, text)
    if "\\" not in text:  # then "$" is money, which stands in the way of a sum: $3 + $5
        text = re.sub(r"[$€£]", "", text)
    parsed = parse(text, parsing_timeout=None)
    try:
        value = float(getattr(parsed[0], "rhs", parsed[0]))  # rhs: of x = 5, the 5
    except (IndexError, TypeError, ValueError, OverflowError):
        return None
    return value if math.isfinite(value) else None
