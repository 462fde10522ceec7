"""Makes the open world's mini models: `python -m data.making.world.make --only ROLE --out PATH`.

--only ROLE     teacher, student or sibling alone
--out PATH      where the models, the logs and the checkpoints go
--minutes M     stop in time and leave a checkpoint; called again it goes on, on this device or another
--tokens N      tokens to train on in all; the learning rate falls towards them
--short         a few thousand tokens, to see that it runs
"""

import argparse
import logging
import math
from pathlib import Path

from data.making.world import models, training
from data.making.world.batches import Budget
from data.making.world.rows import Form, Recipe
from data.making.world.tokenizers import tokenizer_for

ROLES = ("teacher", "student", "sibling")
SEED = 0


def make(role: str, out: Path, minutes: float, tokens: int | None, short: bool, **options) -> bool:
    """Trains one model, or what is left of it, and writes it as it is then, with its tokenizer, to out/role."""
    tokenizer = tokenizer_for(role, out / "tokenizers", SEED, 400 if short else 8000)
    recipe = models.RECIPES[role]
    total = tokens or (16_384 if short else recipe["tokens"])
    rows = Recipe(role, Form.of(tokenizer), SEED, total, **({"pool": 4096} if short else {}))
    model = models.new_model(role, tokenizer, SEED)
    print(f"{role}: {model.num_parameters():,} parameters", flush=True)
    done = training.train(
        model, rows, out / "checkpoints" / role, out / "logs" / f"{role}.jsonl", recipe["rate"], tokenizer.pad_token_id,
        minutes, **options,
    )  # fmt: skip
    model.save_pretrained(out / role)
    tokenizer.save_pretrained(out / role)
    return done


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=ROLES)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=math.inf)
    parser.add_argument("--tokens", type=int)
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--device", choices=("cpu", "cuda"))
    parser.add_argument("--budget", type=int, help="tokens a step")
    parser.add_argument("--workers", type=int, help="processes that draw rows; 0 for the trainer itself")
    parser.add_argument(
        "--compile", action=argparse.BooleanOptionalAction, help="compile the model (default: on a GPU)"
    )
    chosen = parser.parse_args(arguments)
    logging.getLogger("transformers").setLevel(logging.ERROR)
    budget = Budget(chosen.budget, min(chosen.budget, 32_768)) if chosen.budget else None
    for role in [chosen.only] if chosen.only else ROLES:
        make(
            role, chosen.out, chosen.minutes, chosen.tokens, chosen.short,
            device=chosen.device, budget=budget, workers=chosen.workers, compile_=chosen.compile,
        )  # fmt: skip


if __name__ == "__main__":
    main()
