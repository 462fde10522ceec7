"""Runs notebook 16 on a reader's own questions: `make own QUESTIONS=mine.jsonl TEACHER=… STUDENT=…`.

The executed copy is the report; it lies in artifacts/<tier>/own, in a folder whose name changes with questions and
models, and beside it the figures. What was done before is read: a run that was stopped goes on where it was.
"""

import os
import sys
from pathlib import Path

from execution import Failed, execute

from helpers import questions, tiers
from helpers.tiers import Tier

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOK = ROOT / "notebooks" / "16_your_own.ipynb"
METHODS = ("token", "logits", "cached", "cross-tokenizer")
# What may be said, as the notebook's first cell has it.
WORDS = (
    "QUESTIONS", "TEACHER", "STUDENT", "KIND", "METHOD", "QUESTION", "ANSWER", "OPTIONS", "TRACES", "RESPONSE", "TIER",
)  # fmt: skip
NUMBERS = ("SEED", "SAMPLES", "MORE_EPOCHS")
PLACES = ("QUESTIONS", "TEACHER", "STUDENT", "TRACES", "KIND")


def told(arguments: list[str]) -> dict[str, str | int]:
    """What NAME=value arguments say. Paths are made whole: the notebook runs in a folder of its own.

    Raises:
        ValueError: for a name that is none, for a number that is none, and where no questions are named.
    """
    found: dict[str, str | int] = {}
    for argument in arguments:
        name, sign, value = argument.partition("=")
        if not sign or name not in (*WORDS, *NUMBERS):
            raise ValueError(f"{argument!r} is not one of {', '.join((*WORDS, *NUMBERS))}, each with =value")
        if name in NUMBERS and not (value.isdecimal() and (int(value) or name == "SEED")):
            raise ValueError(f"{name} is {value!r}: it must be a whole number")
        found[name] = int(value) if name in NUMBERS else whole(value) if name in PLACES else value
    if not found.get("QUESTIONS"):
        raise ValueError("no questions were named: make own QUESTIONS=mine.jsonl, a file or NAME@COMMIT on the Hub")
    if found.get("METHOD", METHODS[0]) not in METHODS:
        raise ValueError(f"METHOD is {found['METHOD']!r}: choose from {', '.join(METHODS)}")
    return found


def whole(value: str) -> str:
    """A path that is there, whole; of "judge.py:right" the file's. All else as it is."""
    file, colon, name = value.rpartition(":")
    if colon and file.endswith(".py"):
        return f"{whole(file)}:{name}"
    path = Path(value).expanduser()
    return str(path.resolve()) if path.exists() else value


def tier_of(said: dict) -> tuple[Tier, Tier]:
    """The tier that is run on, and the reader's own. Their questions are read, and no model.

    Raises:
        ValueError, OSError: as `tiers.own` and `questions.told`, each in a sentence.
    """
    base = tiers.resolve(said.get("TIER", "auto"), said.get("SEED", 0))
    teacher = tiers.endpoint() if said.get("TEACHER") == "endpoint" else said.get("TEACHER")
    own = tiers.own(
        base, questions=said["QUESTIONS"], kind=said.get("KIND", "number"), teacher=teacher,
        student=said.get("STUDENT"), question=said.get("QUESTION", "question"), answer=said.get("ANSWER", "answer"),
        options=said.get("OPTIONS"), samples=said.get("SAMPLES", 4),
    )  # fmt: skip
    print(questions.told(own), flush=True)
    for split in ("train", "validation", "test"):
        if not questions.count(own, split):
            raise ValueError(f"{questions.told(own)}: there is no {split} question; add some lines")
    return base, own


def main(arguments: list[str]) -> int:
    """Runs the notebook: 1 where it stops, 2 where an argument is wrong, each with a sentence."""
    try:
        said = told(arguments)
        base, own = tier_of(said)
    except (ValueError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    place = base.artifacts / "own" / own.name
    report = place / f"{said.get('METHOD', METHODS[0])}-{said.get('SEED', 0)}.ipynb"
    try:
        execute(NOTEBOOK, report, said, {"DISTILL_RESULTS": str(place)})
    except Failed as error:
        print("\n".join(str(error).splitlines()[2:]) or error, file=sys.stderr)
        return 1
    print(f"the report: {os.path.relpath(report)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
