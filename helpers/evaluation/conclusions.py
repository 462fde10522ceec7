"""Which number a statement gives, where it holds several: a box, what is named the answer, or a last sentence."""

import re
from collections.abc import Sequence

from helpers.evaluation.formulas import worth
from helpers.evaluation.numerals import BARE, DIGITS, NUMBER, value

# The 6 of "150 - 144 = 6 miles on day 13". Of GSM8K's 7,473 solutions, read without their "####" line, 196 are
# misread without this and 47 with it.
RESULT = re.compile(rf"=\s*[$€£]?\s*({DIGITS})(?!\s*[-+*/×÷^=]\s*\(?\d)")
# Where the first clause behind "the answer is" ends; not at the bracket of "2 × (3 + 4)".
CLAUSE = re.compile(r"[,;:]\s|(?<![-+*/×÷=^(])\s\(|\s[–—]\s|\s(?:so|or|because|since|as|which|where|for|while)\b")
# Of a sum, a share or dozens, the first number is only a part: "50% of 124, so 62", "3 dozen, or 36".
SUM = re.compile(rf"-?{BARE}(?:\s*\\?[-+*/×÷^]|\s*\\(?:times|div|cdot)\b)\s*[(\[$€£\\]*-?\s*[.\d]")
SHARE = re.compile(
    rf"-?{BARE}(?:/\d+ of|\s*(?:\\?%|percent) of|\s*dozens?|\s*times)\b.*?(?:[,;(]\s|\b(?:so|or|which)\b)(.*\d.*)"
)
# The same anywhere, and lengths in two units, none of which is the answer to one question.
PARTS = re.compile(
    rf"[$€£]?{DIGITS}(?:\s*[-+*/×÷]\s*[$€£]?{DIGITS})+|{DIGITS}\s*(?:\\?%|percent) of\b"
    rf"|{DIGITS} (?:hours?|feet|foot|dollars?|weeks?)(?: and|,)? {DIGITS} (?:minutes?|inch(?:es)?|cents?|days?)"
)
# "Subtracting these leaves 720", "divide 24 by 3 to get 8", "the least number in 8 hours is 12."
GIVES = re.compile(
    rf"\b(?:(?:gives?|leaves?|leaving|results? in|equals?)(?: [a-zA-Z]+){{0,4}}?|to get(?: [a-zA-Z]+){{0,2}}?"
    rf"|(?:is|are)(?=[^\d]*{DIGITS}(?: (?!more|less|fewer)[a-z]+)?[.!]?$)(?: [a-zA-Z]+){{0,4}}?)[\s$€£]+({DIGITS})"
)
COMPARES = re.compile(rf"(?:That|This|It)(?: is|'s) [$€£]?({DIGITS}) (?:\w+ ){{0,2}}?(?:more|less|fewer)\b[^=]*$")
# No concluding sentence is longer, and the patterns below would take long.
LONGEST = 1000
TIME = r"(?:seconds?|minutes?|hours?|days?|weeks?|months?|years?)"

