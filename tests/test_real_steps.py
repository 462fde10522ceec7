"""A real step of every trainer in bfloat16, behind reentrant checkpoints, in parts, and on two processes.

A method joins by its line in `measure.methods.METHODS`. The step of all rows at once, on one process and in float32,
is what the others are held to.
"""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from unittest import mock

import pytest
import real_steps
import torch
from measure.methods import METHODS
from measure.steps import cosine, students
from real_steps import step
from safetensors.torch import load_file
from test_unsloth import double  # noqa: F401  (a fixture)
from tiny_models import tier_in

from helpers import tiers
from helpers.models import loading
from helpers.training import method, writing

pytestmark = pytest.mark.tools

every_method = pytest.mark.parametrize("method", METHODS)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("steps")
    tier_in(made / "models")
    return made


@pytest.fixture
def tier(folder, monkeypatch):
    monkeypatch.setattr(tiers, "ROOT", folder)
    monkeypatch.setattr(method, "VALIDATION", 2)
    return real_steps.tier_in(folder)


@pytest.fixture(scope="module")
def whole(folder):
    """A method's step at once, on one process, in float32; taken once. four_bit: whether the student is in NF4."""
    taken = {}

    def of(method, four_bit=True):
        if (method, four_bit) not in taken:
            written, write = {}, writing.write

            def remembered(model, tokenizer, prompts, seeds, *limits):
                answers = write(model, tokenizer, prompts, seeds, *limits)
                written.update(zip(seeds, answers, strict=True))
                return answers

            patched = mock.patch.object(writing, "write", remembered)
            with students(four_bit), mock.patch.object(tiers, "ROOT", folder), patched:
                taken[method, four_bit] = step(method, real_steps.tier_in(folder))
            taken[method, four_bit].written = written
        return taken[method, four_bit]

    return of


def is_finite_and_reaches_all(noted) -> None:
    assert noted.loss is not None and torch.tensor(noted.loss).isfinite() and noted.loss != 0
    assert set(noted.gradients) == set(noted.trained) and noted.trained
    for name, gradient in noted.gradients.items():
        assert gradient.isfinite().all() and gradient.abs().sum() > 0, name


def are_equal(found: dict, wanted: dict, rounding: float = 1e-4) -> None:
    assert found.keys() == wanted.keys() and wanted
    largest = max(gradient.abs().max() for gradient in wanted.values())
    assert largest > 1e-4
    for name, gradient in wanted.items():
        assert torch.allclose(found[name], gradient, atol=rounding * largest), name


def give_text(noted, monkeypatch) -> None:
    """What a student wrote in that step is what it learns from now: rounding turns a word that hung by a hair."""
    monkeypatch.setattr(writing, "write", lambda model, tokenizer, prompts, seeds, *_: [*map(noted.written.get, seeds)])


@every_method
def test_a_whole_step(method, whole):
    is_finite_and_reaches_all(whole(method))


@every_method
@pytest.mark.parametrize("four_bit", [True, False], ids=["nf4", "whole"])
def test_in_bfloat16(method, four_bit, tier, whole, monkeypatch):
    """With the head in float32 behind 4 bits, as PEFT prepares it, and in bfloat16, as Unsloth leaves it."""
    wanted = whole(method, four_bit)
    give_text(wanted, monkeypatch)
    monkeypatch.setattr(loading, "_dtype", lambda: torch.bfloat16)
    with students(four_bit):
        noted = step(method, tier, bf16=True)
    is_finite_and_reaches_all(noted)
    assert cosine(noted.gradients, wanted.gradients) > 0.97
    assert noted.loss == pytest.approx(wanted.loss, rel=0.05)


@every_method
def test_in_bfloat16_behind_reentrant_checkpoints_through_unsloth(method, tier, whole, double, monkeypatch):  # noqa: F811
    """On a stand-in that leaves the base and its head in bfloat16 and checkpoints as Unsloth does."""
    if METHODS[method].whole:
        pytest.skip("a whole student is trained without an adapter, and so not through Unsloth")
    wanted = whole(method, four_bit=False)
    give_text(wanted, monkeypatch)
    monkeypatch.setattr(loading, "_dtype", lambda: torch.bfloat16)
    how = {"gradient_checkpointing": True, "gradient_checkpointing_kwargs": {"use_reentrant": True}}
    noted = step(method, replace(tier, engine="unsloth"), bf16=True, **how)
    is_finite_and_reaches_all(noted)
    assert cosine(noted.gradients, wanted.gradients) > 0.97
    assert noted.loss == pytest.approx(wanted.loss, rel=0.05)


@every_method
def test_behind_reentrant_checkpoints(method, tier, whole):
    def prepare(trainer):
        trainer.model.enable_input_require_grads()

    how = {"gradient_checkpointing": True, "gradient_checkpointing_kwargs": {"use_reentrant": True}}
    noted = step(method, tier, prepare, **how)
    are_equal(noted.gradients, whole(method).gradients)
    assert noted.loss == pytest.approx(whole(method).loss, rel=1e-4)


@every_method
def test_with_accumulation(method, tier, whole):
    noted = step(method, replace(tier, micro_batch=1))
    are_equal(noted.gradients, whole(method).gradients)
    assert noted.loss == pytest.approx(whole(method).loss, rel=1e-3)


@pytest.fixture(scope="module")
def gloo(folder, whole):
    """What two processes made of each method's step, on the same rows; the caches are there from the steps before."""
    for one in METHODS:
        whole(one)
    tests = Path(__file__).parent
    words = [sys.executable, "-m", "torch.distributed.run", "--nproc_per_node", "2", "--master_port", "0"]
    words += ["--rdzv_backend", "c10d", "--rdzv_endpoint", "localhost:0"]
    places = (tests.parent, tests, tests.parent / "tools", os.environ.get("PYTHONPATH", ""))
    paths = os.pathsep.join(map(str, places))
    done = subprocess.run(
        [*words, str(tests / "real_steps.py"), str(folder)], capture_output=True, text=True, timeout=900,
        env={**os.environ, "PYTHONPATH": paths, "CUDA_VISIBLE_DEVICES": ""},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return folder / "gloo"


@every_method
def test_on_two_processes_with_gloo(method, gloo, whole):
    are_equal(load_file(gloo / f"{method}.safetensors"), whole(method).gradients)
    loss = load_file(gloo / f"{method}.loss.safetensors")["loss"].item()
    assert loss == pytest.approx(whole(method).loss, rel=1e-3)
