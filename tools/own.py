"""Runs notebook 16 on a reader's own questions: `make own QUESTIONS=mine.jsonl TEACHER=… STUDENT=…`.

The executed copy is the report; it lies in artifacts/<tier>/own, in a folder whose name changes with questions and
models, and beside it the figures. What was done before is read: a run that was stopped goes on where it was.

Where there is a GPU, the planner chooses the settings with which the models fit on it; SETTINGS='{"micro_batch": 1}'
goes before it.
"""

import json
import os
import sys
from pathlib import Path

from execution import Failed, execute
from planner.cards import here
from planner.fitted import METHODS as PLANNED
from planner.fitted import fitted

from helpers import questions, tiers
from helpers.tiers import Tier

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOK = ROOT / "notebooks" / "16_your_own.ipynb"
METHODS = tuple(PLANNED)
# What may be said, as the notebook's first cell has it.
WORDS = (
    "QUESTIONS", "TEACHER", "STUDENT", "KIND", "METHOD", "QUESTION", "ANSWER", "OPTIONS", "TRACES", "RESPONSE", "TIER",
)  # fmt: skip
NUMBERS = ("SEED", "SAMPLES", "MORE_EPOCHS")
SETTINGS, EXAMPLE = "SETTINGS", '{"micro_batch": 1}'
PLACES = ("QUESTIONS", "TEACHER", "STUDENT", "TRACES", "KIND")


def told(arguments: list[str]) -> dict:
    """What NAME=value arguments say. Paths are made whole: the notebook runs in a folder of its own.

    Raises:
        ValueError: for a name that is none, for a number that is none, for settings that are no JSON object, and where
            no questions are named.
    """
    found: dict = {}
    for argument in arguments:
        name, sign, value = argument.partition("=")
        if not sign or name not in (*WORDS, *NUMBERS, SETTINGS):
            raise ValueError(f"{argument!r} is not one of {', '.join((*WORDS, *NUMBERS, SETTINGS))}, each with =value")
        if name == SETTINGS:
            found[name] = settings_of(value)
            continue
        if name in NUMBERS and not (value.isdecimal() and (int(value) or name == "SEED")):
            raise ValueError(f"{name} is {value!r}: it must be a whole number")
        found[name] = int(value) if name in NUMBERS else whole(value) if name in PLACES else value
    if not found.get("QUESTIONS"):
        raise ValueError("no questions were named: make own QUESTIONS=mine.jsonl, a file or NAME@COMMIT on the Hub")
    if found.get("METHOD", METHODS[0]) not in METHODS:
        raise ValueError(f"METHOD is {found['METHOD']!r}: choose from {', '.join(METHODS)}")
    return found


def settings_of(value: str) -> dict:
    """Settings of a tier, as JSON."""
    try:
        found = json.loads(value)
    except json.JSONDecodeError:
        found = None
    if not isinstance(found, dict):
        raise ValueError(f"{SETTINGS} is {value!r}: write settings of a tier as JSON, such as '{EXAMPLE}'")
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
        options=said.get("OPTIONS"), samples=said.get("SAMPLES", 4), **said.get(SETTINGS, {}),
    )  # fmt: skip
    print(questions.told(own), flush=True)
    for split in ("train", "validation", "test"):
        if not questions.count(own, split):
            raise ValueError(f"{questions.told(own)}: there is no {split} question; add some lines")
    return base, own


def planned(said: dict, own: Tier) -> dict:
    """Settings with which the models fit on this machine's card, none where there is no card or no plan. It says which.

    Raises:
        MemoryError: where none fit.
    """
    card = here()
    if card is None or SETTINGS in said:
        return {}
    try:
        chosen, reasons = fitted(own, card, said.get("METHOD", METHODS[0]), "TRACES" in said and "TEACHER" not in said)
    except (ValueError, OSError) as error:
        print(f"no plan, and so the tier's settings: {error}", flush=True)
        return {}
    print(*reasons, f"settings: {json.dumps(chosen)}" if chosen else "the tier's settings stay", sep="\n", flush=True)
    return {SETTINGS: chosen} if chosen else {}


def main(arguments: list[str]) -> int:
    """Runs the notebook: 1 where it stops, 2 where an argument is wrong, each with a sentence."""
    try:
        said = told(arguments)
        base, own = tier_of(said)
        said |= planned(said, own)
    except MemoryError as error:
        print(f"{error}; {SETTINGS}='{{...}}' goes before the plan", file=sys.stderr)
        return 2
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
