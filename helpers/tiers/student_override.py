"""A student from another place than the tier names: a copy that asks for no account, or a folder."""

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from helpers.tiers.naming import on_the_hub, place_of

if TYPE_CHECKING:
    from helpers.tiers import Tier

ROOT = Path(__file__).resolve().parents[2]
STUDENT = "DISTILL_STUDENT"  # the environment variable that names it
# Copies of the gated students without a gate, as their owners describe them. They are not pinned here: which of their
# commits holds the same weights can only be looked up on the Hub.
COPIES = {
    "google/gemma-3-1b-it": "unsloth/gemma-3-1b-it",
    "google/gemma-3-270m-it": "unsloth/gemma-3-270m-it",
}


def chosen(tier: "Tier") -> "Tier":
    """The tier with the student that DISTILL_STUDENT names, NAME@COMMIT on the Hub or a folder, if it names one.

    A folder is looked for from the project's root on, then from where the program runs: for a notebook its own folder.
    A tier whose student is a folder of the project stays as it is.

    Raises:
        ValueError: for a folder that is not there, and for a name without a commit.
    """
    named = os.environ.get(STUDENT)
    if not named or tier.student.local:
        return tier
    folder = place_of(named, (ROOT, Path.cwd()))
    if folder and folder.is_dir():
        return replace(tier, student=replace(tier.student, name=str(folder), revision=None))
    looked = [place / Path(named).expanduser() for place in (ROOT, Path.cwd())]
    name, commit = on_the_hub(named, STUDENT, "folder", looked)
    return replace(tier, student=replace(tier.student, name=name, revision=commit))


def instead_of(name: str) -> str:
    """What to do where the Hub does not give a model: the copy of it, if one is known, and how to choose it."""
    if name not in COPIES:
        return ""
    copy = COPIES[name]
    return (
        f"; or take {copy}, a copy of it without a gate: {STUDENT}={copy}@COMMIT, with a commit from "
        f"https://huggingface.co/{copy}/commits/main"
    )
