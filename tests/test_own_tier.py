"""helpers.tiers.own: a tier of one's own is plain data with a folder of its own; what cannot be meant is named."""

import json
import pickle
import re
from dataclasses import replace

import pytest

from helpers import tiers
from helpers.tiers import ROOT, TIERS, EndpointSpec, ModelSpec, kinds, naming

TOYS = "data/own/questions.jsonl"
COMMIT = "c1899de289a04d12100db370d81485cdf75e47ca"
THERE = EndpointSpec("http://localhost:8000/v1", "big")


def same_word(answer, gold):
    return answer == gold


OWN = {
    "the toys": {}, "another kind": {"kind": "text"}, "other columns": {"question": "q"}, "a test": {"test": TOYS},
    "a function": {"kind": same_word}, "a teacher": {"teacher": "data/mini/sibling"},
    "a student": {"student": "data/mini/sibling"}, "the Hub": {"student": f"Qwen/Qwen3-0.6B@{COMMIT}"},
    "an endpoint": {"teacher": THERE}, "another endpoint": {"teacher": EndpointSpec("http://elsewhere/v1", "big")},
    "samples": {"samples": 3}, "a dataset": {"questions": f"openai/gsm8k@{COMMIT}", "config": "main"},
}  # fmt: skip


def made(changes: dict):
    return tiers.own("mini", **{"questions": TOYS, **changes})


def test_no_two_of_them_share_a_folder_and_the_same_one_has_the_same():
    folders = [made(changes).artifacts for changes in OWN.values()]
    folders += [tiers.own("small", questions=TOYS).artifacts, tiers.own("mini").artifacts, TIERS["mini"].artifacts]
    assert len(set(folders)) == len(folders)
    assert folders[: len(OWN)] == [made(changes).artifacts for changes in OWN.values()]


@pytest.mark.parametrize("changes", OWN.values(), ids=OWN)
def test_it_is_plain_data(changes):
    """A worker process is given it, and a cache looks it up."""
    mine = made(changes)
    assert pickle.loads(pickle.dumps(mine)) == mine and hash(mine) == hash(made(changes))
    assert mine.data.own and not mine.data.made_here and isinstance(mine.data.kind, str)
    assert tiers.resolve(mine) is mine and tiers.resolved() is mine


def test_what_is_not_said_is_as_there():
    mine = tiers.own("mini", questions=TOYS, traces=7, name="mine")
    assert replace(mine, name="mini", data=TIERS["mini"].data, traces=TIERS["mini"].traces) == TIERS["mini"]
    assert tiers.own(mine, epochs=1).data == mine.data
    assert not TIERS["mini"].data.own and TIERS["mini"].data.kind == "number"


def test_whoever_must_share_the_teachers_tokens_is_the_student_unless_it_is_said():
    assert tiers.own("mini", questions=TOYS).sibling == TIERS["mini"].sibling
    mine = tiers.own("full", teacher="data/mini/teacher", student="data/mini/sibling")
    assert mine.sibling == mine.student == ModelSpec("data/mini/sibling") and mine.teacher.source == str(
        ROOT / "data/mini/teacher"
    )
    assert tiers.own("full", teacher=THERE, sibling="data/mini/sibling").sibling.name == "data/mini/sibling"


def test_long_traces_are_shortened_by_their_numbers_alone():
    assert tiers.own("full", questions=TOYS).long_share == TIERS["full"].long_share
    assert tiers.own("full", questions=TOYS, kind="text").long_share is None


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"student": "Qwen/Qwen3-0.6B"}, r"student is 'Qwen/Qwen3-0.6B': .*it names no commit.*write student=Qwen/Qwen3"
         r"-0.6B@COMMIT, with one from https://huggingface.co/Qwen/Qwen3-0.6B/commits/main"),
        ({"teacher": "Qwen/Qwen3-0.6B@main"}, "teacher is .*'main' is no commit, so the model could change und"),
        ({"teacher": "./nowhere"}, "teacher is './nowhere': there is no such folder"),
        ({"teacher": TOYS}, "teacher is .*there is no such folder"),
        ({"teacher": "http://localhost:8000/v1"}, r"teacher is an address: a server is tiers.EndpointSpec\(base_url"),
        ({"student": THERE}, "student is an endpoint, which can be asked and cannot learn"),
        ({"questions": "openai/gsm8k"}, "questions is .*the data could change.*huggingface.co/datasets/openai/gsm8k"),
        ({"kind": "numbers"}, r"kind is 'numbers', and there is no such kind.*number, text, choice, code, none"),
        ({"kind": 3}, "kind is 3, and there is no such kind"), ({"options": "choices"}, "only a choice has options"),
        ({"kind": "none", "samples": 1}, "samples is 1: .* 2 or more for kind='none'"), ({"near": 0}, "near is 0"),
        ({"kind": "tests/own/judge.py:nobody"}, r"judge.py has no function nobody\(answer, gold\)"),
        ({"epoch": 2}, "a tier has no setting epoch; it has answer_batch"),
        ({"questions": None, "kind": "text"}, r"kind, test.* are of questions of your own: say questions="),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused_with_its_mend(changes, told):
    with pytest.raises(ValueError, match=told):
        made(changes)


