"""Finds the learning rates of notebook 11's arms by one rule: `python tools/rates.py` (a quarter of an hour on mini).

The rule: on a seed that the study does not have, each arm reads its texts once, beginning at a rate of its own; as long
as a neighbour, about three times as high or low, ends nearer to the whole model on unseen texts, it goes there. What
was tried goes to data/results/rates.json, which is committed, as soon as it is there, and is not done again.
"""

import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from study import commit, write

from helpers import export, methods, models, tiers, traces
from helpers.evaluation import results
from helpers.quantization import Format
from helpers.tiers import ModelSpec, Tier
from helpers.training.nearness import nearness
from helpers.training.rows import of_traces

SEED = 7  # the study has 0 to 2
GRID = (3.0, 1.0, 1 / 3, 1 / 10, 1 / 30, 1 / 100, 1 / 300)  # shares of the tier's rate
ARMS = {"qad": {}, "qat": {"alpha": 1.0}, "adapter": {"adapter": True}}
BEGIN = {2: 2, 3: 3, 4: 4}  # where in the grid, by the bits; an adapter a place before
FILE = Path(__file__).resolve().parents[1] / "data" / "results" / "rates.json"


def climb(at: Callable[[int], float], begin: int, places: int) -> int:
    """The place that is lower than its neighbours, by going to the lowest of them again and again.

    Args:
        at: what is to be low, at a place.
        begin: a place.
        places: how many there are, from 0 on.
    """
    while True:
        best = min((i for i in (begin - 1, begin, begin + 1) if 0 <= i < places), key=at)
        if best == begin:
            return best
        begin = best


def found(tier: Tier, seed: int, before: Mapping[str, float], keep: Callable[[dict, dict], None]) -> None:
    """Tries all arms at 2, 3 and 4 bits, as notebook 11 makes them.

    Args:
        tier: whose student learns the teacher's words on half of the traces, and is then rounded.
        seed: of all of it.
        before: what was tried already: KL in nats a token, by "<arm>, <bits> bits, <share>".
        keep: is given all that was tried, and the best shares so far, by arm and bits.
    """
    rows = traces.load(tier, seed=seed)
    kept_back = min(200, len(rows) // 4)
    lessons = rows.select(range(min(tier.traces // 2, len(rows) - kept_back)))
    unseen = rows.select(range(len(rows) - kept_back, len(rows) - kept_back + kept_back // 2))
    start = methods.Token(tier, seed, lessons)
    start.run()
    home = export.merged(start).relative_to(tiers.ROOT).as_posix()
    itself = replace(tier, engine="transformers", student=ModelSpec(home), epochs=1)
    whole, tokenizer = models.load_student(itself, four_bit=False)
    texts = of_traces(itself, tokenizer, unseen, "student")
    tried, best = dict(before), {name: {} for name in ARMS}
    for bits, begin in BEGIN.items():
        for name, how in ARMS.items():

            def far(place: int, name=name, bits=bits, how=how) -> float:
                key = f"{name}, {bits} bits, {GRID[place]:.4g}"
                if key not in tried:
                    rate = GRID[place] * tier.lora.learning_rate
                    method = methods.QuantizationAware(itself, seed, lessons, format=Format(bits), rate=rate, **how)
                    method.run()
                    model, _ = method.taught()
                    tried[key] = nearness(model, whole, texts, tokenizer.pad_token_id).nats
                    models.unload(model)
                    keep(tried, best)
                    print(f"{key}: {tried[key]:.4f} nats", flush=True)
                return tried[key]

            place = climb(far, begin - (name == "adapter"), len(GRID))
            best[name][str(bits)] = GRID[place]
            keep(tried, best)


def main() -> int:
    tier, made = tiers.TIERS["mini"], commit()
    before = json.loads(FILE.read_text(encoding="utf-8")) if FILE.is_file() else {"tried": {}}
    run = {"seed": SEED, "commit": made, "machine": results.machine(), "versions": results.versions()}
    found(tier, SEED, before["tried"], lambda tried, best: write(FILE, {"tried": tried, "best": best, "run": run}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
