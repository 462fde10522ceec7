"""Notebook 00: what its sentences say stands in its outputs; its exercises know mistakes and punish no right answer."""

import json
import random
import re
from functools import partial

import pytest
from notebook_checks import ROOT, text
from test_notebook_definitions import cell, definitions, notebook, printed, solution

from helpers import check, evaluation, problems
from helpers.generation.with_transformers import Answer
from helpers.problems import FAMILIES, TWINS, outside

START = "00_start_here"


def said(key: str) -> str:
    """What a cell printed in the committed run."""
    (outputs,) = (one["outputs"] for one in notebook(START)["cells"] if one["id"] == key)
    return "\n".join(text(one.get("text", one.get("data", {}).get("text/plain", ""))) for one in outputs)


@pytest.mark.parametrize(
    ("prose", "output", "figures"),
    [
        ("read-md", "crayons", {"83 tokens": "83 tokens", "against 10": "10 tokens"}),
        ("exam-read-md", "exam-shares", {"(37": "37 of 40", "(7 right)": "7 of 40", "40 of 40": "40 of 40"}),
        ("paired-md", "paired", {"Three questions": "only greedy right: 3, only sampling right: 0",
                                 "p = 0.25": "p = 0.25"}),
        ("price-md", "price", {"86 tokens": "teacher: 86 tokens", "instead of 10": "student: 10 tokens"}),
        ("outside-read-md", "outside-shares",
         {"40 of 40": "as they are    40 of 40", "names 31": "new names      31 of 40, ", "words 11": "11 of 40",
          "more 2": "one more step   2 of 40", "p = 0.004": "31 of 40 right, p = 0.004"}),
        ("limits-md", "limits", {"97.4": "97.4 %", "71.0 %": "71.0 %", "99.8": "99.8 %", "72.4 %": "72.4 %",
                                 "94.4 %": "94.4 %"}),
        ("seen", "outside-shares", {"31, 11 and 2": "31 of 40"}),
    ],
)  # fmt: skip
def test_a_figure_in_a_sentence_is_one_of_the_run(prose, output, figures):
    for claim, shown in figures.items():
        assert claim in " ".join(cell(START, prose).split())
        assert shown.removesuffix(", ") in said(output)


def test_the_intervals_in_the_sentences_are_those_of_the_hits():
    words = cell(START, "exam-read-md") + cell(START, "limits-md") + cell(START, "seen")
    for hits in (37, 7, 31):
        share = evaluation.wilson(hits, 40)
        assert f"{100 * share.value:.1f} %" in words or f"{100 * share.low:.1f} to {100 * share.high:.1f} %" in words


def test_the_page_says_of_the_world_what_is_so():
    words = " ".join(cell(START, "world-md").split())
    limits = json.loads((ROOT / "data" / "results" / "limits.json").read_text(encoding="utf-8"))
    assert f"{limits['patterns']['test']} sentence patterns" in words and len(set(limits["patterns"].values())) == 1
    assert f"{len(TWINS)} of its {len(FAMILIES)} families" in words


def test_the_squares_became_figures():
    assert re.search(r"12\.1 MB against 0\.754", cell(START, "size-read-md"))
    assert "get_memory_footprint" in cell(START, "size") and "COLOURS" in cell(START, "size")


def test_names_can_be_replaced_and_known_mistakes_are_told(capsys):
    given = {"check": check, "random": random, "outside": outside, "problems": problems}
    made = dict(given)
    exec(solution(START, "outside-help"), made)
    stub = definitions(START, "outside")["my_renamed"]
    once, inside, nothing = outside.SLIPS
    for own, end in (
        (made["my_renamed"], "· right"), (partial(outside.renamed), "· right"), (stub, "nothing yet"),
        (once, "must be replaced there, too"), (inside, "not the beginning of Tomorrow"),
        (nothing, "has to return the new text"),
        (lambda question: question.replace("Sarah", "Greta"), ""),
    ):  # fmt: skip
        last = printed(capsys, START, "outside-check", **given, my_renamed=own)
        assert last.endswith(end) and last.endswith("· right") == (end == "· right")


def test_your_own_question_is_judged_by_your_own_answer(capsys):
    mine: dict = {}
    exec(solution(START, "mine-help"), mine)
    assert mine["my_answer"] == (4 * 12 - 9,)
    shown = []
    names = {
        "ask": lambda question: {"teacher": Answer("Tom has 39 shells left.", 6, True)}, "check": check,
        "evaluation": evaluation, "show": type("", (), {"answers": lambda *_: ""}), "display": shown.append,
    }  # fmt: skip
    stub = {"my_question": ..., "my_answer": ..., "teacher_is_right": ...}
    assert printed(capsys, START, "mine-check", **names, **stub) == "yours: nothing yet" and not shown
    for answer, guess, end in (
        ((39,), True, "right"), ((40,), False, "right"), ((40,), True, "check both on paper"),
        ((39,), False, "too strict: it found your answer"),
    ):
        own = {"my_question": mine["my_question"], "my_answer": answer, "teacher_is_right": guess}
        assert printed(capsys, START, "mine-check", **names, **own).endswith(end)
    assert len(shown) == 4
