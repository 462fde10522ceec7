"""Which setting of a phase fits on a card: the first that does, of settings that give up ever more."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from planner.cards import GB, Card
from planner.phases import Setting, total

SHORTEST = 1_024  # tokens: no plan cuts texts below this
LOWEST = 4  # rank of an adapter
FEWER, SHORTER = "write fewer tokens (max_new_tokens)", "cut texts shorter (max_length)"
MENDS = {
    "weights": "take a smaller model", "student": "take a smaller student", "KV cache": FEWER, "work": FEWER,
    "teacher": "keep the teacher's distributions in a cache, so that it is gone when the student learns",
    **dict.fromkeys(("adapter", "gradients", "optimizer"), "take a smaller student"),
}  # fmt: skip
GIVES = {
    "batch": "texts at a time", "rank": "as the adapter's rank", "teacher_bits": "bits of the teacher's weights",
    "length": "tokens of a text",
}  # fmt: skip


@dataclass(frozen=True)
class Phase:
    """A phase of a plan.

    parts: bytes by part at its peak; fits: whether they fit; changed, why: whether a setting is not the tier's, and for
    what reasons; took: minutes at best and at worst.
    """

    name: str
    setting: Setting
    parts: dict[str, float]
    fits: bool = True
    changed: bool = False
    why: tuple[str, ...] = ()
    took: np.ndarray | None = None

    @property
    def bytes(self) -> float:
        """Of all parts."""
        return total(self.parts)


def choose(
    name: str, card: Card, first: Setting, parts_of: Callable[[Setting], dict[str, float]], more: int = 1,
    fewer_bits: bool = True, lowest: int | None = None,
) -> Phase:  # fmt: skip
    """The first setting that fits: fewer texts at a time, a lower rank, a teacher in 4 bits, then shorter texts.

    Where nothing fits, the smallest, with what is too large.

    Args:
        name: of the phase.
        card: that it is to fit on.
        first: the setting as it is wanted.
        parts_of: gives the bytes by part of a setting.
        more: how many times as many texts to try, where more at a time is faster.
        fewer_bits: whether there is a teacher whose bits can be cut.
        lowest: rank of an adapter; None where none is trained.
    """
    settings = [
        replace(first, batch=batch, teacher_bits=bits, length=length, rank=rank)
        for length in halves(first.length, SHORTEST)
        for bits in ([first.teacher_bits, 4] if fewer_bits else [first.teacher_bits])
        for rank in halves(first.rank, lowest or first.rank)
        for batch in halves(first.batch * more)
    ]
    tried = [Phase(name, setting, parts_of(setting)) for setting in settings]
    found = next((phase for phase in tried if phase.bytes <= card.room), None)
    if found is None:
        found = min(tried, key=lambda phase: phase.bytes)
        largest = max(found.parts, key=found.parts.get)
        why = f"does not fit: {largest} alone take {found.parts[largest] / GB:.1f} of {card.room / GB:.1f} GB"
        return replace(found, fits=False, why=(f"{why}: {MENDS.get(largest, SHORTER)}, or take a larger card",))
    pairs = {words: (getattr(found.setting, field), getattr(first, field)) for field, words in GIVES.items()}
    why = [f"{new:,} {words} instead of {old:,}" for words, (new, old) in pairs.items() if new != old]
    wanted = parts_of(first)
    if why and total(wanted) > card.room:
        largest = max(wanted, key=wanted.get)
        why.append(f"as wanted it takes {total(wanted) / GB:.1f} GB, {wanted[largest] / GB:.1f} of them {largest}")
    return replace(found, changed=bool(why), why=tuple(why))


def halves(most: int, least: int = 1) -> list[int]:
    """A number, its half, and so on, none below `least` but the number itself."""
    return [most, *(most >> i for i in range(1, most.bit_length()) if most >> i >= least)]
