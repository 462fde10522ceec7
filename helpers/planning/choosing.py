"""Which settings fit on a card: those of the tier first, then the least that has to give, and why."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from helpers.planning.cards import GB, Card
from helpers.planning.minutes import Minutes
from helpers.planning.parts import Numbers
from helpers.planning.phases import Setting, total
from helpers.tiers import Tier

SHORTEST = 1_024  # tokens: no plan cuts texts below this
MENDS = {
    "weights": "take a smaller teacher, or a larger card",
    "student": "take a smaller student, or a larger card",
    "teacher": "keep the teacher's distributions in a cache, so that it is gone when the student learns",
    "KV cache": "write fewer tokens (max_new_tokens)",
    "hidden states": "cut texts shorter (max_length)",
    "activations": "cut texts shorter (max_length)",
    "logits and loss": "cut texts shorter (max_length), or take a loss that works in chunks (token, logits)",
    "logits": "cut texts shorter (max_length)",
    "teacher reads": "cut texts shorter (max_length), or keep the teacher's distributions in a cache",
    "work": "write fewer tokens (max_new_tokens)",
    "adapter": "take a lower rank", "gradients": "take a lower rank", "optimizer": "take a lower rank",
}  # fmt: skip


@dataclass(frozen=True)
class Phase:
    """A phase of a plan. parts: bytes by part at its peak; fits: whether they fit; why: what was chosen, and why.

    disk: bytes that it leaves there.
    """

    name: str
    parts: dict[str, float]
    setting: Setting
    minutes: Minutes
    fits: bool
    why: tuple[str, ...]
    disk: float = 0.0

    @property
    def bytes(self) -> float:
        return total(self.parts)

    @property
    def changed(self) -> bool:
        """Whether something is otherwise than the tier has it."""
        return any("instead of" in reason for reason in self.why)


@dataclass(frozen=True)
class Choice:
    """A setting with its parts in bytes, whether it fits, and what was given up for it."""

    setting: Setting
    parts: dict[str, float]
    fits: bool
    why: tuple[str, ...]


def choose(
    card: Card, first: Setting, parts_of: Callable[[Setting], dict[str, float]], more: int = 1, fewer_bits: bool = True
) -> Choice:
    """The first setting that fits: fewer texts at a time, then a teacher in 4 bits, then shorter texts.

    first: as it is wanted. more: how many times as many texts to try, where more at a time is faster. fewer_bits:
    whether there is a teacher whose bits can be cut. Where nothing fits, the smallest, with what is too large.
    """
    batches = [first.batch * 2**i for i in range(more.bit_length() - 1, 0, -1)] + halves(first.batch)
    lengths = halves(first.length, SHORTEST)
    bits = [first.teacher_bits, 4] if fewer_bits and first.teacher_bits > 4 else [first.teacher_bits]
    tried = []
    for length in lengths:
        for width in bits:
            for batch in batches:
                setting = replace(first, batch=batch, teacher_bits=width, length=length)
                parts = parts_of(setting)
                if total(parts) <= card.room:
                    return Choice(setting, parts, True, reasons(first, setting, parts_of(first)))
                tried.append((total(parts), setting, parts))
    _, setting, parts = min(tried, key=lambda one: one[0])
    largest = max(parts, key=parts.get)
    why = f"does not fit: {largest} alone take {parts[largest] / GB:.1f} of {card.room / GB:.1f} GB: {MENDS[largest]}"
    return Choice(setting, parts, False, (why,))


def reasons(first: Setting, chosen: Setting, wanted: dict[str, float]) -> tuple[str, ...]:
    """What differs from what was wanted, and which part made it so. wanted: the parts of the first setting."""
    largest = max(wanted, key=wanted.get)
    because = f"as wanted it takes {total(wanted) / GB:.1f} GB, {wanted[largest] / GB:.1f} of them {largest}"
    found = []
    if chosen.batch > first.batch:
        found.append(f"{chosen.batch} texts at a time instead of {first.batch}: so many fit, and it is faster")
    if chosen.batch < first.batch:
        found.append(f"{chosen.batch} at a time instead of {first.batch}")
    if chosen.teacher_bits != first.teacher_bits:
        found.append(f"the teacher in {chosen.teacher_bits} bits instead of {first.teacher_bits}")
    if chosen.length != first.length:
        found.append(f"texts cut at {chosen.length:,} tokens instead of {first.length:,}")
    given_up = chosen.batch < first.batch or len(found) > (chosen.batch != first.batch)
    return (*found, because) if given_up else tuple(found)


def halves(most: int, least: int = 1) -> list[int]:
    """A number, its half, and so on, none below `least` but the number itself."""
    found = [most]
    while found[-1] // 2 >= least:
        found.append(found[-1] // 2)
    return found


def numbers_of(tier: Tier, card: Card) -> Numbers:
    """How wide numbers are: float32 where a card has no bf16; with Unsloth 16 bits, else what PEFT makes of them."""
    if not card.bf16:
        return Numbers()
    return Numbers(2, 2, 2) if tier.engine == "unsloth" else Numbers(2, 4, 4)
