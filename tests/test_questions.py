"""helpers.questions: the same for a seed, every split apart, and a file that cannot be read is named with its mend."""

import json
import re
from dataclasses import replace

import datasets
import pytest
from trace_doubles import gsm8k_folder, noted_loads, row, write_rows  # noqa: F401  (some are fixtures)

from helpers import problems, questions
from helpers.questions import missing_premise
from helpers.tiers import TIERS
from helpers.traces import collect


def test_the_mini_tier_makes_its_questions_and_only_training_has_impossible_ones(tiny):
    found = {split: questions.draw(tiny, split, 60, 3) for split in problems.SPLITS}
    assert found["train"] == problems.draw("train", 60, 3, impossible=True)
    assert {split for split, asked in found.items() if any(one.impossible for one in asked)} == {"train"}


def every(tier, split: str) -> set[str]:
    """All questions of a split, whose number only the refusal of too many tells."""
    with pytest.raises(ValueError, match="were asked for") as refusal:
        questions.draw(tier, split, 10**6, 0)
    count = int(re.search(rf"has (\d+) {split} questions", str(refusal.value))[1])
    return {one.question for one in questions.draw(tier, split, count, 0)}


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("18", 18), ("1,234", 1234), ("-7", -7), ("$5", 5), ("2.5", 2.5), ("10.00", 10), ("0", 0), (" 12 ", 12),
        ("00018", 18), (".5", 0.5), ("1,234,567", 1234567), ("-1,234.50", -1234.5), ("1,00,000", 100000),
        ("12,34,567", 1234567), ("999999999999999", 999999999999999),
    ],
)
def test_gold_answers_of_gsm8k_are_numbers(gsm8k, written, number):
    tier, folder = gsm8k
    write_rows(folder / "test.jsonl", [row(1, written)])
    (found,) = questions.draw(tier, "test", 1, 0)
    assert (found.question, found.answer, found.family, found.impossible) == ("Question 1?", (number,), "gsm8k", False)
    assert isinstance(found.answer[0], type(number))


def test_validation_is_carved_out_of_train_wherever_its_questions_stand(gsm8k):
    tier, folder = gsm8k
    train, validation, test = (every(tier, split) for split in problems.SPLITS)
    assert train | validation == {f"Question {i}?" for i in range(200)}
    assert not train & validation
    assert 5 <= len(validation) <= 40
    assert test == {f"Question {1000 + i}?" for i in range(5)}
    write_rows(folder / "train.jsonl", [row(i) for i in reversed(range(200))])
    assert every(tier, "validation") == validation


def test_the_seed_chooses_and_more_questions_begin_with_the_fewer(gsm8k, tiny):
    for tier in (gsm8k[0], tiny):
        ten = questions.draw(tier, "train", 10, 0)
        assert questions.draw(tier, "train", 30, 0)[:10] == ten
        assert questions.draw(tier, "train", 10, 1) != ten
        assert questions.draw(tier, "train", 0, 0) == []


