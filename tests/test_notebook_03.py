"""Notebook 03: its loop is the trainer's, its exercises can be solved and know their mistakes, its words fit."""

import math
from types import SimpleNamespace

import pytest
import torch
import torch.nn.functional as F
from test_notebook_definitions import cell, definitions, exercise, unsaid
from test_training import kept, tier  # noqa: F401  (a fixture)

from helpers import check, models, traces, training
from helpers.training.method import VALIDATION
from helpers.training.rows import Padded, tokenized

NAME = "03_token_distillation"
SAID = {  # a cell of prose, and the cells whose outputs its numbers are from
    "m04d": ("c04c",), "m11": ("c10",), "m50c": ("c50a", "c50b"), "m48d": ("c48c", "c49"), "m54": ("c49", "c48i"),
}  # fmt: skip


@pytest.fixture
def loop(tier):  # noqa: F811
    """What the cells around the loop define, on a tiny student."""
    student, tokenizer = models.load_student(tier)
    rows = kept(6)
    batch = Padded(tokenizer.pad_token_id)(tokenized(traces.messages(rows), tokenizer))
    given = {
        "tier": tier, "SEED": 0, "models": models, "training": training, "traces": traces, "torch": torch, "F": F,
        "handful": rows, "batch": batch, "tokenizer": tokenizer, "student": student,
        "collate": Padded(tokenizer.pad_token_id), "tokenized": tokenized,
    }  # fmt: skip
    return definitions(NAME, "c48b", "c48t", "c50b", **given)


def test_its_steps_by_hand_are_trls(loop):
    own = loop["train_by_hand"](loop["trl_trainer"](3, 0.02).model, 3, 0.02)
    theirs = loop["trl_trainer"](3, 0.02)
    theirs.train()
    logged = [one["loss"] for one in theirs.state.log_history if "loss" in one]
    assert logged == pytest.approx(own[:3], abs=1e-4)
    assert own[0] > own[-1] and len(own) == 4


def test_its_surprise_of_a_row_is_the_trainers_loss(loop):
    model, rows = loop["student"].eval(), loop["handful"]
    found = loop["nats"](model, rows)
    trainer = loop["trl_trainer"](1, 0.01)
    for one, nats in zip(tokenized(traces.messages(rows), loop["tokenizer"]), found, strict=True):
        batch = {key: torch.tensor([one[key]]) for key in ("input_ids", "labels")}
        batch["attention_mask"] = torch.ones_like(batch["input_ids"])
        with torch.no_grad():
            assert trainer.compute_loss(trainer.model.eval(), batch).item() == pytest.approx(nats.item(), abs=1e-4)


def test_labels_can_be_written(capsys):
    def inside(ids, spans):
        return [any(a <= i < b for a, b in spans) for i in range(len(ids))]

    def labels(ids, spans):
        return [t if here else -100 for t, here in zip(ids, inside(ids, spans), strict=True)]

    mistakes = {
        lambda ids, spans: list(ids): "the questions are not learnt: -100 there",
        lambda ids, spans: labels(ids, spans[:1]): "the second answer is missing",
        lambda ids, spans: labels(ids, spans[1:]): "the first answer is missing",
        lambda ids, spans: labels(ids, [(a, b + 1) for a, b in spans]): "last + 1 is the first place behind the answer",
        lambda ids, spans: [-100 if here else t for t, here in zip(ids, inside(ids, spans), strict=True)]:
            "the other way round",
    }  # fmt: skip
    solved(capsys, "c16", "c17", "m18", "labels_of_turns", mistakes)


def test_the_weights_of_an_adapter_can_be_counted(capsys):
    mistakes = {
        lambda n_in, n_out, r: n_in * n_out: "that is the frozen matrix itself",
        lambda n_in, n_out, r: n_in * r: "and the second matrix?",
        lambda n_in, n_out, r: n_out * r: "and the first matrix?",
        lambda n_in, n_out, r: n_in * n_out * r: "the two are not one product",
        lambda n_in, n_out, r: n_in * n_out + r * (n_in + n_out):
            "the frozen matrix is there already: only what is added",
    }  # fmt: skip
    solved(capsys, "c39", "c40", "m41", "lora_weights", mistakes)


def test_the_steps_can_be_counted(capsys):
    mistakes = {
        lambda n, b, m, e: math.ceil(n / m) * e: "those are the passes; gradients of several make one step",
        lambda n, b, m, e: n // b * e: "the last, smaller step of an epoch counts too",
        lambda n, b, m, e: math.ceil(n / b): "that is one epoch",
    }
    solved(capsys, "c46", "c47", "m48", "optimizer_steps", mistakes, math=math)


def solved(capsys, stub: str, checked: str, told: str, name: str, mistakes: dict, **given) -> None:
    """As `exercise`, for cells with numbers."""
    exercise(capsys, NAME, stub, name, mistakes, checked=checked, told=told, **given)


def test_a_prediction_of_the_order_is_asked_before_the_steps(capsys):
    ends = {0.001: 2.0, 0.01: 1.0, 0.1: 3.0}
    given = {
        "check": check, "tier": SimpleNamespace(lora=SimpleNamespace(learning_rate=0.01)),
        "trl_trainer": lambda steps, rate: SimpleNamespace(model=None),
        "train_by_hand": lambda model, steps, rate: [9.0] * steps + [ends[round(rate, 6)]],
    }  # fmt: skip
    for order, said in (
        (..., "nothing yet"),
        (["ours", "a tenth", "ten times"], "· right"),
        (["a tenth", "ours", "ten times"], "does not get far in ten"),
        (["ten times", "ours", "a tenth"], "lands on the other side"),
        (["ours", "ten times", "a tenth"], "it goes astray"),
    ):
        exec(compile(cell(NAME, "c48g"), "c48g", "exec"), {**given, "my_order": order})
        assert said in capsys.readouterr().out


def test_the_numbers_in_its_words_are_those_of_its_outputs():
    for words, outputs in SAID.items():
        known = {"95", str(VALIDATION), "75", "6"}  # per cent of an interval; problems; the few traces of 5 and 6
        assert set(unsaid(NAME, words, *outputs)) <= known, words

