"""What the tests of questions and traces share: a teacher's answers that are made up, and a folder of traces."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from helpers import models, questions
from helpers.generation import with_transformers
from helpers.generation.with_transformers import Answer
from helpers.tiers import TIERS, ModelSpec
from helpers.traces import ANSWER, collect

N, BATCH = 10, 4  # two whole batches and a half
COLUMNS = ["question", ANSWER, "gold", "family", "tokens", "ended", "verdict"]
GENERATE = with_transformers.generate


def said(numbers, thought: str = "Let me see.") -> str:
    """A trace that ends in these numbers, or calls the problem impossible where there are none."""
    answer = f"It is {' and '.join(map(str, numbers))}." if numbers else "There is a mistake in the problem."
    return f"<think>\n{thought}\n</think>\n\n{answer}"


class Calls:
    """In the place of `generate`: notes what is asked, and can be killed instead of the call number `kill`.

    answers: a function from a question's gold answer and its place to an Answer; None for the teacher's own.
    """

    def __init__(self, monkeypatch, tier, answers=None):
        self.asked, self.settings, self.kill = [], [], None
        self.answers, self.tier = answers, tier
        monkeypatch.setattr(with_transformers, "generate", self)

    def __call__(self, model, tokenizer, asked, *positional, **named):
        if self.kill == len(self.settings):
            raise KeyboardInterrupt
        self.asked += asked
        self.settings.append((*positional, named))
        if self.answers is None:
            return GENERATE(model, tokenizer, asked, *positional, **named)
        wanted = {one.question: one.answer for one in questions.draw(self.tier, "train", 40, 0)}
        return [self.answers(wanted[question], i) for i, question in enumerate(asked)]


def right_answers(numbers, _):
    return Answer(said(numbers).removeprefix("<think>\n"), 20, True, opened=True)


@pytest.fixture(name="loads")
def noted_loads(monkeypatch):
    """The teachers that were loaded."""
    found, load = [], models.load_teacher

    def load_and_note(tier):
        found.append(load(tier))
        return found[-1]

    monkeypatch.setattr(models, "load_teacher", load_and_note)
    return found


def is_unloaded(model) -> bool:
    return all(weight.numel() == 0 for weight in model.parameters())


@pytest.fixture(name="whole", scope="module")
def whole_run(tiny, tmp_path_factory):
    """(folder, dataset) of a run that nothing interrupted."""
    folder = tmp_path_factory.mktemp("whole") / "traces"
    return folder, collect(tiny, N, 0, folder)


def row(i: int, number: str = "1") -> dict:
    return {"question": f"Question {i}?", "answer": f"First <<1+1=2>>2.\n#### {number}"}


def write_rows(path: Path, rows) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join(json.dumps(one) + "\n" for one in rows), encoding="utf-8")


@pytest.fixture(name="gsm8k")
def gsm8k_folder(tmp_path, monkeypatch):
    """The small tier, reading GSM8K from a folder with 200 training and 5 test questions."""
    folder = tmp_path / "gsm8k"
    write_rows(folder / "train.jsonl", [row(i, str(i)) for i in range(200)])
    write_rows(folder / "test.jsonl", [row(1000 + i, str(i)) for i in range(5)])
    monkeypatch.setenv("DISTILL_GSM8K", str(folder))
    return replace(TIERS["small"], generate_batch=BATCH), folder


@pytest.fixture(name="copied_traces")
def copied_run(whole, tmp_path):
    shutil.copytree(whole[0], tmp_path / "traces")
    return tmp_path / "traces"


def copied(folder: Path, spec: ModelSpec) -> ModelSpec:
    shutil.copytree(spec.source, folder)
    return ModelSpec(str(folder))


def of_each_kind(numbers, i):
    """One of each kind in a batch of four: right, wrong, cut off, never closed."""
    return [
        Answer(said(numbers), 9, True),
        Answer(said((*numbers, 999)), 9, True),
        Answer(said(numbers), 12, False),
        Answer("<think>\nSo", 9, True),
    ][i]
