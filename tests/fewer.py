"""Fewer of everything: what the kernels of some notebooks begin with in the tests, so that the tests end in time.

The models, the code and every line of the notebook are those of the mini tier; there are fewer traces, epochs and
questions, and what is made goes to artifacts/ci. Figures mean nothing there, so `test_plausible` looks at none.
`DISTILL_WHOLE=1 make test` runs all notebooks whole.
"""

import os
import sys
from dataclasses import replace
from pathlib import Path

TESTS = Path(__file__).resolve().parent
TOOLS = TESTS.parent / "tools"
VARIABLE, WHOLE = "DISTILL_FEWER", "DISTILL_WHOLE"
# The notebooks behind the main job: what they teach was measured by `make study`, and here every line of them runs.
NOTEBOOKS = ("05", "06", "07", "08")
FEWER = {"name": "ci", "traces": 512, "epochs": 1}  # 06 looks at 24 of 3/64 of the traces
COLLECTED, QUESTIONS = 128, 24
STARTUP = """import os
if os.environ.get({variable!r}):
    import sys
    sys.path[:0] = {places!r}
    import fewer
    fewer.begin()
    del sys.path[:2], sys.modules["fewer"], fewer, sys
del os
"""


def meant(name: str) -> bool:
    """Whether the tests run a notebook with fewer of everything."""
    return name[:2] in NOTEBOOKS and not os.environ.get(WHOLE)


def startup() -> str:
    """What a kernel's profile holds for it."""
    return STARTUP.format(variable=VARIABLE, places=[str(TESTS), str(TOOLS)])


def begin() -> None:
    """Nothing is imported yet, so that the first import of a notebook stays the first."""
    from rehearsal.shrunken import Changed

    changes = {
        "helpers.tiers": shrink, "helpers.questions": ask_fewer, "helpers.traces": collect_fewer,
        "helpers.problems": pair_up,
    }  # fmt: skip
    sys.meta_path.insert(0, Changed(changes))


def shrink(tiers) -> None:
    tiers.TIERS["mini"] = replace(tiers.TIERS["mini"], **FEWER)


def pair_up(problems) -> None:
    draw = problems.draw_twins
    problems.draw_twins = lambda split, pairs, *more, **others: draw(split, min(pairs, QUESTIONS), *more, **others)


def ask_fewer(questions) -> None:
    from rehearsal.shrunken import fewer

    questions.draw = fewer(questions.draw, QUESTIONS)


def collect_fewer(traces) -> None:
    from rehearsal.shrunken import collected

    traces.collect = collected(traces.collect, COLLECTED)
