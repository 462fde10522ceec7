"""Chooses each method's settings on validation problems, by one rule for all: `make search`, or `--help`.

The rule: first the method's own settings, every combination of a small grid at 8 epochs; then, with the best of them,
the number of epochs, each a training of its own with its own schedule. The highest share of right answers wins, a tie
goes to what is tried first, which is the simpler or the shorter. Seeds and problems are none of the study's or the
tests'. A training that is finished is not done again. All that was tried is written to data/results/<tier>/search.json,
which is committed; `helpers.training.searched` reads what was chosen.
"""

import argparse
import json
import math
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import product

from datasets import Dataset
from study import commit, write

from helpers import methods, models, questions, traces, training
from helpers.evaluation import results
from helpers.losses import layer_maps
from helpers.methods import cutting, selection
from helpers.tiers import TIERS, Tier
from helpers.training.matching import Features
from helpers.training.method import Method, right_answers
from helpers.training.searched import file_of

SEEDS = (3,)  # the study has 0 to 2
PROBLEMS = 500  # for validation; the first 120 of them are those that a training looks at
EPOCHS = (4, 8, 16, 32)
FIRST = 8  # epochs at which the grid is tried


@dataclass(frozen=True)
class Search:
    """What is tried of a method.

    part: the share of the traces that it reads. grid: setting by setting, its values. like: another method, whose
    chosen settings, all but the epochs, are taken too: what is added to it is then compared with it alone. of: gives
    the tier whose sibling is to learn, if that is not the one that there is, from the tier and its traces.
    """

    method: type
    part: float
    grid: dict[str, tuple] = field(default_factory=dict)
    fixed: dict = field(default_factory=dict)
    like: str = ""
    epochs: tuple[int, ...] = EPOCHS
    first: int = FIRST
    of: Callable[[Tier, Dataset], Tier] = lambda tier, rows: tier

    def settings(self) -> Iterator[dict]:
        """Every combination of the grid."""
        for values in product(*self.grid.values()):
            yield dict(zip(self.grid, values, strict=True))