@pytest.mark.parametrize("who", ["questions", "test"])
def test_a_file_that_is_not_there_is_named(who):
    with pytest.raises(FileNotFoundError, match=rf"{who} is 'nowhere.jsonl', and there is no such file or folder \("):
        made({who: "nowhere.jsonl"})
    with pytest.raises(FileNotFoundError, match=r"no file nowhere\.py"):
        made({"kind": "nowhere.py:right"})
    with pytest.raises(ValueError, match="like is 'huge', and there is no such tier; choose from mini, small, full"):
        tiers.own("huge", questions=TOYS)


def test_a_path_is_found_from_here_and_from_the_project_but_not_in_both(tmp_path, monkeypatch):
    monkeypatch.setattr(naming, "ROOT", tmp_path)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "mine.jsonl").write_text("")
    monkeypatch.chdir(tmp_path / "notebooks")
    assert naming.from_root(naming.place_of("mine.jsonl")) == "mine.jsonl"
    (tmp_path / "notebooks" / "mine.jsonl").write_text("")
    with pytest.raises(ValueError, match=r"mine.jsonl may be .*notebooks/mine.jsonl or .*: write the whole path of"):
        naming.place_of("mine.jsonl")
    assert naming.place_of(tmp_path / "mine.jsonl") == (tmp_path / "mine.jsonl").resolve()


def test_a_judge_is_a_function_and_keeps_its_name_with_its_code():
    kind = kinds.named(same_word)
    assert re.fullmatch("function:same_word-[0-9a-f]{8}", kind) and kinds.function(kind) is same_word
    assert kinds.named(kind) == kind != kinds.named(lambda answer, gold: True)
    with pytest.raises(ValueError, match=r"not known in this process: make the tier anew with tiers\.own"):
        kinds.function("function:gone-01234567")


def test_a_judge_in_a_file_is_read_again_once_it_was_edited(tmp_path):
    file = tmp_path / "judge.py"
    file.write_text("def right(answer, gold):\n    return True\n")
    kind = kinds.named(f"{file}:right")
    before = kinds.edition(kind)
    assert kinds.function(kind)("a", "b") is True and before != kind
    file.write_text("def right(answer, gold):\n    return answer == gold\n")
    assert kinds.function(kind)("a", "b") is False and kinds.edition(kind) != before
    assert kinds.edition("text") == "text"


@pytest.mark.parametrize(
    ("written", "call"),
    [
        ({"questions": TOYS, "kind": "text", "answer": "a"}, {}),
        ({"questions": TOYS, "kind": "tests/own/judge.py:same_colours", "student": "data/mini/sibling"}, {}),
        ({"teacher": {"base_url": THERE.base_url, "model": "big"}}, {"teacher": THERE}),
        ({"questions": TOYS, "teacher": f"Qwen/Qwen3-0.6B@{COMMIT}", "epochs": 2, "name": "mine"}, {}),
        ({"questions": TOYS, "data": {"samples": 3}, "name": "mine"}, {"samples": 3}),
    ],
)  # fmt: skip
def test_a_json_file_says_the_same(tmp_path, monkeypatch, written, call):
    file = tmp_path / "mine.json"
    file.write_text(json.dumps({"like": "mini", **written}))
    monkeypatch.setenv("DISTILL_TIER", str(file))
    call = {name: one for name, one in written.items() if name != "data"} | call
    assert tiers.resolve() == tiers.own("mini", **call)
    file.write_text(json.dumps({"like": "mini", "questions": TOYS, "kind": "numbers"}))
    with pytest.raises(ValueError, match=r"mine\.json: kind is 'numbers'"):
        tiers.resolve()


def test_the_own_tier_of_contributing_is_one():
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    (block,) = re.findall(
        r"```python\n(from helpers import methods, tiers\n\nmine = tiers\.own\(.*?)```", text, re.DOTALL
    )
    assert len(block.splitlines()) <= 10
    room: dict = {}
    exec(block.partition("run = ")[0], room)
    assert room["mine"].data.own and room["mine"].data.kind == "number"
