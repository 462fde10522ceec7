"""make, run as from a terminal."""

import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[1]


def make(*words: str) -> subprocess.CompletedProcess:
    """Run make with ``words`` in the project's folder; its output is text.

    What a make above it hands down is left out: else it prints which folder it enters and leaves, where the tests
    themselves were started by ``make test``.
    """
    env = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    return subprocess.run(["make", *words], cwd=ROOT, env=env, capture_output=True, text=True)
