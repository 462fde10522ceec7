"""The planner held against measured peaks on a CPU: `make plan-check`, a fresh process for every point, minutes.

Shrunken Qwen 3 and Gemma 3 models, all in float32 (the student's linear layers in NF4 where a point says so), are
trained for two steps by the trainers of this project, write text, or fill a cache (`planner.measuring`). It prints a
table and writes artifacts/bench/plan.json. What was measured on a CPU says nothing of a GPU's own overhead and speed.
"""

import argparse
import json
import os
import subprocess
import sys
from dataclasses import asdict, dataclass, replace

from helpers.evaluation.tables import markdown
from helpers.tiers import ROOT
from planner.parts import Numbers
from planner.phases import Setting, generate, train, write_cache
from planner.shapes import Shape, config_of

OUT = ROOT / "artifacts" / "bench" / "plan.json"
WITHIN = 0.10
# glibc keeps freed blocks below a size that it raises by itself, and memory in use would be hidden among them. With the
# size held low, what is freed goes back at once, and the process is as large as its tensors.
STRICT = {"MALLOC_MMAP_THRESHOLD_": "65536", "MALLOC_TRIM_THRESHOLD_": "65536", "MALLOC_ARENA_MAX": "1"}
SIZES = {
    "qwen": ("qwen3", 32_768, 192, 6, 6, 2, 64, 768),
    "qwen wide": ("qwen3", 24_576, 320, 4, 4, 2, 64, 1_280),
    "gemma": ("gemma3", 49_152, 192, 6, 4, 1, 64, 960),
    "qwen long": ("qwen3", 4_096, 256, 12, 4, 2, 64, 640),
    "gemma long": ("gemma3", 4_096, 256, 12, 4, 2, 64, 640),
}


@dataclass(frozen=True)
class Point:
    """What is measured. model, teacher: keys of SIZES. job: a method of `phases.METHODS`, "generate" or "cache".

    given: tokens of a prompt, which are not learnt.
    """

    job: str
    model: str
    batch: int
    length: int
    bits: int = 4
    teacher: str = ""
    checkpointing: bool = True
    rank: int = 16
    pads: bool = False
    given: int = 0


POINTS = (
    Point("token", "qwen", 6, 512),
    Point("token", "qwen", 2, 1_024, pads=True),
    Point("token", "qwen wide", 4, 640, bits=32, rank=32),
    Point("token", "qwen wide", 4, 320, checkpointing=False),
    Point("token", "gemma", 4, 384),
    Point("token", "gemma", 2, 512, bits=32),
    Point("token", "gemma long", 4, 512, pads=True),
    Point("logits", "qwen", 4, 512, teacher="qwen wide"),
    Point("cached logits", "qwen", 2, 448),
    Point("cached logits", "qwen", 4, 512),
    Point("across", "gemma", 1, 257, teacher="qwen wide"),
    Point("features", "qwen", 2, 384),
    Point("features", "qwen wide", 3, 256),
    Point("features live", "qwen", 4, 384, teacher="qwen wide"),
    Point("all weights", "qwen", 4, 384, bits=32, teacher="qwen wide"),
    Point("all weights", "qwen wide", 2, 256, bits=32, teacher="qwen wide", checkpointing=False),
    Point("generate", "qwen long", 32, 256, bits=32, given=24),
    Point("generate", "gemma long", 48, 256, bits=32, given=24),
    Point("generate", "qwen wide", 24, 256, bits=32, given=248),
    Point("generate", "gemma long", 12, 384, bits=32, given=376),
    Point("cache", "qwen wide", 2, 320, bits=32),
)


def name_of(point: Point) -> str:
    """Its size, and in what it is not as most are."""
    usual = asdict(Point(point.job, point.model, point.batch, point.length))
    unusual = [f"{name} {value}" for name, value in asdict(point).items() if value != usual[name]]
    return ", ".join([point.job, point.model, f"{point.batch} × {point.length:,}", *unusual])


