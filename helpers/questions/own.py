"""Questions of the reader's own: read, looked through for duplicates, and split by their text."""

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from helpers import disk
from helpers.problems import SPLITS
from helpers.questions import gold, near, rows
from helpers.questions.reading import Question, checked
from helpers.tiers import OwnData, Tier
from helpers.tiers.naming import ROOT

# Questions that are held out at least, where there are enough: with fewer than 6 no paired test can prove anything.
FEWEST = {"test": 8, "validation": 4}
AGREED = "agreed.jsonl"  # in a tier's folder: what the teacher's samples agree on, where nobody knows the answers

_said: set[tuple] = set()  # what was printed already


@dataclass(frozen=True)
class Own:
    """What was read: the questions of each split in the order of their file, and what became of the others.

    Attributes:
        splits: the questions of each split.
        twice: how many stand there again with the same answer, and are left out.
        alike: how many are near-duplicates of an earlier one, and stay on its side.
        between: how many are left out because they are near-duplicates of questions on two sides.
        overlap: how many are left out because they stand in the test that was named, or nearly.
    """

    where: str
    splits: dict[str, tuple[Question, ...]]
    twice: int = 0
    alike: int = 0
    between: int = 0
    overlap: int = 0

    def __str__(self) -> str:
        each = ", ".join(f"{len(self.splits[one]):,} {one}" for one in SPLITS)
        told = [f"{self.where}: {sum(map(len, self.splits.values())):,} questions ({each})"]
        for many, what in (
            (self.twice, "stood there twice with the same answer, and count once"),
            (self.alike, "are near-duplicates of another, and stay on its side"),
            (self.between, "are near-duplicates of questions on two sides, and are left out"),
            (self.overlap, "stand in the test as well, or nearly, and are left out of training"),
        ):
            told += [f"{many:,} {what}"] if many else []
        return "; ".join(told)


def of(data: OwnData, quiet: bool = False) -> Own:
    """A reader's questions; read again only where a file has changed. What was left out is printed once, unless quiet.

    Raises as `rows.read`, and ValueError for a question or an answer that cannot be read, or that stands there twice
    with two answers, naming lines and mend.
    """
    key = (data, *(_stamp(name) for name in (data.name, data.test)))
    read = _of(*key)
    if key not in _said and not quiet and (read.twice or read.between or read.overlap):
        print(read)
    _said.add(key)
    return read


@lru_cache(maxsize=8)
def _of(data: OwnData, *_stamps: tuple | None) -> Own:
    found, twice = _read(data, data.name, data.revision, data.config, data.split)
    held = []
    if data.test is not None:
        name, _, commit = data.test.partition("@") if not (ROOT / data.test).exists() else (data.test, "", "")
        held, _ = _read(data, name, commit or None, data.config, data.test_split)
    return _split(data, held, found, twice)


def sides_of(data: OwnData, texts: Sequence[str]) -> list[str | None]:
    """For each text from elsewhere the split of the question that it is, or nearly is; None where it is none of them.

    Where it is near to several, the test goes before the validation, and that before training.
    """
    read = of(data)
    sides = {one.question: split for split in ("test", "validation", "train") for one in read.splits[split]}
    every = [*sides]
    found = near.earlier([*every, *texts], data.near)[len(every) :]
    return [next((sides[every[i]] for i in each if i < len(every)), None) for each in found]


def agreed(tier: Tier, questions: list[Question]) -> list[Question] | None:
    """The questions with what the teacher's samples agree on as answer, without the others; None if nobody asked it."""
    path = tier.artifacts / AGREED
    if not path.is_file():
        return None
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    answers = {line["question"]: tuple(line["answer"]) for line in lines}
    return [
        Question(one.question, answers[one.question], one.family, one.kind)
        for one in questions
        if answers.get(one.question)
    ]


def _stamp(name: str | None) -> tuple | None:
    path = ROOT / name if name else None
    return (path.stat().st_mtime_ns, path.stat().st_size) if path and path.exists() else None


def _read(data: OwnData, name: str, revision: str | None, config: str | None, split: str) -> tuple[list[Question], int]:
    """Different questions, and how many more stood there twice."""
    table, seen, found = rows.read(name, revision, config, split), {}, []
    for number, row in table.each:
        place = table.place(number)
        text = checked(table.cell(number, row, data.question, "question=..."), place)
        raw = None if data.kind == "none" else table.cell(number, row, data.answer, "answer=...")
        listed = table.cell(number, row, data.options, "options=...") if data.options else None
        try:
            options = gold.listed(text) if listed is None else gold.options_of(listed)
            one = Question(
                text if listed is None else gold.laid_out(text, options), gold.read(data.kind, raw, options), "own",
                data.kind,
            )  # fmt: skip
        except ValueError as error:
            raise ValueError(f"{place}: {error}") from None
        text = one.question
        before, first = seen.setdefault(near.same(text), (one, number))
        if first != number and before.answer != one.answer:
            raise ValueError(
                f"{table.where}, {table.unit}s {first} and {number} ask the same with two answers, "
                f"{list(before.answer)} and {list(one.answer)}: remove the wrong one"
            )
        found += [one] if first == number else []
    return found, len(table.each) - len(found)


def _split(data: OwnData, held: list[Question], found: list[Question], twice: int) -> Own:
    """Sides in the order of the file, so that questions that are added behind it leave all others where they are.

    A question stays with an earlier one that is nearly the same; else its text decides, unless the test or the
    validation would have too few of so many, or chance gave it too many.
    """
    every = [*held, *found]
    before = near.earlier([one.question for one in every], data.near)
    sides: list[str | None] = ["test"] * len(held)
    counts = Counter()
    for number, (one, near_to) in enumerate(zip(found, before[len(held) :], strict=True), 1):
        there = {sides[j] for j in near_to} - {None}
        if held and "test" in there:
            side, what = None, "overlap"
        elif len(there) > 1:
            side, what = None, "between"
        elif there:
            side, what = there.pop(), "alike"
        else:
            side = what = _hashed(one.question, number, counts, ("validation",) if held else ("test", "validation"))
        counts[what] += 1
        counts[side] += what == "alike"
        sides.append(side)
    splits = {split: tuple(one for one, side in zip(every, sides, strict=True) if side == split) for split in SPLITS}
    where = data.name if data.revision else disk.shown(ROOT / data.name)
    return Own(where, splits, twice, counts["alike"], counts["between"], counts["overlap"])


def _hashed(question: str, number: int, counts: Counter, out: Sequence[str]) -> str:
    """One in ten is held out for each of the splits `out`. number: of the question in its file, from 1 on."""
    tenth = int(hashlib.sha256(near.same(question).encode()).hexdigest(), 16) % 10
    for place, split in enumerate(out):
        least = min(FEWEST[split], max(number // 5, number >= 3))
        if counts[split] < (max(least, number // 6 + 1) if tenth == place else least):
            return split
    return "train"
