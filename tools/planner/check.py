"""The planner held against measured peaks on a CPU: `make plan-check`, a fresh process for every point, minutes.

Shrunken Qwen 3 and Gemma 3 models, all in float32 (the student's linear layers in NF4 where a point says so), are
trained for two steps by the trainers of this project, write text, or fill a cache. Weights are measured after loading,
peaks above what was there when the work began, with `helpers.memory`. It prints a table and writes
artifacts/bench/plan.json. What was measured on a CPU says nothing of a GPU's own overhead and speed.
"""

import argparse
import json
import os
import tempfile
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import redirect_stdout
from dataclasses import asdict, replace
from io import StringIO
from multiprocessing import forkserver, get_context
from pathlib import Path

from planner.points import POINTS, Point, config_of

ROOT = Path(__file__).resolve().parents[2]
OUT = ROOT / "artifacts" / "bench" / "plan.json"
WITHIN = 0.10
# glibc keeps freed blocks below a size that it raises by itself, and memory in use would be hidden among them. With the
# size held low, what is freed goes back at once, and the process is as large as its tensors.
STRICT = {"MALLOC_MMAP_THRESHOLD_": "65536", "MALLOC_TRIM_THRESHOLD_": "65536", "MALLOC_ARENA_MAX": "1"}


def predicted(point: Point) -> dict[str, float]:
    """MB by part, as the planner has it for this machine."""
    from helpers.planning import Numbers, Setting, generate, of_config, train, write_cache

    shape = of_config(config_of(point.model))
    teacher = of_config(config_of(point.teacher)) if point.teacher else None
    learnt = point.batch * (point.length - max(1, point.given))
    setting = Setting(
        point.batch, point.length, learnt, point.bits, 32, point.rank, point.checkpointing, 1, Numbers(), False,
        point.pads, min(one.vocabulary for one in (shape, teacher or shape)) // 2, point.given,
    )  # fmt: skip
    if point.job == "generate":
        found = generate(shape, replace(setting, pads=True), 32)
    elif point.job == "cache":
        found = write_cache(shape, replace(setting, teacher_bits=32))
    else:
        found = train(shape, setting, point.job, teacher or (shape if point.job == "features" else None))
    return {part: value / 1e6 for part, value in found.items()}


def compare(point: Point, measured: dict[str, float]) -> dict:
    """Planned and measured MB: the weights, the peak above them, and both together."""
    parts = predicted(point)
    weights = sum(parts.get(name, 0.0) for name in ("weights", "student", "teacher", "adapter"))
    planned = {"weights": weights, "peak": sum(parts.values()) - weights, "all": sum(parts.values())}
    measured = measured | {"all": measured["weights"] + measured["peak"]}
    off = {name: planned[name] / measured[name] - 1 for name in planned}
    return {"point": asdict(point), "parts": parts, "planned": planned, "measured": measured, "off": off}


def in_processes(points: Iterable[Point]) -> Iterator[tuple[Point, dict[str, float]]]:
    """Each point with what `measuring.measure` found in a process of its own, one at a time.

    The processes come from one that has imported the libraries and done nothing else.
    """
    context = get_context("forkserver")
    context.set_forkserver_preload(["planner.measuring"])
    before = dict(os.environ)
    # Read by glibc, and by Python to find what is to be imported, when that process starts.
    path = [str(ROOT / "tools"), str(ROOT), before.get("PYTHONPATH", "")]
    os.environ.update(STRICT, PYTHONPATH=os.pathsep.join(filter(None, path)))
    try:
        forkserver.ensure_running()
    finally:
        os.environ.clear()
        os.environ.update(before)
    with ProcessPoolExecutor(1, context, max_tasks_per_child=1) as pool:
        for point in points:
            yield point, pool.submit(alone, point).result()


def alone(point: Point) -> dict[str, float]:
    """Runs in the new process."""
    from planner.measuring import measure

    with tempfile.TemporaryDirectory() as folder, redirect_stdout(StringIO()):
        return measure(point, Path(folder))


def table(found: dict[str, dict]) -> str:
    from helpers.evaluation.tables import markdown  # not at the top: it would load before what is measured

    rows = []
    for name, one in found.items():
        pairs = [f"{one['planned'][k]:,.0f} / {one['measured'][k]:,.0f}" for k in ("weights", "peak", "all")]
        rows.append([name, *pairs, f"{one['off']['peak']:+.1%} of the peak, {one['off']['all']:+.1%}"])
    return markdown(["point", "weights, MB", "peak above, MB", "together", "off"], rows)


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="measure only points whose name holds this")
    parser.add_argument("--missing", action="store_true", help="measure only points that were not measured yet")
    parser.add_argument("--again", action="store_true", help="measure nothing; compare with the planner as it is now")
    options = parser.parse_args(arguments)
    kept = json.loads(OUT.read_text(encoding="utf-8")) if OUT.is_file() else {}
    wanted = [point for point in POINTS if options.only in point.name and not options.again]
    wanted = [point for point in wanted if not (options.missing and point.name in kept)]
    OUT.parent.mkdir(parents=True, exist_ok=True)
    for point, measured in in_processes(wanted) if wanted else ():
        kept[point.name] = compare(point, measured)
        off = kept[point.name]["off"]
        print(f"{point.name}: {off['peak']:+.1%} of the peak, {off['all']:+.1%} of all", flush=True)
        OUT.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    found = {
        point.name: compare(point, {key: kept[point.name]["measured"][key] for key in ("weights", "peak")})
        for point in POINTS
        if point.name in kept
    }
    OUT.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print(f"\nplanned / measured\n\n{table(found)}\n")
    wrong = [name for name, one in found.items() if max(abs(one["off"][key]) for key in ("peak", "all")) > WITHIN]
    print(f"{len(found) - len(wrong)} of {len(found)} points within {WITHIN:.0%}. Measured on a CPU; no GPU was used.")
    if wrong:
        raise SystemExit("further off: " + "; ".join(wrong))


if __name__ == "__main__":
    main()
