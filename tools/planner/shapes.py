"""The shapes of models as transformers' configurations, and how many weights they have: no model is loaded."""

from typing import TYPE_CHECKING, Any

from helpers.tiers import ModelSpec

if TYPE_CHECKING:
    from transformers import PretrainedConfig as Shape
else:
    Shape = Any  # transformers comes later: Unsloth has to come before it

FIELDS = (
    "vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads", "head_dim",
    "intermediate_size",
)  # fmt: skip
NORMS = {"qwen3": 2, "gemma3_text": 4}  # as wide as the hidden states, in a layer
LIKE_QWEN3 = ("llama", "mistral", "qwen2", "smollm3")  # the same layers; norms of queries and keys, or biases, aside
# From the config.json of each, on the Hub: family, then FIELDS. A test builds them without memory and counts weights.
SHAPES = {
    "Qwen/Qwen3-0.6B": ("qwen3", 151_936, 1_024, 28, 16, 8, 128, 3_072),
    "Qwen/Qwen3-0.6B-Base": ("qwen3", 151_936, 1_024, 28, 16, 8, 128, 3_072),
    "Qwen/Qwen3-4B-Thinking-2507": ("qwen3", 151_936, 2_560, 36, 32, 8, 128, 9_728),
    "google/gemma-3-270m-it": ("gemma3", 262_144, 640, 18, 4, 1, 256, 2_048),
    "google/gemma-3-1b-it": ("gemma3", 262_144, 1_152, 26, 4, 1, 256, 6_912),
}


def config_of(family: str, *sizes: int, window: int = 512) -> Shape:
    """A configuration of transformers, with the output layer tied to the embedding.

    Args:
        family: "qwen3", or "gemma3", where every sixth layer looks back without end and the others a window.
        sizes: one for each of FIELDS.
        window: how many tokens a sliding layer looks back.
    """
    from transformers import Gemma3TextConfig, Qwen3Config

    fields = dict(zip(FIELDS, sizes, strict=True))
    fields |= {"tie_word_embeddings": True, "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2}
    return Qwen3Config(**fields) if family == "qwen3" else Gemma3TextConfig(**fields, sliding_window=window)


def shape_of(model: str | ModelSpec) -> Shape:
    """The configuration of a model: from SHAPES by its name, else as its folder or the Hub has it.

    One of LIKE_QWEN3 is planned as a Qwen 3 of its sizes.

    Raises:
        ValueError: for a name that is not in SHAPES, and for a model of a family that the planner does not know.
        OSError: for one that cannot be read.
    """
    name = model if isinstance(model, str) else model.name
    if name in SHAPES:
        return config_of(*SHAPES[name])
    if isinstance(model, str):
        raise ValueError(f"the planner has no shape for {name!r}; it knows {', '.join(SHAPES)}")
    from transformers import AutoConfig

    found = AutoConfig.from_pretrained(model.source, revision=model.revision).get_text_config()
    if found.model_type in NORMS:
        return found
    if found.model_type not in LIKE_QWEN3:
        known = ", ".join((*NORMS, *LIKE_QWEN3))
        raise ValueError(f"{name} is a {found.model_type}, and the planner knows the layers of {known}")
    wide = getattr(found, "head_dim", None) or found.hidden_size // found.num_attention_heads
    shape = config_of("qwen3", *(wide if one == "head_dim" else getattr(found, one) for one in FIELDS))
    shape.tie_word_embeddings = found.tie_word_embeddings
    return shape


def queries(shape: Shape) -> int:
    """How wide the queries of all heads are."""
    return shape.num_attention_heads * shape.head_dim


def keys(shape: Shape) -> int:
    """How wide the keys of all heads are, and the values."""
    return shape.num_key_value_heads * shape.head_dim


def linears(shape: Shape) -> list[tuple[int, int]]:
    """(input, output) of each linear layer in a block: query, key, value, output, gate, up, down."""
    w, m, q, k = shape.hidden_size, shape.intermediate_size, queries(shape), keys(shape)
    return [(w, q), (w, k), (w, k), (q, w), (w, m), (w, m), (m, w)]


def linear_weights(shape: Shape) -> int:
    """Weights of all blocks' linear layers: those that 4 bits and adapters are for."""
    return shape.num_hidden_layers * sum(a * b for a, b in linears(shape))


def whole_weights(shape: Shape) -> int:
    """Weights that are never in 4 bits: embedding and output layer, mostly the same weights, and norms.

    Raises:
        ValueError: for a model that the planner does not know.
    """
    if shape.model_type not in NORMS:
        raise ValueError(f"the planner knows {', '.join(NORMS)}, not {shape.model_type!r}")
    norms = NORMS[shape.model_type] * shape.hidden_size + 2 * shape.head_dim
    ends = 1 if shape.tie_word_embeddings else 2
    return ends * shape.vocab_size * shape.hidden_size + shape.num_hidden_layers * norms + shape.hidden_size


def weights(shape: Shape) -> int:
    """All weights."""
    return linear_weights(shape) + whole_weights(shape)


def adapter_weights(shape: Shape, rank: int) -> int:
    """Weights of a low-rank adapter on every linear layer of every block."""
    return shape.num_hidden_layers * rank * sum(a + b for a, b in linears(shape))
