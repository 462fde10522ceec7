"""What each phase of a method takes in memory: bytes by part, at its worst moment."""

from dataclasses import dataclass, replace

from helpers.losses.chunked import BLOCK, CHUNK
from helpers.losses.cross_tokenizer import LOGITS
from planner import parts, shapes
from planner.parts import BF16, FLOAT, Numbers
from planner.shapes import Shape, adapter_weights, linear_weights

LIVE = ("logits", "across", "features live", "all weights", "ensemble")  # the teacher is asked at each step
STORED = ("cached logits", "features")
OF_TEXTS = ("token", "self-distillation")  # the student learns a text word for word
WRITES = ("on-policy", "on-policy across", "specialists")  # the student writes, and a teacher grades that at each step
OF_ONE_BASE = ("ensemble", "specialists")  # the teachers are adapters of the student's own base
ADAPTERS = 3  # of these, as in notebook 13
ROUNDED = ("quantized",)  # all weights of a student are trained, rounded at each use; its teacher is itself, whole
WHOLE = ("all weights", *ROUNDED)  # all weights of a student are trained, and no adapter
METHODS = ("traces", *OF_TEXTS, *LIVE, *STORED, *WRITES, *ROUNDED)
ROUNDING = 13  # bytes a weight of a layer while it is rounded: three copies in float32, and the codes
TRL_CHUNK = 256  # tokens whose logits TRL holds at a time; a test compares it with TRL's own
SHARED = 95_969  # tokens that Qwen 3 and Gemma 3 share by surface


@dataclass(frozen=True)
class Setting:
    """What of a run decides on its memory.

    batch: texts at a time. length: tokens of the longest text, learnt: of them all, those in the loss, all if None.
    student_bits, teacher_bits: of weights. rank: of the adapters. checkpointing: of activations. pads: whether texts of
    a batch differ in length. shared: tokens that both vocabularies have, where they are two. prompt: tokens that are
    read before the first is written.
    """

    batch: int
    length: int
    learnt: int | None = None
    student_bits: int = 4
    teacher_bits: int = 16
    rank: int = 32
    checkpointing: bool = True
    numbers: Numbers = BF16
    gpu: bool = True
    pads: bool = True
    shared: int = SHARED
    prompt: int = 120

    @property
    def tokens(self) -> int:
        """Of all texts at a time."""
        return self.batch * self.length


def total(found: dict[str, float]) -> float:
    """Bytes of all parts."""
    return sum(found.values())


def generate(shape: Shape, setting: Setting, bits: int) -> dict[str, float]:
    """A model writes texts of `length`, prompt and all, `batch` at a time.

    The worst moment is the last token, or the reading of the prompts, which goes through all of them at once. Taking a
    token needs its logits in float32, sorted with their places, as shares, and added up.
    """
    batch, width = setting.batch, setting.numbers.computed
    taken = batch * shape.vocab_size * (5 * FLOAT + 8)
    last = {
        "KV cache": parts.kv_cache(shape, batch, setting.length, width),
        "work": parts.kv_growing(shape, batch, setting.length, width) + taken,
    }
    first = {
        "KV cache": parts.kv_cache(shape, batch, setting.prompt, width, reading=True),
        "work": read(shape, replace(setting, length=setting.prompt), every=False),
    }
    return {"weights": parts.weights(shape, bits, setting.numbers)} | max(last, first, key=total)


def read(shape: Shape, setting: Setting, every: bool = True) -> float:
    """Bytes of a pass without gradients: hidden states, a feed-forward part at work, and the masks.

    every: the hidden states of all layers are asked for, as the losses here do. Else four as wide as the stream: the
    embeddings, a block's input, that input with attention added, and its norm.
    """
    states = (shape.num_hidden_layers + 3 if every else 4) * shape.hidden_size * setting.numbers.stream
    masks = parts.masks(shape, setting.batch, setting.length) if setting.pads else 0
    return setting.tokens * (states + 3 * shape.intermediate_size * setting.numbers.computed) + masks


def write_cache(teacher: Shape, setting: Setting) -> dict[str, float]:
    """The teacher reads `batch` texts and their distributions are encoded, one text after another.

    Of a block of a text there are the distributions, and twice in float64, added up (`cache.draws`).
    """
    kept = setting.tokens * (teacher.num_hidden_layers + 1) * teacher.hidden_size * setting.numbers.stream
    one = rows_of(teacher, setting.length) * teacher.vocab_size * (FLOAT + 2 * 8)
    reading = read(teacher, setting) - kept
    return {
        "teacher": parts.weights(teacher, setting.teacher_bits, setting.numbers), "hidden states": kept,
        "logits": one if one > reading else 0.0, "work": 0.0 if one > reading else reading,
    }  # fmt: skip


