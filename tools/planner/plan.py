"""A method's phases on a card, one after another: traces written, a cache, the student trained, the student asked.

Each takes the tier's settings where they fit. Where not, the least that has to give gives, and it is said why.
"""

from dataclasses import replace

from helpers.tiers import EndpointSpec, Tier
from planner import phases
from planner.cards import GB, Card
from planner.choosing import LOWEST, Phase, choose
from planner.minutes import PROMPT_TOKENS, TRACE_TOKENS, passing, span, writing
from planner.parts import BF16, Numbers
from planner.phases import ADAPTERS, LIVE, OF_ONE_BASE, OF_TEXTS, ROUNDED, STORED, WHOLE, WRITES, Setting, total
from planner.shapes import Shape, shape_of

TEST = 1_319  # GSM8K's test problems
# Notebook 09: of so many questions, as a share of the traces, each is answered SAMPLES times, and KEPT are learnt.
ASKED, SAMPLES, KEPT = 3 / 32, 16, 2
# Methods for the student; the others need one that shares the teacher's tokenizer.
OWN_TOKENIZER = (*OF_TEXTS, *OF_ONE_BASE, "across", "on-policy across", *ROUNDED)


def plan(tier: Tier, card: Card, method: str = "token", less: bool = False) -> list[Phase]:
    """The phases of a method on a card. No two models are in memory together unless the method needs it.

    A teacher behind a server takes no memory here.

    less: no setting is above the tier's, and the teacher keeps its bits, of which a tier has no setting.

    Raises:
        ValueError: for a method that is not in METHODS, and for a tier whose models the planner does not know.
    """
    if method not in phases.METHODS:
        raise ValueError(f"there is no method called {method!r}; choose from {', '.join(phases.METHODS)}")
    if method == "self-distillation":  # a round of it, from a student that can do something
        found = [_answers(tier, card, less)]
    else:
        found = [] if isinstance(tier.teacher, EndpointSpec) else [_traces(tier, card, less)]
    if method in STORED:
        found.append(_cache(tier, card, less))
    if method in OF_ONE_BASE:  # together they read each trace as often as one student of all of them
        found.append(replace(_training(tier, card, "token", less), name="specialists learn: token"))
    lessons = () if method == "traces" else (_training, _exam)
    return [*found, *(phase(tier, card, method, less) for phase in lessons)]


def learner(tier: Tier, method: str) -> Shape:
    """The shape of who learns by a method."""
    return shape_of(tier.student if method in OWN_TOKENIZER else tier.sibling)


def numbers_of(tier: Tier, card: Card) -> Numbers:
    """How wide numbers are: float32 where a card has no bf16; with Unsloth 16 bits, else what PEFT makes of them."""
    if card.bytes == 4:
        return Numbers()
    return BF16 if tier.engine == "unsloth" else Numbers(2, 4, 4)


def _traces(tier: Tier, card: Card, less: bool) -> Phase:
    """The teacher writes its traces, alone. More of them at a time where they fit: a step takes hardly longer."""
    teacher, numbers = shape_of(tier.teacher), numbers_of(tier, card)
    wanted = Setting(tier.generate_batch, PROMPT_TOKENS + tier.max_new_tokens, teacher_bits=8 * card.bytes,
                     numbers=numbers)  # fmt: skip
    found = choose("teacher writes traces", card, wanted,
                   lambda one: phases.generate(teacher, one, one.teacher_bits), more=1 if less else 8,
                   fewer_bits=not less)  # fmt: skip
    took = writing(teacher, card, tier.traces, TRACE_TOKENS, tier.max_new_tokens, found.setting.batch,
                   found.setting.teacher_bits)  # fmt: skip
    return replace(found, took=took)


def _answers(tier: Tier, card: Card, less: bool) -> Phase:
    """The student answers each question many times, merged with its adapter in 16 bits."""
    student, bits = shape_of(tier.student), 8 * card.bytes
    wanted = Setting(tier.answer_batch, PROMPT_TOKENS + tier.answer_tokens, numbers=numbers_of(tier, card))
    found = choose("student writes many answers", card, wanted, lambda one: phases.generate(student, one, bits),
                   more=1 if less else 8, fewer_bits=False)  # fmt: skip
    mean = min(TRACE_TOKENS, tier.answer_tokens)
    many = int(tier.traces * ASKED) * SAMPLES
    return replace(found, took=writing(student, card, many, mean, tier.answer_tokens, found.setting.batch, bits))


