"""Notebook 10: its loop is the trainer's, its budgets count what was learnt, its exercises know their slips."""

import re
from types import SimpleNamespace

import pytest
import torch
from notebook_checks import text
from test_notebook_definitions import definitions, exercise, notebook, printed, unsaid
from test_on_policy import steps_of, tier, trainer_for  # noqa: F401  (one is a fixture)

from helpers import check, evaluation, losses
from helpers.evaluation import results
from helpers.evaluation.statistics import paired_repeats
from helpers.losses.sampled import SAMPLED_SLIPS
from helpers.training import exercises
from helpers.training.writing import Written

NAME = "10_on_policy"
SAID = {  # a cell of prose, and the cells whose outputs its numbers are from
    "exam-means": ("exam", "start"), "position-means": ("position",), "split-means": ("split", "texts"),
    "mistake-means": ("mistake",), "halves-means": ("halves",), "graded-means": ("graded",), "step-means": ("step",),
    "preflight-means": ("preflight",), "real-means": ("real",), "cells-means": ("cells", "exam", "split", "halves"),
    "budget-means": ("budget", "cells", "arms"), "across-means": ("across-proof", "pairs"),
    "silent-means": ("silent",), "stopped-means": ("stopped",), "study-means": ("study", "pairs", "study-after"),
    "after-means": ("study-after",),
    "seen": ("position", "mistake"),
}  # fmt: skip
OTHERS = {  # its numbers that are no figures of the run, or are worked out from some
    "exam-means": {"300"}, "step-means": {"12", "29"}, "halves-means": {"24"}, "preflight-means": {"10.2"},
    "after-means": {"10.2"}, "cells-means": {"300", "10.8", "10.2"}, "across-means": {"7", "10.8"},
    "study-means": {"30"},
    "seen": {"2023", "2306.13649", "2306.08543", "2605.16826", "2604.13016", "0.6", "10.9", "33.1", "10.8", "2026",
             "3"},
}  # fmt: skip


def test_its_loop_is_the_trainer_s_loss(tier):  # noqa: F811
    """A step of the trainer's, answer by answer: the same grades, and the same gradient."""
    trainer = trainer_for(tier)
    (batch,) = steps_of(trainer)
    total, count = 0.0, 0
    for ids, labels in zip(batch["input_ids"], batch["labels"], strict=True):
        answer = labels[labels != losses.IGNORED].tolist()
        begin = int((labels != losses.IGNORED).int().argmax())
        own = definitions(
            NAME, "loop", torch=torch, losses=losses, teacher=trainer.teacher, student=trainer.model.eval(),
            size=trainer.vocabulary, prompt_of=lambda _, ids=ids, begin=begin: ids[:begin].tolist(),
            write=lambda model, prompts, answer=answer: [Written(tuple(answer), True)],
        )["graded"]  # fmt: skip
        found, grades = own("How many?")
        assert list(found) == answer and len(grades) == len(answer)
        total, count = total + grades.sum(), count + len(answer)
    wanted = trainer.compute_loss(trainer.model, dict(batch))
    assert (total / count).item() == pytest.approx(wanted.item(), rel=1e-5)
    adapter = [weight for weight in trainer.model.parameters() if weight.requires_grad]
    ours, theirs = (torch.autograd.grad(loss, adapter) for loss in (total / count, wanted))
    for one, other in zip(ours, theirs, strict=True):
        assert torch.allclose(one, other, atol=1e-4 * float(other.abs().max()) + 1e-9)


def test_by_tenth_takes_each_answer_as_one():
    made = definitions(NAME, "position", SEED=0)["by_tenth"]([[1.0] * 10, [3.0] * 30, [9.0] * 4])
    assert [one.value for one in made] == [2.0] * 10 and {one.n for one in made} == {2}


@pytest.mark.parametrize(("lam", "epochs", "tokens"), [(1.0, 1, 2 * 12 * 50), (0.0, 3, 3 * 24 * 80)])
def test_what_was_learnt_is_counted_by_whose_text_it_was(lam, epochs, tokens):
    writer = "student" if lam else "teacher"
    told = {"steps": [{"writer": writer, "length": 50.0 if lam else None}] * 2}
    made = definitions(
        NAME, "arms", tier=SimpleNamespace(batch_size=12), lessons=[], RATES=(4,), origin=None,
        training=SimpleNamespace(Run=object),
    )  # fmt: skip
    made["board"] = SimpleNamespace(read=lambda folder: told)
    method = SimpleNamespace(
        rows={"tokens": [80] * 24}, folder=None, first=1.0, tier=SimpleNamespace(epochs=epochs)
    )
    assert made["learnt"](method, None) == tokens


