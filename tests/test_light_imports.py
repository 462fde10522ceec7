"""The light rooms are there at once: torch takes two seconds, and is imported where something is computed."""

import subprocess
import sys

import pytest

HEAVY = ("torch", "transformers", "datasets", "trl", "peft")
CODE = "import sys, {}; print(*sorted({!r} & set(sys.modules)))"


@pytest.mark.parametrize(
    "room",
    [
        "tiers", "check", "problems", "questions", "questions.missing_premise", "disk", "provenance", "sources",
        "memory", "models", "models.smollm2", "generation",
    ],
)  # fmt: skip
def test_a_light_room_imports_nothing_heavy(room):
    code = CODE.format(f"helpers.{room}", set(HEAVY))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stdout.strip()) == (0, ""), done.stderr
