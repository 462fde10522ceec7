"""evaluation.gsm8k: scores beside published ones, counted twice, paired; and odd answers against GSM8K's gold."""

import json
import os
from pathlib import Path

import datasets
import pytest

from helpers import evaluation, questions
from helpers.evaluation import PUBLISHED, Benchmark, Responses, published, wilson
from helpers.generation.with_transformers import Answer
from helpers.tiers import TIERS

SHARED = Path(os.environ.get("DISTILL_REAL_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))


def sheet(*texts: str, ended: bool = True) -> Responses:
    return Responses([Answer(text, 9, ended) for text in texts], [], [], [], 1.0, 10)


EXAM = Benchmark([questions.Question(f"How many, {i}?", (62,)) for i in range(20)])


def test_each_model_has_its_row():
    before, after = sheet(*["62"] * 12, *["61"] * 8), sheet(*["61"] * 2, *["It is 62."] * 18)
    teacher = sheet(*["\\boxed{62}"] * 20, ended=False)
    made = evaluation.gsm8k(EXAM, before, after, teacher, TIERS["full"], seed=0)
    head, *lines = made.rows
    assert head == ["20 questions", "published", "right", "by math-verify", "gain", "ended"]
    assert [line[0] for line in lines] == ["student before", "student after", "teacher"]
    assert [line[1] for line in lines] == ["62.8% (0-shot)", "–", "–"]
    for line, hits in zip(lines, (12, 18, 20), strict=True):
        assert line[2] == line[3] == str(wilson(hits, 20))
    first, second = ([i < 12 for i in range(20)], [i >= 2 for i in range(20)])
    gain, p = evaluation.paired_bootstrap(first, second, 0), evaluation.mcnemar(first, second)
    assert lines[0][4] == "–" and lines[1][4] == f"{gain}, p = {p:.2g}"
    assert [line[5] for line in lines] == [str(wilson(hits, 20)) for hits in (20, 20, 0)]


def test_where_the_problems_are_not_gsm8ks_there_is_no_table():
    assert evaluation.gsm8k(EXAM, sheet(), sheet(), sheet(), TIERS["mini"]) is None


def test_the_published_figures():
    assert (PUBLISHED["google/gemma-3-1b-it"].value, PUBLISHED["google/gemma-3-1b-it"].how) == (0.628, "0-shot")
    assert "2503.19786" in PUBLISHED["google/gemma-3-1b-it"].source
    assert PUBLISHED["google/gemma-3-270m-it"] is None, "its makers report none"
    named = {model.name for tier in (TIERS["small"], TIERS["full"]) for model in (tier.teacher, tier.student)}
    assert named == set(PUBLISHED), "a model of the tiers without a word on its figure"


@pytest.mark.parametrize("many", [1_319, 7])
def test_the_final_exam_is_the_whole_test_split(many, tmp_path, monkeypatch):
    """GSM8K's own, or that of a folder of one's own, however many there are."""
    rows = [{"question": f"How many, {i}?", "answer": f"#### {i}"} for i in range(many)]
    monkeypatch.delenv("DISTILL_GSM8K", raising=False)
    monkeypatch.setattr(datasets, "load_dataset", lambda *_, split, **__: {"test": rows}[split])
    assert [evaluation.size(TIERS[name]) for name in ("mini", "small", "full")] == [500, many, many]
    (tmp_path / "test.jsonl").write_text("\n".join(map(json.dumps, rows[1:])))
    monkeypatch.setenv("DISTILL_GSM8K", str(tmp_path))
    assert [evaluation.size(TIERS[name]) for name in ("mini", "full")] == [500, many - 1]
    assert len(evaluation.draw_benchmark(TIERS["full"], evaluation.size(TIERS["full"]), 0, 0).asked) == many - 1


# Gold as it stands in GSM8K, and answers as models write them.
ODD = [
    ("1,234", "She makes $1,234 a week.", True),
    ("1234", "\\boxed{1,234}", True),
    ("1234", "**Answer:** \\$1,234.00", True),
    ("70000", "The profit is \\boxed{\\$70{,}000}.", True),
    ("70000", "\\boxed{70,000 \\text{ dollars}}", True),
    ("18", "#### 18", True),
    ("18", "First 9.\n#### $18", True),
    ("18", "\\boxed{18\\ \\text{eggs}}", True),
    ("2.5", "It takes 2.5 hours.", True),
    ("2.5", "\\boxed{\\frac{5}{2}}", True),
    ("0.5", "It is 1/2.", True),
    ("50", "That is 50%.", True),
    ("-7", "It was -7 degrees.", True),
    ("5", "She pays \\boxed{5.00} dollars.", True),
    ("5", "She pays 5 dollars and has 3 left, so the answer is 5.", True),
    ("1234", "She makes 1,243.", False),
    ("1234", "She makes 12.34.", False),
    ("18", "\\boxed{18} or \\boxed{19}", False),
    ("2.5", "It takes 25 hours.", False),
    ("18", "<think>\nIt is 18.", False),
    ("18", "", False),
]


@pytest.mark.parametrize(("gold", "text", "right"), ODD)
def test_odd_answers_are_read_as_they_are_meant(gold, text, right, tmp_path, monkeypatch):
    (tmp_path / "test.jsonl").write_text(json.dumps({"question": "How many?", "answer": f"So.\n#### {gold}"}))
    monkeypatch.setenv("DISTILL_GSM8K", str(tmp_path))
    (problem,) = questions.draw(TIERS["full"], "test", 1, 0)
    assert evaluation.right([Answer(text, 9, True)], [problem]) == [right]


def test_math_verify_agrees_on_most_of_them():
    problems = [questions.Question("How many?", (float(gold.replace(",", "")),)) for gold, _, _ in ODD]
    found = published.by_math_verify([Answer(text, 9, True) for _, text, _ in ODD], problems)
    agree = [verdict == right for verdict, (_, _, right) in zip(found, ODD, strict=True)]
    assert sum(agree) >= len(ODD) - 3, [text for (_, text, _), one in zip(ODD, agree, strict=True) if not one]


def test_math_verify_does_not_hang_on_towers_of_powers():
    asked = [questions.Question("How many?", (1,))] * 2
    said = [Answer("9^9^9^9^9", 9, True), Answer("\\boxed{1}", 9, True)]
    assert published.by_math_verify(said, asked) == [False, True]


def test_both_counts_agree_on_real_traces():
    path = SHARED / "deepseek-r1-gsm8k" / "traces.jsonl"
    if not path.is_file():
        pytest.skip("the real data is not here: traces.jsonl")
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    problems = [
        questions.Question(row["question"], (float(row["answer"].rpartition("####")[2].replace(",", "")),))
        for row in rows
    ]
    said = [Answer(row["response"], 9, True) for row in rows]
    ours, theirs = evaluation.right(said, problems), published.by_math_verify(said, problems)
    assert sum(ours) == 187
    assert sum(a != b for a, b in zip(ours, theirs, strict=True)) <= 4
