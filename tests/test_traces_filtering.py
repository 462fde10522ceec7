"""helpers.traces.filtering: one verdict each, by the first reason that holds."""

import shutil
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from trace_doubles import COLUMNS, Calls, N, noted_loads, of_each_kind, right_answers, said, whole_run  # noqa: F401  (some are fixtures)

from data.making.world import problems as world
from helpers import models, problems, questions, sources
from helpers.generation.with_transformers import Answer
from helpers.models import unsloth
from helpers.traces import ANSWER, collect, collecting, record, store, verdict, verify
from helpers.traces.filtering import student_tokenizer

ASKED = questions.Question("How many crayons?", (62,))
LONG = "one more " * 300


@pytest.mark.parametrize(
    ("text", "ended", "limit", "seen", "found"),
    [
        # Every fault at once, and then one fewer each time.
        (f"<think>\n{LONG} 61", False, 10, True, "truncated"),
        (f"<think>\n{LONG} 61", True, 10, True, "no </think>"),
        (said((61,), LONG), True, 10, True, "wrong answer"),
        (said((62,), LONG), True, 10, True, "too long"),
        (said((62,), LONG), True, 10_000, True, "duplicate"),
        (said((62,), LONG), True, 10_000, False, "kept"),
        # Each fault alone.
        (said((62,)), False, None, False, "truncated"),
        ("<think>\n60 + 2 = 62.", True, None, False, "no </think>"),
        ("It is 62.", True, None, False, "no </think>"),
        (said((62,)).removeprefix("<think>\n"), True, None, False, "no </think>"),
        (said((62,), "<think>"), True, None, False, "no </think>"),
        (said((62,), "</think>\n\nIt is 62."), True, None, False, "no </think>"),
        (said((61,)), True, None, False, "wrong answer"),
        (said((), "It is 62."), True, None, False, "wrong answer"),
        (said((62,), LONG), True, None, False, "too long"),
        (said((62,)), True, None, True, "duplicate"),
        (said((62,)), True, None, False, "kept"),
    ],
)
def test_the_verdict_is_the_first_reason_that_holds(tiny, text, ended, limit, seen, found):
    before = {(ASKED.question, text)} if seen else {(ASKED.question, "another"), ("another", text)}
    after = set(before)
    assert verdict(Answer(text, 9, ended), ASKED, after, tiny, limit) == found
    assert after == before


def test_the_opened_reasoning_counts(tiny):
    opened = Answer(said((62,)).removeprefix("<think>\n"), 9, True, opened=True)
    assert verdict(opened, ASKED, set(), tiny) == "kept"
    assert verdict(opened, ASKED, {(ASKED.question, said((62,)))}, tiny) == "duplicate"


def test_impossible_problems_are_kept_where_the_teacher_says_so(tiny):
    impossible = questions.Question("How many?", ())
    assert verdict(Answer(said(()), 9, True), impossible, set(), tiny) == "kept"
    assert verdict(Answer(said((62,)), 9, True), impossible, set(), tiny) == "wrong answer"


@pytest.mark.parametrize("problem", [problems.draw("test", 1, 0)[0], *world.draw_twins("test", 1, 0)[0]])
def test_a_problem_that_does_not_say_its_kind_asks_for_numbers(tiny, problem):
    """What the open world calls a problem's kind is why it has no answer."""
    assert verdict(Answer(said((1_234_567,)), 9, True), problem, set(), tiny) == "wrong answer"


def test_the_length_is_that_of_the_whole_chat_as_the_student_reads_it(tiny):
    _, tokenizer = models.load_student(tiny, four_bit=False)
    chat = [{"role": "user", "content": ASKED.question}, {"role": "assistant", "content": said((62,))}]
    length = len(tokenizer(tokenizer.apply_chat_template(chat, tokenize=False), add_special_tokens=False).input_ids)
    answer = Answer(said((62,)), 1, True)
    assert verdict(answer, ASKED, set(), tiny, length) == "kept"
    assert verdict(answer, ASKED, set(), tiny, length - 1) == "too long"
    assert verdict(answer, ASKED, set(), replace(tiny, max_length=length)) == "kept"
    assert verdict(answer, ASKED, set(), replace(tiny, max_length=length - 1)) == "too long"


def test_unsloth_is_imported_before_the_students_tokenizer(tiny, monkeypatch):
    tier = replace(tiny, engine="unsloth", name="elsewhere")
    imported = []
    monkeypatch.setattr(unsloth, "first", lambda: imported.append(True))
    student_tokenizer(replace(tier, epochs=1))
    assert not imported
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    student_tokenizer(replace(tier, epochs=2))
    assert imported


