"""The teacher's traces: generated once, checked against gold, kept or dropped for a reason, and stored."""

from collections import Counter
from pathlib import Path

from datasets import Dataset, Features, List, Value

from helpers import questions
from helpers.tiers import Tier
from helpers.traces import mix, store
from helpers.traces.agreeing import agree
from helpers.traces.collecting import collect
from helpers.traces.filtering import NO_AGREEMENT, REASONS, agreement, chat, short_enough, verdict, verify
from helpers.traces.importing import imported
from helpers.traces.store import ANSWER, record

__all__ = [
    "ANSWER", "NO_AGREEMENT", "REASONS", "agree", "agreement", "collect", "imported", "load", "messages", "record",
    "taught", "verdict", "verify",
]  # fmt: skip


def messages(dataset: Dataset, tier: Tier | None = None, role: str = "student") -> Dataset:
    """Rows for TRL's SFTTrainer: prompt, the user's turn, and completion, the assistant's with the whole trace.

    Args:
        dataset: traces.
        tier: who learns from them; what is too long for it is left out. Without, all stay.
        role: in the tier, the "student" or the "sibling".

    Raises:
        ValueError: as `filtering.short_enough`.
    """
    rows = dataset.to_list()
    if tier is not None:
        rows = short_enough(tier, rows, role)
    turns = List({"role": Value("string"), "content": Value("string")})
    rows = [
        {name: [turn] for name, turn in zip(("prompt", "completion"), chat(row["question"], row[ANSWER]), strict=True)}
        for row in rows
    ]
    return store.build(rows, Features({"prompt": turns, "completion": turns}), dataset.info.description)


def load(tier: Tier, n: int | None = None, seed: int = 0, folder: Path | str | None = None) -> Dataset:
    """What is kept of the traces: read if they are there, else made first.

    Where the tier has a long_share, whole and short ones (`helpers.traces.mix`); how many of each is printed.

    Args:
        tier: as `collect`.
        n: how many questions, tier.traces if None; of one's own at most as many as there are.
        seed: as `collect`.
        folder: as `collect`.

    Raises:
        ValueError: if none is kept, and as `collect` and `mix.mix`.
    """
    if n is None:
        n = min(tier.traces, questions.count(tier, "train")) if tier.data.own else tier.traces
    return taught(tier, seed, collect(tier, n, seed, folder))


def taught(tier: Tier, seed: int, dataset: Dataset) -> Dataset:
    """What is kept of some traces, and mixed, as `load` does it.

    Args:
        tier: its long_share.
        seed: of the lot.
        dataset: rows as `collect` or `imported` gives them.

    Raises:
        ValueError: if none is kept, and as `mix.mix`.
    """
    verdicts = dataset["verdict"][:]
    kept = [i for i, one in enumerate(verdicts) if one == "kept"]
    if not kept:
        raise ValueError(f"none of the {len(dataset):,} traces can be kept: {dict(Counter(verdicts))}")
    rows = dataset.select(kept)
    if tier.long_share is None:
        return rows
    rows = mix.mix(tier, seed, rows)
    print(mix.told(rows))
    return rows
