"""What each part of a model takes in memory, in bytes: weights, activations, keys and values.

The formulas follow the code that runs: transformers' Qwen 3 and Gemma 3, bitsandbytes' NF4, PEFT's adapters, PyTorch's
AdamW and checkpointing. `make plan-check` holds them against measured peaks. A shape is a transformers configuration.
"""

from dataclasses import dataclass

from planner import shapes
from planner.shapes import Shape, keys, linear_weights, linears, queries, whole_weights

FLOAT = 4  # bytes of a float32
BLOCK, GROUP = 64, 256  # NF4: weights with one scale, and scales with one scale of their own (double quantization)
TABLES = 4 * (16 + 256) + 4  # bytes of NF4's code, the scales' code and their offset, for each layer


@dataclass(frozen=True)
class Numbers:
    """How wide numbers are, in bytes.

    computed: what linear layers give; stream: the hidden states between blocks; kept: weights that are never in 4 bits.
    On a CPU and on a card without bf16 all are float32. With Unsloth in bf16 all are 2. transformers alone, with a
    student in 4 bits, turns what stays whole into float32 (PEFT's preparation), and the stream with it.
    """

    computed: int = 4
    stream: int = 4
    kept: int = 4


BF16 = Numbers(2, 2, 2)


def weights(shape: Shape, bits: int, numbers: Numbers) -> float:
    """Bytes of all weights of a model. bits: 4 for NF4 with double quantization, else 16 or 32 for all of them.

    Raises:
        ValueError: for other bits.
    """
    if bits not in (4, 16, 32):
        raise ValueError(f"{bits} bits; choose 4 (NF4), 16 or 32")
    if bits > 4:
        return shapes.weights(shape) * bits / 8
    packed = 0.5 + 1 / BLOCK + FLOAT / (BLOCK * GROUP)
    tables = shape.num_hidden_layers * len(linears(shape)) * TABLES
    return linear_weights(shape) * packed + tables + whole_weights(shape) * numbers.kept


def kept_in_block(shape: Shape, rank: int, numbers: Numbers, repeated: bool = True) -> float:
    """Bytes that a block keeps of each token for the backward pass, its own input aside.

    A frozen linear layer keeps nothing; its adapter keeps its input. Attention is fused: it keeps no scores. Norms keep
    their input in float32, a copy where the stream is narrower.

    Args:
        shape: of the model.
        rank: of the adapters.
        numbers: how wide they are.
        repeated: keys and values are kept once for each query head, which transformers does where there is a padding
            mask, unless there is but one head of keys to repeat, which takes no copy.
    """
    w, m, q, k = shape.hidden_size, shape.intermediate_size, queries(shape), keys(shape)
    norms = q + k + w * (3 if "gemma3" in shape.model_type else 1) + (w if numbers.stream < FLOAT else 0)
    inputs = w + q + w + m  # of query, key and value; of output; of gate and up; of down
    attention = q + 2 * (q if repeated and shape.num_key_value_heads > 1 else k)  # turned queries, turned keys, values
    gate, adapters = 3 * m, len(linears(shape)) * rank
    return FLOAT * norms + numbers.computed * (inputs + attention + gate + adapters)


def passing_in_block(shape: Shape, bits: int, numbers: Numbers, tokens: int) -> float:
    """Bytes that come and go while a block is gone through backwards, at most, for a batch of so many tokens.

    That is in its feed-forward part: two gradients as wide as it, three as wide as the stream, and the largest layer's
    weights written out, if they are in 4 bits.
    """
    w, m = shape.hidden_size, shape.intermediate_size
    unpacked = w * m * numbers.computed if bits == 4 else 0
    return tokens * (2 * m * numbers.computed + 3 * w * numbers.stream) + unpacked


def masks(shape: Shape, batch: int, length: int) -> float:
    """Which place may look at which: a byte a pair for each kind of layer, and one of them at work in floats."""
    return batch * length**2 * ((2 if shape.sliding_window else 1) + FLOAT)


def kv_cache(shape: Shape, batch: int, length: int, bytes_each: int, reading: bool = False) -> float:
    """Bytes of keys and values of what was read and written. A sliding layer keeps its window and no more.

    Args:
        shape: of the model.
        batch: texts.
        length: tokens of each.
        bytes_each: of a number.
        reading: just after the prompts were read, when a sliding layer's window is a view that holds the whole prompt.
    """
    full = shape.layer_types.count("full_attention")
    back = length if reading or not shape.sliding_window else min(length, shape.sliding_window - 1)
    seen = full * length + (shape.num_hidden_layers - full) * back
    return batch * seen * 2 * keys(shape) * bytes_each


def kv_growing(shape: Shape, batch: int, length: int, bytes_each: int) -> float:
    """Bytes that a token more takes while it is written: keys, and values, are copied to a longer tensor.

    And where texts of a batch differ in length, keys and values are written out once for each query head.
    """
    repeated = 2 * queries(shape) if batch > 1 and shape.num_key_value_heads > 1 else 0
    return batch * length * bytes_each * (keys(shape) + repeated)
