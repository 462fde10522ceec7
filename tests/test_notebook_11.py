"""Notebook 11: its step is the trainer's, an arm gets what its table says, its exercises know their slips."""

import re
from types import SimpleNamespace

import pytest
import torch
from notebook_checks import text
from test_logit_trainer import batch_of, tier  # noqa: F401  (a fixture)
from test_notebook_definitions import definitions, exercise, notebook, printed, unsaid
from test_quantized_method import FORM, method_of, whole_of

from helpers import check, evaluation, losses, quantization
from helpers.evaluation.recovery import SHARE_SLIPS
from helpers.evaluation.statistics import Estimate
from helpers.quantization import Format, exercises

NAME = "11_quantization_aware"
SAID = {  # a cell of prose, and the cells whose outputs its numbers are from
    "exam-means": ("exam",), "round-means": ("round",), "layers-means": ("layers",), "ptq-means": ("ptq", "share"),
    "bytes-means": ("bytes",), "ste-means": ("ste",), "arms-means": ("arms-seen", "bytes"),
    "share-means": ("share",), "seen": ("ptq", "bytes", "share"),
}  # fmt: skip
OTHERS = {  # its numbers that are no figures of the run, or are published
    "exam-means": {"200"}, "layers-means": {"2"}, "arms-means": {"32", "16"},
    "share-means": {"1", "16", "28.04", "29.11", "7", "69.4", "71.7", "73.0", "64", "2601.20088", "62.1", "24"},
    "seen": {"2601.20088", "2601.14888", "2013", "1308.3432", "2023", "2305.14314"},
}  # fmt: skip


def test_its_step_is_the_trainer_s_loss(tier):  # noqa: F811
    """The same loss from all logits, and the same gradient through the rounding."""
    trainer = method_of(tier).trainer()
    batch = batch_of(trainer)
    wanted = trainer.compute_loss(trainer.model.train(), dict(batch))
    wanted.backward()
    given = dict(batch)
    labels = given.pop("labels")
    student = quantization.fake(whole_of(tier).train(), FORM)
    far = definitions(
        NAME, "ste", torch=torch, losses=losses, labels=labels, batch=given, student=student, whole=whole_of(tier)
    )["far"]
    found = far()
    found.backward()
    assert found.item() == pytest.approx(wanted.item(), rel=1e-4)
    ours, theirs = (
        {name: one.grad for name, one in model.named_parameters()} for model in (student, trainer.model)
    )
    assert ours.keys() == theirs.keys() and all(
        torch.allclose(ours[name], theirs[name], atol=1e-4 * float(theirs[name].abs().max()) + 1e-9) for name in ours
    )


def test_an_arm_gets_the_rate_of_its_bits_and_of_whom_it_is_like():
    asked, measured, gone = [], [], []

    class Method:
        def __init__(self, of, seed, rows, **how):
            asked.append((of, seed, rows, how))

        def run(self):
            return "run"

        def taught(self):
            return "model", None

    made = definitions(
        NAME, "arms", tier=SimpleNamespace(lora=SimpleNamespace(learning_rate=0.1)), texts_read="lessons", SEED=7,
        Format=Format, methods=SimpleNamespace(QuantizationAware=Method), twice="twice", runs={}, extra={}, whole="who",
        RATES={"qad": {2: 0.3}, "qat": {2: 0.5}}, measure=lambda name, model: measured.append((name, model)),
        models=SimpleNamespace(unload=gone.append, parameter_count=len),
    )  # fmt: skip
    made["arm"]("mine", 2, alpha=0.5)
    made["arm"]("other", 2, form=Format(8), given="few", like="qat")
    assert asked == [
        ("twice", 7, "lessons", {"format": Format(2), "rate": pytest.approx(0.03), "alpha": 0.5}),
        ("twice", 7, "few", {"format": Format(8), "rate": pytest.approx(0.05)}),
    ]
    assert measured == [("mine", "model"), ("other", "model")] and gone == ["model"] * 2
    assert made["runs"] == {"mine": "run", "other": "run"} and made["extra"] == {"mine": 2, "other": 2}


def test_a_share_that_there_is_none_of_is_in_no_file():
    share = Estimate(1.2, 0.9, 1.5, 9)
    made = definitions(NAME, "keep", shares={"qad, 3 bits": {
        "KL": SimpleNamespace(share=share), "accuracy": SimpleNamespace(share=None)}}, BITS=(4, 3))  # fmt: skip
    assert made["by_bits"]("qad", lambda one: one.value) == {"3": {"kl": 1.2}}
    assert made["by_bits"]("qat", lambda one: one.value) == {}


# --- exercises ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "name", "slips"),
    [("ex1", "rounded_group", exercises.GROUP_SLIPS), ("ex2", "packed", exercises.BYTES_SLIPS),
     ("ex3", "share", SHARE_SLIPS)],
)  # fmt: skip
def test_the_exercises_can_be_solved_and_know_their_mistakes(capsys, key, name, slips):
    exercise(capsys, NAME, f"{key}-stub", name, slips, f"{key}-check", f"{key}-help", exercises=exercises)


@pytest.mark.parametrize(
    ("group", "guess", "end"),
    [(..., 60, "yet"), (32, ..., "yet"), (64, 60, "128"), (32, 61, "inside"), (32, 40, "scales cost?")],
)
def test_the_prediction_is_judged_by_a_run(capsys, group, guess, end):
    asked = []
    own = {"my_group": group, "my_guess": guess, "check": check, "Format": Format,
           "accuracy": lambda name: evaluation.wilson(122 if name == "mine" else 90, 200),
           "arm": lambda *words, **how: asked.append((words, how))}  # fmt: skip
    assert printed(capsys, NAME, "ex4-check", **own).endswith(end)
    assert asked == ([(("mine", 2), {"form": Format(2, 32)})] if end in ("inside", "scales cost?") else [])


def test_the_numbers_in_its_words_are_those_of_its_outputs():
    assert SAID
    for words, outputs in SAID.items():
        assert set(unsaid(NAME, words, *outputs)) <= OTHERS.get(words, set()), words


def test_no_place_holder_is_left():
    words = [text(one["source"]) for one in notebook(NAME)["cells"] if one["cell_type"] == "markdown"]
    assert not [one for one in words if re.search(r"(?m)^(?:TODO|[A-Z]{4,}(?:-MEANS)?)\b[^a-z]*$", one)]
