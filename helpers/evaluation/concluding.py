"""What a response concludes with, where that is no number: a text, or one of several options."""

import re
import unicodedata
from collections.abc import Sequence

from helpers.evaluation.reading import final_answer
from helpers.questions.gold import LETTERS

# "The answer is Paris", "Final answer: Paris", "#### Paris": up to the end of the line.
CONCLUDED = re.compile(r"(?:\banswer\b[*_ \t]*(?:is\b|:|=)[: \t]*|####[ \t]*)([^\n]+)", re.IGNORECASE)
BOXED = re.compile(r"\\boxed\s*\{((?:[^{}]|\{[^{}]*\})*)\}")
SET = re.compile(r"\\(?:text|mathrm|mathbf|textbf)\s*\{([^{}]*)\}")
# "B", "(b)", "B) Paris", "option B: Paris": a word for a choice, a bracket, the letter, a mark, and what follows.
CHOSEN = re.compile(r"((?:option|choice)\s+)?(\(?)([A-J])\b([).:,;]?)\s*(.*)", re.IGNORECASE | re.DOTALL)
NAMED = re.compile(r"(?:\b(?:option|choice)\s+\(?|\()([A-J])\b\)?")
WHY = re.compile(r"(?:because|since|as|[(–-])", re.IGNORECASE)


def concluded(text: str) -> str:
    """What a response concludes with: in the last box, behind the last "answer is", or else its last line."""
    answer = final_answer(text)
    boxes, named = BOXED.findall(answer), CONCLUDED.findall(answer)
    lines = [line for line in answer.splitlines() if line.strip(" *_`#$-")]
    return (boxes or named or lines or [""])[-1].strip()


def normalised(text: str) -> str:
    """A text in small letters, one space between words, without what only dresses it up.

    That is: Unicode's compatible form (NFKC), LaTeX's \\text{}, asterisks, underscores at its ends, quotes around it,
    and full stops, commas and the like at its end.
    """
    text = SET.sub(r"\1", unicodedata.normalize("NFKC", text)).replace("’", "'").replace("*", "").casefold()
    return " ".join(text.split()).strip(" _`\"'“”„«»$.,;:!?")


def chosen(text: str, options: Sequence[str] = ()) -> str | None:
    """The letter of the option that a response concludes with; None for none, and where letter and text do not fit.

    Args:
        text: the response.
        options: what can be chosen, in order; without them, A to E, and the letter alone is read.
    """
    said, texts = concluded(text), [normalised(one) for one in options]
    letters = LETTERS[: len(texts)] if texts else LETTERS[:5]
    if normalised(said) in texts:
        return letters[texts.index(normalised(said))]
    found = CHOSEN.match(SET.sub(r"\1", said).strip(" *_`\"'$").replace("*", ""))
    if found and found[3].upper() in letters:
        letter, behind = found[3].upper(), normalised(found[5])
        # Of "Paris" and "Paris, Texas" the longer one is meant where both fit.
        longest = sorted(zip(texts, letters, strict=False), key=lambda pair: -len(pair[0]))
        fits = next((one for option, one in longest if re.match(rf"{re.escape(option)}(?!\w)", behind)), None)
        # "A train is faster" does not choose A.
        if fits or found[1] or found[2] or found[4] or not behind or WHY.match(behind):
            return letter if fits in (None, letter) else None
    there = {one for one in NAMED.findall(said) if one in letters}
    return there.pop() if len(there) == 1 else None
