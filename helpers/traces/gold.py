"""Questions with gold answers for every tier: made by `helpers.problems`, or read from GSM8K."""

import hashlib
import json
import os
import random
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from datasets import load_dataset
from datasets.exceptions import DatasetsError

from helpers.models import troubles
from helpers.problems import SPLITS, Problem, draw
from helpers.tiers import Tier

FOLDER = "DISTILL_GSM8K"  # the environment variable that names a folder with train.jsonl and test.jsonl
GOLD = re.compile(r"####\s*\$?(-?(?:\d[\d,]*(?:\.\d+)?|\.\d+))\s*$")


@dataclass(frozen=True)
class Question:
    """What the other helpers need of a problem, where all that is known is the question and its gold answer.

    answer: the numbers asked for, in their order; () for an impossible problem.
    """

    question: str
    answer: tuple[int | float, ...]
    family: str = "gsm8k"

    @property
    def impossible(self) -> bool:
        return not self.answer


def questions(tier: Tier, split: str, n: int, seed: int) -> list[Problem] | list[Question]:
    """`n` questions of a split, each with `.question`, `.answer` (a tuple of numbers) and `.family`.

    The same seed gives the same questions, and a larger n gives those of a smaller one first. Training questions
    of the mini tier have impossible twins among them. GSM8K has no validation split: one in ten of its training
    questions is held back for it, the same ones whatever the seed.
    GSM8K comes from the Hub, or from the folder that the environment variable DISTILL_GSM8K names.
    Raises ValueError for an unknown split, a negative n, more questions than there are, and a line of the folder that
    cannot be read; FileNotFoundError for a missing folder or file; OSError where the Hub does not give the data.
    """
    if split not in SPLITS:
        raise ValueError(f"no split called {split!r}; choose from {', '.join(SPLITS)}")
    if n < 0:
        raise ValueError(f"n is {n}; ask for 0 questions or more")
    if tier.data.name == "helpers.problems":
        return draw(split, n, seed, impossible=split == "train")
    found = _gsm8k(tier, "test" if split == "test" else "train")
    if split != "test":
        found = [one for one in found if _held_back(one.question) == (split == "validation")]
    if n > len(found):
        raise ValueError(f"{tier.data.name} has {len(found):,} {split} questions, and {n:,} were asked for")
    random.Random(f"questions {split} {seed}").shuffle(found)
    return found[:n]


def _held_back(question: str) -> bool:
    """Whether a training question of GSM8K is kept for validation: by its text, so that its place does not matter."""
    return int(hashlib.sha256(question.encode()).hexdigest(), 16) % 10 == 0


def _gsm8k(tier: Tier, part: str) -> list[Question]:
    folder = os.environ.get(FOLDER)
    if folder:
        path = Path(folder).expanduser() / f"{part}.jsonl"
        return read(_lines(path), str(path), "line")
    data = tier.data
    try:
        rows = load_dataset(data.name, data.config, split=part, revision=data.revision)
    except (OSError, DatasetsError) as error:
        mend = troubles.mend(error, f"datasets/{data.name}") or troubles.not_reached()
        raise OSError(
            f"{data.name} at revision {data.revision} could not be loaded: let {FOLDER} name a folder with its "
            f"train.jsonl and test.jsonl, or {mend}"
        ) from error
    return read(rows, f"{data.name}, {part}", "row")


def _lines(path: Path) -> Iterable[str]:
    if not path.parent.is_dir():
        raise FileNotFoundError(f"{FOLDER} names {path.parent}, and there is no such folder: correct it or unset it")
    if not path.is_file():
        raise FileNotFoundError(
            f"{FOLDER} names {path.parent}, which has no {path.name}: put GSM8K's file of that name there"
        )
    return path.read_text(encoding="utf-8").rstrip("\n").split("\n")


def read(rows: Iterable[str | dict], where: str, unit: str) -> list[Question]:
    """Questions from rows, or from lines of JSON. Raises ValueError that says which one cannot be read."""
    found = []
    for number, row in enumerate(rows, 1):
        try:
            row = json.loads(row) if isinstance(row, str) else row
            question, answer = row["question"], row["answer"]
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(
                f'{where}, {unit} {number}: not an object with "question" and "answer"; mend or remove it'
            ) from error
        gold = GOLD.search(str(answer))
        if not gold:
            raise ValueError(
                f"{where}, {unit} {number}: the answer does not end in its number, as in '#### 18'; add it, or "
                f"remove the {unit}"
            )
        value = float(gold[1].replace(",", ""))
        found.append(Question(question, (int(value) if value.is_integer() else value,)))
    return found
