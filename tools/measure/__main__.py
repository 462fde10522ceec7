"""`make measure`: the small and full tiers on this card at their full shapes, the mini tier in 4 bits, its notebooks.

It ends within `--minutes`, does first what matters most, and keeps what it has after every phase in
data/results/gpu.json; the same command goes on where it was stopped. What libraries print, and every error whole, stays
in artifacts/measure/logs. Nothing is installed and nothing downloaded, but for the tokenizers where they are not there.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import study
from pins import pins_of

from helpers import methods, sources
from helpers.evaluation import results
from helpers.tiers import ROOT
from measure import record, told, weights
from measure.methods import METHODS
from measure.phases import FOUR_BITS, NOTEBOOKS, PHASES

HUB, LOGS = (ROOT / "artifacts" / "measure" / name for name in ("hub", "logs"))
# In the order of what matters most: the card as it is, then as small as the tier promises, then without Unsloth. What
# was done in one run is not done again in the next.
FULL, SMALL, MINI = (
    {"tier": tier, "engine": "transformers" if tier == "mini" else "unsloth", "cap_gb": None}
    for tier in ("full", "small", "mini")
)
FIRST = ("step: token", "traces", "exam", "step: logits", "step: across", "step: features_hint", "cache")
WHOLE = {f"step: {name}" for name, method in METHODS.items() if method.whole}
SMALLER = [phase for phase in PHASES if phase not in WHOLE]  # all weights of such students fit on no such card
RUNS = (
    (FULL, FIRST), (SMALL, FIRST), (FULL, PHASES), (MINI, FOUR_BITS), (SMALL, PHASES),
    ({**FULL, "cap_gb": 24}, SMALLER), ({**SMALL, "cap_gb": 16}, SMALLER),
    ({**FULL, "engine": "transformers"}, PHASES), ({**SMALL, "engine": "transformers"}, PHASES), (MINI, NOTEBOOKS),
)  # fmt: skip
WORKER, WEIGHTS = ([sys.executable, "-m", f"measure.{name}"] for name in ("work", "weights"))
ONE_PHASE = 240.0  # seconds after which a phase no longer counts as moving
COMMIT = "DISTILL_COMMIT"  # names the commit where this is a copy without its history


class Out(Exception):
    """The time is up."""


def about() -> dict:
    """What makes a record one record: the card, the libraries, the code. Raises RuntimeError where there is no card."""
    asked = subprocess.run([sys.executable, "-m", "measure.card"], capture_output=True, text=True, cwd=ROOT)
    if asked.returncode:
        raise RuntimeError(asked.stderr.strip().splitlines()[-1])
    return {
        "card": json.loads(asked.stdout.splitlines()[-1]), "versions": results.versions(),
        "unlike_pins": unlike_pins(results.versions()), "commit": study.commit() or os.environ.get(COMMIT),
        "code": sources.code(*(f"methods/{name}" for name in sorted({*methods.FILES.values()})), "evaluation/scoring"),
    }  # fmt: skip


def unlike_pins(versions: dict[str, str]) -> dict[str, str]:
    """The libraries of another version than the project's, each with the pinned one. PyTorch's build does not count."""
    pinned = pins_of(ROOT / "requirements.txt")
    return {name: pinned[name] for name, there in versions.items() if pinned.get(name, there) != there.split("+")[0]}


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m measure", description=__doc__.split("\n\n")[0])
    parser.add_argument("--minutes", type=float, default=8.0, help="when to stop, whatever is left (8)")
    parser.add_argument("--only", default="", help="runs whose name holds this, such as full/unsloth or 24 GB")
    parser.add_argument("--whole", action="store_true", help="write every token of the long texts (many minutes)")
    parser.add_argument("--fresh", action="store_true", help="forget what was measured before")
    parser.add_argument("--list", action="store_true", help="print what is done in which order, and do nothing")
    chosen = parser.parse_args(arguments)
    runs = [(run, list(phases)) for run, phases in RUNS if chosen.only in told.name_of(run)]
    if chosen.list:
        print("\n".join(f"{told.name_of(run)}: {', '.join(phases)}" for run, phases in runs))
        return 0
    try:
        made = about()
    except RuntimeError as error:
        print(error, file=sys.stderr)
        return 2
    until = time.monotonic() + 60 * chosen.minutes
    if chosen.fresh:
        record.FILE.unlink(missing_ok=True)
    kept = record.begun(made)
    try:
        for run, phases in runs:
            go(run, phases, kept, until, chosen.whole)
    except Out:
        print(f"{chosen.minutes:g} minutes are over; the same command goes on with the rest")
    print(told.tables(kept))
    return 0


def go(run: dict, phases: list[str], kept: dict, until: float, whole: bool = False) -> None:
    """Runs what is missing of a run, each phase into the record. Raises Out where the time is up."""
    wanted = record.missing(kept, run, phases)
    if not wanted:
        return
    if run["tier"] != "mini":  # by a process of its own, which gives the card's memory back
        subprocess.run([*WEIGHTS, run["tier"], str(HUB)], check=True, cwd=ROOT)
    while wanted:
        for line in lines(run, wanted, until, whole):
            record.put(kept, run, line)
            record.keep(kept)
            print(f"{told.name_of(run):<24}{told.line(line)}", flush=True)
            wanted.remove(line["phase"])


def lines(run: dict, wanted: list[str], until: float, whole: bool):
    """Yields how each phase went, as a process of its own tells it, and what went wrong where it tells no more.

    Raises Out where the time is up; the phase in which that was is not told.
    """
    with tempfile.TemporaryDirectory() as folder:
        out, log = Path(folder) / "told.jsonl", LOGS / f"{told.name_of(run).replace('/', '-').replace(', ', '-')}.log"
        out.touch()
        LOGS.mkdir(parents=True, exist_ok=True)
        words = [str(out), run["tier"], run["engine"], str(run["cap_gb"] or "none"), str(int(whole)), *wanted]
        with open(log, "ab") as shown:
            variables = {} if run["tier"] == "mini" else {"DISTILL_TIER": "", **weights.variables(HUB)}
            process = subprocess.Popen(
                [*WORKER, *words], stdout=shown, stderr=subprocess.STDOUT, cwd=ROOT, env={**os.environ, **variables}
            )
        try:
            read, now, since = 0, None, time.monotonic()
            while True:
                ended = process.poll() is not None  # looked at first: what it wrote last is then there
                told_now = out.read_text(encoding="utf-8").splitlines()
                for line in map(json.loads, told_now[read:]):
                    now, since = line.get("begins", now), time.monotonic()
                    if "phase" in line:
                        yield line
                        now = None
                read = len(told_now)
                if ended:
                    # One that never came to its first phase would not come to the others either.
                    for phase in [now] if now else list(wanted) if not read else []:
                        yield {"phase": phase, "state": "failed", "error": f"its process ended: {end_of(log)}"}
                    return
                if time.monotonic() > until:
                    raise Out
                if time.monotonic() - since > ONE_PHASE:
                    yield {"phase": now or wanted[0], "state": "failed", "error": f"not done after {ONE_PHASE:.0f} s"}
                    return
                time.sleep(0.1)
        finally:
            process.kill()
            process.wait()


def end_of(log: Path, characters: int = 600) -> str:
    return log.read_text(encoding="utf-8", errors="replace").strip()[-characters:]


if __name__ == "__main__":
    sys.exit(main())