# What leads to a conclusion, and goes where a number is left; and {a text: the number that it gives}.
LEADS = (
    (r"\s\((?!i\.e\.|that is)[^()]*\)", {"18 / 3 = 6. It takes 9 hours (3 already and 6 more).": 9}),
    (r"^.*[,;]\s*so\b(?! that)\s*", {"10 - 1 = 9. Kelly paid 9 dollars and Becky 8, so Kelly paid 1 dollar more.": 1}),
    (r"(?i)^(?:(?:so|thus|hence|then|therefore|but|and|finally|now),?\s+)?(?:since|because|as|if|when|after|before|to"
     r"|for|once|given|while|although|[a-z]+ing)\b[^,]*?,(?!\d)\s*",
     {"6 × 12 = 72 months. Since 72 months are 6 years, the tire lasts 6 years.": 6}),
)  # fmt: skip
# What only explains beside a number, where none of a sentence's numbers was worked out before it.
ASIDES = (
    (rf",? (?:and )?(?:not|rather than|instead of) [$€£]?-?{BARE}[^,.;]*", {"She has 62 pens, not 72.": 62}),
    (rf"\b(?:than|exceeds?) [$€£]?-?{BARE}[^,.;]*", {"Bread costs $4 more than 2 bagels.": 4}),
    (r",? which (?:is|are|means) [^,;]*\b(?:more|less|fewer)\b[^,;]*", {"She has 62 left, which is 3 more.": 62}),
    (rf"(?:\\?%| percent) of [^,;]*?{BARE}", {"She saved 25 percent of her 200 dollars.": 25}),
    (r"\b\d+-[a-z]+", {"He answers 320 emails in a 5-day week.": 320}),
    (r"\b(?:in|by|since|until|from) (?:19|20)\d\d\b", {"He is 62 years old in 2030.": 62}),
    (r"\b(?:in|over|for|after|within|during|every|per|these|those|all)(?: (?:the|a|an|his|her|their|its|these|those|all"
     rf"|course|of|first|last|next|past|full))* {BARE}\s(?:more )?{TIME}\b",
     {"She picked 62 apples over the 5 days.": 62}),
)  # fmt: skip


def concluded(statement: str) -> int | float | None:
    """What a statement's last clause has after "=", a formula's value, or the last number."""
    clauses = [part for part in re.split(r"[,;]\s|\bso\b", statement) if NUMBER.search(part)]
    results = RESULT.findall(clauses[-1]) if clauses else []
    if results:
        return value(results[-1])
    found = worth(statement)
    if found is not None:
        return value(str(found))
    numbers = NUMBER.findall(statement)
    return value(numbers[-1]) if numbers else None


def named(said: str) -> int | float | None:
    """The number that is said right behind "the answer is", or what the sum there comes to."""
    share = SHARE.match(said)
    if share:
        return concluded(share[1])
    clause = CLAUSE.split(said, maxsplit=1)[0]
    number = NUMBER.match(clause)
    if number and "=" not in clause and not SUM.match(clause):
        return value(number.group())
    return concluded(clause)


def repeated(sentence: str, before: Sequence[str]) -> int | float | None:
    """The last result "= x" of the sentences before that stands in a sentence with several numbers."""
    if len(sentence) > LONGEST or "=" in sentence:
        return None
    numbers = set(map(value, NUMBER.findall(PARTS.sub("", sentence))))
    return next((x for x in reversed(_results(before)) if x in numbers), None) if len(numbers) > 1 else None


def last(sentences: Sequence[str]) -> int | float | None:
    """The number that a response's last sentence with a number gives."""
    found = [i for i, sentence in enumerate(sentences) if NUMBER.search(sentence)]
    if len(found) > 1 and _compares(sentences[found[-1]], _results(sentences[: found[-1]])):
        found.pop()
    if not found:
        return None
    before, sentence = sentences[: found[-1]], sentences[found[-1]]
    if len(sentence) > LONGEST:
        return concluded(sentence)
    sentence = _without(LEADS, sentence)
    if "=" in sentence:
        return concluded(sentence)
    given = GIVES.findall(sentence)
    if given:
        return value(given[-1])
    result = repeated(sentence, before)
    return concluded(_without(ASIDES, sentence)) if result is None else result


def _results(sentences: Sequence[str]) -> list[int | float]:
    return list(map(value, RESULT.findall("\n".join(sentences))))


def _compares(sentence: str, results: list[int | float]) -> bool:
    """Whether a sentence only compares with what was worked out: "That is 3 more than Tom", and no 3 was."""
    found = COMPARES.match(sentence)
    return bool(found and results and value(found[1]) not in results)


def _without(rows: Sequence[tuple[str, dict]], sentence: str) -> str:
    """The sentence without what the rows' patterns find, as long as a number is left."""
    for pattern, _ in rows:
        rest = re.sub(pattern, "", sentence)
        if NUMBER.search(rest):
            sentence = rest
    return sentence
