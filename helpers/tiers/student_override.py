"""A student from another place than the tier names: a copy that asks for no account, or a folder."""

import os
from dataclasses import replace
from typing import TYPE_CHECKING

from helpers.tiers import naming

if TYPE_CHECKING:
    from helpers.tiers import Tier

STUDENT = "DISTILL_STUDENT"  # the environment variable that names it
# Copies of the gated students without a gate, as their owners describe them. They are not pinned here: which of their
# commits holds the same weights can only be looked up on the Hub.
COPIES = {
    "google/gemma-3-1b-it": "unsloth/gemma-3-1b-it",
    "google/gemma-3-270m-it": "unsloth/gemma-3-270m-it",
}


def chosen(tier: "Tier") -> "Tier":
    """The tier with the student that DISTILL_STUDENT names, NAME@COMMIT on the Hub or a folder, if it names one.

    A tier whose student is a folder of the project stays as it is. Raises as `naming.model`.
    """
    named = os.environ.get(STUDENT)
    if not named or tier.student.local:
        return tier
    name, commit = naming.model(named, STUDENT)
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
