"""Runs every notebook on the small and full tiers with stand-ins, without a GPU or the Hub: `make rehearse`.

The notebooks and helpers are those that a GPU user runs, to the last line; the models are small and know nothing
(`rehearsal.stand_ins`), and of everything there is less (`rehearsal.shrunken`). It shows that the lines run, and
nothing else: no figure of a rehearsal is a result, and all of it stays in artifacts/rehearsal/. A notebook that passed
is not run again until it, a helper it imports or the stand-ins change; one that was stopped goes on where it was.
Once everything has passed on both tiers, data/results/rehearsal.json says so, for README.
"""

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import study
from execution import Failed, environment, execute
from readme.rehearsed import RECORD

from helpers.evaluation import results
from helpers.tiers import TIERS
from rehearsal import shrunken, stand_ins
from rehearsal.watching import end_of_traceback, watched

ROOT = Path(__file__).resolve().parents[2]
FOLDER = stand_ins.FOLDER
NAMES = ("small", "full")
CHECKS = "late_faults"  # runs behind the notebooks, as one of them
MOST_GB = 6.0
STARTUP = """import importlib.util, os, sys, traceback
try:
    spec = importlib.util.spec_from_file_location("shrunken", {path!r})
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.begin()
    del spec, module
except BaseException:
    traceback.print_exc()
    os._exit(1)  # IPython would go on without it, with the real tiers
"""


def variables(tier: str) -> dict[str, str]:
    """The environment of a rehearsal's kernels: the Hub's client offline at the local cache, helpers from here."""
    return {
        "DISTILL_TIER": tier, shrunken.FOLDER: str(FOLDER), "DISTILL_RESULTS": "", "DISTILL_GSM8K": "",
        **stand_ins.offline(stand_ins.hub(FOLDER), stand_ins.home(FOLDER)),
        "HF_DATASETS_CACHE": str(stand_ins.home(FOLDER) / "datasets"),
        "CUDA_VISIBLE_DEVICES": "", "IPYTHONDIR": str(FOLDER / "ipython"),
        "PYTHONPATH": os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH")))),
    }  # fmt: skip


def prepare() -> None:
    """The stand-ins, and what each kernel begins with."""
    stand_ins.make(FOLDER)
    startup = stand_ins.inside(FOLDER / "ipython" / "profile_default" / "startup" / "00-rehearsal.py", FOLDER)
    startup.parent.mkdir(parents=True, exist_ok=True)
    startup.write_text(STARTUP.format(path=str(ROOT / "tools" / "rehearsal" / "shrunken.py")), encoding="utf-8")


def digest(notebook: str, tier: str) -> str:
    """Of all that a run depends on."""
    if notebook == CHECKS:
        return of_files(ROOT / "tools" / "rehearsal" / f"{CHECKS}.py", *sorted((ROOT / "helpers").rglob("*.py")))
    return hashlib.sha256((of_files() + study.digest(notebook, TIERS[tier])).encode()).hexdigest()


def of_files(*paths: Path) -> str:
    """A digest of some files, and of what every rehearsal begins with."""
    found = hashlib.sha256(stand_ins.digest().encode() + Path(shrunken.__file__).read_bytes())
    for path in paths:
        found.update(str(path).encode() + path.read_bytes())
    return found.hexdigest()


def clear_what_is_old(tier: str) -> None:
    """Deletes the traces, adapters and caches that other helpers made: what they do is to be seen, not read again."""
    found = of_files(*sorted((ROOT / "helpers").rglob("*.py")))
    made, by = stand_ins.inside(FOLDER / tier / "made", FOLDER), FOLDER / tier / "made_by"
    if not by.is_file() or by.read_text(encoding="utf-8") != found:
        shutil.rmtree(made, ignore_errors=True)
        made.mkdir(parents=True)
        by.write_text(found, encoding="utf-8")


def mark(notebook: str, tier: str) -> Path:
    """The file that tells how a notebook's last rehearsal on a tier went."""
    return stand_ins.inside(FOLDER / tier / "rehearsed" / f"{notebook}.json", FOLDER)


def passed(notebook: str, tier: str) -> bool:
    """Whether the notebook as it is now has passed."""
    told = read(mark(notebook, tier))
    return bool(told) and told["state"] == "passed" and told["digest"] == digest(notebook, tier)


