"""Every trouble with a card has its own message, which names the mend. The causes are made up here."""

import re
from collections import namedtuple
from dataclasses import fields

import pytest
import torch
import transformers

from helpers import generation, models, training
from helpers.models import gpu_errors, hub_errors, loading
from helpers.tiers import TIERS, Tier

FULL = TIERS["full"]


@pytest.fixture
def known(monkeypatch):
    """The Hub gives the settings of every model, and the disk has room for it."""
    monkeypatch.setattr(transformers.AutoConfig, "from_pretrained", lambda name, revision: None)
    monkeypatch.setattr(hub_errors, "check_space", lambda spec: None)


DRIVER = (
    "The NVIDIA driver on your system is too old (found version 11040). Please update your GPU driver by downloading "
    "and installing a new version"
)


@pytest.fixture
def unseen(monkeypatch):
    """A card that the driver's program lists, and PyTorch, built for CUDA, does not see; what it says goes in here."""

    def init():
        if reason:
            raise RuntimeError(reason[0])

    reason: list[str] = []
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.version, "cuda", "13.0")
    monkeypatch.setattr(torch.cuda, "init", init)
    monkeypatch.setattr(gpu_errors, "_card_there", lambda: True)
    return reason


def test_an_old_driver_is_named(unseen):
    unseen.append(DRIVER)
    told = r"built for CUDA 13\.0, cannot use: .*driver .* too old .*version 11040.* update .*Restart; .*newest driver"
    for load in (models.load_student, lambda tier: models.load_tokenizer(tier, "student")):
        with pytest.raises(RuntimeError, match=told):
            load(FULL)


def test_a_card_that_does_not_answer_is_named(unseen):
    unseen.append("CUDA unknown error - this may be due to an incorrectly set up environment")
    assert "CUDA unknown error" in gpu_errors.unseen_card()


def test_a_pytorch_without_cuda_is_named(unseen, monkeypatch):
    monkeypatch.setattr(torch.version, "cuda", None)
    assert "built without CUDA" in gpu_errors.unseen_card() and "requirements-gpu.txt" in gpu_errors.unseen_card()


@pytest.mark.parametrize("hidden", ["", "-1"])
def test_a_card_that_is_hidden_on_purpose_is_not_missed(unseen, monkeypatch, hidden):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", hidden)
    assert gpu_errors.unseen_card() is None


def test_no_card_no_word(unseen, monkeypatch):
    monkeypatch.setattr(gpu_errors, "_card_there", lambda: False)
    assert gpu_errors.unseen_card() is None


def test_the_mini_tier_needs_no_card(unseen, tiny):
    unseen.append(DRIVER)
    assert models.load_tokenizer(tiny, "student")


@pytest.mark.parametrize(("status", "listed", "there"), [(0, "GPU 0: Tesla T4", True), (0, "", False), (9, "", False)])
def test_the_drivers_program_is_asked(monkeypatch, status, listed, there):
    answer = namedtuple("Answer", "returncode stdout")(status, listed)
    monkeypatch.setattr(gpu_errors.subprocess, "run", lambda *args, **how: answer)
    assert gpu_errors._card_there() == there
    monkeypatch.undo()
    monkeypatch.setenv("PATH", "")
    assert not gpu_errors._card_there()


def test_a_card_without_bfloat16_is_told_what_it_costs(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: False)
    with pytest.warns(UserWarning, match="no bfloat16.*float32 is used.*twice the memory"):
        assert loading._dtype() == torch.float32


def full_card(*args, **settings):
    raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")


def test_a_card_that_is_full_while_loading_says_what_to_let_go(monkeypatch, known):
    monkeypatch.setattr(loading, "_from_transformers", full_card)
    with pytest.raises(torch.OutOfMemoryError, match=r"loading: .*models\.unload.*DISTILL_TIER=small.*2\.00 GiB"):
        models.load_teacher(FULL)


def test_a_card_that_is_full_while_answering_names_the_fields(tiny):
    model, tokenizer = models.load_student(tiny)
    model.generate = full_card
    with pytest.raises(torch.OutOfMemoryError, match=r"answers: .*generate_batch.*answer_batch.*2\.00 GiB"):
        generation.generate(model, tokenizer, ["Why?"], 3)


def test_a_card_that_is_full_while_training_names_the_fields(tmp_path):
    trainer = namedtuple("Trainer", "args is_world_process_zero remove_callback add_callback train")(
        namedtuple("Args", "output_dir")(str(tmp_path)), lambda: True, print, print, full_card
    )
    with pytest.raises(torch.OutOfMemoryError, match=r"training: .*micro_batch.*max_length.*2\.00 GiB"):
        training.run(trainer)


def test_the_fields_to_make_smaller_are_a_tier_s():
    named = {field.name for field in fields(Tier)}
    words = set(re.findall(r"\b[a-z]+_[a-z_]+\b", " ".join(gpu_errors.SMALLER.values())))
    assert words and words <= named
