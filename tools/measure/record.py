"""data/results/gpu.json: what was measured on which card, phase by phase; whole after each of them."""

import json
import math
from pathlib import Path

from planner.minutes import FILE

from helpers import disk
from measure import summary


def read(path: Path = FILE) -> dict | None:
    """The record, None where nothing was measured."""
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None


def begun(about: dict, path: Path = FILE) -> dict:
    """The record to go on with: the one there is, where it is of the same card, versions and commit; else a new one."""
    there = read(path)
    if there is not None and all(there.get(key) == value for key, value in about.items()):
        print(f"going on with {disk.shown(path)}: {len(there['phases'])} phases are there")
        return there
    return {**about, "phases": []}


def keep(record: dict, path: Path = FILE) -> None:
    """Writes the record whole, or leaves the old one."""
    disk.write_whole(path, json.dumps({**record, "summary": summary.of(record)}, indent=1) + "\n")


def missing(record: dict, run: dict, phases: list[str]) -> list[str]:
    """The phases of a run that have not ended yet; one that was stopped in the middle counts as not."""
    there = {one["phase"] for one in record["phases"] if all(one.get(k) == v for k, v in run.items())}
    return [phase for phase in phases if phase not in there]


def put(record: dict, run: dict, told: dict) -> None:
    """Adds how a phase of a run went, rounded to what a measurement can say, in the place of what was there of it."""
    record["phases"] = [
        one for one in record["phases"]
        if one["phase"] != told["phase"] or any(one.get(k) != v for k, v in run.items())
    ]  # fmt: skip
    record["phases"].append({**run, **{key: _short(value) for key, value in told.items()}})


def _short(value):
    if not isinstance(value, float):
        return value
    return float(f"{value:.4g}") if math.isfinite(value) else str(value)  # JSON knows no NaN