def _cache(tier: Tier, card: Card, less: bool) -> Phase:
    """The teacher's distributions go to the disk, and for features its hidden states too."""
    teacher, numbers = shape_of(tier.teacher), numbers_of(tier, card)
    wanted = Setting(tier.generate_batch, tier.max_length, teacher_bits=8 * card.bytes, numbers=numbers)
    found = choose("cache written", card, wanted, lambda one: phases.write_cache(teacher, one), fewer_bits=not less)
    tokens = PROMPT_TOKENS + min(TRACE_TOKENS, found.setting.length)
    return replace(found, took=passing(teacher, card, tier.traces, tokens, found.setting.batch, 1))


def _training(tier: Tier, card: Card, method: str, less: bool) -> Phase:
    """The student learns, and where the method needs it the teacher is there too: then what that costs is said."""
    student = learner(tier, method)
    whole, own, writes = method in WHOLE, method in OF_ONE_BASE, method in WRITES
    rounded = method in ROUNDED
    live = rounded or writes or method in LIVE
    spec = tier.student if own else tier.teacher
    teacher = student if rounded else None if isinstance(spec, EndpointSpec) else shape_of(spec)
    wanted = Setting(min(tier.micro_batch, tier.batch_size), tier.max_length, rank=tier.lora.r,
                     teacher_bits=4 if own else 8 * card.bytes, numbers=numbers_of(tier, card))  # fmt: skip

    def parts_of(one: Setting) -> dict[str, float]:
        found = phases.train(student, one, method, teacher)
        if not writes:
            return found
        # The student writes first, and what it wrote then goes through both.
        gone = dict.fromkeys(("weights", "activations", "logits and loss"), 0.0)
        return max(found, found | phases.generate(student, one, one.student_bits) | gone, key=total)

    # Where the student writes too, more texts at a time are faster.
    fewer = live and not (less or own or rounded)  # the teacher may be asked in fewer bits
    found = choose(f"student learns: {method}", card, wanted, parts_of, more=8 if writes and not less else 1,
                   fewer_bits=fewer, lowest=None if whole else LOWEST)  # fmt: skip
    setting, why = found.setting, list(found.why)
    rows = tier.traces * ASKED * KEPT if method == "self-distillation" else tier.traces
    texts, length = rows * tier.epochs, min(PROMPT_TOKENS + TRACE_TOKENS, setting.length)
    took = passing(student, card, texts, length, setting.batch, 4 if whole else 3, adapted=not whole)
    if live:
        read = texts * (ADAPTERS if method == "ensemble" else 1)
        reading = passing(teacher, card, read, length, setting.batch, 1)
        took = took + reading
        beside = total({name: size for name, size in found.parts.items() if name.startswith("teacher")})
        why.append(f"the teacher beside it: {beside / GB:.1f} GB and {span(reading)}")
    if writes:
        took = took + writing(student, card, texts, length, setting.length, setting.batch, setting.student_bits)
    if found.fits and total(parts_of(replace(setting, checkpointing=False))) <= card.room:
        why.append("it would fit without gradient checkpointing, a quarter faster")
    return replace(found, took=took, why=tuple(why))


def _exam(tier: Tier, card: Card, method: str, less: bool) -> Phase:
    """The student answers GSM8K's test problems."""
    student = learner(tier, method)
    wanted = Setting(tier.answer_batch, PROMPT_TOKENS + tier.answer_tokens, numbers=numbers_of(tier, card),
                     student_bits=8 * card.bytes if method in WHOLE else 4)  # fmt: skip
    found = choose("student answers the test", card, wanted,
                   lambda one: phases.generate(student, one, one.student_bits), more=1 if less else 4,
                   fewer_bits=False)  # fmt: skip
    mean = min(TRACE_TOKENS, tier.answer_tokens)
    bits = found.setting.student_bits
    return replace(found, took=writing(student, card, TEST, mean, tier.answer_tokens, found.setting.batch, bits))
