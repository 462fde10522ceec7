"""What the logits and the loss take in memory, in bytes, for each way to take a loss: at their worst moment."""

from helpers.losses.chunked import BLOCK, CHUNK
from helpers.losses.cross_tokenizer import LOGITS
from helpers.planning.parts import FLOAT, Numbers
from helpers.planning.shapes import Shape

TRL_CHUNK = 256  # tokens whose logits TRL holds at a time; a test compares it with TRL's own
# How many tensors as large as the logits live at the worst moment, read off the code.
WORDS = 4  # TRL's chunk: logits, their logarithms, those as probabilities, and the product for the entropy
DENSE = 3  # logits, their logarithms, and those without each text's last place; later two gradients beside one
ENTROPY = 3 * 128  # rows of logits in TRL's entropy, which it prints: of 128 tokens, three tensors
SOFT = 6  # losses.chunked.soft: two logarithms, two distributions, their difference, its product
TRL_SOFT = 8  # TRL's divergence: both logits, both logarithms, the terms and what they are made of; measured 7.7
STORED = 4  # methods.cached: two logarithms of the logits, and two gradients on their way back
SHARED = 95_969  # tokens that Qwen 3 and Gemma 3 share by surface


def words(shape: Shape, tokens: int, numbers: Numbers) -> float:
    """TRL's cross-entropy, in chunks: logits of so many tokens, made again in the backward pass.

    tokens: that are learnt. Beside the logits, hidden states: as the last norm gives them, without each text's last,
    in order; and their gradient twice.
    """
    logits = TRL_CHUNK * shape.vocabulary * (WORDS * FLOAT + (numbers.computed if numbers.computed < FLOAT else 0))
    head = shape.vocabulary * shape.width * numbers.computed if numbers.kept > numbers.computed else 0
    return logits + head + 5 * tokens * shape.width * numbers.stream


def dense(shape: Shape, tokens: int, numbers: Numbers, widened: bool = True) -> float:
    """The cross-entropy from the logits of all tokens at once. widened: in float32, as transformers and TRL take it."""
    if not widened:
        return DENSE * tokens * shape.vocabulary * numbers.computed
    narrow = numbers.computed if numbers.computed < FLOAT else 0
    return shape.vocabulary * (tokens * (DENSE * FLOAT + narrow) + ENTROPY * FLOAT)


def divergence(student: Shape, teacher: Shape, tokens: int, numbers: Numbers, gpu: bool) -> float:
    """`losses.chunked`: both sides' logits of a chunk, and the work on some rows of them, on a GPU on all.

    Beside them the hidden states of both sides, at all tokens and at the learnt ones, and the student's gradient.
    """
    vocabulary = min(student.vocabulary, teacher.vocabulary)
    chunk = min(CHUNK, tokens)
    rows = chunk if gpu else min(chunk, max(1, BLOCK // vocabulary))
    casts = 2 if numbers.computed < FLOAT else 0
    logits = 2 * chunk * vocabulary * numbers.computed + (SOFT + casts) * rows * vocabulary * FLOAT
    return logits + tokens * (3 * student.width + 2 * teacher.width) * numbers.stream


def across(student: Shape, teacher: Shape, tokens: int, numbers: Numbers, shared: int = SHARED) -> float:
    """`losses.across`: a block of chunks of text, made again in the backward pass.

    shared: tokens that both vocabularies have. At the worst moment, while the probabilities of the others are sorted,
    there are three tensors as wide as the student's vocabulary, four as wide as the teacher's, two as wide as the
    others of each, and eight as wide as the larger others: filled up, sorted, with places in int64.
    """
    rows = min(tokens, max(1, LOGITS // student.vocabulary))
    others = student.vocabulary - shared, teacher.vocabulary - shared
    logits = 3 * student.vocabulary + 4 * teacher.vocabulary + 2 * sum(others) + 8 * max(others)
    return rows * logits * FLOAT + tokens * (3 * student.width + 2 * teacher.width) * numbers.stream


def stored(shape: Shape, tokens: int, numbers: Numbers, weighed: bool = False) -> float:
    """`methods.cached`: the logits of a block of tokens, made again in the backward pass where there are several.

    weighed: the loss is weighed against one on features, and the first step keeps what it has worked out for that.
    """
    rows = min(tokens, max(1, LOGITS // shape.vocabulary))
    return (STORED + weighed) * rows * shape.vocabulary * FLOAT + 4 * tokens * shape.width * numbers.stream


def on_policy(student: Shape, teacher: Shape, tokens: int, numbers: Numbers) -> float:
    """TRL's divergence, in chunks made again in the backward pass."""
    vocabulary = min(student.vocabulary, teacher.vocabulary)
    return TRL_CHUNK * vocabulary * TRL_SOFT * FLOAT + tokens * (3 * student.width + 2 * teacher.width) * numbers.stream


def encoded(shape: Shape, tokens: int, numbers: Numbers) -> float:
    """Writing a cache: the distributions of a block of a text, and twice in float64, added up (`cache.draws`)."""
    rows = min(tokens, max(1, LOGITS // shape.vocabulary))
    return rows * shape.vocabulary * (FLOAT + 2 * 8)


def sampled(shape: Shape, batch: int) -> float:
    """Taking a token: its logits in float32, sorted with their places, as shares, and added up."""
    return batch * shape.vocabulary * (5 * FLOAT + 8)
