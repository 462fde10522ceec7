"""Makes the three mini models: `python -m data.making.make`. Hours; killed and called again it goes on where it was.

--short      a few steps of everything, to see that it runs; needs --out, so that the real models stay
--only ROLE  teacher, student or sibling alone
--out PATH   where the models go (data/mini); checkpoints go to artifacts/making, or into --out if given
"""

import argparse
import logging
import random
from functools import partial
from pathlib import Path

from data.making import cards, models, tokenizers, training
from data.making.demonstrations import demonstration
from data.making.rows import Rows
from data.making.skills import draw_skills
from helpers.problems import draw

ROOT = Path(__file__).resolve().parents[2]
ROLES = ("teacher", "student", "sibling")
SEED = 0


def corpus(seed: int, count: int = 8000) -> list[str]:
    """Text for the tokenizers to learn from: questions, workings, small tasks."""
    rng = random.Random(f"corpus {seed}")
    problems = draw("train", count, seed, impossible=True)
    # Without "step": the shipped tokenizers were learned before that skill was there, and their ids have to stay.
    skills = draw_skills("train", count // 3, seed, ("read", "copy", "sum", "compare"))
    # The marks alone, so that "think" becomes one piece between "<" and ">" where they are not tokens of their own.
    return (
        [problem.question for problem in problems]
        + [demonstration(problem, rng) for problem in problems]
        + [f"{skill.prompt} {skill.answer}" for skill in skills]
        + ["<think>\n"] * (count // 80)
    )


def make(role: str, out: Path, work: Path, seed: int, short: bool) -> None:
    """Trains one model, or what is left of it, and writes it with its tokenizer to out/role."""
    texts = partial(corpus, seed, 400 if short else 8000)
    tokenizer = tokenizers.tokenizer_for(role, work / "tokenizers", texts)
    recipe = models.RECIPES[role] | ({"steps": 8, "cycle": 4, "batch": 8} if short else {})
    model = models.new_model(role, tokenizer, seed)
    rows = Rows(role, tokenizer, seed, recipe["cycle"], recipe["batch"])
    training.train(model, rows, recipe["steps"], work / role, out / "logs" / f"{role}.jsonl", recipe["rate"])
    if "averaged" in recipe:
        training.average(model, work / role, recipe["averaged"])
    model.eval().save_pretrained(out / role)
    tokenizer.save_pretrained(out / role)


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--only", choices=ROLES)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args(arguments)
    if options.short and not options.out:
        parser.error("--short makes models that know nothing; name another folder for them with --out")
    logging.getLogger("transformers").setLevel(logging.ERROR)
    out = options.out or ROOT / "data" / "mini"
    work = options.out / "checkpoints" if options.out else ROOT / "artifacts" / "making"
    for role in [options.only] if options.only else ROLES:
        make(role, out, work, SEED, options.short)
        from data.making import measure

        scores = measure.measure(
            role, out / role, **({"problems": 17, "pairs": 5, "skills": 8} if options.short else {})
        )
        cards.write(role, out / role, models.RECIPES[role], scores)


if __name__ == "__main__":
    main()
