"""A method's phases on a card, one after another: traces written, a cache, the student trained, the student asked."""

from dataclasses import replace

from helpers.planning import minutes, phases
from helpers.planning.cards import GB, Card
from helpers.planning.choosing import Choice, Phase, choose, numbers_of
from helpers.planning.phases import LIVE, STORED, Setting, total
from helpers.planning.shapes import Shape, shape_of
from helpers.tiers import Tier

TEST = 1_319  # GSM8K's test problems
OWN_TOKENIZER = ("token", "across")  # methods for the student; the others need one that shares the teacher's tokenizer
# Of a cached token: a bit for each draw after the first, and the ids that differ. On SmolLM2-135M (49,152 tokens) 16
# draws took 11.6 bytes, which is 4.9 different ids; at most it is 16.
FURTHER, DIFFERENT = 15, 4.9
INSTEAD = {
    "logits": "from a cache it would not be there (cached logits)",
    "features live": "from a cache it would not be there (features)",
    "across": "there is no cache across tokenizers yet",
    "on-policy": "no cache can stand in, for the student writes",
}
ASKED = ("batch", "micro_batch", "generate_batch", "length")


def plan(tier: Tier, card: Card, method: str = "token", **asked: int) -> list[Phase]:
    """The phases of a method on a card. No two models are in memory together unless the method needs it.

    asked: of ASKED, to be tried instead of the tier's: batch (texts to an optimizer step), micro_batch (texts at a
    time), generate_batch, length (of the longest text to learn from).
    Raises ValueError for a method that is not in METHODS, for another setting, for one below 1, and for a tier whose
    models the planner does not know.
    """
    if method not in phases.METHODS:
        raise ValueError(f"there is no method called {method!r}; choose from {', '.join(phases.METHODS)}")
    for name, value in asked.items():
        if name not in ASKED or value < 1:
            raise ValueError(f"{name}={value}: what can be asked for is {', '.join(ASKED)}, each 1 or more")
    asked = {
        "batch": tier.batch_size, "micro_batch": tier.micro_batch, "generate_batch": tier.generate_batch,
        "length": tier.max_length,
    } | asked  # fmt: skip
    found = [] if method == "on-policy" else [traces(tier, card, asked)]
    if method == "traces":
        return found
    if method in STORED:
        found.append(cache(tier, card, method, asked))
    return [*found, training(tier, card, method, asked), evaluation(tier, card, method)]


def learner(tier: Tier, method: str) -> Shape:
    """Who learns by a method."""
    sibling = tier.sibling or tier.student
    return shape_of((tier.student if method in OWN_TOKENIZER else sibling).name)


def traces(tier: Tier, card: Card, asked: dict[str, int]) -> Phase:
    """The teacher writes its traces, alone. More of them at a time where they fit: a step takes hardly longer."""
    teacher, numbers = shape_of(tier.teacher.name), numbers_of(tier, card)
    longest = minutes.PROMPT_TOKENS + tier.max_new_tokens
    wanted = Setting(asked["generate_batch"], longest, teacher_bits=8 * card.bytes, numbers=numbers)
    found = choose(card, wanted, lambda one: phases.generate(teacher, one, one.teacher_bits), more=8)
    took = minutes.writing(
        teacher, card, tier.traces, minutes.TRACE_TOKENS, tier.max_new_tokens, found.setting.batch,
        found.setting.teacher_bits,
    )  # fmt: skip
    return _phase("teacher writes traces", found, took)


def cache(tier: Tier, card: Card, method: str, asked: dict[str, int]) -> Phase:
    """The teacher's distributions, and for features its hidden states too, go to the disk."""
    teacher = shape_of(tier.teacher.name)
    numbers = numbers_of(tier, card)
    wanted = Setting(asked["generate_batch"], asked["length"], teacher_bits=8 * card.bytes, numbers=numbers)
    found = choose(card, wanted, lambda one: phases.write_cache(teacher, one))
    tokens = min(minutes.TRACE_TOKENS, found.setting.length)
    took = minutes.passing(teacher, card, tier.traces, tokens + minutes.PROMPT_TOKENS, found.setting.batch, 1)
    each = cached_bytes(teacher) + (2 * teacher.width if method == "features" else 0)
    ids_and_labels = 8 * (tokens + minutes.PROMPT_TOKENS)
    return _phase("cache written", found, took, tier.traces * (tokens * each + ids_and_labels))


def training(tier: Tier, card: Card, method: str, asked: dict[str, int]) -> Phase:
    """The student learns, and where the method needs it the teacher is there too: then what that costs is said."""
    student, teacher = learner(tier, method), shape_of(tier.teacher.name)
    live = method in LIVE or method == "on-policy"
    wanted = Setting(
        min(asked["micro_batch"], asked["batch"]), asked["length"], teacher_bits=8 * card.bytes, rank=tier.lora.r,
        numbers=numbers_of(tier, card),
    )  # fmt: skip

    def parts_of(one: Setting) -> dict[str, float]:
        found = phases.train(student, one, method, teacher)
        if method == "on-policy":  # the student writes first, and what it wrote then goes through both
            writes = phases.generate(student, one, one.student_bits)
            gone = dict.fromkeys(("weights", "activations", "logits and loss"), 0.0)
            found = max((found, found | writes | gone), key=total)
        return found

    # Where the student writes too, more texts at a time are faster.
    found = choose(card, wanted, parts_of, more=8 if method == "on-policy" else 1, fewer_bits=live)
    setting, why = found.setting, list(found.why)
    texts, length = tier.traces * tier.epochs, min(minutes.PROMPT_TOKENS + minutes.TRACE_TOKENS, found.setting.length)
    took = minutes.passing(student, card, texts, length, setting.batch, 3, adapted=True)
    if live:
        reading = minutes.passing(teacher, card, texts, length, setting.batch, 1)
        took += reading
        alone = total({name: size for name, size in found.parts.items() if not name.startswith("teacher")})
        cost = f"{(total(found.parts) - alone) / GB:.1f} GB and {reading}"
        why.append(f"the teacher beside it: {cost}; {INSTEAD[method]}")
    if method == "on-policy":
        took += minutes.writing(student, card, texts, length, setting.length, setting.batch, setting.student_bits)
    if found.fits and total(parts_of(replace(setting, checkpointing=False))) <= card.room:
        why.append("it would fit without gradient checkpointing, a quarter faster")
    return _phase(f"student learns: {method}", replace(found, why=tuple(why)), took)


def evaluation(tier: Tier, card: Card, method: str) -> Phase:
    """The student answers GSM8K's test problems."""
    student, longest = learner(tier, method), minutes.PROMPT_TOKENS + tier.answer_tokens
    wanted = Setting(tier.answer_batch, longest, numbers=numbers_of(tier, card))
    found = choose(card, wanted, lambda one: phases.generate(student, one, one.student_bits), more=4, fewer_bits=False)
    mean = min(minutes.TRACE_TOKENS, tier.answer_tokens)
    took = minutes.writing(student, card, TEST, mean, tier.answer_tokens, found.setting.batch, 4)
    return _phase("student answers the test", found, took)


def cached_bytes(shape: Shape) -> float:
    """Bytes of a token's distribution, kept as 16 draws (`helpers.cache.draws`)."""
    return (FURTHER + DIFFERENT * (shape.vocabulary - 1).bit_length()) / 8


def _phase(name: str, found: Choice, took: minutes.Minutes, disk: float = 0.0) -> Phase:
    return Phase(name, found.parts, found.setting, took, found.fits, found.why, disk)