def test_the_counts_add_up_and_the_kept_rows_are_the_right_ones(tiny, tmp_path, monkeypatch):
    calls = Calls(monkeypatch, tiny, of_each_kind)
    raw = collect(tiny, N, 0, tmp_path)
    kept, counts = verify(tiny, raw)
    assert counts == Counter({"kept": 3, "wrong answer": 3, "truncated": 2, "no </think>": 2})
    assert counts.total() == len(raw) == N
    assert counts == Counter(raw["verdict"])
    assert kept.to_list() == [one for one in raw.to_list() if one["verdict"] == "kept"]
    assert set(kept["question"]) == {calls.asked[i] for i in (0, 4, 8)}
    assert record(kept) == record(raw)


def test_of_duplicates_the_first_is_kept(tiny):
    texts = [said((61,)), said((62,)), said((62,)), said((62,), "Again."), said((62,))]
    rows = [
        {"question": "How many?", ANSWER: text, "gold": [62], "family": "x", "tokens": 9, "ended": True, "verdict": ""}
        for text in texts
    ]
    rows.append({**rows[1], "question": "How many pens?"})
    kept, counts = verify(tiny, store.as_dataset(rows, "{}"))
    assert counts == Counter({"kept": 3, "duplicate": 2, "wrong answer": 1})
    assert [(one["question"], one[ANSWER]) for one in kept] == [
        ("How many?", texts[1]), ("How many?", texts[3]), ("How many pens?", texts[1]),
    ]  # fmt: skip


def test_another_limit_gives_other_verdicts(tiny, tmp_path, monkeypatch):
    Calls(monkeypatch, tiny, right_answers)
    raw = collect(tiny, N, 0, tmp_path)
    kept, counts = verify(tiny, raw)
    assert len(kept) == N and counts == Counter(kept=N)
    none, counts = verify(tiny, raw, limit=3)
    assert len(none) == 0 and none.column_names == COLUMNS
    assert counts == Counter({"too long": N})


def test_stored_verdicts_follow_the_tier_and_nothing_is_generated_for_it(tiny, tmp_path, monkeypatch):
    calls = Calls(monkeypatch, tiny, right_answers)
    assert set(collect(tiny, N, 0, tmp_path)["verdict"]) == {"kept"}
    short = replace(tiny, max_length=3)
    assert set(collect(short, N, 0, tmp_path)["verdict"]) == {"too long"}
    assert record(collect(short, N, 0, tmp_path))["judged"]["max_length"] == 3
    assert set(collect(tiny, N, 0, tmp_path)["verdict"]) == {"kept"}
    assert len(calls.asked) == N


@pytest.mark.parametrize("batches", [True, False])
def test_a_reader_that_was_changed_judges_anew_and_nothing_is_generated(
    tiny, whole, tmp_path, monkeypatch, loads, capsys, batches
):
    """Of the batches nothing is needed for it: the dataset has all that the teacher said."""
    folder = tmp_path / "traces"
    shutil.copytree(whole[0], folder)
    if not batches:
        (folder / "batches.jsonl").unlink()
    monkeypatch.setattr(store.sources, "code", lambda *names: f"another {names}")
    monkeypatch.setattr(collecting, "judge", lambda rows, tier: ["wrong answer"] * len(rows))
    calls = Calls(monkeypatch, tiny)
    again = collect(tiny, N, 0, folder)
    assert again.remove_columns("verdict").to_list() == whole[1].remove_columns("verdict").to_list()
    assert set(again["verdict"]) == {"wrong answer"} and not calls.asked and not loads
    assert capsys.readouterr().out == f"traces of {N} questions: read from traces, and judged anew\n"
    monkeypatch.setattr(collecting, "judge", None)
    assert collect(tiny, N, 0, folder).to_list() == again.to_list()


def test_verdicts_depend_on_all_that_reads_an_answer(tiny, monkeypatch):
    before = store.judged(tiny)
    assert before == store.judged(tiny)
    monkeypatch.setattr(store.results, "versions", lambda: {"math-verify": "99"})
    assert store.judged(tiny)["math-verify"] == "99" != before["math-verify"]
    read = Path.read_text
    for name in ("reading.py", "numerals.py", "conclusions.py", "phrases.py", "formulas.py", "filtering.py"):
        with monkeypatch.context() as patch:
            edited = lambda path, name=name, **how: read(path, **how) + "\nEDITED = 1" * (path.name == name)  # noqa: E731
            patch.setattr(Path, "read_text", edited)
            sources.code.cache_clear()
            assert store.judged(tiny)["judge"] != before["judge"], name
    sources.code.cache_clear()
