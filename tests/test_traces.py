"""helpers.traces: each trace made once and the same after a kill, kept or dropped for one reason, never mixed."""

import copy
import json
import multiprocessing
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

import datasets
import psutil
import pytest
import torch
from datasets import Dataset
from kills import ended, forked, killed, until
from transformers import AutoTokenizer
from trl.data_utils import is_conversational

from data.making import tokenizers as making
from helpers import disk, models, problems, questions, sources, tiers, traces
from helpers.generation import with_transformers
from helpers.generation.with_transformers import Answer
from helpers.models import unsloth
from helpers.questions import missing_premise
from helpers.tiers import TIERS, DataSpec, ModelSpec, Sampling
from helpers.traces import (
    ANSWER,
    REASONS,
    collect,
    collecting,
    filtering,
    messages,
    record,
    store,
    verdict,
    verify,
    workers,
)
from helpers.traces.filtering import student_tokenizer
from helpers.traces.place import Place

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


@pytest.fixture
def loads(monkeypatch):
    """The teachers that were loaded."""
    found, load = [], models.load_teacher

    def load_and_note(tier):
        found.append(load(tier))
        return found[-1]

    monkeypatch.setattr(models, "load_teacher", load_and_note)
    return found


def is_unloaded(model) -> bool:
    return all(weight.numel() == 0 for weight in model.parameters())


@pytest.fixture(scope="module")
def whole(tiny, tmp_path_factory):
    """(folder, dataset) of a run that nothing interrupted."""
    folder = tmp_path_factory.mktemp("whole") / "traces"
    return folder, collect(tiny, N, 0, folder)


# --- questions ----------------------------------------------------------------------------------


def test_the_mini_tier_makes_its_questions_and_only_training_has_impossible_ones(tiny):
    found = {split: questions.draw(tiny, split, 60, 3) for split in problems.SPLITS}
    assert found["train"] == problems.draw("train", 60, 3, impossible=True)
    assert {split for split, asked in found.items() if any(one.impossible for one in asked)} == {"train"}


def row(i: int, number: str = "1") -> dict:
    return {"question": f"Question {i}?", "answer": f"First <<1+1=2>>2.\n#### {number}"}


def write_rows(path: Path, rows) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join(json.dumps(one) + "\n" for one in rows), encoding="utf-8")


@pytest.fixture
def gsm8k(tmp_path, monkeypatch):
    """The small tier, reading GSM8K from a folder with 200 training and 5 test questions."""
    folder = tmp_path / "gsm8k"
    write_rows(folder / "train.jsonl", [row(i, str(i)) for i in range(200)])
    write_rows(folder / "test.jsonl", [row(1000 + i, str(i)) for i in range(5)])
    monkeypatch.setenv("DISTILL_GSM8K", str(folder))
    return replace(TIERS["small"], generate_batch=BATCH), folder


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


# --- collect ------------------------------------------------------------------------------------


def test_a_row_is_what_the_teacher_said_with_its_question(tiny, whole):
    _, dataset = whole
    asked = questions.draw(tiny, "train", N, 0)
    assert dataset.column_names == COLUMNS
    assert dataset["question"][:] == [one.question for one in asked]
    assert [tuple(numbers) for numbers in dataset["gold"]] == [one.answer for one in asked]
    assert dataset["family"][:] == [one.family for one in asked]
    assert all(text.startswith("<think>\n") for text in dataset[ANSWER])
    assert len(set(dataset[ANSWER])) == N, "random answers differ, or the tests below would not see them swapped"
    assert all(0 < tokens <= tiny.max_new_tokens for tokens in dataset["tokens"])
    assert set(dataset["verdict"]) <= {"kept", *REASONS}


def test_the_batches_are_sampled_as_the_tier_says_each_with_its_own_seed(tiny, tmp_path, monkeypatch):
    tier = replace(tiny, sampling=Sampling(0.7, 0.9, 5))
    calls = Calls(monkeypatch, tier)
    collect(tier, N, 0, tmp_path / "a")
    dice = {"temperature": 0.7, "top_p": 0.9, "top_k": 5}
    shared = {"max_new_tokens": tiny.max_new_tokens, "batch_size": BATCH, "progress": False} | dice
    seeds = [named.pop("seed") for (named,) in calls.settings]
    assert calls.settings == [(shared,)] * 3
    assert len(set(seeds)) == 3
    collect(tier, N, 1, tmp_path / "b")
    assert not set(seeds) & {named["seed"] for (named,) in calls.settings[3:]}


@pytest.mark.parametrize(("batches", "damage"), [(0, 0), (1, 0), (2, 0), (1, 1), (2, 1), (2, 30)])
def test_a_killed_run_goes_on_and_ends_as_if_nothing_had_been(tiny, whole, tmp_path, monkeypatch, batches, damage):
    calls = Calls(monkeypatch, tiny)
    calls.kill = batches
    with pytest.raises(KeyboardInterrupt):
        collect(tiny, N, 0, tmp_path)
    stored = tmp_path / "batches.jsonl"
    if damage:  # the kill came while the last line was written
        stored.write_bytes(stored.read_bytes()[:-damage])
    lost = BATCH if damage else 0
    calls.kill = None
    resumed = collect(tiny, N, 0, tmp_path)
    assert resumed.to_list() == whole[1].to_list()
    assert stored.read_bytes() == (whole[0] / "batches.jsonl").read_bytes()
    assert record(resumed) == record(whole[1])
    in_order = [one.question for one in questions.draw(tiny, "train", N, 0)]
    assert resumed["question"][:] == in_order
    asked = sorted(in_order, key=len)  # beside each other in a batch: questions of one length
    assert asked != in_order
    done = batches * BATCH
    assert calls.asked == asked[:done] + asked[done - lost :], "only what was lost is generated again"


