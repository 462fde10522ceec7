"""Runs notebooks over several seeds and keeps mean and interval of every figure: `python tools/study.py --help`.

A run that is finished is not done again, unless the notebook, a helper it imports or a model has changed since. So a
study that was stopped goes on where it was. What the runs leave lies in artifacts/<tier>/study/seed-<seed>/; the
aggregated figures, which are committed, in data/results/<tier>/<notebook>.json.
"""

import argparse
import hashlib
import json
import subprocess
import sys
from pathlib import Path

from aggregate import aggregate
from depends import helper_files
from execution import Failed, execute

from helpers import disk
from helpers.tiers import TIERS, Tier

ROOT = Path(__file__).resolve().parents[1]
# Beside a model's weights, and written after them.
ABOUT_A_MODEL = {"README.md", "scores.json"}


def folder(tier: Tier, seed: int) -> Path:
    """Where the runs with one seed lie: results files, marks of what is finished, executed notebooks."""
    return ROOT / "artifacts" / tier.name / "study" / f"seed-{seed}"


def notebook_path(notebook: str) -> Path:
    return ROOT / "notebooks" / f"{notebook}.ipynb"


def digest(notebook: str, tier: Tier) -> str:
    """Of what a run depends on: the notebook's code, the helpers it imports, the tier's models; on no sentence."""
    found = hashlib.sha256()
    cells = json.loads(notebook_path(notebook).read_text(encoding="utf-8"))["cells"]
    found.update(json.dumps([cell["source"] for cell in cells if cell["cell_type"] == "code"]).encode())
    files = helper_files(notebook_path(notebook), ROOT / "helpers")
    files += [path for path in sorted((ROOT / "data").glob("*.jsonl")) if path.name in json.dumps(cells)]
    for model in filter(None, (tier.teacher, tier.student, tier.sibling)):
        if model.local:
            files += [path for path in sorted((ROOT / model.name).glob("*")) if path.name not in ABOUT_A_MODEL]
        else:
            found.update(f"{model.name}@{model.revision}".encode())
    for path in files:
        found.update(str(path.relative_to(ROOT)).encode() + hashlib.sha256(path.read_bytes()).digest())
    return found.hexdigest()


def has_long(notebook: str) -> bool:
    """Whether a notebook leaves its longest part out unless it is told otherwise. A study does not."""
    cells = json.loads(notebook_path(notebook).read_text(encoding="utf-8"))["cells"]
    tagged = ["".join(cell["source"]) for cell in cells if "parameters" in cell["metadata"].get("tags", [])]
    return any(line.startswith("LONG =") for source in tagged for line in source.splitlines())


def mark(notebook: str, tier: Tier, seed: int) -> Path:
    """The file that says that a run is finished, and from what."""
    return folder(tier, seed) / "finished" / f"{notebook}.json"


def finished(notebook: str, tier: Tier, seed: int) -> dict | None:
    """What was noted of a finished run of the notebook as it is now, or None."""
    path = mark(notebook, tier, seed)
    noted = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return noted if noted.get("digest") == digest(notebook, tier) else None


def run(notebook: str, tier: Tier, seed: int) -> None:
    """One notebook with one seed, from its start. Raises execution.Failed, also where it was changed meanwhile."""
    place, done = folder(tier, seed), mark(notebook, tier, seed)
    done.unlink(missing_ok=True)
    (place / f"{notebook}.json").unlink(missing_ok=True)
    noted = {"digest": digest(notebook, tier), "commit": commit()}
    noted["seconds"] = round(
        execute(
            notebook_path(notebook),
            place / "executed" / f"{notebook}.ipynb",
            parameters={"TIER": tier.name, "SEED": seed, **({"LONG": True} if has_long(notebook) else {})},
            variables={"DISTILL_TIER": tier.name, "DISTILL_RESULTS": str(place)},
        ),
        1,
    )
    write(done, noted)
    if not finished(notebook, tier, seed):
        raise Failed(f"{notebook}, a helper or a model was changed while it ran. Start the study again.")


def commit() -> str | None:
    """The commit that is checked out, with "dirty" behind it where what the figures depend on is not committed."""
    try:
        head = git("rev-parse", "HEAD").strip()
        changed = git("status", "--porcelain", "--", "notebooks", "helpers", "data/mini", "requirements.txt")
    except (OSError, subprocess.CalledProcessError):
        return None  # a copy without its history
    return f"{head} dirty" if changed.strip() else head


def git(*words: str) -> str:
    return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=True).stdout


def write(path: Path, content: dict) -> None:
    """A JSON file that is never half written."""
    disk.write_whole(path, json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def collect(notebook: str, tier: Tier, seeds: list[int]) -> Path | None:
    """Aggregates a notebook's figures over the seeds and returns the file; None where it writes no results.

    Raises ValueError where a run is not finished.
    """
    runs = {}
    for seed in seeds:
        noted, path = finished(notebook, tier, seed), folder(tier, seed) / f"{notebook}.json"
        if noted is None:
            raise ValueError(f"{notebook} with seed {seed} is not finished")
        if not path.exists():
            return None
        runs[seed] = json.loads(path.read_text(encoding="utf-8")), noted
    target = ROOT / "data" / "results" / tier.name / f"{notebook}.json"
    write(target, aggregate(notebook, tier.name, runs))
    return target


def show(notebooks: list[str], tier: Tier, seeds: list[int]) -> None:
    """Prints which runs are finished."""
    for notebook in notebooks:
        for seed in seeds:
            noted = finished(notebook, tier, seed)
            state = f"finished, {noted['seconds']:.0f} s" if noted else "to do"
            if not noted and mark(notebook, tier, seed).exists():
                state += ": notebook, helpers or models have changed"
            print(f"{notebook:<28} seed {seed}: {state}")


def study(notebooks: list[str], tier: Tier, seeds: list[int]) -> int:
    """Runs what is not finished, then aggregates. Returns how many runs failed."""
    failed = set()
    for seed in seeds:  # seed by seed, since a later notebook may read what an earlier one found with this seed
        for notebook in notebooks:
            print(f"{notebook:<28} seed {seed} ", end="", flush=True)
            try:
                if not finished(notebook, tier, seed):
                    run(notebook, tier, seed)
                print(f"{finished(notebook, tier, seed)['seconds']:6.0f} s", flush=True)
            except Failed as error:
                failed.add((notebook, seed))
                print(f"stopped\n{error}", flush=True)
    for notebook in notebooks:
        if not any((notebook, seed) in failed for seed in seeds):
            path = collect(notebook, tier, seeds)
            print(f"written to {path.relative_to(ROOT)}" if path else f"{notebook} writes no results", flush=True)
    return len(failed)


def main(arguments: list[str] | None = None) -> int:
    every = sorted(path.stem for path in (ROOT / "notebooks").glob("*.ipynb"))
    parser = argparse.ArgumentParser(
        prog="python tools/study.py", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--notebooks", nargs="+", default=every, choices=every, metavar="NAME", help="default: all")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2], metavar="N", help="default: 0 1 2")
    parser.add_argument("--tier", choices=TIERS, default="mini", help="default: mini")
    parser.add_argument("--list", action="store_true", help="say what is finished, and run nothing")
    chosen = parser.parse_args(arguments)
    notebooks, tier, seeds = sorted(set(chosen.notebooks)), TIERS[chosen.tier], sorted(set(chosen.seeds))
    if chosen.list:
        show(notebooks, tier, seeds)
        return 0
    try:
        return int(study(notebooks, tier, seeds) > 0)
    except KeyboardInterrupt:
        print("\nStopped. The same command goes on from here.", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