def test_questions_that_cannot_be_are_refused(gsm8k):
    with pytest.raises(ValueError, match="no split called 'dev'; choose from train, validation, test"):
        questions.draw(gsm8k[0], "dev", 1, 0)
    with pytest.raises(ValueError, match="n is -1"):
        questions.draw(gsm8k[0], "train", -1, 0)


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        (json.dumps({"question": "How many?", "answer": "It is 18."}), "line 3: the answer does not end in its number"),
        (json.dumps(row(1, "18\nmore")), "line 3: the answer does not end in its number.*add or remove the line"),
        (json.dumps(row(1, "many")), "line 3: the answer does not end"),
        (json.dumps({"question": "How many?", "answer": None}), "line 3: the answer does not end"),
        (json.dumps({"question": "How many?"}), 'line 3: not an object with "question" and "answer"; mend or remove'),
        ('{"question": "How', "line 3: not an object"),
        ("18", "line 3: not an object"),
        ("", "line 3: not an object"),
        (json.dumps({"question": None, "answer": "#### 1"}), "line 3: the question is None, and a text is needed"),
        (json.dumps({"question": 5, "answer": "#### 1"}), "line 3: the question is 5"),
        (json.dumps({"question": ["a"], "answer": "#### 1"}), r"line 3: the question is \['a'\]"),
        (json.dumps({"question": "", "answer": "#### 1"}), "line 3: the question is ''"),
        (json.dumps({"question": " \n", "answer": "#### 1"}), r"line 3: the question is ' \\n'"),
        (json.dumps({"question": "a \ud83d", "answer": "#### 1"}), r"line 3: the question has '\\ud83d', half a char"),
        (json.dumps(row(1, "1,2")), "line 3: the comma in '1,2' may be a decimal point or not; write 1234 and 1.5"),
        *((json.dumps(row(1, one)), f"line 3: the comma in '{one}' may be") for one in
          ("28,4", "12,34", "1,2345", "0,500", "1,234,5", "1,", "1234,567", "123,45,678")),
        (json.dumps(row(1, "1" * 16)), "line 3: 1111111111111111 has more than 15 digits"),
    ],
)
def test_a_bad_line_is_named(gsm8k, line, complaint):
    tier, folder = gsm8k
    good = json.dumps(row(1))
    (folder / "train.jsonl").write_text("\n".join([good, good, line, good, ""]), encoding="utf-8")
    with pytest.raises(ValueError, match=r"train\.jsonl, " + complaint):
        questions.draw(tier, "train", 1, 0)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_a_byte_order_mark_and_any_end_of_line_are_read(gsm8k, mark, end):
    """As Notepad and PowerShell write them; an empty line at the end, too."""
    tier, folder = gsm8k
    lines = [json.dumps({"question": f"Wie viele Äpfel {i}?", "answer": "#### 1"}, ensure_ascii=False) for i in (1, 2)]
    (folder / "test.jsonl").write_bytes(mark + (end.join(lines) + end + end).encode())
    assert {one.question for one in questions.draw(tier, "test", 2, 0)} == {"Wie viele Äpfel 1?", "Wie viele Äpfel 2?"}


@pytest.mark.parametrize(
    ("encoding", "told"),
    [
        ("utf-16", r"test\.jsonl is written in UTF-16, and UTF-8 is needed"), ("utf-16-le", "is written in UTF-16"),
        ("utf-16-be", "is written in UTF-16"), ("latin-1", r"test\.jsonl, line 2: this is not UTF-8 .*: save"),
    ],
)  # fmt: skip
def test_another_encoding_is_named_with_its_mend(gsm8k, encoding, told):
    tier, folder = gsm8k
    lines = [json.dumps(row(1)), json.dumps({"question": "Wie viele Äpfel?", "answer": "#### 1"}, ensure_ascii=False)]
    (folder / "test.jsonl").write_bytes("\n".join(lines).encode(encoding))
    with pytest.raises(ValueError, match=told):
        questions.draw(tier, "test", 1, 0)


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\xef\xbb\xbf", b" \r\n"])
def test_an_empty_file_is_called_empty(gsm8k, content):
    tier, folder = gsm8k
    (folder / "test.jsonl").write_bytes(content)
    with pytest.raises(ValueError, match=r"test\.jsonl is empty: put GSM8K's file of that name there"):
        questions.draw(tier, "test", 1, 0)


@pytest.mark.parametrize("split", ["validation", "test"])
def test_where_there_are_fewer_all_are_taken_and_it_is_said(gsm8k, capsys, split):
    tier, _ = gsm8k
    there = questions.count(tier, split)
    assert len(questions.draw(tier, split, there, 0, fewer=True)) == there and capsys.readouterr().out == ""
    found = questions.draw(tier, split, 120, 0, fewer=True)
    assert found == questions.draw(tier, split, there, 0)
    assert capsys.readouterr().out == (
        f"the folder DISTILL_GSM8K has {there} {split} questions: all of them are taken, where 120 were asked for\n"
    )


