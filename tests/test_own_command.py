"""`make own`: what is wrong is one sentence before anything is loaded; on 40 questions it leaves a report."""

import json
import os
import shlex
from dataclasses import replace

import fewer
import nbformat
import own
import pytest
from endpoint_double import Double, says
from foreign import FOREIGN
from notebook_checks import text
from planner.cards import card_of
from terminal import make
from transformers import GPT2Config

from helpers.tiers import TIERS

TOYS = "data/own/questions.jsonl"


def lines(path, *rows: dict) -> str:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return str(path)


@pytest.fixture(autouse=True)
def nothing_runs_but_what_is_slow(request, monkeypatch):
    if "slow" in request.keywords:
        monkeypatch.setenv("DISTILL_TIER", str(fewer.TIER))
    else:
        monkeypatch.setattr(own, "execute", lambda *_, **__: pytest.fail("a notebook was run"))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "no questions were named: make own QUESTIONS=mine.jsonl"),
        (["QUESTIONS"], "'QUESTIONS' is not one of QUESTIONS, TEACHER"),
        (["PUPIL=x"], "'PUPIL=x' is not one of"),
        ([f"QUESTIONS={TOYS}", "METHOD=sft"], "METHOD is 'sft': choose from token, logits"),
        ([f"QUESTIONS={TOYS}", "SAMPLES=0"], "SAMPLES is '0': it must be a whole number"),
        ([f"QUESTIONS={TOYS}", "KIND=essay"], "there is no such kind of answer: choose from number, text"),
        ([f"QUESTIONS={TOYS}", "ANSWER=gold"], "there is no column 'gold'; there is question, answer"),
        ([f"QUESTIONS={TOYS}", "STUDENT=nobody/here"], "student is 'nobody/here': there is no such folder"),
        (["QUESTIONS=none.jsonl"], "there is no such file or folder"),
        ([f"QUESTIONS={TOYS}", "SETTINGS=[1]"], "SETTINGS is '[1]': write settings of a tier as JSON, such as '{"),
        ([f"QUESTIONS={TOYS}", "SETTINGS=r 4"], "SETTINGS is 'r 4': write settings"),
        ([f"QUESTIONS={TOYS}", 'SETTINGS={"rank": 4}'], "a tier has no setting rank; it has "),
        ([f"QUESTIONS={TOYS}", 'SETTINGS={"lora": {"rank": 4}}'], "lora has no setting rank; it has r, alpha"),
    ],
)
def test_a_wrong_argument_is_one_sentence(capsys, arguments, said):
    assert own.main(arguments) == 2
    told = capsys.readouterr()
    assert said in told.err and told.err.count("\n") == 1 and "Traceback" not in told.err


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([], "mine.jsonl is empty: it needs a line for each question"),
        ([{"question": "What is 1?", "answer": 1}, {"question": "What is 1?", "answer": 2}],
         "ask the same with two answers, [1] and [2]: remove the wrong one"),
        ([{"question": "What is 1?", "answer": 1}], "there is no validation question; add some lines"),
    ],
)  # fmt: skip
def test_what_is_wrong_in_a_file_is_one_sentence(capsys, tmp_path, rows, said):
    assert own.main([f"QUESTIONS={lines(tmp_path / 'mine.jsonl', *rows)}"]) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("url", "said"),
    [("", "no server has been named: set DISTILL_TEACHER_URL"), ("127.0.0.1:8000", "is no address that begins with"),
     ("http://me:secret@127.0.0.1/v1", "has a name, a password or a key in it")],
)  # fmt: skip
def test_a_bad_address_is_told_and_never_repeated(capsys, monkeypatch, url, said):
    monkeypatch.setenv("DISTILL_TEACHER_URL", url)
    monkeypatch.setenv("DISTILL_TEACHER_MODEL", "double")
    assert own.main([f"QUESTIONS={TOYS}", "TEACHER=endpoint"]) == 2
    told = capsys.readouterr()
    assert said in told.err and "secret" not in told.err + told.out


def test_what_is_said_reaches_the_notebook_with_whole_paths(monkeypatch, capsys, tmp_path):
    ran = []
    monkeypatch.setattr(own, "execute", lambda *how: ran.append(how))
    judge = os.path.relpath(FOREIGN / "judge.py")
    file = os.path.relpath(FOREIGN / "function.jsonl")
    said = [f"QUESTIONS={file}", "QUESTION=problem", "ANSWER=solution", f"KIND={judge}:same_colours", "SEED=3"]
    assert own.main(said) == 0
    ((notebook, report, parameters, variables),) = ran
    assert notebook.name == "16_your_own.ipynb" and parameters == {
        "QUESTIONS": str(FOREIGN / "function.jsonl"), "QUESTION": "problem", "ANSWER": "solution",
        "KIND": f"{FOREIGN}/judge.py:same_colours", "SEED": 3,
    }  # fmt: skip
    assert report.name == "token-3.ipynb" and report.parent.parent == TIERS["mini"].artifacts / "own"
    assert variables == {"DISTILL_RESULTS": str(report.parent)}
    assert report.name in capsys.readouterr().out


