"""A gold answer as it stands in a file, for each kind of answers; what cannot be read is said, with its mend."""

import ast
import json
import math
import re
from collections.abc import Sequence

GOLD = re.compile(r"####\s*\$?(-?(?:\d[\d,]*(?:\.\d+)?|\.\d+))\s*$")
PLAIN = re.compile(r"\s*[$€£]?\s*(-?(?:\d[\d,]*(?:\.\d+)?|\.\d+))\s*%?\s*")
# 1,234,567 and, as in India, 12,34,567; not 1,2 nor 28,4 nor 0,500, whose commas may be decimal points.
GROUPED = re.compile(r"-?(?:\d*|[1-9]\d{0,2}(?:,\d{3})+|[1-9]\d?(?:,\d{2})+,\d{3})(?:\.\d+)?")
SEVERAL = re.compile(r"\s*(?:;|\band\b)\s*")
LETTERS = "ABCDEFGHIJ"
LISTED = re.compile(r"^[ \t]*\(?([A-J])[).:][ \t]+(\S.*?)[ \t]*$", re.MULTILINE)
LETTER = re.compile(r"\(?([A-Ja-j])[).:]?")


def behind_the_mark(answer: str, unit: str = "line") -> int | float:
    """The number with which a solution of GSM8K ends; `unit` is what holds it, for messages.

    Raises:
        ValueError: where there is none, or more than one way to read it.
    """
    found = GOLD.search(answer)
    if not found:
        raise ValueError(f"the answer does not end in its number, as in '#### 18': add or remove the {unit}")
    return worth(found[1], unit)


def worth(written: str, unit: str = "line") -> int | float:
    """What a number in digits is worth, with commas between groups or without. unit: as above.

    Raises:
        ValueError: where its commas may be read in two ways, or it has too many digits.
    """
    number = written.replace(",", "")
    if not GROUPED.fullmatch(written):
        raise ValueError(f"the comma in {written!r} may be a decimal point or not; write 1234 and 1.5")
    if sum(map(str.isdigit, number)) > 15:
        raise ValueError(f"{number} has more than 15 digits, and no exact value; remove the {unit}")
    value = float(number)
    return int(value) if value.is_integer() else value


def read(kind: str, raw: object, options: Sequence[str] = ()) -> tuple:
    """A gold answer of a kind, as a Question holds it: numbers for "number", else texts.

    number: the numbers asked for, in their order, from 18, "18", "$1,234", "#### 18", [28, 4] or "28 and 4"; [] for a
    problem that cannot be true. text: each text that is right, from one or a list. choice: the letter, and then all
    that can be chosen, as far as it is known. code: the test. none: (). A function's: what it is given, as JSON.

    Args:
        kind: as `tiers.kinds.named` gives it.
        raw: what stands in the file.
        options: of a choice, what can be chosen, in order.

    Raises:
        ValueError: saying what is wrong, without its place.
    """
    if kind == "none":
        return ()
    if raw is None or (isinstance(raw, str) and not raw.strip()):
        raise ValueError(f"the answer is {raw!r}: add one, or say kind='none' where nobody knows them")
    if kind == "choice":
        return _choice(raw, options)
    return {"number": _numbers, "text": _texts, "code": _test}.get(kind, _any)(raw)


def listed(question: str) -> list[str]:
    """What a question itself offers to choose from, in lines that begin with A), B) and so on; [] if it does not."""
    found = LISTED.findall(question)
    return [text for _, text in found] if [one for one, _ in found] == [*LETTERS[: len(found)]] else []


def laid_out(question: str, options: Sequence[str]) -> str:
    """A question with its options behind it, a line each: A), B) and so on."""
    return "\n".join([question.rstrip(), *(f"{letter}) {one}" for letter, one in zip(LETTERS, options, strict=False))])


def options_of(raw: object) -> list[str]:
    """What can be chosen, from a column: a list, texts with | between, or {"text": [...]}.

    Raises:
        ValueError: for fewer than two, for more than ten, and for two that are alike.
    """
    each = raw.split("|") if isinstance(raw, str) else raw.get("text") if isinstance(raw, dict) else raw
    found = [str(one).strip() for one in each] if isinstance(each, Sequence) else []
    if not 2 <= len(found) <= len(LETTERS) or not all(found) or len(set(found)) < len(found):
        raise ValueError(
            f"the options are {raw!r}: 2 to {len(LETTERS)} different texts are needed, a list, or with | between"
        )
    return found


def _numbers(raw: object) -> tuple[int | float, ...]:
    if isinstance(raw, list | tuple):
        return tuple(number for one in raw for number in _numbers(one))
    if isinstance(raw, int) and not isinstance(raw, bool):
        return (worth(str(raw)),)
    if isinstance(raw, float) and math.isfinite(raw):
        return (int(raw) if raw.is_integer() else raw,)
    if isinstance(raw, str) and "####" in raw:
        return (behind_the_mark(raw),)
    found = [PLAIN.fullmatch(part) for part in SEVERAL.split(raw)] if isinstance(raw, str) else [None]
    if not all(found):
        raise ValueError(f"the answer {raw!r} is no number, as in 18, or '28 and 4'; say kind='text' if it is a text")
    return tuple(worth(one[1]) for one in found)


def _texts(raw: object) -> tuple[str, ...]:
    texts = [str(one) for one in raw] if isinstance(raw, list | tuple) else [raw]
    if not texts or not all(isinstance(one, str | int | float) and str(one).strip() for one in texts):
        raise ValueError(f"the answer {raw!r} is no text, nor a list of texts that are right: mend or remove it")
    return tuple(map(str, texts))


def _choice(raw: object, options: Sequence[str]) -> tuple[str, ...]:
    letters = LETTERS[: len(options)] if options else LETTERS[:5]
    said = str(raw).strip()
    same = [letter for letter, one in zip(letters, options, strict=False) if one.strip() == said]
    letter = LETTER.fullmatch(said)
    if len(same) == 1:
        return (same[0], *options)
    if letter and letter[1].upper() in letters:
        return (letter[1].upper(), *options)
    known = f", and none of its options: {', '.join(options)}" if options else ""
    raise ValueError(f"the answer {raw!r} is no letter from {letters[0]} to {letters[-1]}{known}: mend it")


def _test(raw: object) -> tuple[str]:
    if not isinstance(raw, str):
        raise ValueError(f"the answer {raw!r} is no test: a text of Python is needed, as 'assert add(1, 2) == 3'")
    try:
        ast.parse(raw)
    except (SyntaxError, ValueError) as error:
        raise ValueError(f"the test is no Python ({error}): mend {raw.strip().splitlines()[0]!r}") from None
    return (raw,)


def _any(raw: object) -> tuple[str]:
    return (json.dumps(raw, ensure_ascii=False),)