def test_no_questions_are_not_taken(gsm8k):
    tier, folder = gsm8k
    rows = [one for one in map(row, range(200)) if not questions._held_back(one["question"])]
    write_rows(folder / "train.jsonl", rows)
    with pytest.raises(ValueError, match=r"has 0 validation questions.* asked for: add some to train\.jsonl, of which"):
        questions.draw(tier, "validation", 120, 0, fewer=True)


def test_the_number_of_questions_is_known(gsm8k, tiny):
    tier, _ = gsm8k
    assert {split: questions.count(tier, split) for split in problems.SPLITS} == {
        split: len(every(tier, split)) for split in problems.SPLITS
    }
    assert questions.count(tiny, "train") is None


def test_too_few_training_questions_are_told_before_a_teacher_is_loaded(gsm8k, tiny, tmp_path, loads):
    tier = replace(tiny, data=gsm8k[0].data)
    with pytest.raises(ValueError, match=r"has \d+ train questions, and 1,000 were asked for: ask for fewer, for"):
        collect(tier, 1_000, 0, tmp_path / "traces")
    assert not loads


@pytest.mark.parametrize(
    ("lacking", "encoding", "told"),
    [("How far?", "utf-8-sig", None), ("How far?", "utf-16", "written in UTF-16"), ("\ud83d", "utf-8", "half a char")],
)
def test_questions_that_lack_something_are_read_as_carefully(tmp_path, monkeypatch, lacking, encoding, told):
    rows = [{"question": "It is 3 miles. How far?", "insufficient_question": lacking, "answer": "#### 3"}]
    (tmp_path / "gsm8k.json").write_text(json.dumps(rows), encoding=encoding)
    monkeypatch.setenv("DISTILL_MIP", str(tmp_path))
    if told is None:
        assert len(missing_premise.missing_premises()) == 1
    else:
        with pytest.raises(ValueError, match=rf"gsm8k\.json.*{told}"):
            missing_premise.missing_premises()


def test_what_is_missing_is_named(gsm8k, monkeypatch):
    tier, folder = gsm8k
    (folder / "test.jsonl").unlink()
    with pytest.raises(FileNotFoundError, match=r"has no test\.jsonl: put"):
        questions.draw(tier, "test", 1, 0)
    assert len(questions.draw(tier, "train", 3, 0)) == 3
    monkeypatch.setenv("DISTILL_GSM8K", str(folder / "nowhere"))
    with pytest.raises(FileNotFoundError, match=r"DISTILL_GSM8K names .*nowhere, and there is no such folder"):
        questions.draw(tier, "train", 1, 0)


def test_without_a_folder_gsm8k_comes_from_the_hub_at_its_revision(monkeypatch):
    monkeypatch.delenv("DISTILL_GSM8K", raising=False)
    calls = []

    def from_hub(*names, **settings):
        calls.append((names, settings))
        return [row(i, str(i)) for i in range(30)]

    monkeypatch.setattr(datasets, "load_dataset", from_hub)
    spec = TIERS["full"].data
    assert len(questions.draw(TIERS["full"], "train", 5, 0)) == 5
    questions.draw(TIERS["full"], "test", 5, 0)
    assert calls == [
        ((spec.name, spec.config), {"split": part, "revision": spec.revision}) for part in ("train", "test")
    ]
    monkeypatch.setattr(datasets, "load_dataset", lambda *_, **__: [{"question": "How many?", "answer": "18"}])
    with pytest.raises(ValueError, match=r"openai/gsm8k, train, row 1: the answer does not end"):
        questions.draw(TIERS["full"], "train", 1, 0)


def test_a_hub_out_of_reach_is_told_with_the_ways_out(monkeypatch):
    def fail(*_, **__):
        raise ConnectionError("no route")

    monkeypatch.delenv("DISTILL_GSM8K", raising=False)
    monkeypatch.setattr(datasets, "load_dataset", fail)
    with pytest.raises(OSError, match=r"could not be loaded: .*DISTILL_GSM8K name a folder.*DISTILL_TIER=mini"):
        questions.draw(TIERS["small"], "train", 1, 0)
