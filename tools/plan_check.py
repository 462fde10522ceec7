"""The planner held against measured peaks on a CPU: `make plan-check`, a fresh process for every point, minutes.

Shrunken Qwen 3 and Gemma 3 models, all in float32 (the student's linear layers in NF4 where a point says so), are
trained for two steps by the trainers of this project, write text, or fill a cache. Weights are measured after loading,
peaks above what was there when the work began, with `helpers.memory`. It prints a table and writes
artifacts/bench/plan.json. What was measured on a CPU says nothing of a GPU's own overhead and speed.
"""

import argparse
import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from apart import in_processes
from tables import lines

ROOT = Path(__file__).resolve().parents[1]
OUT = ROOT / "artifacts" / "bench" / "plan.json"
WITHIN = 0.10
NAMES = ("vocabulary", "width", "layers", "heads", "kv_heads", "head_dim", "mlp")
SIZES = {
    name: dict(zip(NAMES, sizes, strict=True))
    for name, sizes in {
        "qwen": (32_768, 192, 6, 6, 2, 64, 768),
        "qwen wide": (24_576, 320, 4, 4, 2, 64, 1_280),
        "gemma": (49_152, 192, 6, 4, 1, 64, 960),
        "qwen long": (4_096, 256, 12, 4, 2, 64, 640),
        "gemma long": (4_096, 256, 12, 4, 2, 64, 640),
    }.items()
}
WINDOW, FULL_EVERY = 64, 6


@dataclass(frozen=True)
class Point:
    """What is measured. model, teacher: keys of SIZES. job: a method of `planning.METHODS`, "generate" or "cache".

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

    @property
    def name(self) -> str:
        more = [f"teacher {self.teacher}"] if self.teacher else []
        if self.job not in ("generate", "cache"):
            more += ["NF4" if self.bits == 4 else "float32", f"rank {self.rank}" if self.rank else "all trained"]
            more += [] if self.checkpointing else ["no checkpoints"]
            more += ["padded"] if self.pads else []
        more += [f"prompt {self.given}"] if self.given else []
        return f"{self.job}, {self.model}, {self.batch} × {self.length:,}" + "".join(f", {one}" for one in more)


POINTS = (
    Point("token", "qwen", 6, 512),
    Point("token", "qwen", 2, 1_024, pads=True),
    Point("token", "qwen wide", 4, 640, bits=32, rank=32),
    Point("token", "qwen wide", 4, 320, checkpointing=False),
    Point("token", "gemma", 4, 384),
    Point("token", "gemma long", 4, 512, pads=True),
    Point("dense", "qwen wide", 2, 384, bits=32),
    Point("logits", "qwen", 4, 512, teacher="qwen wide"),
    Point("cached logits", "qwen", 2, 448),
    Point("cached logits", "qwen", 4, 512),
    Point("across", "gemma", 1, 257, teacher="qwen wide"),
    Point("features", "qwen", 2, 384),
    Point("features", "qwen wide", 3, 256),
    Point("features live", "qwen", 4, 384, teacher="qwen wide"),
    Point("generate", "qwen long", 32, 256, bits=32, given=24),
    Point("generate", "gemma long", 48, 256, bits=32, given=24),
    Point("generate", "qwen wide", 24, 256, bits=32, given=248),
    Point("generate", "gemma long", 12, 384, bits=32, given=376),
    Point("cache", "qwen wide", 2, 320, bits=32),
)


def config_of(size: str):
    """A transformers configuration of the shrunken model."""
    from transformers import Gemma3TextConfig, Qwen3Config

    given = SIZES[size]
    same = {
        "vocab_size": given["vocabulary"], "hidden_size": given["width"], "num_hidden_layers": given["layers"],
        "num_attention_heads": given["heads"], "num_key_value_heads": given["kv_heads"], "head_dim": given["head_dim"],
        "intermediate_size": given["mlp"], "max_position_embeddings": 4_096, "tie_word_embeddings": True,
        "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2,
    }  # fmt: skip
    if size.startswith("qwen"):
        return Qwen3Config(**same)
    kinds = ["sliding_attention" if (i + 1) % FULL_EVERY else "full_attention" for i in range(given["layers"])]
    return Gemma3TextConfig(**same, sliding_window=WINDOW, layer_types=kinds)


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


def table(found: dict[str, dict]) -> str:
    rows = [["point", "weights, MB", "peak above, MB", "together", "off"], ["---"] * 5]
    for name, one in found.items():
        pairs = [f"{one['planned'][k]:,.0f} / {one['measured'][k]:,.0f}" for k in ("weights", "peak", "all")]
        rows.append([name, *pairs, f"{one['off']['peak']:+.1%} of the peak, {one['off']['all']:+.1%}"])
    return lines(rows)


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
