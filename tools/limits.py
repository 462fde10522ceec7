"""What README's figures leave out, measured on the mini tier with one seed: `make limits`.

How many sentence patterns the world has; what the student can before its lessons if the plan is laid down for it; what
new names cost student and teacher, and what the second check says of wrong answers; how often the right facts are
named; what a cache fills on the disk; how an angle depends on the number of tokens. It writes data/results/limits.json,
in some three minutes where notebook 3 has run, else in seven.
"""

import json
import random
import re
import sys
from dataclasses import replace
from pathlib import Path
from statistics import fmean

from readme.tables import LIMITS
from study import commit, write

from data.making.demonstrations import FITS
from data.making.tasks import chain
from helpers import cache, evaluation, methods, models, problems, traces, training
from helpers.cache.sizes import on_disk
from helpers.evaluation import Benchmark, results
from helpers.evaluation.statistics import Estimate, wilson
from helpers.problems import Step, words
from helpers.problems.outside import NAMES, renamed
from helpers.tiers import TIERS, Tier

ROOT = Path(__file__).resolve().parents[1]
QUESTIONS, PAIRS, SEED = 500, 200, 0
ASKED_OF = 75  # traces, as in notebooks 05 and 06
FEW, TIMES = (5, 20, ASKED_OF), 4  # traces over which the angle is taken, and how often tokens are drawn

# What is drawn anew for each problem, beside numbers: names, and words for things, places and people.
DRAWN = (
    *words.ITEMS, *(word for pair in words.BOXES for word in pair), *words.GOODS, *words.DRINKS,
    *(f"{drink}s" for drink in words.DRINKS), *words.PLACES, *words.SIZES, *words.TOWNS, *words.BUS_STOPS,
    "children", "guests", "players", "students", "beach", "red", "blue", "green", "white", "black", "toy", "kite",
    "scarf", "hat", "puzzle", "ball", "muffins", "rolls", "buns", "balloons",
    "A group of friends", "A family", "A team",
)  # fmt: skip
MASKS = (
    (NAMES, "NAME"),
    (re.compile(rf"\b({'|'.join(sorted(DRAWN, key=len, reverse=True))})\b"), "THING"),
    (re.compile(r"\d+"), "NUMBER"),
    (re.compile(r"\b(she|he|her|his)\b", re.IGNORECASE), "THEY"),
)

def pattern(question: str) -> str:
    """The question without what is drawn for it: names, numbers and things."""
    for mask, instead in MASKS:
        question = mask.sub(instead, question)
    return question


def patterns(split: str, n: int = 1_000) -> set[str]:
    """The patterns of n problems of a split, with the impossible ones."""
    return {pattern(problem.question) for problem in problems.draw(split, n, SEED, impossible=True)}


def follows(problem, plan: tuple, text: str) -> bool:
    """Whether a text has the results of all sums of a plan, in their order."""
    wanted = [item.result if isinstance(item, Step) else item.found for item in plan if item.right is not None]
    return [int(found) for found in re.findall(r"= (\d+)", text)] == wanted


class First(random.Random):
    """Chooses the first of everything: so the plan that `chain` lays down is known."""

    def choice(self, seq):
        return seq[0]


def told(tier: Tier) -> Estimate:
    """How often the student before its lessons works a whole plan rightly, if the plan stands in the prompt."""
    asked = problems.draw("test", QUESTIONS, SEED)
    laid_down = Benchmark([replace(problem, question=chain(problem, First())[0]) for problem in asked])
    said = evaluation.student(laid_down, tier).asked
    right = [follows(problem, problem.plans[0], answer.text) for problem, answer in zip(asked, said, strict=True)]
    return wilson(sum(right), len(right))


def outside(tier: Tier) -> dict[str, dict[str, Estimate]]:
    """Student after its lessons and teacher: right answers with the world's names and with others, and more.

    fits: of the wrong answers to plain problems with other names, those whose second check found nothing wrong.
    named: of the impossible twins that were noticed, those for which the facts were named that do not fit.
    """
    drawn = problems.draw("test", 2 * QUESTIONS, SEED)
    known = [problem for problem in drawn if NAMES.search(problem.question)][:QUESTIONS]
    new = [replace(problem, question=renamed(problem.question)) for problem in known]
    exam = Benchmark([*known, *new], problems.draw_twins("test", PAIRS, SEED))
    adapter = training.adapters(methods.Token(tier, SEED).run().folder)[-1]
    found = {}
    for who, sheet in (("after", evaluation.student(exam, tier, adapter)), ("teacher", evaluation.teacher(exam, tier))):
        before, there = sheet.asked[: len(known)], sheet.asked[len(known) :]
        right = evaluation.right(there, new)
        wrong = [answer.text for problem, answer, hit in zip(new, there, right, strict=True)
                 if not hit and problem.family not in problems.TWINS]  # fmt: skip
        found[who] = {
            "known": evaluation.accuracy(before, known), "new": evaluation.accuracy(there, new),
            "fits": wilson(sum(any(fits in text for fits in FITS) for text in wrong), len(wrong)),
            "named": evaluation.named_right(exam, sheet),
        }  # fmt: skip
    return found


def cached(tier: Tier, rows) -> dict[str, float]:
    """Bytes for each learnt token of a cache of some traces: its targets, and the whole file."""
    stored, _ = methods.Cached(tier, SEED, rows).fill()
    return {"traces": len(stored), "targets": cache.size(stored), "on_disk": on_disk(stored)}


def by_tokens(tier: Tier, rows) -> list[dict]:
    """The angle of 12 draws and of the 2 likeliest tokens, over ever more tokens (notebook 06): means of some draws."""
    from helpers.losses.gradient_angle import angles
    from helpers.training.rows import tokenized

    (teacher, _), (sibling, tokenizer) = models.load_teacher(tier), models.load_sibling(tier, four_bit=False)
    sequences = tokenized(traces.messages(rows), tokenizer)
    layers = sibling.model.layers
    last = [layers[-2].mlp.down_proj.weight, layers[-1].self_attn.v_proj.weight]
    ways = {"draws": cache.Encoding("draws", 12), "likeliest": cache.Encoding("top_k", 2)}
    found = []
    for n in FEW:
        part = sequences[:n]
        drawn = [angles(sibling, teacher, part, [*ways.values()], last, len(tokenizer), seed) for seed in range(TIMES)]
        tokens = sum(label != -100 for row in part for label in row["labels"])
        found.append({"tokens": tokens, **{name: fmean(q[way].degrees for q in drawn) for name, way in ways.items()}})
    models.unload(teacher, sibling)
    return found


def main(root: Path = ROOT) -> int:
    mini, at = TIERS["mini"], commit()
    tier = replace(mini, name="limits", traces=ASKED_OF + 10)  # some are wrong, and dropped
    rows = traces.load(tier, seed=SEED).select(range(ASKED_OF))
    figures = {
        "patterns": {split: len(patterns(split)) for split in ("train", "test")},
        "told": told(mini), **outside(mini), "cache": cached(tier, rows), "angles": by_tokens(mini, rows),
    }  # fmt: skip
    run = {"tier": mini.name, "seed": SEED, "machine": results.machine(), "versions": results.versions()}
    run["commit"] = at
    write(root / LIMITS, {**results.plain(figures), "run": run})
    print(json.dumps(results.plain(figures), indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
