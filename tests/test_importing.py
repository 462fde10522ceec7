"""helpers.traces.importing: what another program wrote becomes what `collect` gives, verified, counted, and told."""

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from foreign import FOREIGN, KINDS, RESPONSES, foreign
from trace_doubles import COLUMNS, said

from helpers import questions, tiers, traces
from helpers.problems import draw
from helpers.traces import ANSWER

TOYS = "data/own/questions.jsonl"


def write(path: Path, rows: list[dict]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


@pytest.fixture(name="mine")
def own_tier(tiny):
    """The toys with models that are there at once."""
    return tiers.own(tiny, questions=TOYS)


def toys(mine, split: str) -> list:
    return questions.draw(mine, split, questions.count(mine, split), 0)


def test_rows_are_as_collect_gives_them_and_what_is_measured_on_is_left_out(mine, tmp_path, capsys):
    asked = {split: toys(mine, split) for split in ("train", "validation", "test")}
    rows = [
        {"prompt": one.question, "output": said(one.answer), "gold": list(one.answer)}
        for each in asked.values()
        for one in each
    ]
    file = write(tmp_path / "theirs.jsonl", rows)
    found = traces.imported(mine, file, columns={"question": "prompt", "response": "output", "answer": "gold"})
    assert found.column_names == COLUMNS and set(found["question"]) == {one.question for one in asked["train"]}
    assert traces.verify(mine, found)[1] == Counter(found["verdict"]) == Counter(kept=len(asked["train"]))
    left = {f"of the {split} split": len(asked[split]) for split in ("validation", "test")}
    told = traces.record(found)
    assert told["left_out"] == left and (told["imported"], told["rows"]) == ("theirs.jsonl", 40)
    assert told["revision"].startswith("sha256:") and told["columns"]["response"] == "output"
    printed = ", ".join(f"{many} {what}" for what, many in left.items())
    assert capsys.readouterr().out == f"left out: {printed}, of 40 traces in theirs.jsonl\n"
    assert traces.taught(mine, 0, found)[ANSWER][:] == found[ANSWER][:]


@pytest.mark.parametrize("name", KINDS)
def test_foreign_traces_of_each_kind_are_verified(tiny, name, capsys):
    how = dict(KINDS[name])
    file = FOREIGN / how.pop("questions")
    mine = replace(foreign(name), **{role: getattr(tiny, role) for role in ("teacher", "student", "sibling")})
    found = traces.imported(mine, file, columns=how | {"response": RESPONSES[name]})
    counts = Counter(found["verdict"])
    wrong = "no agreement" if name == "none" else "wrong answer"
    assert set(counts) == {"kept", wrong} and counts["kept"] > counts[wrong], counts
    assert found.features["gold"].feature.dtype == {"number": "int64", "none": "int64"}.get(name, "string")
    kept, again = traces.verify(mine, found)
    assert again == counts and kept[ANSWER][:] == traces.taught(mine, 0, found)[ANSWER][:]
    assert {one["question"] for one in kept} <= {one.question for one in questions.draw(mine, "train", questions.count(
        mine, "train"), 0)}  # fmt: skip


@pytest.mark.parametrize(
    ("row", "trace", "ended"),
    [
        ({"response": "<think>\nSo.\n</think>\n\nIt is 1."}, "<think>\nSo.\n</think>\n\nIt is 1.", True),
        # Inside the reasoning from the beginning, as some servers give it; in a column of its own; without a space.
        ({"response": "So.\n</think>It is 1."}, "<think>\nSo.\n</think>\n\nIt is 1.", True),
        ({"response": "It is 1.", "reasoning": "So."}, "<think>\nSo.\n</think>\n\nIt is 1.", True),
        ({"response": "<think>So.</think>It is 1.", "reasoning": "X"}, "<think>\nSo.\n</think>\n\nIt is 1.", True),
        ({"response": "<think>\nSo", "finish": "length"}, "<think>\nSo", False),
        ({"response": "It is 1.", "finish": "stop"}, "It is 1.", True),
    ],
)
def test_reasoning_is_found_where_it_is(mine, tmp_path, row, trace, ended):
    file = write(tmp_path / "a.jsonl", [{"question": "Who knows?", "answer": 1, **row}])
    columns = {name: name for name in ("answer", "reasoning", "finish") if name in {"answer", *row}}
    (found,) = traces.imported(mine, file, columns=columns).to_list()
    assert (found[ANSWER], found["ended"]) == (trace, ended)
    kept = "</think>" in trace and ended
    assert found["verdict"] == ("kept" if kept else "no </think>" if ended else "truncated")


def test_the_tiers_own_gold_answers_stand_in_for_those_that_are_not_there(mine, tmp_path, capsys):
    one, other = toys(mine, "train")[:2]
    rows = [{"question": f" {one.question}", "response": said(one.answer)}]
    rows += [{"question": "Who?", "response": said((1,))}]
    found = traces.imported(mine, write(tmp_path / "a.jsonl", rows))
    assert found["gold"][:] == [list(one.answer)] and found["verdict"][:] == ["kept"]
    assert "left out: 1 without a gold answer, of 2 traces" in capsys.readouterr().out
    wrong = {"question": other.question, "response": "", "answer": 10**6}
    with pytest.raises(ValueError, match=r"a.jsonl, line 1: the answer is \[1000000\], and the tier's questions say"):
        traces.imported(mine, write(tmp_path / "a.jsonl", [wrong]), columns={"answer": "answer"})


def test_on_a_tier_of_the_series_the_gold_answers_come_with_the_traces(tiny, tmp_path):
    asked = [*draw("train", 3, 7), *draw("test", 2, 7)]
    rows = [{"question": one.question, "response": said(one.answer), "answer": list(one.answer)} for one in asked]
    found = traces.imported(tiny, write(tmp_path / "a.jsonl", rows), columns={"answer": "answer"})
    assert found["question"][:] == [one.question for one in asked[:3]] and set(found["verdict"]) == {"kept"}


@pytest.mark.parametrize(
    ("rows", "columns", "told"),
    [
        ([{"question": "Who?", "text": ""}], {}, "line 1: there is no column 'response'; there is question, text"),
        ([{"question": "Who?", "response": 5}], {}, "line 1: the response is 5, and a text is needed"),
        ([{"question": "", "response": "x"}], {}, "line 1: the question is ''"), ([], {}, "a.jsonl is empty"),
        ([{"question": "Who?", "response": "x", "a": "y"}], {"answer": "a"}, "line 1: the answer 'y' is no number"),
        ([{"question": "Who?", "response": "x"}], {"gold": "a"}, "columns has gold; it may have question, response"),
        ([{"question": "Who?", "response": "x"}], {}, r"none of the 1 traces in a.jsonl can be used: \{'without"),
    ],
)
def test_what_cannot_be_imported_is_named(mine, tmp_path, rows, columns, told):
    with pytest.raises(ValueError, match=told):
        traces.imported(mine, write(tmp_path / "a.jsonl", rows), columns=columns)
    with pytest.raises(FileNotFoundError, match=r"source is 'nowhere\.jsonl', and there is no such file"):
        traces.imported(mine, "nowhere.jsonl")
