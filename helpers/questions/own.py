"""Questions of the reader's own: read, looked through for duplicates, and split by their text."""

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
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
# What may become of a question, beside a split of its own.
TWICE = "stood there twice with the same answer, and count once"
ALIKE = "are near-duplicates of another, and stay on its side"
BETWEEN = "are near-duplicates of questions on two sides, and are left out"
OVERLAP = "stand in the test as well, or nearly, and are left out of training"
TOLD = (TWICE, ALIKE, BETWEEN, OVERLAP)

_said: set[tuple] = set()  # what was printed already


@dataclass(frozen=True)
class Own:
    """What was read: the questions of each split in the order of their file, and what became of the others (TOLD)."""

    where: str
    splits: dict[str, tuple[Question, ...]]
    counts: Counter

    def __str__(self) -> str:
        each = ", ".join(f"{len(self.splits[one]):,} {one}" for one in SPLITS)
        told = [f"{self.where}: {sum(map(len, self.splits.values())):,} questions ({each})"]
        return "; ".join(told + [f"{self.counts[one]:,} {one}" for one in TOLD if self.counts[one]])


def of(data: OwnData, quiet: bool = False) -> Own:
    """A reader's questions; read again only where a file has changed. What was left out is printed once, unless quiet.

    Raises as `rows.read`, and ValueError for a question or an answer that cannot be read, or that stands there twice
    with two answers, naming lines and mend.
    """
    key = (data, *(_stamp(name) for name in (data.name, data.test)))
    read = _of(*key)
    if key not in _said and not quiet and any(read.counts[one] for one in (TWICE, BETWEEN, OVERLAP)):
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
        Question(one.question, answers[one.question], one.family, one.answer_kind)
        for one in questions
        if answers.get(one.question)
    ]


def _stamp(name: str | None) -> tuple | None:
    path = ROOT / name if name else None
    return (path.stat().st_mtime_ns, path.stat().st_size) if path and path.exists() else None


def asked(row: rows.Row, kind: str, names: Mapping[str, str | None], how: str = "{}=...") -> Question:
    """The question of a row, its options behind it, with its gold answer; () where its answer has no column.

    Args:
        row: with its place.
        kind: how the question is answered.
        names: as `Row.get`, of the columns "question", "answer" and "options".
        how: as `Row.get`.

    Raises:
        ValueError: naming the place of what cannot be read, and its mend.
    """
    cells = row.get(names, how)
    text, listed = checked(cells["question"], row.place), cells.get("options")
    try:
        options = gold.listed(text) if listed is None else gold.options_of(listed)
        text = text if listed is None else gold.laid_out(text, options)
        answer = gold.read(kind, cells["answer"], options) if "answer" in cells else ()
    except ValueError as error:
        raise ValueError(f"{row.place}: {error}") from None
    return Question(text, answer, "own", kind)


def _read(data: OwnData, name: str, revision: str | None, config: str | None, split: str) -> tuple[list[Question], int]:
    """Different questions, and how many more stood there twice."""
    found, seen = rows.read(name, revision, config, split), {}
    answer = None if data.kind == "none" else data.answer
    names = {"question": data.question, "answer": answer, "options": data.options}
    for row in found:
        one = asked(row, data.kind, names)
        before, place = seen.setdefault(near.same(one.question), (one, row.place))
        if before.answer != one.answer:
            raise ValueError(
                f"{place} and {row.place} ask the same with two answers, {list(before.answer)} and "
                f"{list(one.answer)}: remove the wrong one"
            )
    return [one for one, _ in seen.values()], len(found) - len(seen)


def _split(data: OwnData, held: list[Question], found: list[Question], twice: int) -> Own:
    """Sides in the order of the file, so that questions that are added behind it leave all others where they are.

    A question stays with an earlier one that is nearly the same; else its text decides, unless the test or the
    validation would have too few of so many, or chance gave it too many.
    """
    every = [*held, *found]
    before = near.earlier([one.question for one in every], data.near)
    sides: list[str | None] = ["test"] * len(held)
    counts = Counter({TWICE: twice})
    for number, (one, near_to) in enumerate(zip(found, before[len(held) :], strict=True), 1):
        there = {sides[j] for j in near_to} - {None}
        if held and "test" in there:
            side, what = None, OVERLAP
        elif len(there) > 1:
            side, what = None, BETWEEN
        elif there:
            side, what = there.pop(), ALIKE
        else:
            side = what = _hashed(one.question, number, counts, ("validation",) if held else ("test", "validation"))
        counts[what] += 1
        counts[side] += what == ALIKE
        sides.append(side)
    splits = {split: tuple(one for one, side in zip(every, sides, strict=True) if side == split) for split in SPLITS}
    where = data.name if data.revision else disk.shown(ROOT / data.name)
    return Own(where, splits, counts)


def _hashed(question: str, number: int, counts: Counter, out: Sequence[str]) -> str:
    """One in ten is held out for each of the splits `out`. number: of the question in its file, from 1 on."""
    tenth = int(hashlib.sha256(near.same(question).encode()).hexdigest(), 16) % 10
    for place, split in enumerate(out):
        least = min(FEWEST[split], max(number // 5, number >= 3))
        if counts[split] < (max(least, number // 6 + 1) if tenth == place else least):
            return split
    return "train"
