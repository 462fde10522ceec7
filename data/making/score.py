"""Scores the shipped mini models and writes the figures: `python -m data.making.score`."""

import argparse
import os
import sys
import time

from helpers import evaluation, generation, models, problems
from helpers.evaluation import results
from helpers.tiers import ROOT, TIERS, Tier

ROLES = ("teacher", "student", "sibling")
SEED = 0


def score(model, tokenizer, tier: Tier, asked: list, pairs: list[tuple]) -> dict:
    """One model's figures, answering greedily: accuracy, families, impossible twins, share ended, seconds.

    asked: solvable problems; pairs: (solvable, impossible) twins.
    """
    begun = time.perf_counter()
    twins = [problem for pair in pairs for problem in pair]
    answers = generation.generate(
        model, tokenizer, [problem.question for problem in [*asked, *twins]], tier.answer_tokens, tier.generate_batch
    )
    own, twin_answers = answers[: len(asked)], answers[len(asked) :]
    told = evaluation.score_twins(pairs, twin_answers[::2], twin_answers[1::2])
    return {
        "accuracy": evaluation.accuracy(own, asked),
        "families": evaluation.by_family(own, asked),
        "impossible": {"detected": told.detected, "false_alarms": told.false_alarms},
        "ended": evaluation.wilson(sum(answer.ended for answer in answers), len(answers)),
        "seconds": round(time.perf_counter() - begun, 1),
    }


def score_all(tier: Tier, problem_count: int, pair_count: int) -> dict[str, dict]:
    """The figures of teacher, student and sibling, each loaded alone and in full precision, and their sizes."""
    asked = problems.draw("test", problem_count, SEED)
    pairs = problems.draw_twins("test", pair_count, SEED)
    figures: dict = {"parameters": {}}
    loaders = {
        "teacher": lambda: models.load_teacher(tier),
        "student": lambda: models.load_student(tier, four_bit=False),
        "sibling": lambda: models.load_sibling(tier, four_bit=False),
    }
    for role in ROLES:
        model, tokenizer = loaders[role]()
        figures["parameters"][role] = models.parameter_count(model)
        figures[role] = score(model, tokenizer, tier, asked, pairs)
        models.unload(model)
    return figures


def table(figures: dict) -> str:
    """The figures as a Markdown table: a column a model, a row a figure."""
    rows = [("parameters", *(figures["parameters"][role] for role in ROLES))]
    rows.append(("**right answers**", *(figures[role]["accuracy"] for role in ROLES)))
    for family in figures[ROLES[0]]["families"]:
        rows.append((family.replace("_", " "), *(figures[role]["families"][family] for role in ROLES)))
    for key, name in (("detected", "impossible twins noticed"), ("false_alarms", "false alarms")):
        rows.append((name, *(figures[role]["impossible"][key] for role in ROLES)))
    rows.append(("answers that ended", *(figures[role]["ended"] for role in ROLES)))
    rows.append(("seconds", *(f"{figures[role]['seconds']:.0f}" for role in ROLES)))
    return repr(evaluation.Table(("", *ROLES), rows))


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m data.making.score", description=__doc__)
    parser.add_argument("--problems", type=_positive, default=1000, help="test problems that have an answer")
    parser.add_argument("--pairs", type=_positive, default=200, help="pairs of a test problem and its impossible twin")
    chosen = parser.parse_args(arguments)
    tier = TIERS["mini"]
    begun = time.perf_counter()
    try:
        figures = score_all(tier, chosen.problems, chosen.pairs)
    except FileNotFoundError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"\n{chosen.problems:,} test problems and {chosen.pairs:,} pairs of twins, on {results.machine()}\n")
    print(table(figures))
    path = results.write("models", figures, tier, SEED, time.perf_counter() - begun)
    print(f"\nwritten to {os.path.relpath(path, ROOT)}")
    return 0


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return number


if __name__ == "__main__":
    sys.exit(main())
