"""Kinds of answers: how a gold answer is read, how an answer is pulled out of a response, and what is right."""

import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from helpers import tiers
from helpers.evaluation import running
from helpers.evaluation.concluding import chosen, concluded, normalised
from helpers.evaluation.reading import final_answer, is_right, read_answer, says_impossible
from helpers.questions import gold as golds

FENCED = re.compile(r"```[ \t]*(?:python|py|python3)?[ \t]*\n(.*?)```", re.DOTALL | re.IGNORECASE)


@dataclass(frozen=True)
class Kind:
    """A kind of answers, by its name in a tier.

    Args:
        name: as `tiers.kinds.named` gives it.
    """

    name: str

    def gold(self, raw: object, options: Sequence[str] = ()) -> tuple:
        """A gold answer from what stands in a file.

        Args:
            raw: what stands there.
            options: of a choice, what can be chosen.

        Raises:
            ValueError: saying what cannot be read.
        """
        return golds.read(self.name, raw, options)

    def read(self, text: str, gold: tuple = ()) -> object:
        """What a response answers; None if nothing.

        Args:
            text: the response.
            gold: of the question, for the options of a choice and how many numbers are asked for.
        """
        raise NotImplementedError

    def right(self, text: str, gold: tuple) -> bool:
        """Whether a response ends in the gold answer."""
        return self.read(text, gold) in gold[:1]

    def told(self, gold: Sequence) -> str:
        """A gold answer as it is shown; "" for none."""
        return ", ".join(map(str, gold))


class Number(Kind):
    """One number or several, in the order asked for; () says that the problem cannot be true. `reading` reads them."""

    def read(self, text: str, gold: tuple = ()) -> tuple[int | float, ...] | None:
        """The numbers with which a response concludes."""
        return read_answer(text, len(gold) or None) or None

    def right(self, text: str, gold: tuple) -> bool:
        """As `reading.is_right`."""
        return is_right(text, gold)


class Text(Kind):
    """A text that is exactly one of those that are right, after `normalised`."""

    def read(self, text: str, gold: tuple = ()) -> str | None:
        """The text with which a response concludes, normalised."""
        return normalised(concluded(text)) or None

    def right(self, text: str, gold: tuple) -> bool:
        """Whether it is one of the gold ones, normalised."""
        return self.read(text) in {normalised(str(one)) for one in gold}


class Choice(Kind):
    """One of several: by its letter, or by its text word for word. Both, where they do not fit, is none."""

    def told(self, gold: Sequence) -> str:
        """The letter, and what it stands for where that is known."""
        return ") ".join([gold[0], *gold[1:][golds.LETTERS.index(gold[0]) :][:1]])

    def read(self, text: str, gold: tuple = ()) -> str | None:
        """The letter of what a response chooses."""
        return chosen(text, gold[1:])


class Code(Kind):
    """Python that a test runs: `running.run`, which says what it protects from and what not."""

    def read(self, text: str, gold: tuple = ()) -> str | None:
        """The last block of code behind the reasoning; all that stands there, where there is no block."""
        answer = final_answer(text)
        blocks = FENCED.findall(answer)
        return (blocks[-1] if blocks else answer) or None

    def right(self, text: str, gold: tuple) -> bool:
        """Whether the test passes."""
        code = self.read(text)
        return code is not None and running.run(code, gold[0]) == running.PASSED


class Function(Kind):
    """A function (answer, gold) -> bool of the reader's: of what stands behind the reasoning, and in the file."""

    def read(self, text: str, gold: tuple = ()) -> str | None:
        """What stands behind the reasoning."""
        return final_answer(text) or None

    def right(self, text: str, gold: tuple) -> bool:
        """What the function says. Raises ValueError where it fails, or says neither True nor False."""
        answer, wanted = final_answer(text), json.loads(gold[0])
        try:
            found = tiers.kinds.function(self.name)(answer, wanted)
        except Exception as error:
            what = f"{type(error).__name__}: {error}"
            raise ValueError(f"{self.name} failed on the answer {answer[:80]!r} to {wanted!r}: {what}") from error
        if found not in (True, False):
            raise ValueError(f"{self.name} gave {found!r} for the answer {answer[:80]!r}: True or False is needed")
        return bool(found)


class Nothing(Kind):
    """No gold answer: what most of several samples say stands for it (`agreed`), and nothing is right without it."""

    def read(self, text: str, gold: tuple = ()) -> str | None:
        """What a response concludes with, so that it can be compared: its numbers, or else its text, normalised."""
        if says_impossible(text):
            return "no answer"
        said = concluded(text)
        numbers = read_answer(said)
        return ", ".join(f"{one:.10g}" for one in numbers) or normalised(said) or None


KINDS = {"number": Number, "text": Text, "choice": Choice, "code": Code, "none": Nothing}


def of(name: str) -> Kind:
    """The kind of a name.

    Raises:
        ValueError: for a name of none.
    """
    if name in KINDS:
        return KINDS[name](name)
    return Function(tiers.kinds.named(name))


def of_problem(problem: object) -> Kind:
    """The kind of a problem's answer; one that does not say asks for numbers."""
    return of(getattr(problem, "answer_kind", "number"))


def read(text: str, problem: object) -> object:
    """What a response to a problem answers, by the problem's kind; None if nothing can be read."""
    return of_problem(problem).read(text, problem.answer)


def right(text: str, problem: object) -> bool:
    """Whether a response to a problem is right, by the problem's kind."""
    return of_problem(problem).right(text, problem.answer)


def agreed(texts: Sequence[str]) -> tuple[str | None, float]:
    """What most samples of one question say, and the share of all samples that say it.

    The answer is None, and the share that of the most frequent one, unless more than half say it, and at least two.
    A share is worth as much as the samples are independent: what one model gets wrong every time, it agrees on. So it
    is a weak verifier: a filter for what the teacher is sure of, and no measure of what is right.

    Source: Wang et al. 2022, "Self-Consistency Improves Chain of Thought Reasoning in Language Models" (arXiv
    2203.11171).

    Args:
        texts: whole responses; one without an answer agrees with none.

    Raises:
        ValueError: for no samples.
    """
    if not texts:
        raise ValueError("there are no samples to compare")
    votes = Counter(filter(None, map(of("none").read, texts)))
    answer, most = votes.most_common(1)[0] if votes else (None, 0)
    return (answer if most >= 2 and most * 2 > len(texts) else None), most / len(texts)
