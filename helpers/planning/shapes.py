"""The shapes of the real models as data, and how many weights they have: plain arithmetic, no model is loaded."""

from dataclasses import dataclass

LINEARS = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")


@dataclass(frozen=True)
class Shape:
    """What of a model's configuration decides on its memory and its work.

    family: "qwen3" or "gemma3", which has two more norms a layer. vocabulary: rows of the output layer. width: of the
    hidden states. mlp: width inside a feed-forward block. heads, kv_heads: of queries, and of keys and values, each
    head_dim wide. tied: whether the output layer is the embedding. window: how far back a sliding layer looks, None
    where there is none; full_layers: how many layers look back without end.
    """

    name: str
    family: str
    vocabulary: int
    width: int
    layers: int
    heads: int
    kv_heads: int
    head_dim: int
    mlp: int
    tied: bool = True
    window: int | None = None
    full_layers: int = 0

    @property
    def queries(self) -> int:
        return self.heads * self.head_dim

    @property
    def keys(self) -> int:
        return self.kv_heads * self.head_dim

    def linear_sizes(self) -> dict[str, tuple[int, int]]:
        """(input, output) of each linear layer in a block."""
        w, m = self.width, self.mlp
        sizes = (w, self.queries), (w, self.keys), (w, self.keys), (self.queries, w), (w, m), (w, m), (m, w)
        return dict(zip(LINEARS, sizes, strict=True))

    @property
    def linear_weights(self) -> int:
        """Weights of all blocks' linear layers: those that 4 bits and adapters are for."""
        return self.layers * sum(a * b for a, b in self.linear_sizes().values())

    @property
    def whole_weights(self) -> int:
        """Weights that are never in 4 bits: embedding, output layer and norms."""
        norms = (4 if self.family == "gemma3" else 2) * self.width + 2 * self.head_dim
        embeddings = (1 if self.tied else 2) * self.vocabulary * self.width
        return embeddings + self.layers * norms + self.width

    @property
    def weights(self) -> int:
        """All weights; tied ones count once."""
        return self.linear_weights + self.whole_weights

    def adapter_weights(self, rank: int) -> int:
        """Weights of a low-rank adapter on every linear layer of every block."""
        return self.layers * rank * sum(a + b for a, b in self.linear_sizes().values())


def of_config(config, name: str = "") -> Shape:
    """The shape of a transformers configuration. Raises ValueError for a model that the planner does not know."""
    config = config.get_text_config()
    family = {"qwen3": "qwen3", "gemma3_text": "gemma3"}.get(config.model_type)
    if family is None:
        raise ValueError(f"the planner knows Qwen 3 and Gemma 3, not {config.model_type!r}: give it a Shape")
    full = sum(kind == "full_attention" for kind in config.layer_types)
    return Shape(
        name, family, config.vocab_size, config.hidden_size, config.num_hidden_layers, config.num_attention_heads,
        config.num_key_value_heads, config.head_dim, config.intermediate_size, config.tie_word_embeddings,
        config.sliding_window if full < config.num_hidden_layers else None, full,
    )  # fmt: skip


# From the config.json of each, on the Hub. A test builds them without memory and counts their weights.
SHAPES = {
    shape.name: shape
    for shape in (
        Shape("Qwen/Qwen3-0.6B", "qwen3", 151_936, 1_024, 28, 16, 8, 128, 3_072, full_layers=28),
        Shape("Qwen/Qwen3-4B-Thinking-2507", "qwen3", 151_936, 2_560, 36, 32, 8, 128, 9_728, full_layers=36),
        Shape("google/gemma-3-270m-it", "gemma3", 262_144, 640, 18, 4, 1, 256, 2_048, window=512, full_layers=3),
        Shape("google/gemma-3-1b-it", "gemma3", 262_144, 1_152, 26, 4, 1, 256, 6_912, window=512, full_layers=4),
    )
}
SAME_SHAPE = {"Qwen/Qwen3-0.6B-Base": "Qwen/Qwen3-0.6B"}


def shape_of(name: str) -> Shape:
    """The shape of a model that the tiers name. Raises ValueError for another."""
    found = SHAPES.get(SAME_SHAPE.get(name, name))
    if found is None:
        raise ValueError(f"the planner has no shape for {name!r}; it knows {', '.join([*SHAPES, *SAME_SHAPE])}")
    return found