def test_a_kill_before_the_dataset_is_stored_costs_no_generation(tiny, whole, tmp_path, monkeypatch, loads):
    folder = tmp_path / "traces"
    shutil.copytree(whole[0], folder)
    shutil.move(folder / "dataset", folder / "dataset.part")
    (folder / "dataset.part" / "half.arrow").write_bytes(b"half")
    calls = Calls(monkeypatch, tiny)
    assert collect(tiny, N, 0, folder).to_list() == whole[1].to_list()
    assert not calls.asked and not loads
    assert {path.name for path in folder.rglob("*")} == {path.name for path in whole[0].rglob("*")}


@pytest.mark.slow
def test_many_batches_are_written_by_several_processes_as_by_one(tiny, tmp_path, monkeypatch):
    """Killed in the middle too: the processes go, and what they wrote stays."""
    n, append = workers.FEWEST * BATCH, store.append
    monkeypatch.setattr(workers, "cores", lambda: 2)
    several = collect(tiny, n, 0, tmp_path / "several")

    def kill(folder, rows):
        append(folder, rows)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(store, "append", kill)
        collect(tiny, n, 0, tmp_path / "killed")
    assert not multiprocessing.active_children()
    monkeypatch.setattr(workers, "answers", None)  # from here on one process does it all
    assert collect(tiny, n, 0, tmp_path / "killed").to_list() == several.to_list()
    monkeypatch.setattr(workers, "FEWEST", n)
    assert collect(tiny, n, 0, tmp_path / "one").to_list() == several.to_list()


SCRIPT = """
import sys
from dataclasses import replace
from helpers import traces
from helpers.tiers import TIERS, ModelSpec
from helpers.traces import workers
print("from the top", flush=True)
workers.cores = lambda: 2
teacher, student, folder = sys.argv[1:]
tier = replace(TIERS["mini"], teacher=ModelSpec(teacher), student=ModelSpec(student))
tier = replace(tier, generate_batch=4, max_new_tokens=12)
print(len(traces.collect(tier, 4 * workers.FEWEST, 0, folder)))
"""


@pytest.mark.slow
def test_a_script_that_does_not_ask_for_its_name_runs_once(tiny, tmp_path):
    """Spawned processes run the script that started them: without `if __name__ == "__main__"` they would begin it."""
    (tmp_path / "script.py").write_text(SCRIPT)
    words = [tiny.teacher.source, tiny.student.source, str(tmp_path / "traces")]
    done = subprocess.run(
        [sys.executable, str(tmp_path / "script.py"), *words], capture_output=True, text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[1])},
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, f"from the top\n{4 * workers.FEWEST}\n"), done.stderr


def test_processes_are_not_told_of_the_script_that_starts_them():
    main = sys.modules["__main__"]
    with pytest.raises(KeyboardInterrupt), workers._no_main():
        told = multiprocessing.spawn.get_preparation_data("one")
        raise KeyboardInterrupt
    assert not [key for key in told if key.startswith("init_main")] and sys.modules["__main__"] is main


def test_processes_end_with_the_one_that_started_them(tmp_path):
    """Killed, it cannot stop them; each holds half a gigabyte."""

    def start():
        one = multiprocessing.get_context("fork").Process(target=workers._end_with_parent)
        one.start()
        (tmp_path / "started").write_text(str(one.pid))
        time.sleep(60)

    starter = forked(start)
    until(lambda: (tmp_path / "started").exists() and (tmp_path / "started").read_text(), starter)
    worker = int((tmp_path / "started").read_text())
    killed(starter)
    end = time.monotonic() + 10
    with suppress(psutil.NoSuchProcess):
        while psutil.Process(worker).status() != psutil.STATUS_ZOMBIE:  # which nobody has asked for its end
            assert time.monotonic() < end, "it is still there"
            time.sleep(0.01)


@pytest.mark.parametrize(("batches", "cores", "local", "gpu", "pays"), [
    (8, 2, True, False, True), (7, 2, True, False, False), (8, 1, True, False, False),
    (8, 2, False, False, False), (8, 2, True, True, False),
])  # fmt: skip
def test_when_several_processes_pay(tiny, monkeypatch, batches, cores, local, gpu, pays):
    monkeypatch.setattr(workers, "cores", lambda: cores)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: gpu)
    tier = tiny if local else replace(tiny, teacher=ModelSpec("Qwen/Qwen3-0.6B", "abc"))
    assert workers.pay(tier, batches) is pays


