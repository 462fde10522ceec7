"""What each part of a model takes in memory, in bytes: weights, adapter, optimizer, activations, KV cache.

The formulas follow the code that runs: transformers' Qwen 3 and Gemma 3, bitsandbytes' NF4, PEFT's adapters, PyTorch's
AdamW and checkpointing. `make plan-check` holds them against measured peaks.
"""

from dataclasses import dataclass

from helpers.planning.shapes import Shape

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


def weights(shape: Shape, bits: int, numbers: Numbers) -> float:
    """All weights of a model. bits: 4 for NF4 with double quantization, else 8, 16 or 32 for all of them.

    Raises ValueError for other bits.
    """
    if bits not in (4, 8, 16, 32):
        raise ValueError(f"{bits} bits; choose 4 (NF4), 8, 16 or 32")
    if bits > 4:
        linear = shape.linear_weights * bits / 8
        return linear + shape.whole_weights * (bits / 8 if bits > 8 else numbers.kept)
    packed = 0.5 + 1 / BLOCK + FLOAT / (BLOCK * GROUP)
    tables = shape.layers * len(shape.linear_sizes()) * TABLES
    return shape.linear_weights * packed + tables + shape.whole_weights * numbers.kept


def trained(count: int, bytes_each: int = FLOAT) -> dict[str, float]:
    """What is trained: the weights themselves, their gradients, and AdamW's two running means.

    count: how many; bytes_each: 4 for adapters, which `training.method.keep_float32` keeps so.
    """
    return {"adapter": count * bytes_each, "gradients": count * bytes_each, "optimizer": 2 * count * bytes_each}


def kept_in_block(shape: Shape, rank: int, numbers: Numbers, repeated: bool = True) -> float:
    """What a block keeps of each token for the backward pass, its own input aside.

    rank: of the adapters, 0 for none. repeated: keys and values are kept once for each query head, which transformers
    does where there is a padding mask, unless there is but one head of keys to repeat, which takes no copy.
    A frozen linear layer keeps nothing; its adapter keeps its input. Attention is fused: it keeps no scores. Norms keep
    their input in float32, a copy where the stream is narrower.
    """
    w, m, q, k = shape.width, shape.mlp, shape.queries, shape.keys
    norm_inputs = q + k + w * (3 if shape.family == "gemma3" else 1) + (w if numbers.stream < FLOAT else 0)
    linear_inputs = w + q + w + m  # of query, key and value; of output; of gate and up; of down
    attention = q + 2 * (q if repeated and shape.kv_heads > 1 else k)  # turned queries, turned keys, values
    gate, adapters = 3 * m, len(shape.linear_sizes()) * rank
    return FLOAT * norm_inputs + numbers.computed * (linear_inputs + attention + gate + adapters)


def passing_in_block(shape: Shape, bits: int, numbers: Numbers, tokens: int) -> float:
    """What comes and goes while a block is gone through backwards, at most, for a batch of so many tokens.

    That is in its feed-forward part: two gradients as wide as it, three as wide as the stream, and the largest layer's
    weights written out, if they are in 4 bits.
    """
    unpacked = shape.width * shape.mlp * numbers.computed if bits == 4 else 0
    return tokens * (2 * shape.mlp * numbers.computed + 3 * shape.width * numbers.stream) + unpacked


def checkpoints(shape: Shape, numbers: Numbers, tokens: int) -> float:
    """The inputs of all blocks and the output of the last: what gradient checkpointing keeps."""
    return (shape.layers + 1) * shape.width * numbers.stream * tokens


def masks(shape: Shape, batch: int, length: int) -> float:
    """Which place may look at which: a byte a pair for each kind of layer, and one of them at work in floats."""
    kinds = 2 if shape.window else 1
    return batch * length**2 * (kinds + FLOAT)


def kv_cache(shape: Shape, batch: int, length: int, bytes_each: int, reading: bool = False) -> float:
    """Keys and values of what was read and written. A sliding layer keeps its window and no more.

    reading: just after the prompts were read, when a sliding layer's window is a view that holds the whole prompt.
    """
    back = length if reading or not shape.window else min(length, shape.window - 1)
    seen = shape.full_layers * length + (shape.layers - shape.full_layers) * back
    return batch * seen * 2 * shape.keys * bytes_each


def kv_growing(shape: Shape, batch: int, length: int, bytes_each: int) -> float:
    """What a token more takes while it is written: keys, and values, are copied to a longer tensor.

    And where texts of a batch differ in length, keys and values are written out once for each query head.
    """
    repeated = 2 * shape.queries if batch > 1 and shape.kv_heads > 1 else 0
    return batch * length * bytes_each * (shape.keys + repeated)