def shape_of(size: str) -> Shape:
    """The configuration of a shrunken model."""
    return config_of(*SIZES[size], window=64)


def predicted(point: Point) -> dict[str, float]:
    """MB by part, as the planner has it for this machine."""
    shape = shape_of(point.model)
    teacher = shape_of(point.teacher) if point.teacher else shape
    setting = Setting(
        point.batch, point.length, point.batch * (point.length - max(1, point.given)), point.bits, 32, point.rank,
        point.checkpointing, Numbers(), False, point.pads, min(shape.vocab_size, teacher.vocab_size) // 2, point.given,
    )  # fmt: skip
    if point.job == "generate":
        found = generate(shape, replace(setting, pads=True), 32)
    elif point.job == "cache":
        found = write_cache(shape, setting)
    else:
        found = train(shape, setting, point.job, teacher)
    return {part: value / 1e6 for part, value in found.items()}


def compare(point: Point, measured: dict[str, float]) -> dict[str, tuple[float, float]]:
    """Planned and measured MB of the weights, of the peak above them, and of all.

    Args:
        point: that was measured.
        measured: "weights" and "peak", as `measuring.measure` gives them.
    """
    parts = predicted(point)
    weights = sum(parts.get(name, 0.0) for name in ("weights", "student", "teacher", "adapter"))
    peak = sum(parts.values()) - weights
    pairs = (weights, measured["weights"]), (peak, measured["peak"])
    return {"weights": pairs[0], "peak": pairs[1], "all": tuple(map(sum, zip(*pairs, strict=True)))}


def off(found: dict[str, tuple[float, float]]) -> dict[str, float]:
    """How far the planner was off of the peak and of all, as a share of what was measured."""
    return {name: planned / measured - 1 for name, (planned, measured) in found.items() if name != "weights"}


def measured(point: Point) -> dict[str, float]:
    """What `measuring.measure` finds in a process of its own.

    Raises:
        RuntimeError: where that process fails, with what it said last.
    """
    path = os.pathsep.join([str(ROOT / "tools"), str(ROOT), os.environ.get("PYTHONPATH", "")])
    command = [sys.executable, "-m", "planner.measuring", json.dumps(asdict(point))]
    done = subprocess.run(command, env=os.environ | STRICT | {"PYTHONPATH": path}, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{name_of(point)} could not be measured: {done.stderr[-2_000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def main(arguments: list[str] | None = None) -> None:
    """The command. It fails where the planner is further off than WITHIN."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="measure only points whose name holds this")
    parser.add_argument("--again", action="store_true", help="measure nothing; compare with the planner as it is now")
    options = parser.parse_args(arguments)
    kept = json.loads(OUT.read_text(encoding="utf-8")) if OUT.is_file() else {}
    OUT.parent.mkdir(parents=True, exist_ok=True)
    points = {name_of(point): point for point in POINTS}
    for name, point in points.items():
        if options.only in name and not options.again:
            kept[name] = measured(point)
            print(name, kept[name], flush=True)
            OUT.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    found = {name: compare(point, kept[name]) for name, point in points.items() if name in kept}
    head, rows = ["point: planned / measured, MB", "weights", "peak above", "together", "off"], []
    for name, one in found.items():
        pairs = [f"{planned:,.0f} / {there:,.0f}" for planned, there in one.values()]
        rows.append([name, *pairs, "{peak:+.1%} of the peak, {all:+.1%}".format(**off(one))])
    wrong = [name for name, one in found.items() if max(map(abs, off(one).values())) > WITHIN]
    print(f"\n{markdown(head, rows)}\n\n{len(found) - len(wrong)} of {len(found)} points within {WITHIN:.0%}. "
          "Measured on a CPU; no GPU was used.")  # fmt: skip
    if wrong:
        raise SystemExit("further off: " + "; ".join(wrong))


if __name__ == "__main__":
    main()
