"""From a reader's foreign file to figures of before and after, for each kind of answers, with tiny models."""

import json
from dataclasses import replace

import pytest
from foreign import FOREIGN, KINDS, RESPONSES, foreign

from helpers import evaluation, methods, questions, tiers, traces, training
from helpers.evaluation import kinds
from helpers.questions.own import AGREED


def agree(mine, file) -> None:
    """As `traces.agree` leaves it, of the samples that are in the file."""
    said: dict = {}
    for line in map(json.loads, file.read_text(encoding="utf-8").splitlines()):
        said.setdefault(line["q"], []).append(line["r"])
    found = {one: kinds.agreed(each)[0] for one, each in said.items()}
    lines = [{"question": one, "answer": [answer] if answer else []} for one, answer in found.items()]
    mine.artifacts.mkdir(parents=True)
    (mine.artifacts / AGREED).write_text("".join(json.dumps(line) + "\n" for line in lines))


@pytest.mark.slow
@pytest.mark.parametrize("name", KINDS)
def test_a_student_learns_from_foreign_traces_and_sits_the_exam(tiny, tmp_path, monkeypatch, capsys, name):
    monkeypatch.setattr(tiers, "ROOT", tmp_path)
    models = {role: getattr(tiny, role) for role in ("teacher", "student", "sibling")}
    mine = replace(foreign(name), **models, epochs=1, max_new_tokens=12, answer_tokens=12, answer_batch=8)
    how = dict(KINDS[name])
    file = FOREIGN / how.pop("questions")
    if name == "none":
        agree(mine, file)
    rows = traces.taught(mine, 0, traces.imported(mine, file, columns=how | {"response": RESPONSES[name]}))
    run = methods.Token(mine, 0, rows).run()
    assert run.steps == -(-len(rows) // mine.batch_size) and run.folder.parent == tmp_path / "artifacts" / mine.name
    exam = evaluation.draw_benchmark(mine, evaluation.size(mine), pairs=10, seed=0)
    assert {one.answer_kind for one in exam.asked} == {mine.data.kind}
    assert 2 <= len(exam.asked) <= questions.count(mine, "test")
    before, teacher = evaluation.student(exam, mine), evaluation.teacher(exam, mine)
    after = evaluation.student(exam, mine, training.adapters(run.folder)[-1])
    found = evaluation.figures(exam, before, after, teacher, 1.0)
    assert found["student_after.accuracy"].n == len(exam.asked) and "impossible.pairs" not in found
    assert evaluation.gsm8k(exam, before, after, teacher, mine) is None, "these are not GSM8K's questions"
    assert "student after: right answers" in repr(evaluation.beside(found, None, evaluation.NAMES))
