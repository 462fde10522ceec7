"""Every call of helpers/ to transformers, TRL, PEFT, Unsloth and the Hub's library fits what is installed.

Unsloth needs another environment: here a double takes its place. `make gpu-check` runs the tests marked `gpu` in that
environment, where the double itself is compared with the real one.
"""

import inspect
import re
import sys
from itertools import product
from pathlib import Path

import pytest
import unsloth_double
from gpu import check as gpu_check
from gpu import overriding, surface

from helpers.tiers import TIERS

pytestmark = pytest.mark.tools
REAL = hasattr(sys.modules.get("unsloth"), "__version__")
only_real = pytest.mark.skipif(not REAL, reason="make gpu-check runs it")


@pytest.fixture(autouse=True)
def unsloth(monkeypatch):
    if not REAL:
        monkeypatch.setitem(sys.modules, "unsloth", unsloth_double.module())


# --- what is called -------------------------------------------------------------------------------


@pytest.mark.gpu
def test_every_call_fits_what_is_installed():
    found = surface.all_calls()
    libraries = {call.target.partition(".")[0] for call in found}
    assert libraries == {"accelerate", "huggingface_hub", "peft", "transformers", "trl", "unsloth"}
    assert len({call.target for call in found}) > 40 and len(found) > 75
    assert not [complaint for complaint in map(surface.misfit, found) if complaint]


def test_the_calls_that_matter_are_found():
    found = {call.target for call in surface.all_calls()}
    for target in (
        "unsloth.FastLanguageModel.from_pretrained", "unsloth.FastLanguageModel.get_peft_model",
        "unsloth.FastModel.get_peft_model", "unsloth.FastModel.for_training", "unsloth.FastModel.post_patch_model",
        "unsloth.FastLanguageModel.patch_peft_model", "trl.SFTConfig", "trl.SFTTrainer.train",
        "trl.SFTTrainer.get_train_dataloader", "accelerate.Accelerator.unwrap_model",
        "transformers.PreTrainedTokenizerBase.decode", "transformers.PreTrainedModel.get_output_embeddings",
        "transformers.TrainingArguments", "peft.LoraConfig", "peft.PeftModel.from_pretrained",
        "transformers.BitsAndBytesConfig", "transformers.AutoModelForCausalLM.from_pretrained",
        "transformers.GenerationConfig", "transformers.GenerationMixin.generate",
        "transformers.Gemma3ForCausalLM.forward", "huggingface_hub.snapshot_download",
    ):  # fmt: skip
        assert target in found, target


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


@pytest.mark.gpu
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


# --- what Unsloth takes and does -----------------------------------------------------------------

HALVES = {"FastLanguageModel": unsloth_double.FastLanguageModel, "FastModel": unsloth_double.FastModel}
DOUBLED = [(half, name) for half, double in HALVES.items() for name, one in vars(double).items()
           if isinstance(one, staticmethod)]  # fmt: skip


def shape(function) -> list[tuple]:
    parameters = inspect.signature(function).parameters.values()
    return [(one.name, one.kind.name, one.default is not one.empty) for one in parameters]


@pytest.mark.gpu
@pytest.mark.parametrize(("half", "name"), DOUBLED)
def test_the_double_takes_what_unsloth_takes(half, name):
    target = f"unsloth.{half}.{name}"
    ends = surface.ENDS.get(target, (target,)) if name == "get_peft_model" else (target,)
    assert shape(getattr(HALVES[half], name)) == shape(surface.resolve(ends[0])[0])


@pytest.mark.gpu
@pytest.mark.parametrize(
    ("tier", "changes"), list(product(TIERS, ({"of_trl": True}, {}, {"remove_unused_columns": False})))
)
def test_the_settings_of_a_training_are_taken(tier, changes, tmp_path):
    from helpers import training

    training.settings(TIERS[tier], 0, tmp_path, **changes)


@only_real
@pytest.mark.gpu
@pytest.mark.parametrize(
    ("file", "text"),
    [
        *(("llama.py", name) for name in ("UNSLOTH_USE_NEW_MODEL", "UNSLOTH_RETURN_LOGITS")),
        ("llama.py", "assert output_attentions is False"), ("vision.py", "m.gradient_checkpointing = False"),
        ("vision.py", 'os.environ["UNSLOTH_USE_NEW_MODEL"] = "1"'), ("_utils.py", "UNSLOTH_DISABLE_STATISTICS"),
        *(("rl.py", default) for default in ('"padding_free": None', '"optim": "adamw_8bit"', '"weight_decay": 0.001')),
    ],
)  # fmt: skip
def test_what_helpers_rest_on_and_no_signature_shows_is_still_there(file, text):
    """See helpers/models/unsloth.py."""
    folder = Path(inspect.getfile(sys.modules["unsloth"])).parent / "models"
    assert text in (folder / file).read_text(encoding="utf-8")


@only_real
@pytest.mark.gpu
@pytest.mark.parametrize("role", ["student", "sibling"])
def test_unsloths_trainer_makes_the_rows_that_trls_makes(role, tmp_path):
    """Of conversations: tokens, labels, one BOS, no row joined to another."""
    import tiny_models
    from datasets import Dataset
    from trl import SFTTrainer

    from helpers import models, traces, training
    from helpers.training.method import trainer_of
    from helpers.training.rows import tokenized

    tier, answer = tiny_models.tier_in(tmp_path), "<think>\nTom has 5.\n</think>\n5"
    rows = Dataset.from_list([{"question": text, traces.ANSWER: answer} for text in tiny_models.QUESTIONS])
    model, tokenizer = getattr(models, f"load_{role}")(tier)
    args = training.settings(tier, 0, tmp_path / "trained", of_trl=True)
    trainer = trainer_of(tier, 0, SFTTrainer, model, tokenizer, traces.messages(rows), args)
    expected = tokenized(traces.messages(rows), tokenizer, tier.max_length)
    batch = trainer.data_collator([trainer.train_dataset[i] for i in range(len(expected))])
    for i, row in enumerate(expected):
        assert {key: batch[key][i][: len(row[key])].tolist() for key in row} == row
        assert row["input_ids"].count(tokenizer.bos_token_id) == (tokenizer.bos_token_id is not None)


# --- make gpu-check -------------------------------------------------------------------------------


def test_the_gpu_environment_is_made_once_for_the_same_pins(tmp_path, monkeypatch):
    ran, status = [], 0
    python, pins = tmp_path / ".venv-gpu" / "bin" / "python", tmp_path / "pins.txt"
    python.parent.mkdir(parents=True)
    python.touch()
    monkeypatch.setattr(gpu_check, "FOLDER", tmp_path / ".venv-gpu")
    monkeypatch.setattr(gpu_check, "PINS", pins)
    monkeypatch.setattr(gpu_check.subprocess, "call", lambda command, **how: ran.append(command) or status)
    for text, many in (("unsloth==1\n", 2), ("unsloth==1\n", 2), ("unsloth==2\n", 4)):
        pins.write_text(text)
        assert gpu_check.environment() == python and len(ran) == many and ran[-1][-1] == str(pins)
    pins.write_text("unsloth==3\n")
    status = 1
    with pytest.raises(SystemExit, match="could not be made"):
        gpu_check.environment()
    status = 0
    gpu_check.environment()
    assert len(ran) == 7, "what could not be made is made again"
