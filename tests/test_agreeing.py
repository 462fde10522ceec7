"""helpers.traces.agreeing, and traces of one's own questions: samples, agreement, stores of each kind that are read."""

import json
from collections import Counter
from dataclasses import replace

import pytest
from foreign import KINDS, foreign
from trace_doubles import said

from helpers import evaluation, questions, tiers, traces
from helpers.generation import with_transformers
from helpers.generation.with_transformers import Answer
from helpers.traces import ANSWER, agreement, mix, store, workers

TOYS = "data/own/questions.jsonl"


@pytest.fixture(name="mine")
def unanswered(tiny, tmp_path, monkeypatch):
    """The toys without answers; what is made lies in a folder of the test."""
    monkeypatch.setattr(tiers, "ROOT", tmp_path)
    # One batch: many are written by processes of their own, in which nothing is in the place of `generate`.
    return tiers.own(tiny, questions=TOYS, kind="none", samples=3, generate_batch=48)


class Says:
    """In the place of `generate`: what a function makes of a question, and of how often it was asked before."""

    def __init__(self, monkeypatch, makes):
        self.asked, self.makes = [], makes
        monkeypatch.setattr(with_transformers, "generate", self)

    def __call__(self, model, tokenizer, asked, *_, **__):
        found = []
        for one in asked:
            found.append(self.makes(one, self.asked.count(one)))
            self.asked.append(one)
        return found


def mostly(question: str, times: int) -> Answer:
    """Twice the question's length, and then something else; of questions about pages never the same."""
    number = 100 + times if "page" in question else len(question) if times < 2 else 7
    return Answer(said((number,), f"Attempt {times}."), 9, True)


def test_the_samples_of_a_question_stand_behind_one_another_and_agree_or_not(mine, monkeypatch):
    says = Says(monkeypatch, mostly)
    rows = traces.collect(mine, 10, 0).to_list()
    drawn = questions.draw(mine, "train", 10, 0)
    assert [row["question"] for row in rows] == [one.question for one in drawn for _ in range(3)]
    assert Counter(says.asked) == {one.question: 3 for one in drawn} and {tuple(row["gold"]) for row in rows} == {()}
    for one, each in zip(drawn, agreement(rows), strict=True):
        agree = "page" not in one.question
        wanted = ((str(len(one.question)),), 2 / 3) if agree else ((), 1 / 3)
        assert (each.question, each.samples) == (one.question, 3) and (each.gold, each.share) == wanted
        verdicts = [row["verdict"] for row in rows if row["question"] == one.question]
        assert verdicts == (["kept", "kept", "no agreement"] if agree else ["no agreement"] * 3)
    again = traces.collect(mine, 10, 0)
    assert again.to_list() == rows and len(says.asked) == 30
    assert traces.record(again)["samples"] == 3 and traces.record(again)["kind"] == "none"


def test_a_sample_that_was_cut_off_says_nothing(mine):
    row = {"question": "Who?", ANSWER: said((1,)), "ended": True}
    (found,) = agreement([row, {**row, "ended": False}, {**row, "ended": False}])
    assert (found.gold, found.share, found.samples) == ((), 1 / 3, 3)


def test_what_is_agreed_on_is_what_held_out_questions_are_answered_by(mine, monkeypatch, capsys):
    says = Says(monkeypatch, mostly)
    found = traces.agree(mine)
    sizes = {split: questions.count(mine, split) for split in ("validation", "test")}
    assert {split: one.n for split, one in found.items()} == sizes
    drawn = questions.draw(mine, "test", 99, 0, fewer=True)
    assert len(drawn) == found["test"].hits and all(one.answer == (str(len(one.question)),) for one in drawn)
    exam = evaluation.draw_benchmark(mine, 99, 0, 0)
    said_again = [Answer(f"It is {len(one.question)}.", 3, True) for one in exam.asked]
    assert evaluation.accuracy(said_again, exam.asked).value == 1
    assert traces.agree(mine) == found and len(says.asked) == 3 * sum(sizes.values())
    lines = [json.loads(line) for line in (mine.artifacts / "agreed.jsonl").read_text().splitlines()]
    assert len(lines) == sum(sizes.values()) and {one["samples"] for one in lines} == {3}


