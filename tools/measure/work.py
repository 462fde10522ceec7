"""One process of the measurement: phases of one tier through one engine, each to a line of a file when it is done.

    python -m measure.work FILE TIER ENGINE CAP WHOLE PHASE [PHASE ...]

A phase that fails is told with its error, and the next one runs; one for which the card's memory does not do is tried
again with half the batch. Only an error of the card itself ends the process: what comes after one means nothing.
"""

import json
import sys
import time
import traceback
from dataclasses import replace
from pathlib import Path

import torch

from helpers import memory, models
from helpers.tiers import TIERS, Tier
from measure.card import Card

BROKEN = 3  # the exit status after an error of the card


def tier_of(name: str, engine: str) -> Tier:
    """The tier, with a folder of its own for what is made, and through the engine that is asked for."""
    return replace(TIERS[name], name=f"measure/{name}", engine=engine)


def main(arguments: list[str], card: Card | None = None) -> int:
    out, name, engine, cap, whole, *wanted = arguments
    card = card or Card()
    if cap != "none":
        card.cap(int(cap))
    tier = tier_of(name, engine)
    models.prepare(tier)  # Unsloth before what it replaces, and so before the phases
    return run(Path(out), tier, card, wanted, whole == "1")


def run(out: Path, tier: Tier, card, wanted: list[str], whole: bool = False) -> int:
    """Runs phases and writes two lines of JSON for each: that it begins, and how it went. 0, or BROKEN."""
    for phase in wanted:
        write(out, {"begins": phase})
        found = measured(phase, tier, card, whole)
        write(out, found)
        if found["state"] == "failed" and "CUDA error" in found["error"]:
            return BROKEN
    return 0


def measured(phase: str, tier: Tier, card, whole: bool = False) -> dict:
    """How a phase went: "ran" with its figures, "no memory" even one text at a time, or "failed" with the error."""
    from measure.phases import ALL, BATCH

    field, begun, tried = BATCH.get(phase, "micro_batch"), time.perf_counter(), []
    while True:
        size = getattr(tier, field)
        tried.append(size)
        memory.give_back()
        card.clear()
        told = {"phase": phase, "wanted_batch": tried[0], "tried": list(tried), "before_gb": card.used()}
        try:
            told |= {"state": "ran", **ALL[phase](tier, card, whole)}
        except torch.OutOfMemoryError as error:
            told |= {"state": "no memory", "error": _end(error)}
            traceback.print_exc()  # to the log, whole
        except Exception as error:  # whatever it is, it is what the measurement is for
            told |= {"state": "failed", "error": _end(error)}
            traceback.print_exc()
        if told["state"] != "no memory" or size == 1:
            return told | {"took": time.perf_counter() - begun}
        tier = replace(tier, **{field: size // 2})


def write(out: Path, line: dict) -> None:
    with open(out, "a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")


def _end(error: BaseException) -> str:
    """An error in a line or two, with the places of ours and of libraries that it came through last."""
    places, trace = [], error.__traceback__
    while trace is not None:
        places.append(f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}")
        trace = trace.tb_next
    return f"{type(error).__name__}: {str(error)[:600]} (at {' > '.join(places[-5:])})"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
