"""What a server answered, on disk as soon as it is there: whatever happens next, it is not asked that again."""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from threading import Lock

from helpers.generation.spending import Spent
from helpers.generation.with_transformers import Answer
from helpers.sources import digest

FILE = "answers.jsonl"


def key(request: Mapping) -> str:
    """A short name for a request: the same words with the same settings have the same one."""
    return digest(json.dumps(request, sort_keys=True).encode())


class Journal:
    """A file that only grows, a line an answer; each is on the disk before the next thing is done with it.

    Every line begins with its own line end. So a kill at any byte, or a full disk, damages one line and no other: such
    a line is passed over, and what it would have held is asked again.

    Attributes:
        answers: by the `key` of their request.
        spent: the tokens of all of them, and of what was lost.
    """

    def __init__(self, folder: Path):
        self.path, self.spent = folder / FILE, Spent()
        self.answers: dict[str, Answer] = {}
        self._lock = Lock()
        for line in self.path.read_bytes().split(b"\n") if self.path.is_file() else []:
            self._read(line)

    def add(self, request: str, question: str, used: Spent, answer: Answer | None = None) -> None:
        """Writes what came of a request.

        Args:
            request: its `key`.
            question: what was asked, for whoever reads the file.
            used: the tokens that it took, as far as is known.
            answer: None where it was lost on the way.
        """
        line = {"request": request, "question": question, "used": asdict(used)}
        line |= {"answer": asdict(answer)} if answer else {}
        written = json.dumps(line, ensure_ascii=False).encode(errors="replace")
        with self._lock:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with open(self.path, "ab", buffering=0) as file:
                file.write(b"\n" + written)
                os.fsync(file.fileno())
            self._read(written)

    def _read(self, line: bytes) -> None:
        try:
            found = json.loads(line)
            used = Spent(**found["used"])
            answer = Answer(**found["answer"]) if "answer" in found else None
        except (ValueError, TypeError, KeyError):
            return
        self.spent += used
        if answer is not None:
            self.answers[found["request"]] = answer
