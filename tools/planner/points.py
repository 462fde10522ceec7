"""The points of `make plan-check`: shrunken models, and what is done with them."""

from dataclasses import dataclass

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