def test_a_small_teacher_writes_with_one_thread_and_the_others_come_back(tiny):
    before = torch.get_num_threads()
    with pytest.raises(RuntimeError), workers.one_thread(tiny):
        assert torch.get_num_threads() == 1
        raise RuntimeError
    assert torch.get_num_threads() == before


def test_a_line_damaged_in_the_middle_is_named(tiny, whole, tmp_path):
    folder = tmp_path / "traces"
    shutil.copytree(whole[0], folder)
    shutil.rmtree(folder / "dataset")
    lines = (folder / "batches.jsonl").read_bytes().splitlines(keepends=True)
    (folder / "batches.jsonl").write_bytes(lines[0][:-9] + b"\n" + lines[1])
    with pytest.raises(ValueError, match=r"batches\.jsonl, line 1 is damaged: delete"):
        collect(tiny, N, 0, folder)


DATASET_FILES = ["data-00000-of-00001.arrow", "dataset_info.json", "state.json", "checksum"]
DAMAGE = {
    "cut": lambda content: content[:-20], "empty": lambda _: b"", "missing": lambda _: None,
    "a changed letter": lambda content: content[:9] + bytes([content[9] ^ 1]) + content[10:],
    "zeros": lambda content: content[: len(content) // 2] + bytes(len(content) - len(content) // 2),
}  # fmt: skip


def damage(path: Path, how: str) -> None:
    content = DAMAGE[how](path.read_bytes())
    path.unlink() if content is None else path.write_bytes(content)


@pytest.fixture
def copied_traces(whole, tmp_path):
    shutil.copytree(whole[0], tmp_path / "traces")
    return tmp_path / "traces"


@pytest.mark.parametrize("how", DAMAGE)
@pytest.mark.parametrize("name", DATASET_FILES)
def test_a_damaged_dataset_is_built_again_from_its_batches(tiny, whole, copied_traces, monkeypatch, capsys, name, how):
    damage(copied_traces / "dataset" / name, how)
    calls = Calls(monkeypatch, tiny)
    assert collect(tiny, N, 0, copied_traces).to_list() == whole[1].to_list()
    told = rf"traces of {N} questions: read from traces; its dataset is built again from batches\.jsonl: .+\n"
    assert re.fullmatch(told, capsys.readouterr().out) and not calls.asked
    collect(tiny, N, 0, copied_traces)
    assert capsys.readouterr().out == f"traces of {N} questions: read from traces\n"


@pytest.mark.parametrize("left", [0, 1])
def test_a_damaged_dataset_without_its_batches_is_told_with_the_mend(tiny, copied_traces, monkeypatch, loads, left):
    damage(copied_traces / "dataset" / DATASET_FILES[0], "zeros")
    lines = (copied_traces / "batches.jsonl").read_bytes().splitlines(keepends=True)
    (copied_traces / "batches.jsonl").write_bytes(b"".join(lines[:left]))
    told = rf"dataset is damaged \(its checksum is .*\), and batches\.jsonl has {left * BATCH} of its {N} traces: del"
    with pytest.raises(ValueError, match=told):
        collect(tiny, N, 0, copied_traces)
    assert not loads


def test_a_dataset_with_other_questions_than_were_asked_is_built_again(tiny, whole, copied_traces, capsys):
    """As two writers in one folder once left it: some questions twice, and others not at all."""
    rows = whole[1].to_list()
    Place(copied_traces).finish([*rows[:4], *rows[:4], *rows[8:]], store.judged(tiny))
    assert collect(tiny, N, 0, copied_traces).to_list() == rows
    assert "it does not answer the questions that were asked" in capsys.readouterr().out


@pytest.mark.parametrize("content", ["", "{", "[]"])
def test_a_damaged_provenance_of_traces_is_told_with_the_mend(tiny, copied_traces, content):
    (copied_traces / "provenance.json").write_text(content)
    with pytest.raises(ValueError, match=r"traces/provenance\.json is damaged.*: delete .*traces, and run again"):
        collect(tiny, N, 0, copied_traces)


@pytest.mark.parametrize("lines", [(0, 0, 1, 2), (0, 1, 0, 1, 2), (0, 1, 2, 2, 0), (0, 0), (0, 1, 1)])
def test_a_batch_that_stands_there_twice_counts_once(tiny, whole, copied_traces, lines):
    shutil.rmtree(copied_traces / "dataset")
    batches = (copied_traces / "batches.jsonl").read_bytes().splitlines(keepends=True)
    (copied_traces / "batches.jsonl").write_bytes(b"".join(batches[i] for i in lines))
    assert collect(tiny, N, 0, copied_traces).to_list() == whole[1].to_list()


@pytest.mark.parametrize("lines", [(1, 0, 2), (0, 2), (2,)])
def test_a_batch_that_is_missing_in_between_is_told_with_the_mend(tiny, copied_traces, lines, loads):
    shutil.rmtree(copied_traces / "dataset")
    batches = (copied_traces / "batches.jsonl").read_bytes().splitlines(keepends=True)
    (copied_traces / "batches.jsonl").write_bytes(b"".join(batches[i] for i in lines))
    with pytest.raises(ValueError, match=r"batches\.jsonl, line \d answers other questions: delete .*traces"):
        collect(tiny, N, 0, copied_traces)
    assert not loads


def invented(model, tokenizer, asked, *_, seed, **__):
    """What the teacher writes, in a moment: it changes with the question and with the seed of the batch."""
    time.sleep(0.002)
    return [Answer(f"{question} {seed}\n</think>\n\nIt is 1.", 9, True, opened=True) for question in asked]


def larger(path: Path, before: int) -> bool:
    return path.exists() and path.stat().st_size > before


def test_two_writers_that_are_killed_again_and_again_lose_nothing_and_double_nothing(tiny, tmp_path, monkeypatch):
    """Real processes and SIGKILL, at any byte: of the line that is being written any part may be left."""
    monkeypatch.setattr(with_transformers, "generate", invented)
    teacher, many, lot, kills = models.load_teacher(tiny), 28, random.Random(0), 0
    whole = collect(tiny, many, 0, tmp_path / "whole", teacher).to_list()
    end = time.monotonic() + 300
    while kills < 20:
        folder = tmp_path / f"traces {kills}"
        batches = folder / "batches.jsonl"
        statuses = []
        while statuses != [0, 0]:
            assert time.monotonic() < end, f"after {kills} kills it gets no further"
            before = batches.stat().st_size if batches.exists() else 0
            writers = [forked(lambda folder=folder: collect(tiny, many, 0, folder, teacher)) for _ in range(2)]
            until(partial(larger, batches, before), *writers)
            time.sleep(lot.choice([0, 0, 0.002, 0.004, 0.02]))
            for writer in writers:
                os.kill(writer, signal.SIGKILL)
            statuses = [ended(writer) for writer in writers]
            kills += statuses.count(-signal.SIGKILL)
            if statuses != [0, 0] and batches.exists() and not (folder / "dataset").exists():
                (last,) = batches.read_bytes().splitlines(keepends=True)[-1:] or [b""]
                os.truncate(batches, batches.stat().st_size - lot.choice([0, 0, lot.randrange(len(last) + 1)]))
        assert collect(tiny, many, 0, folder, teacher).to_list() == whole
        assert len(store.stored(folder)) == many


def test_the_second_of_two_collections_waits_and_reads_what_the_first_has_made(tiny, tmp_path, monkeypatch, capfd):
    """The first goes on behind its first batch only when the second waits, however slow the machine is."""
    teacher, folder, waits = models.load_teacher(tiny), tmp_path / "traces", tmp_path / "waits"

    def held(*words, **named):
        if (folder / "batches.jsonl").exists():
            until(waits.exists)
        return invented(*words, **named)

    monkeypatch.setattr(with_transformers, "generate", held)
    capfd.readouterr()
    first = forked(lambda: collect(tiny, N, 0, folder, teacher))
    until((folder / "batches.jsonl").exists, first)
    monkeypatch.setattr(with_transformers, "generate", None)
    sleep = time.sleep
    monkeypatch.setattr(disk.time, "sleep", lambda seconds: waits.touch() or sleep(seconds))
    found = collect(tiny, N, 0, folder, teacher)
    assert ended(first) == 0 and len(found) == N
    assert capfd.readouterr().out == (
        f"traces: process {first} is writing there; waiting until it ends or is stopped\n"
        f"traces of {N} questions: read from traces\n"
    )


def test_another_teacher_can_be_tried_beside_the_first(tiny, tmp_path, monkeypatch):
    monkeypatch.setattr(tiers, "ROOT", tmp_path)
    full = TIERS["full"]
    assert store.place(full, 1_000, 0) == tmp_path / "artifacts" / "full" / "traces" / "1000-0", "the tier's own"
    others = [("Qwen/Qwen3-1.7B", "abc"), ("Qwen/Qwen3-1.7B", "abd"), ("me/Qwen3-1.7B", "abc"), ("me/Qwen3-1.7B", None)]
    places = {store.place(replace(full, teacher=ModelSpec(*one)), 1_000, 0).name for one in others}
    assert len(places) == 4 and all(re.fullmatch(r"1000-0-Qwen3-1\.7B-[0-9a-f]{8}", name) for name in places)
    Calls(monkeypatch, tiny, right_answers)
    other = replace(tiny, teacher=copied(tmp_path / "other", tiny.teacher))
    assert len(traces.load(tiny, n=2)) and len(traces.load(other, n=2))
    assert len(list((tmp_path / "artifacts" / "mini" / "traces").iterdir())) == 2
    assert len(traces.load(other, n=2, folder=tmp_path / "elsewhere")) and (tmp_path / "elsewhere" / "dataset").exists()


def test_what_is_read_is_said(tiny, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(tiers, "ROOT", tmp_path)
    calls = Calls(monkeypatch, tiny)
    folder = tmp_path / "artifacts" / "mini" / "traces" / "here"
    calls.kill = 2
    with pytest.raises(KeyboardInterrupt):
        collect(tiny, N, 0, folder)
    assert capsys.readouterr().out == ""
    calls.kill = None
    collect(tiny, N, 0, folder)
    assert capsys.readouterr().out == f"traces of {N} questions: 8 read from artifacts/mini/traces/here\n"
    collect(tiny, N, 0, folder)
    assert capsys.readouterr().out == f"traces of {N} questions: read from artifacts/mini/traces/here\n"


def test_what_is_there_is_read_and_nothing_is_loaded(tiny, whole, monkeypatch, loads):
    calls = Calls(monkeypatch, tiny)
    again = collect(tiny, N, 0, whole[0])
    assert again.to_list() == whole[1].to_list()
    assert record(again) == record(whole[1])
    assert not calls.asked and not loads


def test_the_teacher_is_loaded_once_and_unloaded_after_a_kill_too(tiny, tmp_path, monkeypatch, loads):
    calls = Calls(monkeypatch, tiny)
    calls.kill = 1
    with pytest.raises(KeyboardInterrupt):
        collect(tiny, N, 0, tmp_path)
    assert [is_unloaded(model) for model, _ in loads] == [True]
    calls.kill = None
    collect(tiny, N, 0, tmp_path)
    assert [is_unloaded(model) for model, _ in loads] == [True, True]


def test_a_teacher_that_is_given_is_used_and_stays(tiny, whole, tmp_path, loads):
    teacher = models.load_teacher(tiny)
    loads.clear()
    assert collect(tiny, N, 0, tmp_path, teacher).to_list() == whole[1].to_list()
    assert not loads and not is_unloaded(teacher[0])


def test_no_traces_are_no_collection(tiny, tmp_path):
    with pytest.raises(ValueError, match="n is 0; collect 1 trace or more"):
        collect(tiny, 0, 0, tmp_path)


def test_a_student_that_cannot_be_had_is_told_before_anything_is_generated(tiny, tmp_path, monkeypatch, loads):
    calls = Calls(monkeypatch, tiny)
    with pytest.raises(FileNotFoundError, match=r"no model in .*nowhere: name a folder that has config\.json"):
        collect(replace(tiny, student=ModelSpec(str(tmp_path / "nowhere"))), N, 0, tmp_path / "a")
    assert not loads

    def gated(*_, **__):
        raise OSError("a gated repo")

    teacher = models.load_teacher(tiny)
    monkeypatch.setattr(AutoTokenizer, "from_pretrained", gated)
    mend = r"tokenizer of google/gemma, the student, could not be loaded: accept the terms on .*google/gemma"
    with pytest.raises(OSError, match=mend):
        collect(replace(tiny, student=ModelSpec("google/gemma", "abc")), N, 0, tmp_path / "b", teacher)
    assert not calls.asked


@pytest.mark.parametrize(
    ("opened", "wrote"),
    [(True, "2 + 2\n</think>"), (True, "<think>\n2 + 2\n</think>"), (False, "<think>\n2 + 2\n</think>")],
)
def test_the_opening_mark_is_put_back_once(tiny, tmp_path, monkeypatch, opened, wrote):
    Calls(monkeypatch, tiny, lambda *_: Answer(f"{wrote}\n\nIt is 4.", 9, True, opened))
    dataset = collect(tiny, 1, 0, tmp_path)
    assert dataset[ANSWER][:] == ["<think>\n2 + 2\n</think>\n\nIt is 4."]


def test_numbers_that_are_not_whole_and_questions_without_an_answer_are_stored_alike(gsm8k, tiny):
    base = {"question": "How many?", ANSWER: "", "family": "x", "tokens": 1, "ended": True, "verdict": "kept"}
    for golds in ([[2.5], [3]], [[], []], [[62], []]):
        dataset = store.as_dataset([{**base, "gold": numbers} for numbers in golds], "{}")
        assert dataset["gold"][:] == golds
        assert dataset.column_names == COLUMNS
    assert isinstance(dataset["gold"][0][0], int)


def slow_generate(monkeypatch, tier, seconds: float) -> Calls:
    def wait(numbers, i):
        time.sleep(seconds if i == 0 else 0)
        return right_answers(numbers, i)

    return Calls(monkeypatch, tier, wait)


@pytest.mark.parametrize("n", [3, N])
def test_one_bar_shows_in_the_middle_of_a_batch_and_goes(tiny, tmp_path, capfd, monkeypatch, n):
    slow_generate(monkeypatch, tiny, 0.6)
    monkeypatch.setattr(collecting, "PATIENCE", 0.1)
    teacher = models.load_teacher(tiny)
    capfd.readouterr()
    collect(tiny, n, 0, tmp_path, teacher)
    written = capfd.readouterr().err
    assert f"traces:   0%|          | 0/{n}" in written, "it shows while the first batch is being made"
    assert "answers" not in written and "Saving" not in written
    assert written.endswith("\r") and not written.split("\r")[-2].strip(), "the last thing is a wiped line"


def test_a_short_run_shows_no_bar(tiny, tmp_path, capfd, monkeypatch):
    Calls(monkeypatch, tiny, right_answers)
    teacher = models.load_teacher(tiny)
    capfd.readouterr()
    threads = set(threading.enumerate())
    collect(tiny, N, 0, tmp_path, teacher)
    assert capfd.readouterr().err == ""
    assert not [one for one in set(threading.enumerate()) - threads if isinstance(one, threading.Timer)]


# --- provenance ---------------------------------------------------------------------------------


def test_the_dataset_and_its_folder_say_how_it_was_made(tiny, whole):
    folder, dataset = whole
    _, tokenizer = models.load_teacher(tiny)
    told = record(folder)
    assert told["teacher"] == tiny.teacher.name
    assert told["revision"].startswith("sha256:")
    assert (told["temperature"], told["top_p"], told["top_k"]) == (1.0, 1.0, 0)
    assert (told["n"], told["seed"], told["max_new_tokens"], told["batch_size"]) == (N, 0, 12, BATCH)
    assert told["prompt"] == models.chat_prompt(tokenizer, "{question}")
    assert {"torch", "transformers", "datasets"} <= told["versions"].keys()
    assert {"template", "machine", "questions", "data", "data_config", "data_revision"} <= told.keys()
    judged = {"student": tiny.student.name, "max_length": tiny.max_length}
    of_dataset = record(dataset)
    assert of_dataset.pop("judged").items() >= judged.items()
    assert of_dataset == told == record(str(folder))


def test_a_model_of_the_hub_is_named_by_its_commit(monkeypatch):
    for name in ("small", "full"):
        assert store.settings(TIERS[name], 1, 0)["revision"] == TIERS[name].teacher.revision


def test_rows_of_unknown_origin_say_so(tmp_path):
    with pytest.raises(ValueError, match="do not say how they were made"):
        record(Dataset.from_list([{"question": "How many?"}]))
    with pytest.raises(FileNotFoundError, match=r"provenance\.json is missing"):
        record(tmp_path)


def copied(folder: Path, spec: ModelSpec) -> ModelSpec:
    shutil.copytree(spec.source, folder)
    return ModelSpec(str(folder))


CHANGES = {
    "teacher": lambda tier, folder: replace(tier, teacher=copied(folder / "other", tier.teacher)),
    "data": lambda tier, _: replace(tier, data=replace(tier.data, name="openai/gsm8k")),
    "data_config": lambda tier, _: replace(tier, data=replace(tier.data, config="socratic")),
    "data_revision": lambda tier, _: replace(tier, data=replace(tier.data, revision="abc")),
    "temperature": lambda tier, _: replace(tier, sampling=Sampling(0.6)),
    "top_p": lambda tier, _: replace(tier, sampling=Sampling(1.0, top_p=0.95)),
    "top_k": lambda tier, _: replace(tier, sampling=Sampling(1.0, top_k=20)),
    "max_new_tokens": lambda tier, _: replace(tier, max_new_tokens=13),
    "batch_size": lambda tier, _: replace(tier, generate_batch=5),
}


@pytest.fixture(params=["begun", "finished"])
def made(request, tiny, whole, tmp_path):
    """A folder of traces, in the middle or at the end."""
    folder = tmp_path / "traces"
    shutil.copytree(whole[0], folder)
    if request.param == "begun":
        shutil.rmtree(folder / "dataset")
        lines = (folder / "batches.jsonl").read_bytes().splitlines(keepends=True)
        (folder / "batches.jsonl").write_bytes(lines[0])
    return folder


def refused(field: str, tier, folder: Path, n: int = N, seed: int = 0, teacher=None, now=None) -> None:
    """Asserts that the folder is refused for this one field, with both values, and stays as it is."""
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    old = record(folder)[field]
    with pytest.raises(ValueError, match="was made otherwise") as refusal:
        collect(tier, n, seed, folder, teacher)
    reasons = re.search(r"was made otherwise: (.*)\. Take another folder, or delete this one", str(refusal.value))[1]
    new = re.fullmatch(rf"{field} was {re.escape(repr(old))} and now is (.*)", reasons)
    assert new, reasons
    assert new[1] != repr(old) and (now is None or new[1] == repr(now))
    assert before == {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("field", CHANGES)
def test_a_folder_made_otherwise_is_refused_by_name(tiny, made, tmp_path, loads, field):
    refused(field, CHANGES[field](tiny, tmp_path), made)
    assert not loads


def test_another_number_or_seed_is_refused(tiny, made, loads):
    refused("n", tiny, made, n=N + 1, now=N + 1)
    refused("seed", tiny, made, seed=1, now=1)
    assert not loads


def test_traces_with_the_column_of_former_times_are_refused(tiny, made, loads):
    told = json.loads((made / "provenance.json").read_text())
    (made / "provenance.json").write_text(json.dumps(told | {"column": "qwen3_answer"}))
    refused("column", tiny, made, now="teacher_answer")
    assert not loads


def test_a_local_teacher_that_was_trained_anew_is_refused(tiny, tmp_path, monkeypatch):
    tier = replace(tiny, teacher=copied(tmp_path / "teacher", tiny.teacher))
    collect(tier, 1, 0, tmp_path / "traces")
    weights = tmp_path / "teacher" / "model.safetensors"
    content = weights.read_bytes()
    weights.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    refused("revision", tier, tmp_path / "traces", n=1)


@pytest.mark.parametrize(
    ("name", "changes"),
    [("config.json", True), ("generation_config.json", True), ("tokenizer.json", True), ("tokenizer_config.json", True),
     ("chat_template.jinja", True), ("scores.json", False), ("README.md", False)],
)  # fmt: skip
def test_a_local_model_is_another_where_its_answers_may_be(tiny, tmp_path, name, changes):
    tier = replace(tiny, teacher=copied(tmp_path / "teacher", tiny.teacher))
    before = store.settings(tier, 1, 0)["revision"]
    with open(tmp_path / "teacher" / name, "a", encoding="utf-8") as file:
        file.write(" ")
    assert (store.settings(tier, 1, 0)["revision"] != before) is changes


def test_another_prompt_is_refused(tiny, made, monkeypatch):
    model, tokenizer = models.load_teacher(tiny)
    other = copy.deepcopy(tokenizer)
    other.chat_template = other.chat_template.replace("<think>\n", "")
    refused("prompt", tiny, made, teacher=(model, other))
    if not (made / "dataset").exists():  # loaded here, it is seen as well, before anything is generated
        calls = Calls(monkeypatch, tiny)
        monkeypatch.setattr(models, "load_teacher", lambda _: (model, other))
        refused("prompt", tiny, made)
        assert not calls.asked


def test_other_questions_are_refused_where_traces_are_still_to_be_made(gsm8k, tiny, tmp_path, monkeypatch, loads):
    tier = replace(tiny, data=DataSpec("openai/gsm8k"))
    calls = Calls(monkeypatch, tier)
    calls.kill = 1
    with pytest.raises(KeyboardInterrupt):
        collect(tier, N, 0, tmp_path / "traces")
    write_rows(gsm8k[1] / "train.jsonl", [row(i, "7") for i in range(200)])
    calls.kill = None
    refused("questions", tier, tmp_path / "traces")
    assert len(loads) == 1, "it is seen before the teacher is loaded again"


GOLDS = {"other questions": lambda i: row(1000 + i, str(i)), "corrected answers": lambda i: row(i, str(i + 1))}


@pytest.mark.parametrize("change", GOLDS)
def test_finished_traces_are_refused_for_other_questions_and_for_other_gold_answers(
    gsm8k, tiny, tmp_path, monkeypatch, loads, change
):
    """They were made of a file that can be changed; the teacher's answers and the verdicts are of the old one."""
    tier = replace(tiny, data=gsm8k[0].data)
    Calls(monkeypatch, tier, right_answers)
    made = collect(tier, N, 0, tmp_path / "traces")
    assert record(made)["data"] == "the folder DISTILL_GSM8K" and record(made)["data_revision"] is None
    assert collect(tier, N, 0, tmp_path / "traces").to_list() == made.to_list()
    write_rows(gsm8k[1] / "train.jsonl", [GOLDS[change](i) for i in range(200)])
    loads.clear()
    refused("questions", tier, tmp_path / "traces")
    assert not loads


def test_finished_traces_are_not_given_for_questions_that_are_no_longer_there(gsm8k, tiny, tmp_path, monkeypatch):
    tier = replace(tiny, data=gsm8k[0].data)
    Calls(monkeypatch, tier, right_answers)
    collect(tier, N, 0, tmp_path / "traces")
    shutil.rmtree(gsm8k[1])
    with pytest.raises(FileNotFoundError, match=r"DISTILL_GSM8K names .*there is no such folder"):
        collect(tier, N, 0, tmp_path / "traces")
    monkeypatch.delenv("DISTILL_GSM8K")
    with pytest.raises(ValueError, match="data was 'the folder DISTILL_GSM8K' and now is 'openai/gsm8k'"):
        collect(tier, N, 0, tmp_path / "traces")


def test_everything_that_differs_is_named(tiny, made):
    with pytest.raises(ValueError, match="seed was 0 and now is 1; max_new_tokens was 12 and now is 13"):
        collect(replace(tiny, max_new_tokens=13), N, 1, made)


def test_every_field_that_is_compared_has_a_test_of_its_refusal(tiny):
    tested = {*CHANGES, "n", "seed", "revision", "column"}
    assert store.settings(tiny, N, 0).keys() == tested


def test_other_versions_and_another_machine_are_told_and_not_refused(tiny, made, monkeypatch):
    monkeypatch.setattr(store.results, "versions", lambda: {"torch": "99"})
    monkeypatch.setattr(store.results, "machine", lambda: "another")
    before = record(made)
    assert record(collect(tiny, N, 0, made))["machine"] == before["machine"]
    assert record(made) == before


@pytest.mark.parametrize("name", ["batches.jsonl", "dataset"])
def test_traces_that_do_not_say_how_they_were_made_are_refused(tiny, whole, tmp_path, name):
    (shutil.copytree if name == "dataset" else shutil.copy)(whole[0] / name, tmp_path / name)
    with pytest.raises(ValueError, match=r"no provenance\.json says how they were made"):
        collect(tiny, N, 0, tmp_path)


# --- verdicts -----------------------------------------------------------------------------------

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


def mixed(numbers, i):
    """One of each kind in a batch of four: right, wrong, cut off, never closed."""
    return [
        Answer(said(numbers), 9, True),
        Answer(said((*numbers, 999)), 9, True),
        Answer(said(numbers), 12, False),
        Answer("<think>\nSo", 9, True),
    ][i]


def test_the_counts_add_up_and_the_kept_rows_are_the_right_ones(tiny, tmp_path, monkeypatch):
    calls = Calls(monkeypatch, tiny, mixed)
    raw = collect(tiny, N, 0, tmp_path)
    kept, counts = verify(raw, tiny)
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
    kept, counts = verify(store.as_dataset(rows, "{}"), tiny)
    assert counts == Counter({"kept": 3, "duplicate": 2, "wrong answer": 1})
    assert [(one["question"], one[ANSWER]) for one in kept] == [
        ("How many?", texts[1]), ("How many?", texts[3]), ("How many pens?", texts[1]),
    ]  # fmt: skip


def test_another_limit_gives_other_verdicts(tiny, tmp_path, monkeypatch):
    Calls(monkeypatch, tiny, right_answers)
    raw = collect(tiny, N, 0, tmp_path)
    kept, counts = verify(raw, tiny)
    assert len(kept) == N and counts == Counter(kept=N)
    none, counts = verify(raw, tiny, limit=3)
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


# --- messages and load --------------------------------------------------------------------------


def test_messages_render_with_one_think_and_the_prompt_is_their_beginning(tiny, tmp_path, monkeypatch):
    Calls(monkeypatch, tiny, right_answers)
    kept, _ = verify(collect(tiny, N, 0, tmp_path), tiny)
    rows = messages(kept)
    assert rows.column_names == ["prompt", "completion"] and len(rows) == N
    assert record(rows) == record(kept)
    qwen, gemma = (load(tiny)[1] for load in (models.load_teacher, models.load_student))
    as_shipped = copy.deepcopy(qwen)
    as_shipped.chat_template = making.QWEN_TEMPLATE.replace("{{ opens_with }}", "<think>\n")
    gemma.chat_template = making.GEMMA_TEMPLATE
    for tokenizer in (qwen, as_shipped, gemma):
        for one, source in zip(rows, kept, strict=True):
            assert is_conversational(one)
            chat = tokenizer.apply_chat_template(one["prompt"] + one["completion"], tokenize=False)
            assert chat.count("<think>") == chat.count("</think>") == 1
            assert source["question"] in chat and source[ANSWER] in chat
            assert chat.startswith(models.chat_prompt(tokenizer, source["question"]))


def test_a_trace_that_only_the_sibling_finds_too_long_is_not_taught_to_it(tiny, capsys):
    """A trainer would cut it, its end with it: the verdict goes by the student's count alone."""
    base = {"question": "How many?", "gold": [62], "family": "x", "tokens": 9, "ended": True, "verdict": "kept"}
    texts = [said((62,), "<end_of_turn>" * 30), said((62,)), said((62,), "<|im_end|>" * 30)]
    rows = store.as_dataset([{**base, ANSWER: text} for text in texts], '{"made": "up"}')
    counts = {
        role: [filtering.tokens_of(tiny, "How many?", text, role) for text in texts] for role in ("student", "sibling")
    }
    assert counts["student"][0] < counts["sibling"][0] and counts["student"][2] > counts["sibling"][2]
    for role, left in (("student", texts[:2]), ("sibling", texts[1:])):
        tier = replace(tiny, max_length=min(counts[role][0], counts[role][2]))
        found = messages(rows, tier, role)
        assert [one["completion"][0]["content"] for one in found] == left
        assert record(found) == {"made": "up"}
        told = f"1 of 3 traces have more than {tier.max_length} tokens, as the {role} counts, and are left out\n"
        assert capsys.readouterr().out == told
        with pytest.raises(ValueError, match=r"3 of 3 traces have more than 3 tokens.*larger max_length"):
            messages(rows, replace(tiny, max_length=3), role)
        assert messages(rows, replace(tiny, max_length=max(counts[role])), role).to_list() == messages(rows).to_list()
    assert capsys.readouterr().out == ""


def test_no_rows_are_no_messages(tiny):
    assert messages(store.as_dataset([], "{}")).column_names == ["prompt", "completion"]


def test_load_makes_what_is_missing_once_and_gives_what_is_kept(tiny, tmp_path, monkeypatch, loads):
    monkeypatch.setattr(tiers, "ROOT", tmp_path)
    calls = Calls(monkeypatch, tiny, mixed)
    tier = replace(tiny, traces=8)
    kept = traces.load(tier)
    assert (store.place(tier, 8, 0) / "provenance.json").is_file()
    right = {calls.asked[0], calls.asked[4]}
    assert kept["question"][:] == [one.question for one in questions.draw(tier, "train", 8, 0) if one.question in right]
    assert set(kept["verdict"]) == {"kept"}
    assert traces.load(tier).to_list() == kept.to_list()
    assert len(calls.asked) == 8 and len(loads) == 1
    assert record(kept)["n"] == 8
    assert len(traces.load(tier, n=4)) == 1
    assert len(calls.asked) == 12


def test_load_says_why_nothing_is_kept(tiny, tmp_path, monkeypatch):
    monkeypatch.setattr(tiers, "ROOT", tmp_path)
    Calls(monkeypatch, tiny, lambda *_: Answer(said((1,)), 12, False))
    with pytest.raises(ValueError, match=r"none of the 3 traces can be kept: \{'truncated': 3\}"):
        traces.load(tiny, n=3)
