"""Before anything is trained: what could go wrong with a pair, its questions and a method, each finding with its mend.

```python
from helpers.preflight import preflight

preflight(tier, SEED, "logits")
```
"""

from pathlib import Path

from datasets import Dataset

from helpers import questions
from helpers.evaluation import Benchmark
from helpers.preflight import answers, pair
from helpers.preflight.findings import GOOD, STOP, Finding, Report
from helpers.tiers import EndpointSpec, Tier
from helpers.traces import ANSWER
from helpers.traces.filtering import tokens_of

__all__ = ["METHODS", "Finding", "Report", "preflight"]

# Whom each method teaches, unless another is named.
METHODS = {
    "token": "student", "logits": "sibling", "cached": "sibling", "cross-tokenizer": "student", "on-policy": "sibling",
}  # fmt: skip
LEAST = 0.5  # right answers of the teacher, below which more is learnt from its mistakes than from it
READ = 200  # training questions whose lengths are looked at


def preflight(
    tier: Tier, seed: int = 0, method: str = "token", rows: Dataset | None = None, role: str | None = None, n: int = 24,
    least: float = LEAST, weights: bool = True, override: bool = False, start: Path | str | None = None,
) -> Report:  # fmt: skip
    """Looks at a pair, its questions and its traces before a training, and refuses one that would be in vain.

    Args:
        tier: models, data and settings. A teacher behind a server is asked n questions, which may cost something.
        seed: of the questions that are drawn.
        method: one of METHODS.
        rows: traces, if there are some: their lengths are looked at too.
        role: who learns, "student" or "sibling"; as METHODS says if None.
        n: how many validation questions teacher and student answer; all there are, if they are fewer.
        least: the share of right answers that is wanted of the teacher. It is refused where the whole interval at this
            n lies below.
        weights: whether the models are loaded and asked; without, tokenizers and settings alone are looked at.
        override: whether what is found stops nothing.
        start: the folder of the adapter with which who learns begins; None for the bare model.

    Returns:
        What was found, which shows itself as a table.

    Raises:
        ValueError: for a method that is none, for a role that the tier has not, and, the table printed, where something
            stops the training and `override` is not set; as `questions.draw`.
        RuntimeError: as `generation.Endpoint.answers`.
    """
    if method not in METHODS:
        raise ValueError(f"there is no method called {method!r}; choose from {', '.join(METHODS)}")
    role = role or METHODS[method]
    if getattr(tier, role, None) is None or role == "teacher":
        raise ValueError(f"the {tier.name} tier has no {role}: name role='student', or a method that teaches another")
    report, served = Report(), isinstance(tier.teacher, EndpointSpec)
    if served:
        told = "behind a server, which gives its words alone"
        report.add("teacher", GOOD if method == "token" else STOP, told, "learn its words: method='token'")
    student, teacher = pair.side(tier, role, report), None if served else pair.side(tier, "teacher", report)
    if student:
        _pair(report, tier, seed, method, rows, student, teacher)
    if weights and student and (override or not report.stops):
        fit = not report.stops
        exam = Benchmark(questions.draw(tier, "validation", n, seed, fewer=True))
        if served:
            print(f"{len(exam.asked)} questions are put to {tier.teacher.name}: once, whatever that costs")
        taught = answers.teacher(report, tier, exam, least)
        said = answers.student(report, tier, exam, role, taught, start)
        if method == "on-policy" and fit:
            answers.own_text(report, tier, exam, role, said, start)
    if report.stops and not override:
        print(report)
        report.refuse()
    return report


def _pair(report: Report, tier: Tier, seed: int, method: str, rows: Dataset | None, student, teacher) -> None:
    """What needs no weights."""
    same = pair.tokens(report, method, student, teacher) if teacher else False
    for one in filter(None, (teacher, student)):
        pair.vocabulary(report, method, one)
        pair.ends(report, one)
        report.add(f"{one.who}: thinking", GOOD, pair.thinking(one.tokenizer))
    if same and method in pair.ONE_BY_ONE and not report.stops:
        pair.template(report, tier, student, teacher)
    if teacher and method == "cross-tokenizer":
        pair.coverage(report, student, teacher)
    asked = [problem.question for problem in questions.draw(tier, "train", min(READ, tier.traces), seed, fewer=True)]
    learnt = [tokens_of(tier, row["question"], row[ANSWER], student.who) for row in rows or ()]
    pair.room(report, tier, student, teacher, asked, learnt)