def read(path: Path) -> dict:
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def rehearse(notebook: str, tier: str) -> dict:
    """Runs one notebook, or the checks, and returns and keeps how it went. Nothing is raised where it fails."""
    told = {"notebook": notebook, "tier": tier, "state": "passed", "digest": digest(notebook, tier), "error": None}
    output, begun = FOLDER / tier / "executed" / f"{notebook}.ipynb", time.perf_counter()
    with watched() as memory:
        try:
            if notebook == CHECKS:
                check(tier)
            else:
                execute(study.notebook_path(notebook), output, variables=variables(tier))
        except Failed as error:
            told |= {"state": "failed", "error": f"{error}\n{end_of_traceback(output)}".strip()}
    told |= {"minutes": round((time.perf_counter() - begun) / 60, 2), "peak_gb": memory["peak_gb"]}
    if told["state"] == "passed" and told["peak_gb"] > MOST_GB:
        error = "\n".join([f"it took {told['peak_gb']} GB, and may take {MOST_GB}:", *memory["held_by"]])
        told |= {"state": "failed", "error": error}
    study.write(mark(notebook, tier), told)
    return told


def check(tier: str) -> None:
    """Looks for what would show late. Raises Failed, with what was found."""
    with environment(variables(tier)):
        command = [sys.executable, "-m", f"rehearsal.{CHECKS}", tier]
        path = os.pathsep.join([str(ROOT / "tools"), os.environ["PYTHONPATH"]])
        done = subprocess.run(command, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True)
    if done.returncode:
        raise Failed("\n".join([*done.stdout.splitlines(), *done.stderr.splitlines()[-15:]]))


def report(notebooks: list[str]) -> dict:
    """Writes artifacts/rehearsal/report.json: how the last rehearsal of each notebook went, changed since or not."""
    runs = [{**told, "as_it_is_now": told["digest"] == digest(notebook, tier)}
            for tier in NAMES for notebook in notebooks if (told := read(mark(notebook, tier)))]  # fmt: skip
    told = {
        "warning": stand_ins.WARNING, "machine": results.machine(), "versions": results.versions(),
        "commit": study.commit(), "runs": runs,
    }  # fmt: skip
    study.write(stand_ins.inside(FOLDER / "report.json", FOLDER), told)
    if all(passed(notebook, tier) for tier in NAMES for notebook in notebooks):
        # Without minutes: what was stopped goes on where it was, and other work may have run beside it.
        kept = [{key: run[key] for key in ("notebook", "tier", "peak_gb")} for run in runs]
        study.write(ROOT / RECORD, told | {"runs": kept})
    return told


def main(arguments: list[str] | None = None) -> int:
    every = [*sorted(path.stem for path in (ROOT / "notebooks").glob("*.ipynb")), CHECKS]
    parser = argparse.ArgumentParser(prog="python -m rehearsal", description=__doc__.split("\n\n")[0])
    parser.add_argument("notebooks", nargs="*", metavar="NAME", help=f"default: all; {CHECKS} are the checks behind")
    parser.add_argument("--tier", choices=NAMES, help="default: both")
    parser.add_argument("--fresh", action="store_true", help="forget what passed, and what earlier runs made")
    chosen = parser.parse_args(arguments)
    unknown = [name for name in chosen.notebooks if name not in every]
    if unknown:
        parser.error(f"no notebook called {', '.join(unknown)}; choose from {', '.join(every)}")
    print(stand_ins.WARNING, flush=True)
    prepare()
    failed = False
    for tier in [chosen.tier] if chosen.tier else NAMES:
        if chosen.fresh:
            shutil.rmtree(stand_ins.inside(FOLDER / tier, FOLDER), ignore_errors=True)
        clear_what_is_old(tier)
        for notebook in [name for name in every if name in (chosen.notebooks or every)]:
            print(f"{tier:<6}{notebook:<28}", end="", flush=True)
            again = passed(notebook, tier)
            told = read(mark(notebook, tier)) if again else rehearse(notebook, tier)
            failed |= told["state"] != "passed"
            state = f"{told['state']}{' before' if again else ''}"
            print(f"{told['minutes']:6.1f} min{told['peak_gb']:6.1f} GB  {state}", flush=True)
            if told["error"]:
                print(told["error"], flush=True)
            report(every)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