def test_where_nothing_can_be_agreed_on_it_is_said(mine, tiny, monkeypatch):
    Says(monkeypatch, lambda _, times: Answer(said((times,)), 9, True))
    with pytest.raises(ValueError, match=r"samples agree on none of the .* validation questions: nothing can be"):
        traces.agree(mine)
    with pytest.raises(ValueError, match=r"answers of the own-questions-\w+ tier are known \(number\)"):
        traces.agree(tiers.own(tiny, questions=TOYS))


@pytest.mark.parametrize("name", [one for one in KINDS if one != "none"])
def test_a_store_of_each_kind_is_read_as_it_was_written(tiny, tmp_path, monkeypatch, capsys, name):
    models = {role: getattr(tiny, role) for role in ("teacher", "student", "sibling")}
    mine = replace(foreign(name), **models, generate_batch=4, max_new_tokens=12)
    said_all = Says(monkeypatch, lambda *_: Answer(said((1,)), 9, True))
    n = questions.count(mine, "train")
    found = traces.collect(mine, n, 0, tmp_path / "traces")
    golds = {one.question: list(one.answer) for one in questions.draw(mine, "train", n, 0)}
    assert {row["question"]: row["gold"] for row in found.to_list()} == golds
    assert set(found["verdict"]) == {"wrong answer"} and len(said_all.asked) == n
    capsys.readouterr()
    again = traces.collect(mine, n, 0, tmp_path / "traces")
    assert again.to_list() == found.to_list() and again.features == found.features and len(said_all.asked) == n
    assert capsys.readouterr().out == f"traces of {n} questions: read from traces\n"
    other = replace(mine, data=replace(mine.data, answer="x"))
    with pytest.raises(ValueError, match=r"columns was {'question'"):
        traces.collect(other, n, 0, tmp_path / "traces")
    with pytest.raises(ValueError, match=r"none of the .* traces can be kept"):
        traces.load(mine, folder=tmp_path / "traces")


def test_of_ones_own_questions_all_are_taken_where_the_tier_wants_more(tiny, tmp_path, monkeypatch):
    mine = tiers.own(tiny, questions=TOYS)
    n = questions.count(mine, "train")
    golds = {one.question: one.answer for one in questions.draw(mine, "train", n, 0)}
    Says(monkeypatch, lambda question, _: Answer(said(golds[question]), 9, True))
    monkeypatch.setattr(tiers, "ROOT", tmp_path)
    assert mine.traces > n == len(traces.load(mine)) and len(traces.load(replace(mine, traces=5))) == 5


def test_stores_of_numbers_say_no_more_than_they_did(tiny):
    """So those that were made before there were other kinds are read, and not refused."""
    assert set(store.settings(tiny, 3, 0)) == {
        "teacher", "revision", "data", "data_config", "data_revision", "n", "seed", "temperature", "top_p", "top_k",
        "max_new_tokens", "batch_size", "column",
    }  # fmt: skip
    assert set(store.judged(tiny)) == {"student", "student_revision", "max_length", "judge", "math-verify"}


def test_other_kinds_are_not_shortened(tiny):
    mine = replace(tiers.own(tiny, questions=TOYS, kind="text"), long_share=0.2)
    with pytest.raises(ValueError, match=r"these end in text: take replace\(tier, long_share=None\)"):
        mix.mix(mine, 0, store.as_dataset([], "{}"))


def test_a_large_teacher_is_not_copied_to_every_core(tiny, monkeypatch):
    assert workers.small(tiny)
    monkeypatch.setattr(workers, "SMALL", 1_000)
    assert not workers.small(tiny)
