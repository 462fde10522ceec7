"""Questions with gold answers for every tier: made by `helpers.problems`, or read from GSM8K."""

import hashlib
import os
import random
from collections.abc import Iterable
from pathlib import Path

from helpers import problems
from helpers.problems import SPLITS, Problem
from helpers.questions.reading import Question, read, text_of
from helpers.tiers import DataSpec, Tier, check_seed

__all__ = ["FOLDER", "Question", "count", "draw", "read", "source"]

FOLDER = "DISTILL_GSM8K"  # the environment variable that names a folder with train.jsonl and test.jsonl


def draw(tier: Tier, split: str, n: int, seed: int, fewer: bool = False) -> list[Problem] | list[Question]:
    """`n` questions of a split, each with `.question`, `.answer` (a tuple of numbers) and `.family`.

    The same seed gives the same questions, and a larger n gives those of a smaller one first. Training questions
    of the mini tier have impossible twins among them. GSM8K has no validation split: one in ten of its training
    questions is held back for it, the same ones whatever the seed.
    GSM8K comes from the Hub, or from the folder that the environment variable DISTILL_GSM8K names.

    Args:
        tier: whose questions.
        split: "train", "validation" or "test".
        n: how many.
        seed: of the choice.
        fewer: where there are not n, take all there are, and print how many that is.

    Raises:
        ValueError: for an unknown split, a negative n, a seed that is none, more questions than there are (with
            `fewer`: none at all), and a line of the folder that cannot be read.
        OSError: where the Hub does not give the data, or the folder or a file of it is not there.
    """
    if n < 0:
        raise ValueError(f"n is {n}; ask for 0 questions or more")
    check_seed(seed)
    found = _all(tier, split)
    there = _made(tier, split) if found is None else len(found)
    if there is not None and n > there:
        many = f"{source(tier.data).name} has {there:,} {split} questions"
        if not fewer or not there:
            raise ValueError(f"{many}, and {n:,} were asked for{_mend(split, there)}")
        print(f"{many}: all of them are taken, where {n:,} were asked for")
        n = there
    if found is None:
        return problems.draw(split, n, seed, impossible=split == "train")
    random.Random(f"questions {split} {seed}").shuffle(found)
    return found[:n]


def count(tier: Tier, split: str) -> int | None:
    """How many questions a split has; None where they are made here, without end. Raises as `draw`."""
    found = _all(tier, split)
    return _made(tier, split) if found is None else len(found)


def _made(tier: Tier, split: str) -> int | None:
    """How many questions there are of those that are made here; None where there is no end of them."""
    return None if split == "train" else tier.data.most


def source(data: DataSpec) -> DataSpec:
    """Where the questions of a tier really come from: its data, or a folder of one's own, which has no revision."""
    return DataSpec(f"the folder {FOLDER}") if os.environ.get(FOLDER) and not data.made_here else data


def _all(tier: Tier, split: str) -> list[Question] | None:
    """The questions of a split in the order of their file; None where they are made here."""
    if split not in SPLITS:
        raise ValueError(f"no split called {split!r}; choose from {', '.join(SPLITS)}")
    if tier.data.made_here:
        return None
    if split == "test":
        return _gsm8k(tier, "test")
    return [one for one in _gsm8k(tier, "train") if _held_back(one.question) == (split == "validation")]


def _mend(split: str, there: int) -> str:
    if not there:
        return ": add some" + (" to train.jsonl, of which one in ten is held back for it" * (split == "validation"))
    if split == "train":
        return ": ask for fewer, for traces with replace(tier, traces=...)"
    return ": ask for fewer"


def _held_back(question: str) -> bool:
    """Whether a training question of GSM8K is kept for validation: by its text, so that its place does not matter."""
    return int(hashlib.sha256(question.encode()).hexdigest(), 16) % 10 == 0


def _gsm8k(tier: Tier, part: str) -> list[Question]:
    if folder := os.environ.get(FOLDER):
        path = Path(folder).expanduser() / f"{part}.jsonl"
        return read(_lines(path), str(path), "line")
    import datasets  # over a second: only where the Hub is asked

    from helpers.models import hub_errors

    data = tier.data
    try:
        rows = datasets.load_dataset(data.name, data.config, split=part, revision=data.revision)
    except (OSError, datasets.exceptions.DatasetsError) as error:
        mend = hub_errors.mend(error, f"datasets/{data.name}") or hub_errors.not_reached()
        raise OSError(
            f"{data.name} at revision {data.revision} could not be loaded: let {FOLDER} name a folder with its "
            f"train.jsonl and test.jsonl, or {mend}"
        ) from error
    return read(rows, f"{data.name}, {part}", "row")


def _lines(path: Path) -> Iterable[str]:
    if not path.parent.is_dir():
        raise FileNotFoundError(f"{FOLDER} names {path.parent}, and there is no such folder: correct it or unset it")
    if not path.is_file():
        raise FileNotFoundError(f"{FOLDER} names {path.parent}, which has no {path.name}: put GSM8K's file there")
    lines = text_of(path).rstrip().split("\n")
    if lines == [""]:
        raise ValueError(f"{path} is empty: put GSM8K's file of that name there, or one like it")
    return lines