def train(student: Shape, setting: Setting, method: str, teacher: Shape | None = None) -> dict[str, float]:
    """A student is trained by a method of METHODS, at the worst of three moments.

    The moments: the teacher reads (live methods), the loss is taken, a block is gone through backwards.

    Raises:
        ValueError: where a teacher has to be there and is not.
    """
    whole, rounded, its, numbers = method in WHOLE, method in ROUNDED, setting, setting.numbers
    if whole and not rounded:  # in float32: an optimizer's small steps are lost in fewer bits
        numbers = replace(numbers, stream=FLOAT, kept=FLOAT)
    live, teacher = rounded or method in (*LIVE, *WRITES), student if rounded else teacher
    if live and teacher is None:
        raise ValueError(f"{method} asks the teacher at each step: give its shape")
    # What is trained is kept in float32 (`training.method.keep_float32`), with gradients and AdamW's two running means.
    trained = (shapes.weights(student) if whole else adapter_weights(student, setting.rank)) * FLOAT
    found = {"student": trained if whole else parts.weights(student, setting.student_bits, numbers)}
    if live:
        found["teacher"] = parts.weights(teacher, its.teacher_bits, its.numbers)
        if method in OF_ONE_BASE:
            found["teacher"] += ADAPTERS * adapter_weights(teacher, setting.rank) * FLOAT
    found |= {"gradients": trained, "optimizer": 2 * trained} | ({} if whole else {"adapter": trained})
    block = parts.kept_in_block(student, 0 if whole else setting.rank, numbers, setting.pads) * setting.tokens
    narrow = whole and not rounded and numbers.computed < FLOAT
    cast = parts.weights(student, 16, numbers) if narrow else 0.0  # all of them at once, for the forward pass
    if rounded:  # beside them, the weights of a block as they were rounded and as they are computed with
        block += linear_weights(student) / student.num_hidden_layers * (FLOAT + numbers.computed)
        block += ROUNDING * student.hidden_size * student.intermediate_size
    # Gradient checkpointing keeps the inputs of all blocks and the output of the last.
    kept = (student.num_hidden_layers + 1) * student.hidden_size * numbers.stream * setting.tokens
    if setting.pads:
        kept += parts.masks(student, setting.batch, setting.length)
    if not setting.checkpointing:
        kept, block = kept + student.num_hidden_layers * block, 0.0
    passing = parts.passing_in_block(student, 32 if whole else setting.student_bits, numbers, setting.tokens)
    moments = [
        {"activations": kept, "logits and loss": cast + loss(method, student, teacher, replace(its, numbers=numbers))},
        {"activations": kept + block + passing},
    ]
    if live:
        moments.append({"teacher reads": read(teacher, its)})
    return found | max(moments, key=total)


def loss(method: str, student: Shape, teacher: Shape | None, setting: Setting) -> float:
    """Bytes that logits and loss take by a method: so many tensors as wide as a vocabulary, read off the code.

    Raises:
        ValueError: for a method that is not trained.
    """
    numbers, vocabulary, width = setting.numbers, student.vocab_size, student.hidden_size
    tokens = setting.tokens if setting.learnt is None else setting.learnt
    narrow = numbers.computed < FLOAT
    if method in OF_TEXTS:
        # TRL's cross-entropy, in chunks that are made again in the backward pass: logits, their logarithms, those as
        # probabilities, the product for the entropy. Beside them hidden states: as the last norm gives them, without
        # each text's last, in order; and their gradient twice.
        logits = TRL_CHUNK * vocabulary * (4 * FLOAT + (numbers.computed if narrow else 0))
        head = vocabulary * width * numbers.computed if numbers.kept > numbers.computed else 0
        return logits + head + 5 * tokens * width * numbers.stream
    if method in STORED:
        # `methods.cached`, in blocks made again in the backward pass: two logarithms of the logits, and two gradients
        # on their way back.
        logits = 4 * rows_of(student, tokens) * vocabulary * FLOAT
        hidden = 4 * tokens * width * numbers.stream
    elif method in (*LIVE, *WRITES, *ROUNDED):
        teacher = student if method in ROUNDED else teacher
        both = min(vocabulary, teacher.vocab_size)
        voices = ADAPTERS if method == "ensemble" else 1
        # Hidden states of all sides, at all tokens and at the learnt ones, and the student's gradient.
        hidden = tokens * (3 * width + 2 * voices * teacher.hidden_size) * numbers.stream
        if method in ("across", "on-policy across"):
            # `losses.across`, in blocks made again in the backward pass. At the worst moment, while the probabilities
            # of tokens that are not shared are sorted: three tensors as wide as the student's vocabulary, four as the
            # teacher's, two as the others of each, and eight as the larger others: filled up, sorted, with places.
            others = vocabulary - setting.shared, teacher.vocab_size - setting.shared
            each = 3 * vocabulary + 4 * teacher.vocab_size + 2 * sum(others) + 8 * max(others)
            logits = rows_of(student, tokens) * each * FLOAT
        else:
            # `losses.chunked`: both sides' logits of a chunk, and the work on some rows of them, on a GPU on all: two
            # logarithms, two distributions, their difference, its product.
            chunk = min(CHUNK, tokens)
            rows = chunk if setting.gpu else min(chunk, max(1, BLOCK // both))
            logits = 2 * chunk * both * numbers.computed + (8 if narrow else 6) * rows * both * FLOAT
            if method == "ensemble":
                # `losses.ensemble`: the mean so far, a teacher's logits, their logarithms, and the new mean.
                logits += 4 * chunk * both * FLOAT
    else:
        raise ValueError(f"there is no training called {method!r}; choose from {', '.join(METHODS[1:])}")
    if method in ("features", "features live") and teacher is not None:
        # The student's states, those projected, the teacher's, their difference and its gradients.
        hidden += tokens * (2 * width + 4 * teacher.hidden_size) * FLOAT
    return logits + hidden


def rows_of(shape: Shape, tokens: int) -> int:
    """Tokens whose logits are held at a time where a block of them is as large as `losses.across` has it."""
    return min(tokens, max(1, LOGITS // shape.vocab_size))
