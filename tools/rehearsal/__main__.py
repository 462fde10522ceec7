"""Runs every notebook on the small and full tiers with stand-ins, without a GPU or the Hub: `make rehearse`.

The notebooks and helpers are those that a GPU user runs, to the last line; the models are small and know nothing
(`rehearsal.stand_ins`), and of everything there is less (FEWER). It shows that the lines run, and nothing else: no
figure of a rehearsal is a result, and all of it stays in artifacts/rehearsal/. A notebook that passed is not run again
until it, a helper or the rehearsal changes; one that was stopped goes on where it was. What has passed on both tiers,
all or a notebook that is new, data/results/rehearsal.json says, for README.
"""

import argparse
import hashlib
import json
import os
import resource
import shutil
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import study
from execution import Failed, execute
from readme.rehearsed import RECORD

from helpers.evaluation import results
from helpers.tiers import TIERS
from rehearsal import stand_ins

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "artifacts" / "rehearsal"
ALIKE = {
    "traces": 128, "max_new_tokens": 64, "answer_tokens": 16, "generate_batch": 24, "answer_batch": 24,
    "sampling": {"top_p": 1.0},  # else 151,936 logits are sorted for each token, which takes ten times as long
}  # fmt: skip
# 04 goes through the epochs before the last, so the cheaper tier has one of those.
FEWER = {"small": {**ALIKE, "epochs": 2, "batch_size": 16}, "full": {**ALIKE, "epochs": 1, "batch_size": 8}}
MOST_GB = 6.0
# The toys of this notebook are not what the stand-ins answer.
PARAMETERS = {"16_your_own": {"QUESTIONS": str(FOLDER / "problems" / "train.jsonl")}}


def place_of(tier: str) -> Path:
    """The folder for all that runs on a tier: another one with other helpers or another rehearsal."""
    files = sorted([*(ROOT / "helpers").rglob("*.py"), *(ROOT / "tools" / "rehearsal").glob("*.py")])
    return FOLDER / tier / hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()[:8]


def prepare(tier: str) -> Path:
    """Makes what is missing of the stand-ins, the problems and the tier with less of everything.

    Returns:
        `place_of` the tier. What other helpers made beside it is gone.
    """
    stand_ins.make(TIERS[tier], FOLDER / "hub")
    stand_ins.write_problems(FOLDER / "problems")
    place = place_of(tier)
    if not place.is_dir():
        shutil.rmtree(place.parent, ignore_errors=True)
    name = place.relative_to(ROOT / "artifacts").as_posix()
    study.write(place / "tier.json", {"like": tier, "name": name, **FEWER[tier]})
    return place


def variables(tier: str) -> dict[str, str]:
    """The environment of a rehearsal's kernels: the tier, the Hub's client offline at the local cache, helpers here."""
    return {
        "DISTILL_TIER": str(place_of(tier) / "tier.json"), "DISTILL_GSM8K": str(FOLDER / "problems"),
        "DISTILL_RESULTS": "", "DISTILL_MIP": "", "CUDA_VISIBLE_DEVICES": "",
        **stand_ins.offline(FOLDER / "hub", stand_ins.home(FOLDER)),
        "PYTHONPATH": os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH")))),
    }  # fmt: skip


def run(notebook: str, tier: str) -> float:
    """Runs a notebook on a tier.

    Returns:
        The most memory that a process which this one started has taken so far, in GB.

    Raises:
        Failed: where the notebook stops.
    """
    output = place_of(tier) / "executed" / f"{notebook}.ipynb"
    execute(study.notebook_path(notebook), output, PARAMETERS.get(notebook), variables(tier))
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * unit / 1e9


def alone(notebook: str, tier: str) -> float:
    """As `run`, in a process of its own, which starts no other kernel."""
    from rehearsal import __main__ as here  # by this name the process finds it, and by `__main__` it would not

    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(here.run, notebook, tier).result()


def mark(notebook: str, tier: str) -> Path:
    """The file that tells how a notebook's last rehearsal on a tier went."""
    return place_of(tier) / "rehearsed" / f"{notebook}.json"


def passed(notebook: str, tier: str) -> dict | None:
    """How the notebook as it is now has passed, None if it has not."""
    path = mark(notebook, tier)
    told = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return told if told.get("digest") == study.digest(notebook, TIERS[tier]) and not told["error"] else None


def rehearse(notebook: str, tier: str) -> dict:
    """Runs one notebook, and returns and keeps how it went. Nothing is raised where it fails."""
    told = {"digest": study.digest(notebook, TIERS[tier]), "peak_gb": 0.0, "error": None}
    try:
        told["peak_gb"] = round(alone(notebook, tier), 2)
        if told["peak_gb"] > MOST_GB:
            told["error"] = f"it took {told['peak_gb']} GB, and may take {MOST_GB}"
    except Failed as error:
        told["error"] = str(error)
    study.write(mark(notebook, tier), told)
    return told


def record(notebooks: list[str]) -> None:
    """Writes to data/results/rehearsal.json what has passed on both tiers as it is now.

    Everything: that is the record. Less: what the record has no word of joins it as `later`, with its commit; what was
    rehearsed before stays as it was told. Without minutes: what was stopped goes on where it was, and other work may
    have run beside it.
    """
    found = {name: [passed(name, tier) for tier in FEWER] for name in notebooks}
    whole = [name for name, told in found.items() if all(told)]
    runs = [{"notebook": name, "tier": tier, "peak_gb": found[name][number]["peak_gb"]}
            for number, tier in enumerate(FEWER) for name in whole]  # fmt: skip
    path = ROOT / RECORD
    if len(whole) == len(notebooks):
        study.write(path, {
            "warning": stand_ins.WARNING, "machine": results.machine(), "versions": results.versions(),
            "commit": study.commit(), "runs": runs,
        })  # fmt: skip
    elif path.is_file():
        kept = json.loads(path.read_text(encoding="utf-8"))
        known = {run["notebook"] for run in [*kept["runs"], *kept.get("later", [])]}
        new = [run | {"commit": study.commit()} for run in runs if run["notebook"] not in known]
        if new:
            study.write(path, kept | {"later": [*kept.get("later", []), *new]})


def main(arguments: list[str] | None = None) -> int:
    """Rehearses the notebooks that are asked for; 1 if one failed."""
    every = sorted(path.stem for path in (ROOT / "notebooks").glob("*.ipynb"))
    parser = argparse.ArgumentParser(prog="python -m rehearsal", description=__doc__.split("\n\n")[0])
    parser.add_argument("notebooks", nargs="*", metavar="NAME", help="default: all")
    parser.add_argument("--tier", choices=FEWER, help="default: both")
    parser.add_argument("--fresh", action="store_true", help="forget all that earlier runs made, the stand-ins too")
    chosen = parser.parse_args(arguments)
    unknown = [name for name in chosen.notebooks if name not in every]
    if unknown:
        parser.error(f"no notebook called {', '.join(unknown)}; choose from {', '.join(every)}")
    print(stand_ins.WARNING, flush=True)
    if chosen.fresh:
        shutil.rmtree(FOLDER, ignore_errors=True)
    failed = False
    for tier in [chosen.tier] if chosen.tier else FEWER:
        prepare(tier)
        for notebook in chosen.notebooks or every:
            before = passed(notebook, tier)
            told = before or rehearse(notebook, tier)
            failed |= bool(told["error"])
            state = "failed" if told["error"] else "passed before" if before else "passed"
            print(f"{tier:<6}{notebook:<28}{told['peak_gb']:6.1f} GB  {state}", flush=True)
            if told["error"]:
                print(told["error"], flush=True)
    record(every)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
