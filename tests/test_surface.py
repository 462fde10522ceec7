"""Every call of helpers/ to transformers, TRL, PEFT, Unsloth and the Hub's library fits what is installed.

Unsloth needs another environment: here a stand-in takes its place, and `make gpu-check` compares that with it.
"""

import re
import sys
from types import SimpleNamespace

import pytest
import unsloth_double
from gpu import check as gpu_check
from gpu import overriding, surface

# Public methods that a library's class and something else have alike, and that are called here on the something else.
NOT_THEIRS = {
    "update": "a progress bar or a dict", "log": "math", "copy": "a list", "get": "a dict", "items": "a dict",
    "pad": "torch.nn.functional", "split": "a text", "train": "a module, or see surface",
}  # fmt: skip


@pytest.fixture(autouse=True)
def unsloth(monkeypatch):
    monkeypatch.setitem(sys.modules, "unsloth", unsloth_double.module())


def all_calls() -> list[surface.Call]:
    paths = [(path, str(path.relative_to(surface.ROOT))) for path in surface.files()]
    return [call for path, name in paths for call in surface.calls(path.read_text(encoding="utf-8"), name)]


def test_every_call_fits_what_is_installed():
    found = all_calls()
    assert len(found) > 50
    assert not [complaint for complaint in map(surface.misfit, found) if complaint]


def test_the_calls_that_matter_are_found():
    found = {call.target for call in all_calls()}
    for target in (
        "unsloth.FastLanguageModel.from_pretrained", "unsloth.FastLanguageModel.get_peft_model",
        "unsloth.FastModel.get_peft_model", "unsloth.FastModel.for_training", "unsloth.FastModel.post_patch_model",
        "unsloth.FastLanguageModel.patch_peft_model", "trl.SFTConfig", "trl.SFTTrainer.train",
        "transformers.TrainingArguments", "peft.LoraConfig", "peft.PeftModel.from_pretrained",
        "transformers.BitsAndBytesConfig", "transformers.AutoModelForCausalLM.from_pretrained",
        "transformers.GenerationConfig", "transformers.GenerationMixin.generate",
        "transformers.Gemma3ForCausalLM.forward", "huggingface_hub.snapshot_download",
    ):  # fmt: skip
        assert target in found, target


def library_methods() -> set[str]:
    from accelerate import Accelerator
    from peft import PeftModelForCausalLM
    from transformers import GenerationMixin, PretrainedConfig, PreTrainedModel, PreTrainedTokenizerFast
    from trl import SFTTrainer

    classes = (
        Accelerator, PeftModelForCausalLM, GenerationMixin, PretrainedConfig, PreTrainedModel, PreTrainedTokenizerFast,
        SFTTrainer, unsloth_double.FastModel,
    )  # fmt: skip
    return {name for one in classes for name in dir(one) if not name.startswith("_")}


def test_no_method_of_a_library_is_called_without_being_bound():
    import torch

    called = set().union(*(surface.methods_called(path.read_text(encoding="utf-8")) for path in surface.files()))
    module = set(dir(torch.nn.Module)) | set(dir(torch.Tensor))
    missing = (called & library_methods()) - module - set(surface.METHODS) - set(NOT_THEIRS)
    assert not missing, f"bind them in surface.METHODS, or say in NOT_THEIRS whose they are: {missing}"


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        ("from trl import SFTConfig\nSFTConfig(output_dir='x', no_such_field=1)", "no_such_field"),
        ("from peft import LoraConfig as L\nL(rank=3)", "rank"),
        ("from transformers import NoSuchClass\nNoSuchClass()", "NoSuchClass"),
        ("import trl\ntrl.SFTTrainer(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16)", "too many positional"),
        ("from transformers import AutoConfig\nAutoConfig.from_pretrained('x', revison='y')", "revison"),
        ("from transformers import AutoModelForCausalLM as A\nA.from_pretrained('x', d_type=1)", "d_type"),
        ("model.generate(x, generation_conf=1)", "generation_conf"),
        ("self.model.set_attn_implementation()", "missing a required argument"),
        ("model(**inputs, output_states=True)", "output_states"),
        ("tokenizer.apply_chat_template(x, tokenise=False)", "tokenise"),
        ("trainer.train(resume=1)", "resume"),
        ("from unsloth import FastLanguageModel\nFastLanguageModel.from_pretrained('x', quantise=True)", "quantise"),
        ("from unsloth import FastModel\nFastModel.get_peft_model(m, rank=4)", "rank"),
        ("half.for_training(model, checkpointing=True)", "checkpointing"),
    ],
)
def test_a_call_that_does_not_fit_is_named(source, complaint):
    (first, *_) = [found for found in map(surface.misfit, surface.calls(source, "a.py")) if found]
    assert first.startswith("a.py:") and complaint in first


