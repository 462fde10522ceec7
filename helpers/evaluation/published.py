"""GSM8K's test split: scores beside published ones, counted a second time by math-verify, and paired with before."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tqdm.auto import tqdm

from helpers.evaluation import scoring
from helpers.evaluation.benchmark import Benchmark, Responses
from helpers.evaluation.formulas import endless
from helpers.evaluation.reading import final_answer
from helpers.evaluation.statistics import mcnemar, p_text, paired_bootstrap, wilson
from helpers.evaluation.tables import Table
from helpers.tiers import Tier

if TYPE_CHECKING:
    from helpers.generation.with_transformers import Answer


@dataclass(frozen=True)
class Published:
    """A model's share of right answers on GSM8K's test split, as its makers report it."""

    value: float
    how: str
    source: str

    def __str__(self) -> str:
        return f"{self.value:.1%} ({self.how})"


# None: its makers report no figure.
PUBLISHED: dict[str, Published | None] = {
    "google/gemma-3-1b-it": Published(0.628, "0-shot", "Gemma 3 Technical Report, 2025, arXiv 2503.19786"),
    "google/gemma-3-270m-it": None,
    "Qwen/Qwen3-4B-Thinking-2507": None,
    "Qwen/Qwen3-0.6B": None,
}


def gsm8k(
    exam: Benchmark, before: Responses, after: Responses, teacher: Responses, tier: Tier, seed: int = 0
) -> Table | None:
    """Right answers on GSM8K, a row a model; None where problems are made here or the reader's own.

    published: the makers' own figure; they asked the model in 16 bits and with their own prompt, so a score here is to
    be compared with this series' own score before, and the figure says whether that is in the right region.
    right: with Wilson's interval. by math-verify: the same answers, counted by that library alone. gain: over before,
    on the same questions, with the paired bootstrap's interval and McNemar's p. ended: that stopped by themselves.
    """
    if tier.data.made_here or tier.data.own:
        return None
    first = scoring.right(before.asked, exam.asked)
    rows = []
    for name, sheet, reported in (
        ("student before", before, PUBLISHED.get(tier.student.name)),
        ("student after", after, None),
        ("teacher", teacher, PUBLISHED.get(tier.teacher.name)),
    ):
        right = scoring.right(sheet.asked, exam.asked)
        counts = right, by_math_verify(sheet.asked, exam.asked), [answer.ended for answer in sheet.asked]
        ours, theirs, ended = (wilson(sum(hits), len(hits)) for hits in counts)
        gain = None
        if sheet is not before:
            gain = f"{paired_bootstrap(first, right, seed)}, {p_text(mcnemar(first, right))}"
        rows.append((name, reported, ours, theirs, gain, ended))
    return Table((f"{len(exam.asked):,} questions", "published", "right", "by math-verify", "gain", "ended"), rows)


def by_math_verify(answers: "Sequence[Answer]", problems: Sequence) -> list[bool]:
    """[problems], whether math-verify finds each answer equal to the gold one; of the reasoning it is shown nothing.

    Text on which its algebra would not end is counted as wrong.
    """
    pairs = list(zip(answers, problems, strict=True))
    return [
        _verified(final_answer(answer.whole), problem.answer)
        for answer, problem in tqdm(pairs, desc="math-verify", delay=5, leave=False)
    ]


def _verified(said: str, gold: tuple) -> bool:
    said = said[-1000:]
    if len(gold) != 1 or not said or endless(said):
        return False
    from math_verify import parse, verify  # not at the top: it takes two seconds

    # Its time limits rest on signals, which work in no thread and not in every notebook.
    wanted, found = parse(str(gold[0]), parsing_timeout=None), parse(said, parsing_timeout=None)
    return verify(wanted, found, timeout_seconds=None)
