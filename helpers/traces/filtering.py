"""Which traces are kept: one verdict each, and every reason for dropping counted."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache

from datasets import Dataset

from helpers import models
from helpers.evaluation import kinds
from helpers.generation.with_transformers import Answer
from helpers.models.kinds import Tokenizer
from helpers.problems import Problem
from helpers.questions import Question
from helpers.tiers import Tier
from helpers.traces.store import ANSWER, as_dataset

REASONS = ("truncated", "no </think>", "wrong answer", "too long", "duplicate")
NO_AGREEMENT = "no agreement"  # in the place of "wrong answer", where nobody knows the right one


def verdict(
    answer: Answer, problem: Problem | Question, seen: set[tuple[str, str]], tier: Tier, limit: int | None = None
) -> str:
    """Whether a trace is kept: "kept", or the first of REASONS that holds.

    truncated: it did not end by itself. no </think>: not exactly one `<think>` with one `</think>` after it.
    wrong answer: what follows the reasoning is not the gold answer, as the problem's kind reads it. Where nobody knows
    that, "no agreement": most of the teacher's samples say something else, or not the same. too long: with its prompt
    it has more tokens than the limit. duplicate: it is in `seen`.

    Args:
        answer: the trace.
        problem: its question and gold answer.
        seen: (question, text) of what was kept so far; it stays as it is.
        tier: whose student counts the tokens.
        limit: of tokens, tier.max_length if None.
    """
    text = whole(answer)
    first = next((why for why, holds in _faults(answer, problem, tier, limit).items() if holds()), None)
    return first or ("duplicate" if (problem.question, text) in seen else "kept")


def _faults(
    answer: Answer, problem: Problem | Question, tier: Tier, limit: int | None = None
) -> dict[str, Callable[[], bool]]:
    text, most = whole(answer), tier.max_length if limit is None else limit
    wrong = NO_AGREEMENT if kinds.of_problem(problem).name == "none" else "wrong answer"
    return {
        "truncated": lambda: not answer.ended,
        "no </think>": lambda: re.findall("</?think>", text) != ["<think>", "</think>"],
        wrong: lambda: not kinds.right(text, problem),
        "too long": lambda: tokens_of(tier, problem.question, text) > most,
    }


def faults(row: dict, tier: Tier) -> set[str]:
    """All that speaks against a row: those of REASONS that hold, each by itself, where `verdict` names the first.

    Whether it is a duplicate depends on other rows and is not asked here. row, tier: as `judge`; its gold is known.
    """
    problem = Question(row["question"], tuple(row["gold"]), row["family"], tier.data.kind)
    answer = Answer(row[ANSWER], row["tokens"], row["ended"])
    return {why for why, holds in _faults(answer, problem, tier).items() if holds()}


def verify(tier: Tier, dataset: Dataset, limit: int | None = None) -> tuple[Dataset, Counter]:
    """The rows that are kept, in their order, and how many got which verdict.

    Args:
        tier: as `verdict`.
        dataset: with the columns of `collect`; its verdicts are found anew.
        limit: as `verdict`.
    """
    rows = dataset.to_list()
    found = judge(rows, tier, limit)
    kept = [{**row, "verdict": one} for row, one in zip(rows, found, strict=True) if one == "kept"]
    return as_dataset(kept, dataset.info.description), Counter(found)


def judge(rows: Sequence[dict], tier: Tier, limit: int | None = None) -> list[str]:
    """The verdict on each row, [rows]; where nobody knows the answers, by what most samples of a question say."""
    kind = tier.data.kind
    golds = {one.question: one.gold for one in agreement(rows)} if kind == "none" else {}
    seen, found = set(), []
    for row in rows:
        answer = Answer(row[ANSWER], row["tokens"], row["ended"])
        problem = Question(row["question"], golds.get(row["question"], tuple(row["gold"])), row["family"], kind)
        found.append(verdict(answer, problem, seen, tier, limit))
        if found[-1] == "kept":
            seen.add((problem.question, answer.whole))
    return found


@dataclass(frozen=True)
class Agreed:
    """What the samples of a question say.

    Attributes:
        question: what was asked.
        gold: what more than half of them answer, as a gold answer; () where they do not agree.
        share: of them that give the most frequent answer.
        samples: how many there are; one that was cut off gives no answer.
    """

    question: str
    gold: tuple[str, ...]
    share: float
    samples: int


def agreement(rows: Iterable[dict]) -> list[Agreed]:
    """How far the samples of each question agree, in the order of the questions; `kinds.agreed` says what it is worth.

    Args:
        rows: as `collect` gives them.
    """
    texts: dict[str, list[str]] = {}
    for row in rows:
        texts.setdefault(row["question"], []).append(row[ANSWER] if row["ended"] else "")
    found = []
    for question, each in texts.items():
        answer, share = kinds.agreed(each)
        found.append(Agreed(question, () if answer is None else (answer,), share, len(each)))
    return found


def short_enough(
    tier: Tier, rows: Sequence[dict], role: str, length: Callable[[dict], int] | None = None, told: str = "traces have"
) -> list[dict]:
    """The rows that have no more tokens than tier.max_length as a role counts, the "student" or the "sibling".

    A trainer would cut the others, their end with them. "kept" goes by the student's count alone. How many are left out
    is printed, if any.

    Args:
        tier: its max_length.
        rows: traces, or what `length` takes.
        role: who counts.
        length: the tokens of a row; those of question and trace if None.
        told: what the rows are, as the sentence about them goes on with "more than ... tokens".

    Raises:
        ValueError: where none is short enough, and as `models.load_tokenizer`.
    """
    length = length or (lambda row: tokens_of(tier, row["question"], row[ANSWER], role))
    found = [row for row in rows if length(row) <= tier.max_length]
    if len(found) < len(rows):
        many = f"{len(rows) - len(found):,} of {len(rows):,} {told}"
        why = f"{many} more than {tier.max_length:,} tokens, as the {role} counts"
        if not found:
            raise ValueError(f"{why}: nothing is left to learn; take a larger max_length")
        print(f"{why}, and are left out")
    return found


def length_slips(tier: Tier) -> dict[Callable, str]:
    """Keeping the rows up to a limit as beginners write it, and what is wrong with it: for `check.function`."""
    return {
        lambda rows, limit: [row for row in rows if tokens_of(tier, row["question"], row[ANSWER]) < limit]: (
            "the limit itself is allowed"
        ),
        lambda rows, limit: [row for row in rows if row["tokens"] <= limit]: (
            "the teacher counted these, without the question"
        ),
    }


def whole(answer: Answer) -> str:
    """The text with the `<think>` that the prompt opened, unless the teacher wrote it once more itself."""
    return answer.text if answer.text.lstrip().startswith("<think>") else answer.whole


def chat(question: str, text: str) -> list[dict[str, str]]:
    """The user's turn and the assistant's."""
    return [{"role": "user", "content": question}, {"role": "assistant", "content": text}]


@cache
def student_tokenizer(tier: Tier, role: str = "student") -> Tokenizer:
    """The student's tokenizer, or the sibling's, loaded once. Raises as `models.load_tokenizer`."""
    return models.load_tokenizer(tier, role)


def tokens_of(tier: Tier, question: str, text: str, role: str = "student") -> int:
    """How many tokens the student, or the sibling, sees: prompt, trace and what the template puts around them."""
    tokenizer = student_tokenizer(tier, role)
    rendered = tokenizer.apply_chat_template(chat(question, text), tokenize=False)
    return len(tokenizer(rendered, add_special_tokens=False).input_ids)