def test_stars_are_bound_as_far_as_they_are_known():
    (call,) = surface.calls("from trl import SFTConfig\nSFTConfig(**chosen, packing=True)")
    assert call.loose and call.keywords == ("packing",) and surface.misfit(call) is None


def test_a_library_that_is_not_there_is_drift(monkeypatch):
    monkeypatch.delitem(sys.modules, "unsloth")
    (call,) = surface.calls("import unsloth\nunsloth.FastModel.for_training(m)")
    assert "unsloth" in surface.misfit(call)


# --- what our trainers put in the place of TRL's -------------------------------------------------


def test_every_overridden_method_fits():
    found = overriding.pairs()
    assert {name for _, name, _, theirs in found if theirs} >= {
        "compute_loss", "_save", "_load_from_checkpoint", "on_epoch_end", "on_train_begin", "on_step_end",
    }  # fmt: skip
    assert not overriding.misfits()


@pytest.mark.parametrize(
    ("name", "method", "complaint"),
    [
        ("compute_loss", lambda self, model, inputs: None, "num_items_in_batch|too many positional"),
        ("_save_states", lambda self, folder: None, "nobody would call it"),
    ],
)
def test_a_method_that_does_not_fit_is_named(monkeypatch, name, method, complaint):
    from helpers.methods.logits import LogitTrainer

    monkeypatch.setattr(LogitTrainer, name, method, raising=False)
    wrong = [one for one in overriding.misfits() if one.startswith(f"helpers.methods.logits.LogitTrainer.{name}")]
    assert len(wrong) == 1 and re.search(complaint, wrong[0])


# --- make gpu-check -------------------------------------------------------------------------------


def test_the_stand_in_agrees_with_itself():
    _, count, wrong = gpu_check.differences(unsloth_double)
    assert count >= 7 and not wrong


@pytest.mark.parametrize("method", ["get_peft_model", "for_training"])
def test_a_stand_in_that_drifted_is_named(monkeypatch, method):
    other = SimpleNamespace(FastLanguageModel=type("F", (), {method: staticmethod(lambda model, rank: None)}),
                            FastModel=type("F", (), {}))  # fmt: skip
    _, count, wrong = gpu_check.differences(other)
    assert count == 1 and len(wrong) == 1 and "rank" in wrong[0]


def test_settings_that_trl_no_longer_takes_are_named(monkeypatch):
    from helpers import training

    assert not gpu_check.settings()[2]
    real = training.settings
    monkeypatch.setattr(training, "settings", lambda *given, **more: real(*given, **more, no_such_field=1))
    assert all("no_such_field" in one for one in gpu_check.settings()[2])


@pytest.fixture
def steps(monkeypatch, tmp_path):
    """The steps by which gpu_check makes its environment, none of them for real."""
    ran = []

    def call(command, **how):
        ran.append(command)
        (tmp_path / ".venv-gpu" / "bin").mkdir(parents=True, exist_ok=True)
        (tmp_path / ".venv-gpu" / "bin" / "python").touch()
        return 0

    (tmp_path / "pins.txt").write_text("unsloth==1\n")
    monkeypatch.setattr(gpu_check, "FOLDER", tmp_path / ".venv-gpu")
    monkeypatch.setattr(gpu_check, "PINS", tmp_path / "pins.txt")
    monkeypatch.setattr(gpu_check.subprocess, "call", call)
    return ran


def test_the_gpu_environment_is_made_once_for_the_same_pins(steps, tmp_path):
    gpu_check.environment()
    assert len(steps) == 2 and steps[1][-1] == str(tmp_path / "pins.txt")
    gpu_check.environment()
    assert len(steps) == 2
    (tmp_path / "pins.txt").write_text("unsloth==2\n")
    gpu_check.environment()
    assert len(steps) == 4


def test_an_environment_that_could_not_be_made_is_made_again(steps, monkeypatch):
    gpu_check.environment()
    (gpu_check.FOLDER / ".installed").unlink()
    monkeypatch.setattr(gpu_check.subprocess, "call", lambda command, **how: 1)
    with pytest.raises(SystemExit, match="could not be made"):
        gpu_check.environment()
    assert not (gpu_check.FOLDER / ".installed").exists()
