"""Questions with gold answers for every tier: made by `helpers.problems`, read from GSM8K, or the reader's own."""

import hashlib
import os
import random
from collections.abc import Iterable, Sequence
from pathlib import Path

from helpers import disk, problems
from helpers.problems import SPLITS, Problem
from helpers.questions import own, rows
from helpers.questions.reading import Question, read, text_of
from helpers.tiers import DataSpec, Tier, check_seed
from helpers.tiers.naming import ROOT

__all__ = ["FOLDER", "Question", "count", "draw", "read", "sides", "source", "told"]

FOLDER = "DISTILL_GSM8K"  # the environment variable that names a folder with train.jsonl and test.jsonl


def draw(
    tier: Tier, split: str, n: int, seed: int, fewer: bool = False, unanswered: bool = False
) -> list[Problem] | list[Question]:
    """`n` questions of a split, each with `.question`, `.answer` (a tuple, of numbers if it has no
    `.answer_kind`) and `.family`.

    The same seed gives the same questions, and a larger n gives those of a smaller one first. Training questions
    of the mini tier have impossible twins among them. GSM8K has no validation split: one in ten of its training
    questions is held back for it, the same ones whatever the seed.
    GSM8K comes from the Hub, or from the folder that the environment variable DISTILL_GSM8K names. One's own are read
    and split by `questions.own`; where nobody knows their answers, those of validation and test have what the teacher's
    samples agree on (`traces.agree`), and those on which they do not agree are left out.

    Args:
        tier: whose questions.
        split: "train", "validation" or "test".
        n: how many.
        seed: of the choice.
        fewer: where there are not n, take all there are, and print how many that is.
        unanswered: where nobody knows the answers, take the questions without any.

    Raises:
        ValueError: for an unknown split, a negative n, a seed that is none, more questions than there are (with
            `fewer`: none at all), a line of the folder that cannot be read, and answers that nobody has asked for yet.
        OSError: where the Hub does not give the data, or the folder or a file of it is not there.
    """
    if n < 0:
        raise ValueError(f"n is {n}; ask for 0 questions or more")
    check_seed(seed)
    found = _all(tier, split)
    if tier.data.kind == "none" and split != "train" and not unanswered:
        found = own.agreed(tier, found)
        if found is None:
            raise ValueError(f"nobody knows the answers of these {split} questions: call traces.agree(tier) first")
    there = _made(tier, split) if found is None else len(found)
    if there is not None and n > there:
        many = f"{source(tier.data).name} has {there:,} {split} questions"
        if not fewer or not there:
            raise ValueError(f"{many}, and {n:,} were asked for{_mend(tier, split, there)}")
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


def told(tier: Tier) -> str:
    """How many questions of one's own each split has, and what was left out and why, in a sentence.

    Raises ValueError where the tier's questions are not one's own, and as `draw`.
    """
    if not tier.data.own:
        raise ValueError(f"the questions of the {tier.name} tier are not your own: see tiers.own(..., questions=...)")
    return str(own.of(tier.data, quiet=True))


def sides(tier: Tier, texts: Sequence[str]) -> list[str | None]:
    """The split to which each question from elsewhere belongs; None for one that the tier does not have.

    Of one's own questions, those that are nearly the same count too. Raises as `draw`.
    """
    if tier.data.own:
        return own.sides_of(tier.data, texts)
    if tier.data.made_here:
        return [problems.split_of(text) for text in texts]
    known = {one.question.strip(): split for split in SPLITS for one in _all(tier, split)}
    return [known.get(text.strip()) for text in texts]


def source(data: DataSpec) -> DataSpec:
    """Where the questions of a tier really come from: its data, or a file or folder of one's own without a revision."""
    if data.own:
        what = f"the dataset {data.name}" if data.revision else f"the file {disk.shown(ROOT / data.name)}"
        return DataSpec(what, data.config, data.revision)
    return DataSpec(f"the folder {FOLDER}") if os.environ.get(FOLDER) and not data.made_here else data


def _all(tier: Tier, split: str) -> list[Question] | None:
    """The questions of a split in the order of their file; None where they are made here."""
    if split not in SPLITS:
        raise ValueError(f"no split called {split!r}; choose from {', '.join(SPLITS)}")
    if tier.data.made_here:
        return None
    if tier.data.own:
        return list(own.of(tier.data).splits[split])
    if split == "test":
        return _gsm8k(tier, "test")
    return [one for one in _gsm8k(tier, "train") if _held_back(one.question) == (split == "validation")]


def _mend(tier: Tier, split: str, there: int) -> str:
    if not there and tier.data.own:
        return f": add some, or take fewer of them for near-duplicates with tiers.own(..., near=1.0). {told(tier)}"
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
    data = tier.data
    way = f"let {FOLDER} name a folder with its train.jsonl and test.jsonl"
    found = rows.from_hub(data.name, data.config, part, data.revision, way)
    return read(found, f"{data.name}, {part}", "row")


def _lines(path: Path) -> Iterable[str]:
    if not path.parent.is_dir():
        raise FileNotFoundError(f"{FOLDER} names {path.parent}, and there is no such folder: correct it or unset it")
    if not path.is_file():
        raise FileNotFoundError(f"{FOLDER} names {path.parent}, which has no {path.name}: put GSM8K's file there")
    lines = text_of(path).rstrip().split("\n")
    if lines == [""]:
        raise ValueError(f"{path} is empty: put GSM8K's file of that name there, or one like it")
    return lines
