"""helpers.traces.place and store: what is damaged is mended or named, and what has other settings is refused."""

import copy
import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from datasets import Dataset
from trace_doubles import (  # noqa: F401  (some are fixtures)
    BATCH,
    COLUMNS,
    Calls,
    N,
    copied,
    copied_run,
    gsm8k_folder,
    noted_loads,
    right_answers,
    row,
    whole_run,
    write_rows,
)

from helpers import models
from helpers.tiers import TIERS, DataSpec, Sampling
from helpers.traces import ANSWER, collect, record, store
from helpers.traces.place import Place


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


def test_numbers_that_are_not_whole_and_questions_without_an_answer_are_stored_alike(gsm8k, tiny):
    base = {"question": "How many?", ANSWER: "", "family": "x", "tokens": 1, "ended": True, "verdict": "kept"}
    for golds in ([[2.5], [3]], [[], []], [[62], []]):
        dataset = store.as_dataset([{**base, "gold": numbers} for numbers in golds], "{}")
        assert dataset["gold"][:] == golds
        assert dataset.column_names == COLUMNS
    assert isinstance(dataset["gold"][0][0], int)


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
    with pytest.raises(ValueError, match="was made with other settings") as refusal:
        collect(tier, n, seed, folder, teacher)
    reasons = re.search(r"with other settings: (.*)\. Take another folder, or delete this one", str(refusal.value))[1]
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
