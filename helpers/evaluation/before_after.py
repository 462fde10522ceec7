"""Models before and after their lessons: one exam for all, the probe with impossible problems, tables of figures."""

from collections.abc import Mapping
from itertools import count
from math import comb
from statistics import fmean

from helpers.evaluation.benchmark import Benchmark, Responses
from helpers.evaluation.error_analysis import REASONS, reason
from helpers.evaluation.facts import named_right
from helpers.evaluation.scoring import TwinScore, accuracy, right, score_twins
from helpers.evaluation.statistics import Estimate, mcnemar, wilson

# Whose figures lie under which keys, and what they are called.
WHO = {"before": "student before", "after": "student after", "teacher": "teacher"}
ACCURACY = {"before": "student_before.accuracy", "after": "student_after.accuracy", "teacher": "teacher.accuracy"}
_EACH = {
    "impossible.{}.detected": "impossible noticed", "impossible.{}.named": "of the noticed, right facts named",
    "impossible.{}.false_alarms": "false alarms", "ended.{}": "answers that ended", "tokens.{}": "tokens of an answer",
}  # fmt: skip
# What the rows of the last table are called.
NAMES = {
    **{key: f"{WHO[who]}: right answers" for who, key in ACCURACY.items()},
    **{key.format(who): f"{name}: {what}" for key, what in _EACH.items() for who, name in WHO.items()},
    "student_after.retained": "student after: part of the teacher's accuracy",
    "mcnemar.before_after": "student before → after (McNemar)",
    "mcnemar.after_teacher": "student after → teacher (McNemar)",
    "impossible.pairs": "pairs of twins", "parameters.teacher": "teacher: parameters",
    "parameters.student": "student: parameters", "seconds": "seconds that the notebook took",
}  # fmt: skip


def probe(exam: Benchmark, sheets: Mapping[str, Responses]) -> dict[str, TwinScore]:
    """For each model by its name, how it told impossible problems from their twins; {} where there are no pairs.

    What counts as noticing is the exam's: `reading.says_impossible` for the twins that are made here,
    `missing_premise.notices` for questions that lack something.
    """
    if not exam.pairs:
        return {}
    return {name: score_twins(exam.pairs, one.solvable, one.impossible, exam.noticed) for name, one in sheets.items()}


def scores(exam: Benchmark, sheets: Mapping[str, Responses]) -> dict[str, dict[str, Estimate | None]]:
    """For each model by its name: "accuracy", "false_alarms" and "detected"; these two are None without pairs."""
    probed = probe(exam, sheets)
    return {
        name: {
            "accuracy": accuracy(sheet.asked, exam.asked),
            "false_alarms": probed[name].false_alarms if probed else None,
            "detected": probed[name].detected if probed else None,
        }
        for name, sheet in sheets.items()
    }


def reasons(exam: Benchmark, sheet: Responses) -> dict[str, list[int]]:
    """For each of REASONS, which test problems the model got wrong for it, by their place in the exam."""
    found = [reason(problem, answer) for problem, answer in zip(exam.asked, sheet.asked, strict=True)]
    return {one: [i for i, why in enumerate(found) if why == one] for one in REASONS}


def needed(low: float, high: float) -> int:
    """The smallest number of problems, in hundreds, at which Wilson's intervals of two shares no longer overlap.

    Args:
        low: a share in whole per cent, as 0.90.
        high: another.

    Raises:
        ValueError: unless low is below high.
    """
    if not low < high:
        raise ValueError(f"{low} is not below {high}")
    return next(n for n in count(100, 100) if wilson(round(low * n), n).high < wilson(round(high * n), n).low)


