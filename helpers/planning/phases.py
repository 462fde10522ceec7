"""The phases of each method: who is in memory, and what each part takes at the worst moment."""

from dataclasses import dataclass, field, replace

from helpers.planning import logits, parts
from helpers.planning.parts import Numbers
from helpers.planning.shapes import Shape

LIVE = ("logits", "across", "features live")  # the teacher is asked at each step of the training
STORED = ("cached logits", "features")
METHODS = ("traces", "token", *LIVE, *STORED, "on-policy")


@dataclass(frozen=True)
class Setting:
    """What of a run decides on its memory.

    batch: texts at a time. length: tokens of the longest text, learnt: of them all, those in the loss, all if None.
    student_bits, teacher_bits: of weights. rank: of the adapters, 0 for full training. checkpointing: of activations.
    layers: whose hidden states are compared. pads: whether texts of a batch differ in length. shared: tokens that
    both vocabularies have, where they are two. prompt: tokens that are read before the first is written.
    """

    batch: int
    length: int
    learnt: int | None = None
    student_bits: int = 4
    teacher_bits: int = 16
    rank: int = 32
    checkpointing: bool = True
    layers: int = 1
    numbers: Numbers = field(default_factory=lambda: Numbers(2, 2, 2))
    gpu: bool = True
    pads: bool = True
    shared: int = logits.SHARED
    prompt: int = 120

    @property
    def tokens(self) -> int:
        return self.batch * self.length

    @property
    def in_loss(self) -> int:
        return self.tokens if self.learnt is None else self.learnt


def total(found: dict[str, float]) -> float:
    return sum(found.values())


def generate(shape: Shape, setting: Setting, bits: int) -> dict[str, float]:
    """A model writes texts of `length`, prompt and all, `batch` at a time: bytes by part.

    The worst moment is the last token, or the reading of the prompts, which goes through all of them at once.
    """
    numbers, batch = setting.numbers, setting.batch
    moments = [
        {
            "KV cache": parts.kv_cache(shape, batch, setting.length, numbers.computed),
            "work": parts.kv_growing(shape, batch, setting.length, numbers.computed) + logits.sampled(shape, batch),
        },
        {
            "KV cache": parts.kv_cache(shape, batch, setting.prompt, numbers.computed, reading=True),
            "work": read(shape, replace(setting, length=setting.prompt), every=False),
        },
    ]
    return {"weights": parts.weights(shape, bits, numbers)} | max(moments, key=total)


def read(shape: Shape, setting: Setting, every: bool = True) -> float:
    """A pass without gradients. every: the hidden states of all layers are asked for, as the losses here do.

    Else four as wide as the stream: the embeddings, a block's input, that input with attention added, and its norm.
    Beside them a feed-forward part at work, and the masks.
    """
    states = (shape.layers + 3 if every else 4) * shape.width * setting.numbers.stream
    masks = parts.masks(shape, setting.batch, setting.length) if setting.pads else 0
    return setting.tokens * (states + 3 * shape.mlp * setting.numbers.computed) + masks


def write_cache(teacher: Shape, setting: Setting) -> dict[str, float]:
    """The teacher reads `batch` texts and their distributions are encoded, one text after another."""
    numbers = setting.numbers
    kept = setting.tokens * (teacher.layers + 1) * teacher.width * numbers.stream
    one = logits.encoded(teacher, setting.length, numbers)
    reading = read(teacher, setting) - kept
    return {
        "teacher": parts.weights(teacher, setting.teacher_bits, numbers),
        "hidden states": kept,
        "logits": one if one > reading else 0.0,
        "work": 0.0 if one > reading else reading,
    }


def train(student: Shape, setting: Setting, method: str, teacher: Shape | None = None) -> dict[str, float]:
    """A student is trained by a method of METHODS: bytes by part, at the worst of three moments.

    The moments: the teacher reads (live methods), the loss is taken, a block is gone through backwards.
    Raises ValueError where a teacher has to be there and is not.
    """
    if method in (*LIVE, "on-policy") and teacher is None:
        raise ValueError(f"{method} asks the teacher at each step: give its shape")
    numbers, shape = setting.numbers, student
    found = {"student": parts.weights(shape, setting.student_bits, numbers)}
    if teacher is not None and method in (*LIVE, "on-policy"):
        found["teacher"] = parts.weights(teacher, setting.teacher_bits, numbers)
    if setting.rank:
        found |= parts.trained(shape.adapter_weights(setting.rank))
    else:  # the weights themselves are trained
        found |= parts.trained(shape.weights, setting.student_bits // 8) | {"adapter": 0.0}
    block = parts.kept_in_block(shape, setting.rank, numbers, setting.pads) * setting.tokens
    kept = parts.checkpoints(shape, numbers, setting.tokens)
    if setting.pads:
        kept += parts.masks(shape, setting.batch, setting.length)
    if not setting.checkpointing:
        kept, block = kept + shape.layers * block, 0.0
    loss = loss_of(method, shape, teacher, setting)
    passing = parts.passing_in_block(shape, setting.student_bits, numbers, setting.tokens)
    moments = [
        {"activations": kept, "logits and loss": loss},
        {"activations": kept + block + passing},
    ]
    if "teacher" in found:
        moments.append({"teacher reads": read(teacher, setting)})
    return found | max(moments, key=total)


def loss_of(method: str, student: Shape, teacher: Shape | None, setting: Setting) -> float:
    """What logits and loss take, by method."""
    tokens, numbers = setting.in_loss, setting.numbers
    if method == "token":
        return logits.words(student, tokens, numbers)
    if method == "dense":
        return logits.dense(student, setting.tokens, numbers)
    if method in STORED:
        found = logits.stored(student, tokens, numbers, weighed=method == "features")
    elif method == "across":
        found = logits.across(student, teacher, tokens, numbers, setting.shared)
    elif method == "on-policy":
        found = logits.on_policy(student, teacher, tokens, numbers)
    elif method in LIVE:
        found = logits.divergence(student, teacher, tokens, numbers, setting.gpu)
    else:
        raise ValueError(f"there is no method called {method!r}; choose from {', '.join(METHODS)}")
    if method in ("features", "features live") and teacher is not None:
        # Of each pair: the student's states, those projected, the teacher's, their difference and its gradients.
        found += setting.layers * tokens * (2 * student.width + 4 * teacher.width) * parts.FLOAT
    return found
