"""The trial that makes the mini tier worth having: does a QLoRA student learn to reason within two minutes?

`python -m data.making.trial` distils the student as notebook 03 does, from 3,000 traces of the teacher in two epochs,
and scores the teacher and the student before and after. It writes artifacts/mini/results/trial.json.
"""

import argparse
import time
from dataclasses import replace

from data.making.score import score
from helpers import methods, models, tiers, training
from helpers.evaluation import results
from helpers.problems import draw, draw_twins

TEST_SEED = 11  # not the problems that settings were chosen on


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--traces", type=int, default=3000)
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--problems", type=int, default=1000)
    parser.add_argument("--pairs", type=int, default=200)
    options = parser.parse_args(arguments)
    began = time.monotonic()
    tier = replace(tiers.TIERS["mini"], traces=options.traces, epochs=options.epochs)
    asked, pairs = draw("test", options.problems, TEST_SEED), draw_twins("test", options.pairs, TEST_SEED)
    run = methods.Token(tier, options.seed).run()
    last = training.adapters(run.folder)[-1]
    loaders = {
        "teacher": lambda: models.load_teacher(tier),
        "before": lambda: models.load_student(tier),
        "after": lambda: models.load_student(tier, adapter=last),
    }
    figures: dict = {"training": {"seconds": run.seconds, "steps": run.steps, "last_loss": run.loss[-1][1]}}
    for who, load in loaders.items():
        model, tokenizer = load()
        found = figures[who] = score(model, tokenizer, tier, asked, pairs)
        models.unload(model)
        print(f"{who}: right {found['accuracy']}, caught {found['impossible']['detected']}, ", end="")
        print(f"false alarms {found['impossible']['false_alarms']}, ended {found['ended']}")
    figures["retained"] = figures["after"]["accuracy"].value / figures["teacher"]["accuracy"].value
    results.write("trial", figures, tier, options.seed, time.monotonic() - began)
    print(f"{figures['retained']:.1%} of the teacher's accuracy, after {run.seconds} s of training")


if __name__ == "__main__":
    main()