def test_without_an_end_nothing_else_is_left_out():
    made = definitions(NAME, "collapse", losses=losses, dataclass=lambda frozen: lambda one: one,
                       methods=SimpleNamespace(OnPolicy=object))  # fmt: skip
    trainer = SimpleNamespace(processing_class=SimpleNamespace(eos_token_id=7))

    class Real:
        def own_row(self, row, answer):
            return {"input_ids": [1, 2, 7], "labels": [losses.IGNORED, 2, 7]}

    own = type("Own", (made["NoEndTrainer"],), {"__init__": lambda self: None})()
    own.__dict__.update(vars(trainer))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(made["OnPolicyTrainer"], "own_row", Real.own_row)
        found = own.own_row({}, None)
    assert found == {"input_ids": [1, 2, 7], "labels": [losses.IGNORED, 2, losses.IGNORED]}


# --- exercises ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "name", "slips"),
    [("ex1", "sampled", SAMPLED_SLIPS), ("ex2", "stops_at", exercises.STOPS_SLIPS)],
)
def test_the_exercises_can_be_solved_and_know_their_mistakes(capsys, key, name, slips):
    exercise(capsys, NAME, f"{key}-stub", name, slips, f"{key}-check", f"{key}-help")


@pytest.mark.parametrize(
    ("share", "guess", "end"),
    [(..., 60, "yet"), (0.5, ..., "yet"), (1, 60, "are above"), (0.5, 61, "inside"), (0.5, 40, "taught more?")],
)
def test_the_prediction_is_judged_by_a_run(capsys, share, guess, end):
    asked = []
    scores = {"teacher_forward": 0.7, "student_forward": 0.5, "mine": evaluation.wilson(183, 300)}
    own = {"my_share": share, "my_guess": guess, "check": check, "scores": scores,
           "arm": lambda name, **how: asked.append((name, how))}  # fmt: skip
    assert printed(capsys, NAME, "ex3-check", **own).endswith(end)
    assert asked == ([("mine", {"lam": 0.5})] if end in ("inside", "taught more?") else [])


def test_the_numbers_in_its_words_are_those_of_its_outputs():
    for words, outputs in SAID.items():
        assert set(unsaid(NAME, words, *outputs)) <= OTHERS.get(words, set()), words


def test_what_it_says_of_the_study():
    """Nothing is decided between texts, directions, first third and no teacher; reading three times is far ahead."""
    study = results.study(NAME, "mini")

    def gap(one, other):
        found = [results.seeds(NAME, "mini", f"{name}.accuracy") for name in (other, one)]
        return paired_repeats(*found)

    cells = "cells.{}_{}".format
    pairs = [
        *((cells("student", way), cells("teacher", way)) for way in ("forward", "reverse")),
        *((cells(text, "reverse"), cells(text, "forward")) for text in ("student", "teacher")),
        ("first_third", cells("student", "forward")), ("control", cells("student", "reverse")),
        ("later.student", "equal.seconds"), ("across", "across_start"), ("across", "across_reading"),
    ]  # fmt: skip
    assert all(found.low < 0 < found.high for found in (gap(*pair) for pair in pairs))
    assert gap("equal.seconds", "start").low > 0.1
    after = {name: part["own_text"]["mean"] for name, part in study["after"].items()}
    assert min(after, key=after.get) == "off, three times"
    assert max(part["recovers"]["mean"] for part in study["after"].values()) < 0.05
    assert study["seconds"]["on_three_times"]["mean"] > 2.5 * study["seconds"]["off_three_times"]["mean"]


def test_no_place_holder_is_left():
    words = [text(one["source"]) for one in notebook(NAME)["cells"] if one["cell_type"] == "markdown"]
    assert not [one for one in words if re.search(r"(?m)^(?:TODO|[A-Z]{4,}(?:-MEANS)?)\b[^a-z]*$", one)]
