"""Foreign data of each kind of answers, as a reader might bring them: questions, gold answers, traces (tests/own).

Some of the traces are wrong, so that a verdict has something to drop.
"""

from pathlib import Path

from helpers import tiers
from helpers.tiers import Tier

FOREIGN = Path(__file__).parent / "own"
# Kind: its file, what its columns are called, and which kind of answers it has.
KINDS = {
    "number": {"questions": "number.csv", "question": "text", "answer": "result"},
    "text": {"questions": "text.csv", "question": "prompt", "answer": "expected"},
    "choice": {"questions": "choice.jsonl", "question": "stem", "answer": "key", "options": "choices"},
    "code": {"questions": "code.jsonl", "question": "task", "answer": "tests"},
    "function": {"questions": "function.jsonl", "question": "problem", "answer": "solution"},
    "none": {"questions": "none.jsonl", "question": "q"},
}
RESPONSES = {
    "number": "work", "text": "trace", "choice": "output", "code": "completion", "function": "reply", "none": "r",
}  # fmt: skip


def foreign(name: str, **more: object) -> Tier:
    """The mini tier with the foreign questions of a kind; what `tiers.own` takes beside."""
    how = dict(KINDS[name])
    kind = f"{FOREIGN}/judge.py:same_colours" if name == "function" else name
    return tiers.own("mini", questions=FOREIGN / how.pop("questions"), kind=kind, **how, **more)
