"""Published figures of the real models beside what the planner says of them. None was measured here."""

from dataclasses import dataclass

from helpers.planning import logits, parts, phases
from helpers.planning.parts import Numbers
from helpers.planning.phases import Setting
from helpers.planning.shapes import SHAPES, Shape

QWEN, TEACHER = SHAPES["Qwen/Qwen3-0.6B"], SHAPES["Qwen/Qwen3-4B-Thinking-2507"]
HALF = Numbers(2, 2, 2)
MIB = 2**20
QWEN_TABLE = "Qwen's speed table: Transformers, bf16, batch 1, 2,048 tokens written"
LIGER = "Liger-Kernel's benchmark, A100: cross-entropy of bf16 logits, 128,256 × 4,096"
UNSLOTH = "Unsloth's notebook, T4: float16 weights and adapter of rank 32, before training"


@dataclass(frozen=True)
class Figure:
    """What was published, where, and what the planner says, in MB. atmost: the figure is an upper bound."""

    what: str
    source: str
    published: float
    planned: float
    atmost: bool = False

    @property
    def off(self) -> float:
        return self.planned / self.published - 1


def generating(shape: Shape, prompt: int) -> float:
    """At the last token. What the reading of a long prompt takes for a moment is not in Qwen's figures."""
    setting = Setting(1, prompt + 2_048, numbers=HALF, pads=False, prompt=1)
    return phases.total(phases.generate(shape, setting, 16)) / 1e6


def liger(tokens: int) -> float:
    """Two output layers, one of them with a gradient, the hidden states with theirs, and the loss."""
    shape = Shape("", "qwen3", 128_256, 4_096, 0, 0, 0, 0, 0)
    heads = 3 * shape.vocabulary * shape.width * 2
    return (heads + 2 * tokens * shape.width * 2 + logits.dense(shape, tokens, HALF, widened=False)) / 1e6


def adapted(shape: Shape) -> float:
    return (parts.weights(shape, 16, HALF) + shape.adapter_weights(32) * 4) / 1e6


def rasbt() -> float:
    """All weights trained in bf16, a text of 2,048 at a time, no checkpoints, logits of all tokens."""
    setting = Setting(
        1, 2_048, student_bits=16, rank=0, checkpointing=False, numbers=HALF, pads=False,
    )  # fmt: skip
    return phases.total(phases.train(QWEN, setting, "dense")) / 1e6


def figures() -> list[Figure]:
    """All that were found with settings that the planner can be given."""
    qwen = {QWEN: {1: 1_394, 6_144: 2_066, 14_336: 2_963, 30_720: 4_755},
            TEACHER: {1: 7_973, 6_144: 8_860, 14_336: 10_012, 30_720: 12_317}}  # fmt: skip
    found = [
        Figure(f"{shape.name.split('/')[1].removesuffix('-Thinking-2507')} after {prompt:,} tokens", QWEN_TABLE,
               mib * MIB / 1e6, generating(shape, prompt))
        for shape, table in qwen.items() for prompt, mib in table.items()
    ]  # fmt: skip
    for tokens, mib in {4_096: 5_988.1, 8_192: 9_055.7, 16_384: 15_189.4, 32_768: 27_456.7}.items():
        found.append(Figure(f"{tokens:,} tokens at once", LIGER, mib * MIB / 1e6, liger(tokens)))
    for shape, gib in ((QWEN, 1.256), (TEACHER, 7.912)):
        name = "Qwen3-Embedding-" + shape.name.split("-")[1]
        found.append(Figure(name, UNSLOTH, gib * 2**30 / 1e6, adapted(shape)))
    source = "Raschka, Build a Reasoning Model, chapter 8: Qwen3-0.6B, all weights, texts of at most 2,048"
    found.append(Figure("full training, batch 1", source, 15_000, rasbt(), atmost=True))
    return found
