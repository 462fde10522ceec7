"""Measures a model against what it has to reach: `python -m data.making.world.bars --only ROLE --out PATH`."""

import argparse
import json
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from data.making.world import judging, tasks
from data.making.world.problems import OUTSIDE, draw, draw_twins
from helpers.evaluation import Table, accuracy
from helpers.evaluation.results import plain
from helpers.generation.with_transformers import generate
from helpers.models import parameter_count

AT_LEAST, AT_MOST = "≥", "≤"
# What a figure has to be, in percent; a figure that is not named here has no bar.
BARS = {
    "teacher": {
        "in-world": (AT_LEAST, 95),
        "names": (AT_LEAST, 95),
        "ways": (AT_LEAST, 85),
        "plans": (AT_LEAST, 75),
        "steps": (AT_LEAST, 50),
        "numbers": (AT_LEAST, 90),
        "impossible: caught with the true reason": (AT_LEAST, 95),
        "impossible: false alarms": (AT_MOST, 2),
        "held-out kinds: caught with the true reason": (AT_LEAST, 60),
        "check: finds": (AT_LEAST, 50),
        "check: confirms": (AT_MOST, 50),
    },
    "student": {
        "in-world": (AT_MOST, 25),
        "impossible: caught": (AT_MOST, 5),
        **{f"skill: {kind}": (AT_LEAST, 90) for kind in tasks.SKILLS},
    },
}
BARS["sibling"] = BARS["student"]
SEED = 0
TOKENS = {"teacher": 400, "student": 200, "sibling": 200}


def measure(role: str, model, tokenizer, problems: int, pairs: int, skills: int, batch: int, seed: int = SEED) -> dict:
    """All figures of a model, greedy, on the test split, which no training draws from: shares, or None for no case."""

    def ask(questions: list[str], tokens: int = TOKENS[role]):
        return generate(model, tokenizer, questions, tokens, batch_size=batch)

    asked = draw("test", problems, seed)
    sets = {"in-world": asked} | {
        name: draw("test", problems, seed, outside=(name,)) for name in OUTSIDE if name != "kinds"
    }
    figures: dict = {}
    read, all_asked = [], []
    for name, own in sets.items():
        answers = ask([problem.question for problem in own])
        figures[name] = accuracy(answers, own)
        read += answers
        all_asked += own
        if name == "in-world":
            figures["ended"] = judging.share([answer.ended for answer in answers])
            figures["tokens an answer"] = sum(answer.tokens for answer in answers) / len(answers)
            figures |= {f"in-world check: {what}": one for what, one in judging.checks(answers, own).items()}
            figures["in-world false alarms"] = judging.alarms(answers)
    # In-world alone a good teacher's wrong answers are too few to say anything: those outside count too.
    figures |= {f"check: {what}": one for what, one in judging.checks(read, all_asked).items()}
    for name, outside in {"impossible": (), "held-out kinds": ("kinds",)}.items():
        if outside and "kinds" not in OUTSIDE:
            continue
        twins = draw_twins("test", pairs, seed, outside=outside)
        answers = ask([problem.question for pair in twins for problem in pair])
        told = judging.impossible(answers[1::2], [impossible for _, impossible in twins])
        figures |= {f"{name}: {what}": one for what, one in told.items()}
        figures[f"{name}: false alarms"] = judging.alarms(answers[::2])
    if role != "teacher":
        figures |= measure_skills(ask, skills, seed)
        several = [problem for problem in asked if sum(hasattr(item, "part") for item in problem.plans[0]) > 1]
        answers = ask([tasks.told(problem) for problem in several])
        hits = [judging.follows(problem, answer.text) for problem, answer in zip(several, answers, strict=True)]
        figures["told the plan"] = judging.share(hits)
    return figures


def measure_skills(ask, count: int, seed: int) -> dict:
    """Each single skill's share."""
    drawn = tasks.draw_skills("test", count, seed)
    answers = ask([skill.prompt for skill in drawn], 32)
    hits: dict[str, list[bool]] = {}
    for skill, answer in zip(drawn, answers, strict=True):
        hits.setdefault(f"skill: {skill.kind}", []).append(skill.is_right(answer.text))
    return {kind: judging.share(found) for kind, found in hits.items()}


def reached(value: float, bar: tuple[str, float]) -> bool:
    """Whether a share is as high, or as low, as its bar in percent."""
    sense, percent = bar
    return 100 * value >= percent if sense == AT_LEAST else 100 * value <= percent


def table(role: str, figures: dict) -> str:
    """The figures beside their bars, as Markdown."""
    rows = []
    for what, figure in figures.items():
        bar = BARS[role].get(what)
        value = figure if isinstance(figure, float | int) or figure is None else figure.value
        said = "–" if value is None else f"{value:.0f}" if value == figure else str(figure)
        rows.append((
            what, said, f"{bar[0]} {bar[1]} %" if bar else "",
            "" if not bar or value is None else "reached" if reached(value, bar) else "missed",
        ))  # fmt: skip
    return repr(Table(("what", "measured", "bar", ""), rows))


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m data.making.world.bars", description=__doc__)
    parser.add_argument("--only", choices=tuple(BARS), default="teacher")
    parser.add_argument("--out", type=Path, required=True, help="where the models are; the figures go there too")
    parser.add_argument("--problems", type=int, default=1000, help="of each column")
    parser.add_argument("--pairs", type=int, default=400, help="of a problem and its impossible twin")
    parser.add_argument("--skills", type=int, default=1800)
    parser.add_argument("--batch", type=int, default=250)
    parser.add_argument("--seed", type=int, default=SEED)
    chosen = parser.parse_args(arguments)
    folder = chosen.out / chosen.only
    device = "cuda" if torch.cuda.is_available() else "cpu"
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval().to(device)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    figures = measure(
        chosen.only, model, tokenizer, chosen.problems, chosen.pairs, chosen.skills, chosen.batch, chosen.seed
    )
    print(table(chosen.only, figures))
    written = {"parameters": parameter_count(model), "seed": chosen.seed, "problems": chosen.problems, **figures}
    path = chosen.out / f"bars-{chosen.only}.json"
    path.write_text(json.dumps(plain(written), indent=1) + "\n")
    print(f"\nwritten to {path}")


if __name__ == "__main__":
    main()
