"""DeepSeek-R1's answers as traces: the file that ships, what is kept of it, what is held out, and bad files."""

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from real import traces as real_traces

from helpers import traces

pytestmark = pytest.mark.tools

LIMITLESS = 1_000_000


@pytest.fixture(scope="module")
def shipped():
    return real_traces.read(real_traces.SHIPPED)


@pytest.fixture
def roomy(tiny):
    return replace(tiny, max_length=LIMITLESS)


def write(path: Path, *rows) -> Path:
    path.write_text("\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows), encoding="utf-8")
    return path


def row(i: int, total: int | None = None) -> dict:
    total = 2 * i if total is None else total
    return {"question": f"{i} and {i}?", "answer": f"Add.\n#### {2 * i}", "response": f"Okay.</think>It is {total}."}


def test_what_ships_is_small_and_has_its_licence():
    assert real_traces.SHIPPED.stat().st_size < 1_500_000
    licence = real_traces.SHIPPED.with_suffix(".LICENSE").read_text(encoding="utf-8")
    assert licence.startswith("MIT License") and "OpenAI" in licence and "Permission is hereby granted" in licence


def test_every_answer_is_laid_out_and_nothing_of_it_is_changed(shipped):
    lines = [json.loads(line) for line in real_traces.SHIPPED.read_text(encoding="utf-8").splitlines()]
    assert len(shipped) == len(lines) == 200
    for found, line in zip(shipped, lines, strict=True):
        text = found[traces.ANSWER]
        assert text.startswith("<think>\n") and found["question"] == line["question"]
        assert "".join(text.removeprefix("<think>").split()) == "".join(line["response"].split())
    closed = [text for text in shipped[traces.ANSWER] if text.count("\n</think>\n\n") == 1]
    assert len(closed) == 199 and all(text.count("think>") == 2 for text in closed)


def test_twelve_wrong_answers_and_an_error_message_are_dropped(shipped, roomy):
    learnt, held, went = real_traces.split(shipped, roomy, 40, seed=0)
    assert went == Counter({"learnt": 147, "held out": 40, "wrong answer": 12, "no </think>": 1})
    assert (len(learnt), len(held)) == (147, 40)
    assert not any("Internal Server Error" in text for text in [*learnt[traces.ANSWER], *held[traces.ANSWER]])


def test_a_trace_is_learnt_or_held_out_and_the_seed_says_which(shipped, roomy):
    few = shipped.select(range(30))
    learnt, held, _ = real_traces.split(few, roomy, 10, seed=0)
    asked = set(learnt["question"]), set(held["question"])
    assert not asked[0] & asked[1] and len(held) == 10
    assert traces.record(held)["teacher"] == "DeepSeek-R1"
    assert real_traces.split(few, roomy, 10, seed=0)[1].to_list() == held.to_list()
    assert real_traces.split(few, roomy, 10, seed=1)[1].to_list() != held.to_list()


def test_long_traces_are_held_out_but_not_learnt(shipped, tiny, roomy):
    few = shipped.select(range(30))
    learnt, held, went = real_traces.split(few, replace(tiny, max_length=3_000), 10, seed=0)
    assert went["too long"] > 0 and went["learnt"] == len(learnt) > 0 and sum(went.values()) == 30
    assert held.to_list() == real_traces.split(few, roomy, 10, seed=0)[1].to_list()
    assert max(map(len, held[traces.ANSWER])) > max(map(len, learnt[traces.ANSWER]))


def test_too_few_traces_are_refused(tmp_path, roomy):
    rows = real_traces.read(write(tmp_path / "a.jsonl", *map(row, range(3)), row(4, total=9)))
    with pytest.raises(ValueError, match=r"3 traces are right, too few to hold 4 of them out: .*'wrong answer': 1"):
        real_traces.split(rows, roomy, 4, seed=0)
    with pytest.raises(ValueError, match=r"none of the 1 traces .* can be learnt: .*'too long': 1"):
        real_traces.split(rows, replace(roomy, max_length=5), 2, seed=0)


def test_the_environment_names_another_file(tmp_path, monkeypatch):
    monkeypatch.delenv(real_traces.FILE, raising=False)
    assert real_traces.path() == real_traces.SHIPPED
    other = write(tmp_path / "other.jsonl", row(1))
    monkeypatch.setenv(real_traces.FILE, str(other))
    assert real_traces.path() == other
    monkeypatch.setenv(real_traces.FILE, str(tmp_path / "nowhere.jsonl"))
    with pytest.raises(FileNotFoundError, match=r"nowhere\.jsonl: correct DISTILL_R1_TRACES"):
        real_traces.path()


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("{", "line 2: not an object with"),
        ('{"question": "?", "answer": "#### 1"}', "line 2: not an object with"),
        ({"question": "?", "answer": "1", "response": "1"}, "line 2: the answer does not end in its number"),
    ],
)
def test_a_bad_line_is_named(tmp_path, line, complaint):
    with pytest.raises(ValueError, match=complaint):
        real_traces.read(write(tmp_path / "a.jsonl", row(1), line))


def test_gold_numbers_keep_their_commas_and_points(tmp_path):
    golds = ["1,234", "-3", "2.5"]
    lines = [{**row(1), "answer": f"#### {gold}"} for gold in golds]
    assert real_traces.read(write(tmp_path / "a.jsonl", *lines))["gold"][:] == [[1234], [-3], [2.5]]
