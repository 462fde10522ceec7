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

from helpers import problems
from helpers.models import hub_errors
from helpers.problems import SPLITS, Problem
from helpers.tiers import DataSpec, Tier, check_seed

FOLDER = "DISTILL_GSM8K"  # the environment variable that names a folder with train.jsonl and test.jsonl
GOLD = re.compile(r"####\s*\$?(-?(?:\d[\d,]*(?:\.\d+)?|\.\d+))\s*$")
# 1,234,567 and, as in India, 12,34,567; not 1,2 nor 28,4 nor 0,500, whose commas may be decimal points.
GROUPED = re.compile(r"-?(?:\d*|[1-9]\d{0,2}(?:,\d{3})+|[1-9]\d?(?:,\d{2})+,\d{3})(?:\.\d+)?")
DIGITS = 15  # of a gold number, at most: more have no exact value


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


def draw(tier: Tier, split: str, n: int, seed: int, fewer: bool = False) -> list[Problem] | list[Question]:
    """`n` questions of a split, each with `.question`, `.answer` (a tuple of numbers) and `.family`.

    The same seed gives the same questions, and a larger n gives those of a smaller one first. Training questions
    of the mini tier have impossible twins among them. GSM8K has no validation split: one in ten of its training
    questions is held back for it, the same ones whatever the seed.
    GSM8K comes from the Hub, or from the folder that the environment variable DISTILL_GSM8K names.
    fewer: where there are not n, take all there are, and print how many that is.
    Raises ValueError for an unknown split, a negative n, a seed that is none, more questions than there are (with
    `fewer`: none at all), and a line of the folder that cannot be read; FileNotFoundError for a missing folder or file;
    OSError where the Hub does not give the data.
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
    found = _gsm8k(tier, "test" if split == "test" else "train")
    if split != "test":
        found = [one for one in found if _held_back(one.question) == (split == "validation")]
    return found


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
    folder = os.environ.get(FOLDER)
    if folder:
        path = Path(folder).expanduser() / f"{part}.jsonl"
        return read(_lines(path), str(path), "line")
    data = tier.data
    try:
        rows = load_dataset(data.name, data.config, split=part, revision=data.revision)
    except (OSError, DatasetsError) as error:
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
        raise FileNotFoundError(
            f"{FOLDER} names {path.parent}, which has no {path.name}: put GSM8K's file of that name there"
        )
    lines = text_of(path).rstrip().split("\n")
    if lines == [""]:
        raise ValueError(f"{path} is empty: put GSM8K's file of that name there, or one like it")
    return lines


def text_of(path: Path) -> str:
    """A file's text, in UTF-8 with or without a byte order mark. Raises ValueError, naming file and mend, for another.

    Whatever ends its lines, they end in "\\n".
    """
    content = path.read_bytes()
    if content.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in content[:2]:
        raise ValueError(f"{path} is written in UTF-16, and UTF-8 is needed: save it in UTF-8")
    try:
        return content.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise ValueError(f"{path}, line {line}: this is not UTF-8 ({error.reason}): save the file in UTF-8") from error


def read(rows: Iterable[str | dict], where: str, unit: str) -> list[Question]:
    """Questions from rows, or from lines of JSON. Raises ValueError that says which one cannot be read."""
    found = []
    for number, row in enumerate(rows, 1):
        place = f"{where}, {unit} {number}"
        try:
            row = json.loads(row) if isinstance(row, str) else row
            question, answer = row["question"], row["answer"]
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f'{place}: not an object with "question" and "answer"; mend or remove it') from error
        found.append(Question(checked(question, place), (_gold(str(answer), place, unit),)))
    return found


def checked(question: object, place: str) -> str:
    """A question that can be put to a model. Raises ValueError, naming its place, for one that is no text."""
    if not isinstance(question, str) or not question.strip():
        raise ValueError(f"{place}: the question is {question!r}, and a text is needed; mend or remove it")
    try:
        question.encode()
    except UnicodeEncodeError as error:
        broken = question[error.start]
        raise ValueError(f"{place}: the question has {broken!r}, half a character; mend or remove it") from error
    return question


def _gold(answer: str, place: str, unit: str) -> int | float:
    """The number behind the mark. Raises ValueError where there is none, or more than one way to read it."""
    found = GOLD.search(answer)
    if not found:
        raise ValueError(
            f"{place}: the answer does not end in its number, as in '#### 18'; add it, or remove the {unit}"
        )
    number = found[1].replace(",", "")
    if not GROUPED.fullmatch(found[1]):
        raise ValueError(f"{place}: the comma in {found[1]!r} may be a decimal point or not; write 1234 and 1.5")
    if sum(map(str.isdigit, number)) > DIGITS:
        raise ValueError(f"{place}: {number} has more than {DIGITS} digits, and no exact value; remove the {unit}")
    value = float(number)
    return int(value) if value.is_integer() else value