def figures(
    exam: Benchmark, before: Responses, after: Responses, teacher: Responses, seconds: float
) -> dict[str, object]:
    """What notebook 04 keeps: dotted keys to numbers and Estimates; the `impossible` keys only where there are pairs.

    student_after.retained: the student's accuracy as a part of the teacher's, None where the teacher has none right.
    mcnemar: exact p-values on the same problems; tokens: of a mean answer to a test problem. impossible.*.named: as
    `named_right`, not there for a model that noticed none.

    Args:
        exam: what all three were asked.
        before: what the student said before its lessons.
        after: what it said after them.
        teacher: what the teacher said.
        seconds: how long the notebook took.
    """
    sheets = {"before": before, "after": after, "teacher": teacher}
    hits = {name: right(sheet.asked, exam.asked) for name, sheet in sheets.items()}
    scores = {name: wilson(sum(each), len(each)) for name, each in hits.items()}
    taught = scores["teacher"].value
    found: dict[str, object] = {
        **{key: scores[who] for who, key in ACCURACY.items()},
        "student_after.retained": scores["after"].value / taught if taught else None,
        "mcnemar.before_after": mcnemar(hits["before"], hits["after"]),
        "mcnemar.after_teacher": mcnemar(hits["after"], hits["teacher"]),
    }
    for name, score in probe(exam, sheets).items():
        found |= {f"impossible.{name}.detected": score.detected, f"impossible.{name}.false_alarms": score.false_alarms}
        named = named_right(exam, sheets[name])
        found |= {f"impossible.{name}.named": named} if named else {}
    if exam.pairs:
        found["impossible.pairs"] = len(exam.pairs)
    found |= {f"ended.{name}": sheet.ended for name, sheet in sheets.items()}
    found |= {f"tokens.{name}": fmean(answer.tokens for answer in sheet.asked) for name, sheet in sheets.items()}
    return found | {
        "parameters.teacher": teacher.parameters,
        "parameters.student": before.parameters,
        "seconds": round(seconds, 1),
    }


def transcripts(exam: Benchmark, before: Responses, after: Responses, teacher: Responses) -> dict[str, str]:
    """What was said to the three seed questions, under dotted keys: `transcripts.<question>.<who>`."""
    found = {}
    for problem, *answers in zip(exam.seeds, before.seeds, after.seeds, teacher.seeds, strict=True):
        texts = [problem.question, *(answer.whole for answer in answers)]
        for who, text in zip(("question", "before", "after", "teacher"), texts, strict=True):
            found[f"transcripts.{problem.family}.{who}"] = text
    return found


def _own_alone(low: float, high: float) -> int:
    return next(n for n in count(100, 100) if wilson(round(low * n), n).high < high)


def _one_step_early(low: float, high: float) -> int:
    return needed(low, high) - 100


# `needed` as beginners write it, and what is wrong with it: for `check.function`, as SLIPS below.
TOUCHING = {
    _own_alone: "there the higher share leaves the other's interval, but it has one of its own",
    _one_step_early: "one step too early: there the two intervals still touch",
}


def _one_direction(right_a: list[bool], right_b: list[bool]) -> float:
    pairs = list(zip(right_a, right_b, strict=True))
    only_a, only_b = sum(a and not b for a, b in pairs), sum(b and not a for a, b in pairs)
    return sum(comb(only_a + only_b, k) for k in range(min(only_a, only_b) + 1)) / 2 ** (only_a + only_b)


def _of_all_questions(right_a: list[bool], right_b: list[bool]) -> float:
    pairs = list(zip(right_a, right_b, strict=True))
    few = min(sum(a and not b for a, b in pairs), sum(b and not a for a, b in pairs))
    return min(1, 2 * sum(comb(len(pairs), k) for k in range(few + 1)) / 2 ** len(pairs))


def _above_one(right_a: list[bool], right_b: list[bool]) -> float:
    return 2 * _one_direction(right_a, right_b)


# McNemar's test as beginners write it, and what is wrong with it: for `check.function`.
SLIPS = {
    _one_direction: "one direction only: either model could have been the better one",
    _of_all_questions: "a coin for every question: those on which both agree are no coins",
    _above_one: "a probability above 1: where both counts are equal, the middle was counted twice",
}
