"""Makes the open world's mini models: `python -m data.making.world.make --only ROLE --out PATH`.

--only ROLE     teacher, student or sibling alone
--out PATH      where the models, the logs and the checkpoints go
--minutes M     stop in time and leave a checkpoint; called again it goes on, on this device or another
--tokens N      tokens to train on in all; the learning rate falls towards them
--processes N   so many train together on a CPU, a core each (as many as there are cores)
--short         a few thousand tokens, to see that it runs
"""

import argparse
import json
import logging
import math
import os
import shutil
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM

from data.making.world import models, sharing, training
from data.making.world.batches import Budget
from data.making.world.rows import Form, Recipe
from data.making.world.tokenizers import tokenizer_for

ROLES = ("teacher", "student", "sibling")
SEED = 0
BEGUN = Path(__file__).parent / "begun"  # models to go on from, each with what it has read, and their tokenizers
CORPUS, SHORT = 8000, 400  # problems that a tokenizer is learned from


def make(role: str, out: Path, minutes: float, tokens: int | None, short: bool, options: dict) -> bool:
    """Trains one model, or what is left of it, and writes it as it is then, with its tokenizer, to out/role."""
    tokenizer = tokenizer_for(role, out / "tokenizers", SEED, SHORT if short else CORPUS)
    recipe = models.RECIPES[role]
    total = tokens or (16_384 if short else recipe["tokens"])
    rows = Recipe(role, Form.of(tokenizer), SEED, total, **({"pool": 4096} if short else {}))
    if not short and (BEGUN / role).exists():
        begun = json.loads((BEGUN / role / "counts.json").read_text())
        model = AutoModelForCausalLM.from_pretrained(BEGUN / role, dtype=torch.float32)
    else:
        model, begun = models.new_model(role, tokenizer, SEED), {}
    if sharing.rank() == 0:
        print(f"{role}: {model.num_parameters():,} parameters", flush=True)
    done = training.train(
        model, rows, out / "checkpoints" / role, out / "logs" / f"{role}.jsonl", recipe["rate"], tokenizer.pad_token_id,
        minutes, begun=begun, **options,
    )  # fmt: skip
    if sharing.rank() == 0:
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
    parser.add_argument("--no-compile", dest="compile_", action="store_false", help="do not compile the layers")
    parser.add_argument("--processes", type=int)
    chosen = parser.parse_args(arguments)
    logging.getLogger("transformers").setLevel(logging.ERROR)
    device = chosen.device or ("cuda" if torch.cuda.is_available() else "cpu")
    count = 1 if device == "cuda" else chosen.processes or len(os.sched_getaffinity(0))
    budget = Budget(chosen.budget, min(chosen.budget, 32_768)) if chosen.budget else None
    options = {"device": device, "budget": budget, "workers": chosen.workers, "compile_": chosen.compile_}
    for role in [chosen.only] if chosen.only else ROLES:
        if not chosen.short and BEGUN.exists() and not (chosen.out / "tokenizers").exists():
            shutil.copytree(BEGUN / "tokenizers", chosen.out / "tokenizers")
        # Learned here, before all processes read it.
        tokenizer_for(role, chosen.out / "tokenizers", SEED, SHORT if chosen.short else CORPUS)
        sharing.together(count, make, role, chosen.out, chosen.minutes, chosen.tokens, chosen.short, options)


if __name__ == "__main__":
    main()
