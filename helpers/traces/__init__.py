"""The teacher's traces: generated once, checked against gold, kept or dropped for a reason, and stored."""

from collections import Counter
from pathlib import Path

from datasets import Dataset, Features, List, Value

from helpers.tiers import Tier
from helpers.traces import mix, store
from helpers.traces.collecting import collect
from helpers.traces.filtering import REASONS, chat, short_enough, verdict, verify
from helpers.traces.store import ANSWER, record

__all__ = ["ANSWER", "REASONS", "collect", "load", "messages", "record", "verdict", "verify"]


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
        n: how many questions, tier.traces if None.
        seed: as `collect`.
        folder: as `collect`.

    Raises:
        ValueError: if none is kept, and as `collect` and `mix.mix`.
    """
    dataset = collect(tier, tier.traces if n is None else n, seed, folder)
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
