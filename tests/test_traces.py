"""helpers.traces: each trace made once and the same after a kill, by one process or several, read as what is kept."""

import copy
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
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

import psutil
import pytest
import torch
from kills import ended, forked, killed, until
from trace_doubles import (  # noqa: F401  (some are fixtures)
    BATCH,
    COLUMNS,
    Calls,
    N,
    copied,
    is_unloaded,
    noted_loads,
    of_each_kind,
    right_answers,
    said,
    whole_run,
)
from transformers import AutoTokenizer
from trl.data_utils import is_conversational

from data.making import tokenizers as making
from helpers import disk, models, questions, tiers, traces
from helpers.generation import with_transformers
from helpers.generation.with_transformers import Answer
from helpers.tiers import TIERS, ModelSpec, Sampling
from helpers.traces import ANSWER, REASONS, collect, collecting, filtering, messages, record, store, verify, workers


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


def test_messages_render_with_one_think_and_the_prompt_is_their_beginning(tiny, tmp_path, monkeypatch):
    Calls(monkeypatch, tiny, right_answers)
    kept, _ = verify(tiny, collect(tiny, N, 0, tmp_path))
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
    calls = Calls(monkeypatch, tiny, of_each_kind)
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


def test_several_answers_to_a_question_stand_one_behind_the_other(tiny, tmp_path, monkeypatch):
    calls = Calls(monkeypatch, tiny, right_answers)
    asked = [one.question for one in questions.draw(tiny, "train", 4, 0)]
    three = collect(tiny, 4, 0, tmp_path / "three", samples=3)
    assert three["question"][:] == [one for one in asked for _ in range(3)]
    assert sorted(calls.asked) == sorted(asked * 3) and record(three)["samples"] == 3
    assert store.place(tiny, 4, 0, samples=3) != store.place(tiny, 4, 0) != store.place(tiny, 4, 0, samples=2)
    own = replace(tiny, name="own")  # a student of a tier of one's own answers beside the tier's teacher
    assert store.place(own, 4, 0, samples=3) != store.place(replace(own, teacher=own.student), 4, 0, samples=3)
    with pytest.raises(ValueError, match="samples"):
        collect(tiny, 4, 0, tmp_path / "three", samples=2)
    with pytest.raises(ValueError, match="samples is 0; collect 1 answer or more"):
        collect(tiny, 4, 0, tmp_path / "none", samples=0)
