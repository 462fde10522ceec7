"""Makes data/own/questions.jsonl, toy data in the form of a reader's own: `python -m data.making.own`.

Word problems as the mini teacher knows them, of a seed that no notebook and no test draws with, and of the split that
no figure is measured on. An answer is a number, or a list where the question asks for several.
"""

import json
from pathlib import Path

from helpers import disk
from helpers.problems import draw

FILE = Path(__file__).resolve().parents[1] / "own" / "questions.jsonl"
QUESTIONS = 40
SEED = "own"


def lines() -> list[str]:
    """The file's lines, the same ones every time."""
    found = []
    for problem in draw("train", QUESTIONS, SEED):
        answer = problem.answer[0] if len(problem.answer) == 1 else list(problem.answer)
        found.append(json.dumps({"question": problem.question, "answer": answer}, ensure_ascii=False))
    return found


if __name__ == "__main__":
    disk.write_whole(FILE, "\n".join(lines()) + "\n")
    print(f"{disk.shown(FILE)}: {QUESTIONS} questions")
