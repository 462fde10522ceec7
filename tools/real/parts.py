"""What else is measured of the real student, a key in data/results/real.json each: `make real PART=qad` does one."""

import json
from pathlib import Path

from study import commit

from helpers import disk
from helpers.evaluation import results
from helpers.tiers import Tier
from real import merges, pruned, rounded
from real import traces as real_traces

# (tier, all traces, those held out, seed) to figures; what is finished lies on the disk and is read.
PARTS = {
    "qad": rounded.part, "merged": merges.part,
    "pruned": lambda tier, every, unseen, seed: pruned.pruned(tier, len(unseen), seed),
}  # fmt: skip


def add(path: Path, name: str, tier: Tier, seed: int, held: int) -> None:
    """Puts a part into the file, whose other figures stay as they are.

    Args:
        path: of the file with the figures.
        name: of PARTS.
        tier: whose student it is, which must be there.
        seed: of the split and of the part.
        held: how many traces are held out.

    Raises:
        FileNotFoundError: where there is no file yet.
        ValueError: as the part.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path.name} is not there yet: `make real` writes it")
    every = real_traces.read(real_traces.path())
    _, unseen, _ = real_traces.split(every, tier, held, seed)
    part = PARTS[name](tier, every, unseen, seed)
    run = {"machine": results.machine(), "versions": results.versions(), "seed": seed, "commit": commit()}
    found = json.loads(path.read_text(encoding="utf-8"))
    made = {**found, name: {**part, "run": run}, "run": found["run"]}
    disk.write_whole(path, json.dumps(made, indent=2, ensure_ascii=False, allow_nan=False) + "\n")
