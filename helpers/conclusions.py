"""Which number a statement gives, where it holds several: a box, what is named the answer, or a sentence."""

import re

from helpers.formulas import worth
from helpers.numerals import BARE, DIGITS, NUMBER, value

# The 6 of "150 - 144 = 6 miles on day 13". Of GSM8K's 7,473 solutions, read without their "####" line, 202 are
# misread without this and 67 with it.
RESULT = re.compile(rf"=\s*[$€£]?\s*({DIGITS})(?!\s*[-+*/×÷^=]\s*\(?\d)")
# Where the first clause behind "the answer is" ends; not at the bracket of "2 × (3 + 4)".
CLAUSE = re.compile(r"[,;:]\s|(?<![-+*/×÷=^(])\s\(|\s[–—]\s|\s(?:so|or|because|since|as|which|where|for|while)\b")
# Of a sum, a share or dozens, the first number is only a part: "50% of 124, so 62", "3 dozen, or 36".
SUM = re.compile(rf"-?{BARE}(?:\s*\\?[-+*/×÷^]|\s*\\(?:times|div|cdot)\b)\s*[(\[$€£\\]*-?\s*[.\d]")
SHARE = re.compile(
    rf"-?{BARE}(?:/\d+ of|\s*(?:\\?%|percent) of|\s*dozens?|\s*times)\b.*?(?:[,;(]\s|\b(?:so|or|which)\b)(.*\d.*)"
)


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
