"""Which notebooks run with fewer traces, epochs and questions in the tests, so that the tests end in time.

Their tier is ci.json: the models, the code and every line of the notebook are those of the mini tier, and what is made
goes to artifacts/ci. Figures mean nothing there, so `test_plausible` looks at none. `DISTILL_WHOLE=1 make test` runs
all notebooks whole.
"""

import os
from pathlib import Path

TIER = Path(__file__).resolve().with_name("ci.json")
WHOLE = "DISTILL_WHOLE"
# The notebooks behind the main job: what they teach was measured by `make study`, and here every line of them runs.
NOTEBOOKS = ("05", "06", "07", "08", "09", "10", "11", "12", "13", "16")


def meant(name: str) -> bool:
    """Whether the tests run a notebook with fewer of everything."""
    return name[:2] in NOTEBOOKS and not os.environ.get(WHOLE)