def test_the_notebook_s_first_cell_has_what_may_be_said():
    notebook = nbformat.read(own.NOTEBOOK, as_version=4)
    names: dict = {}
    exec(next(cell.source for cell in notebook.cells if "parameters" in cell.metadata.get("tags", [])), names)
    assert {name for name in names if name.isupper()} == {*own.WORDS, *own.NUMBERS, own.SETTINGS}
    assert (names["KIND"], names["METHOD"], names["SAMPLES"]) == ("number", own.METHODS[0], 4), "as tier_of has them"


def passed_on(*said: str) -> list[str]:
    words = shlex.split(make("-n", "own", *said).stdout.splitlines()[-1])
    return words[words.index("tools/own.py") + 1 :]


def test_make_passes_on_what_is_said():
    some = ["QUESTIONS=my file.csv", "KIND=text", "METHOD=logits", "TIER=small"]
    assert passed_on(*some) == some
    every = {f"{name}=1" for name in (*own.WORDS, *own.NUMBERS, own.SETTINGS)}
    assert set(passed_on(*every)) == every


# --- on a card ------------------------------------------------------------------------------------


def given(monkeypatch, *said: str) -> dict | None:
    """What the notebook is given as SETTINGS; None where it is not run."""
    ran = []
    monkeypatch.setattr(own, "execute", lambda *how: ran.append(how[2]))
    assert own.main([f"QUESTIONS={TOYS}", *said]) == (0 if ran else 2)
    return ran[0].get("SETTINGS", {}) if ran else None


def card_with(monkeypatch, gb: float):
    monkeypatch.setattr(own, "here", lambda: replace(card_of("24"), name="small card", memory=gb * 1e9))


def test_on_a_card_the_planner_chooses_the_settings(monkeypatch, capsys):
    assert given(monkeypatch) == {} and "planned" not in capsys.readouterr().out  # no card here
    card_with(monkeypatch, 24)
    assert given(monkeypatch) == {} and "the tier's settings stay" in capsys.readouterr().out
    card_with(monkeypatch, 0.65)
    found = given(monkeypatch)
    told = capsys.readouterr().out
    assert "planned for small card: 0.6 of 0.7 GB" in told and json.dumps(found) in told
    assert found["generate_batch"] < TIERS["mini"].generate_batch and found["answer_batch"] < 192
    assert f"student learns: token: {found['micro_batch']} texts at a time instead of 12" in told
    assert given(monkeypatch, 'SETTINGS={"micro_batch": 5}') == {"micro_batch": 5}
    assert "planned" not in capsys.readouterr().out


def test_what_fits_on_no_card_of_this_size_is_one_sentence(monkeypatch, capsys):
    card_with(monkeypatch, 0.61)
    assert given(monkeypatch) is None
    told = capsys.readouterr().err
    assert "planned for small card: “student learns: token” does not fit: " in told and "or take a larger card" in told
    assert "SETTINGS='{...}' goes before the plan" in told and told.count("\n") == 1


def test_of_a_family_without_a_plan_it_is_said(monkeypatch, capsys, tmp_path):
    GPT2Config(n_layer=2).save_pretrained(tmp_path)
    card_with(monkeypatch, 24)
    assert given(monkeypatch, f"STUDENT={tmp_path}") == {}
    assert "no plan, and so the tier's settings: " in capsys.readouterr().out


# --- with kernels ----------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    ("server", "said"),
    [(says({"error": {"message": "Incorrect API key"}}, 401), "mend DISTILL_TEACHER_KEY"), (None, "start the server")],
    ids=["wrong key", "dead server"],
)
def test_a_server_that_does_not_answer_is_one_sentence(capsys, monkeypatch, server, said):
    double = Double(otherwise=server)
    if server is None:
        double.server_close()
    monkeypatch.setenv("DISTILL_TEACHER_URL", double.url)
    monkeypatch.setenv("DISTILL_TEACHER_MODEL", "double")
    monkeypatch.setenv("DISTILL_TEACHER_KEY", "sk-canary-1234")
    assert own.main([f"QUESTIONS={TOYS}", "TEACHER=endpoint"]) == 1
    told = capsys.readouterr()
    assert said in told.err and told.err.count("\n") == 2 and "canary" not in told.err + told.out


@pytest.mark.slow
def test_forty_questions_leave_a_report_and_figures_and_a_second_run_reads(capsys):
    assert own.main([f"QUESTIONS={TOYS}"]) == 0
    base, mine = own.tier_of({"QUESTIONS": TOYS})
    place = base.artifacts / "own" / mine.name
    figures = json.loads((place / "16_your_own.json").read_text(encoding="utf-8"))
    assert {figures[one]["accuracy"]["n"] for one in ("before", "after", "teacher")} == {8}
    assert set(figures["export"]) == {"merged", "adapter", "f16", "q8_0"}
    assert all(one["alike"] and one["accuracy"]["n"] == 8 for one in figures["export"].values())
    assert figures["preflight"]["findings"]
    report = nbformat.read(place / "token-0.ipynb", as_version=4)
    assert any("injected-parameters" in cell.metadata.get("tags", []) for cell in report.cells)
    assert own.main([f"QUESTIONS={TOYS}"]) == 0
    again = nbformat.read(place / "token-0.ipynb", as_version=4)
    said = "".join(text(out.get("text", "")) for cell in again.cells for out in cell.get("outputs", []))
    assert "trained before, and read from" in said and "exported before, and read from" in said