def with_cut(tier: Tier, rows: Dataset, narrow: bool = False) -> Tier:
    """The tier with a cut of notebook 12 in its sibling's place: the teacher without the quarter that is missed least.

    narrow: with as few neurons as its assistant, which is as large as the geometric mean of teacher and sibling.
    """
    teacher, tokenizer = models.load_teacher(tier)
    read = selection.batches(tier, tokenizer, rows.select(range(len(rows) - 24, len(rows))))
    blocks = range(1, layer_maps.blocks(teacher) + 1)
    gone = {block for block, _ in selection.least_missed(teacher, read, len(blocks) - len(blocks) // 4)}
    stay = [block for block in blocks if block not in gone]
    neurons = None
    if narrow:
        sibling, _ = models.load_teacher(replace(tier, teacher=tier.sibling))
        sizes = [models.parameter_count(one) for one in (teacher, sibling)]
        width = cutting.width_for(teacher, len(stay), round(math.prod(sizes) ** 0.5))
        strong = selection.strongest(selection.strengths(teacher, read), width)
        neurons = [strong[one - 1] for one in stay]
        models.unload(sibling)
    cut = cutting.cut(tier, tier.teacher, stay, neurons, loaded=(teacher, tokenizer))
    models.unload(teacher)
    return replace(tier, sibling=cut)


SOFT = {"temperature": (1.0, 2.0, 4.0), "alpha": (0.0, 0.5)}
RATES = (1e-3, 2e-3, 4e-3, 8e-3)
WEIGHTS = tuple(Features(weight=weight) for weight in (0.01, 0.1, 1.0))
SEARCHES = {
    "token": Search(methods.Token, 1.0, epochs=(2, 4, 8), first=4),
    "token, sibling": Search(methods.Token, 3 / 64, fixed={"role": "sibling"}),
    # The loss from a cache is the live one's, at half of the time: what is best for one is taken for both.
    "logits": Search(methods.Cached, 3 / 64, SOFT),
    "features": Search(methods.CachedFeatures, 3 / 64, {"features": WEIGHTS}, like="logits"),
    # Notebook 12's student, its assistant and a cut that is healed, in as many steps as there: no epochs to choose.
    "all weights": Search(methods.AllWeights, 1.0, {"rate": RATES}, {"steps": 60}, "logits", (1,), 1),
    "all weights, assistant": Search(
        methods.AllWeights, 1.0, {"rate": RATES}, {"steps": 60}, "logits", (1,), 1, partial(with_cut, narrow=True)
    ),
    "all weights, healed": Search(methods.AllWeights, 1.0, {"rate": RATES}, {"steps": 30}, "logits", (1,), 1, with_cut),
    "token, few": Search(methods.Token, 3 / 32),
    "cross-tokenizer": Search(methods.CrossTokenizer, 3 / 32, {"alpha": (0.0, 0.5), "unmatched": (0.0, 1.0)}),
}


def tried(tier: Tier, search: Search, seed: int, epochs: int, settings: dict, problems: list) -> dict:
    """One training and its score. Returns hits, n and seconds."""
    place = tier.artifacts / "search" / "scores.json"
    scores = json.loads(place.read_text(encoding="utf-8")) if place.exists() else {}
    rows = traces.load(tier, seed=seed)
    rows = rows.select(range(round(tier.traces * search.part)) if search.part < 1 else range(len(rows)))
    method = search.method(replace(search.of(tier, rows), epochs=epochs), seed, rows, **search.fixed, **settings)
    run = method.run()
    if run.folder.name not in scores:
        model, tokenizer = trained(tier, method, run)
        found = right_answers(tier, model, tokenizer, lambda: problems)
        models.unload(model)
        scores[run.folder.name] = {"hits": found.hits, "n": found.n, "seconds": round(run.seconds, 1)}
        write(place, scores)
    return scores[run.folder.name]


def trained(tier: Tier, method: Method, run: training.Run) -> tuple:
    """(model, tokenizer) after a training."""
    if hasattr(method, "trained"):  # a model of its own, and no adapter
        return models.load_teacher(replace(tier, teacher=method.trained()))
    load = models.load_sibling if method.role == "sibling" else models.load_student
    return load(tier, adapter=training.adapters(run.folder)[-1])


def chosen(tier: Tier, name: str, seeds: list[int], problems: list, before: dict | None = None) -> dict:
    """Tries what SEARCHES has under a name. Returns what was tried, in order, and what was chosen.

    before: by name, what was found of the others. Raises KeyError where it lacks the method that this one is like.
    """
    search = SEARCHES[name]
    if search.like:
        taken = {key: (value,) for key, value in before[search.like]["chosen"].items() if key != "epochs"}
        search = replace(search, grid=taken | search.grid)
    found = []

    def best(candidates) -> dict:
        for epochs, settings in candidates:
            each = [tried(tier, search, seed, epochs, settings, problems) for seed in seeds]
            found.append({
                "epochs": epochs, **plain(settings), "hits": [one["hits"] for one in each],
                "accuracy": sum(one["hits"] for one in each) / sum(one["n"] for one in each),
                "seconds": [one["seconds"] for one in each],
            })  # fmt: skip
            print(f"{name}: {epochs} epochs {plain(settings)}: {found[-1]['accuracy']:.1%}", flush=True)
        return max(found, key=lambda one: one["accuracy"])  # the first of equals

    settings = list(search.settings())
    if len(settings) > 1:
        first = best((search.first, one) for one in settings)
        settings = [one for one in settings if plain(one).items() <= first.items()]
    there = {one["epochs"] for one in found}
    winner = best((epochs, settings[0]) for epochs in search.epochs if epochs not in there)
    kept = {key: winner[key] for key in ("epochs", *plain(settings[0]))}
    return {"traces": round(tier.traces * search.part), "tried": found, "chosen": kept}


def plain(settings: dict) -> dict:
    """Settings as JSON has them: of features, the weight, which is all that is tried of them."""
    found = dict(settings)
    features = found.pop("features", None)
    return found | ({"weight": features.weight} if features else {})


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python tools/search.py", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--methods", nargs="+", default=list(SEARCHES), choices=SEARCHES, metavar="NAME")
    parser.add_argument("--seeds", nargs="+", type=int, default=list(SEEDS), metavar="N")
    parser.add_argument("--tier", choices=TIERS, default="mini")
    given = parser.parse_args(arguments)
    tier, made = TIERS[given.tier], commit()
    problems = questions.draw(tier, "validation", PROBLEMS, seed=0, fewer=True)
    target = file_of(tier)
    before = json.loads(target.read_text(encoding="utf-8"))["methods"] if target.exists() else {}
    run = {"seeds": given.seeds, "problems": len(problems), "split": "validation", "commit": made,
           "machine": results.machine(), "versions": results.versions()}  # fmt: skip
    for name in given.methods:
        before[name] = chosen(tier, name, given.seeds, problems, before) | {"run": run}
        write(target, {"methods": {one: before[one] for one in SEARCHES if one in before}})
        print(f"{name}: chosen {before[name]['chosen']}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
