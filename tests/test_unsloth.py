"""What Unsloth wants otherwise, on a stand-in with its surface: order, halves, modes, logits, hidden states."""

import os
import random
import sys
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
import unsloth_double
from tiny_models import QUESTIONS

from helpers import generation, methods, models, tiers, training
from helpers.models import loading, unsloth
from helpers.tiers import TIERS, Lora
from helpers.training import activations

LORA = Lora(r=4, alpha=8, learning_rate=1e-2)


@pytest.fixture
def double(monkeypatch, tiny):
    """The tier, whose models come through a stand-in for Unsloth; its variables are as they were afterwards."""
    for name in (unsloth.HALF, unsloth.LOGITS, "UNSLOTH_DISABLE_STATISTICS"):
        monkeypatch.setenv(name, "0")
    monkeypatch.setitem(sys.modules, "unsloth", unsloth_double.module())
    monkeypatch.setattr(unsloth, "used", lambda tier: tier.engine == "unsloth")
    return replace(tiny, engine="unsloth")


@pytest.fixture
def fresh(monkeypatch):
    """An interpreter in which neither Unsloth nor what it replaces was imported; a finder gives the stand-in."""
    for name in (unsloth.LOGITS, "UNSLOTH_DISABLE_STATISTICS"):
        monkeypatch.setenv(name, "0")
    gone = [name for name in sys.modules if name.split(".")[0] in ("unsloth", *unsloth.REPLACED)]
    for name in [*gone, *unsloth.DERIVED]:
        monkeypatch.delitem(sys.modules, name, raising=False)

    class Finder:
        @staticmethod
        def find_spec(name, path=None, target=None):
            if name != "unsloth":
                return None
            seen.append(dict(os.environ))
            return __import__("importlib.util").util.spec_from_loader(name, Loader)

    class Loader:
        create_module = staticmethod(lambda spec: unsloth_double.module())
        exec_module = staticmethod(lambda module: None)

    seen: list[dict] = []
    monkeypatch.setattr(sys, "meta_path", [Finder, *sys.meta_path])
    yield seen
    sys.modules.pop("unsloth", None)


# --- the import -----------------------------------------------------------------------------------


def test_logits_are_asked_for_before_the_import(fresh):
    unsloth.first()
    assert len(fresh) == 1 and fresh[0][unsloth.LOGITS] == "1", "a 0 of somebody else must not stay"


def test_nobody_is_told_of_a_load_who_was_not_asked(fresh, monkeypatch):
    monkeypatch.delenv("UNSLOTH_DISABLE_STATISTICS")
    unsloth.first()
    assert "UNSLOTH_DISABLE_STATISTICS" in fresh[0]


def test_a_second_call_says_and_changes_nothing(fresh, monkeypatch, recwarn):
    unsloth.first()
    monkeypatch.setitem(sys.modules, "trl", object())
    monkeypatch.setenv(unsloth.LOGITS, "0")
    unsloth.first()
    assert len(fresh) == 1 and os.environ[unsloth.LOGITS] == "0" and not recwarn.list


@pytest.mark.parametrize("names", [("trl",), ("transformers", "peft")])
def test_what_came_too_early_is_named_with_the_mend(fresh, monkeypatch, names):
    for name in names:
        monkeypatch.setitem(sys.modules, name, object())
    with pytest.warns(UserWarning, match=rf"{' and '.join(names)} came before Unsloth.*models\.prepare\(tier\)"):
        unsloth.first()


@pytest.mark.parametrize("name", unsloth.DERIVED)
def test_a_trainer_made_of_trl_s_before_is_refused(fresh, monkeypatch, name):
    monkeypatch.setitem(sys.modules, name, object())
    with pytest.raises(RuntimeError, match=r"restart the kernel.*models\.prepare"):
        unsloth.first()
    assert not fresh


def test_a_method_is_loaded_behind_unsloth(monkeypatch):
    class FirstError(Exception):
        pass

    def first():
        raise FirstError

    monkeypatch.setattr(unsloth, "used", lambda tier: True)
    monkeypatch.setattr(unsloth, "first", first)
    monkeypatch.setattr(tiers, "_resolved", TIERS["mini"])
    monkeypatch.delitem(sys.modules, "helpers.methods.logits", raising=False)
    with pytest.raises(FirstError):
        methods.Logits  # noqa: B018
    assert "helpers.methods.logits" not in sys.modules


# --- loading and adapters -------------------------------------------------------------------------


def test_load_asks_for_the_model_that_the_tier_names(double, monkeypatch):
    asked = {}
    real = unsloth_double.FastLanguageModel.from_pretrained
    monkeypatch.setattr(
        sys.modules["unsloth"].FastLanguageModel, "from_pretrained",
        staticmethod(lambda name, **given: (asked.update(given, name=name), real(name, **given))[1]),
    )  # fmt: skip
    long = replace(double, max_length=300, max_new_tokens=5_000)
    model, tokenizer = models.load_student(long)
    assert asked["name"] == long.student.source and asked["use_exact_model_name"] and asked["load_in_4bit"]
    assert asked["max_seq_length"] >= 5_000, "a teacher's trace would be cut off while it is written"
    assert not model.training and tokenizer.padding_side == "left"


def test_float16_is_never_asked_for(double):
    with pytest.raises(ValueError, match="overflows in float16"):
        unsloth.load(double.student, True, torch.float16, 512)


@pytest.mark.parametrize("last", ["teacher", "student"])
@pytest.mark.parametrize("role", ["student", "sibling"])
def test_an_adapter_goes_on_whatever_was_loaded_last(double, role, last):
    """Unsloth goes by its last load: a Gemma that was loaded before a Qwen would be taken for one."""
    model, _ = getattr(models, f"load_{role}")(double)
    getattr(models, f"load_{last}")(double)
    before = os.environ[unsloth.HALF]
    adapted = models.add_lora(model, LORA, seed=0)
    assert os.environ[unsloth.HALF] == before
    names = {name.rpartition(".lora_A")[0].rpartition(".")[2] for name, _ in adapted.named_parameters()} - {""}
    assert names == {"q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"}


def test_an_adapter_disturbs_nobody_s_random_numbers(double):
    model, _ = models.load_student(double)
    torch.manual_seed(5), random.seed(5), np.random.seed(5)
    expected = torch.rand(1).item(), random.random(), np.random.random()
    torch.manual_seed(5), random.seed(5), np.random.seed(5)
    models.add_lora(model, LORA, seed=0)
    assert (torch.rand(1).item(), random.random(), np.random.random()) == expected


@pytest.mark.parametrize("role", ["student", "sibling"])
@pytest.mark.parametrize("trainable", [False, True])
def test_a_saved_adapter_comes_back(double, tmp_path, role, trainable):
    load = getattr(models, f"load_{role}")
    models.add_lora(load(double)[0], LORA, seed=0).save_pretrained(tmp_path)
    again, _ = load(double, adapter=tmp_path, trainable=trainable)
    assert hasattr(again, "_unsloth_gradient_checkpointing") == trainable, "only what is trained is made ready for it"
    assert (models.parameter_count(again, trainable=True) > 0) == trainable


# --- modes ----------------------------------------------------------------------------------------


def checkpointing(model) -> bool:
    return any(getattr(module, "gradient_checkpointing", False) for module in model.modules())


@pytest.mark.parametrize("role", ["student", "sibling"])
def test_a_training_goes_on_as_before_after_a_validation(double, role):
    """`generate` turns checkpointing off, and `train()` alone would not turn it on again."""
    model, tokenizer = getattr(models, f"load_{role}")(double)
    model = models.add_lora(model, LORA, seed=0).train()
    assert checkpointing(model)
    generation.generate(model, tokenizer, QUESTIONS[:2], 3, progress=False)
    assert model.training and checkpointing(model)
    assert not hasattr(model, "_flag_for_generation")
    with models.answering(model.eval()):
        pass
    assert not model.training


def test_without_unsloth_modes_are_as_they_were(tiny):
    model, _ = models.load_student(tiny)
    for trains in (True, False):
        model.train(trains)
        with pytest.raises(KeyError), models.answering(model):
            assert not model.training
            raise KeyError
        assert model.training == trains


# --- logits and hidden states -------------------------------------------------------------------


def test_no_training_pays_for_logits_that_nobody_reads(tmp_path, monkeypatch):
    seen = []

    class Trainer:
        args = type("Args", (), {"output_dir": str(tmp_path)})
        state = type("State", (), {"log_history": [], "global_step": 0})
        accelerator = SimpleNamespace(wait_for_everyone=lambda: None)

        def is_world_process_zero(self):
            return True

        def remove_callback(self, callback): ...
        def add_callback(self, callback): ...

        def train(self, resume_from_checkpoint):
            seen.append(os.environ.get(unsloth.LOGITS))

    for before in ("1", None):
        monkeypatch.setenv(unsloth.LOGITS, before) if before else monkeypatch.delenv(unsloth.LOGITS)
        (tmp_path / training.RUN).unlink(missing_ok=True)
        training.run(Trainer())
        assert os.environ.get(unsloth.LOGITS) == before
    assert seen == ["0", "0"]


def test_labels_give_logits_where_they_are_asked_for(double, monkeypatch):
    model, tokenizer = models.load_student(double)
    ids = torch.tensor([models.prompt_ids(tokenizer, QUESTIONS[1])])
    monkeypatch.setenv(unsloth.LOGITS, "1")
    assert model(input_ids=ids, labels=ids).logits.shape[1] == ids.shape[1]
    with unsloth.without_logits(), pytest.raises(NotImplementedError):
        _ = model(input_ids=ids, labels=ids).logits.shape
    with unsloth.without_logits():  # as this project's trainers ask
        assert model(input_ids=ids).logits.shape[1] == ids.shape[1]


@pytest.mark.parametrize("role", ["student", "sibling"])
def test_hidden_states_are_asked_for_at_each_call(double, role):
    model, tokenizer = getattr(models, f"load_{role}")(double)
    ids = torch.tensor([models.prompt_ids(tokenizer, QUESTIONS[1])])
    model.config.output_hidden_states = True
    assert model(input_ids=ids).hidden_states is None
    last, found = activations.read(model, {"input_ids": ids}, "hidden", [1, 2])
    assert torch.equal(last, found[1]) and last.shape == (1, ids.shape[1], 64)


def test_attention_of_an_unsloth_model_is_refused(double):
    model, tokenizer = models.load_sibling(double)
    ids = torch.tensor([models.prompt_ids(tokenizer, QUESTIONS[1])])
    with pytest.raises(ValueError, match="choose relations"):
        activations.read(model, {"input_ids": ids}, "attention", [1])


def test_values_that_checkpointing_hides_are_refused(double):
    model, tokenizer = models.load_sibling(double)
    model = models.add_lora(model, LORA, seed=0).train()
    ids = {"input_ids": torch.tensor([models.prompt_ids(tokenizer, QUESTIONS[1])])}
    model.get_base_model().gradient_checkpointing_enable({"use_reentrant": True})
    with pytest.raises(ValueError, match="checkpointing hides it"):
        activations.read(model, ids, "values", [1])
    model.get_base_model().gradient_checkpointing_enable({"use_reentrant": False})
    assert activations.read(model, ids, "values", [1])[1][0].requires_grad


def test_a_distillation_runs_through_it(double, tmp_path, monkeypatch):
    """Logits of a teacher beside a student with another tokenizer, validation between: nothing on the way refuses."""
    from datasets import Dataset

    from helpers import traces
    from helpers.training import method

    tier = replace(double, name="elsewhere", traces=4, epochs=2, batch_size=2, micro_batch=1, lora=LORA)
    monkeypatch.setattr(method, "VALIDATION", 2)
    monkeypatch.setattr(method, "BETWEEN", 1)
    monkeypatch.setattr(type(tier), "artifacts", tmp_path)
    rows = Dataset.from_list(
        [{"question": question, traces.ANSWER: "<think>\nTom has 5.\n</think>\n5"} for question in QUESTIONS]
    )
    run = methods.CrossTokenizer(tier, 0, rows).run()
    assert run.steps == 4 and len(run.validation) == 2
    assert all(np.isfinite(loss) for _, loss in run.loss)


# --- settings -------------------------------------------------------------------------------------


@pytest.mark.parametrize("field", ["optim", "weight_decay", "padding_free"])
def test_what_unsloth_would_choose_otherwise_is_chosen(tiny, tmp_path, monkeypatch, field):
    """Its SFTConfig has adamw_8bit, 0.001, and rows joined without padding, where nothing is set."""
    import transformers
    import trl

    usual = trl.SFTConfig(output_dir=str(tmp_path), use_cpu=True, bf16=False)
    for library, name, of_trl in ((trl, "SFTConfig", True), (transformers, "TrainingArguments", False)):
        monkeypatch.setattr(library, name, lambda **given: SimpleNamespace(n_gpu=0, **given))
        found = training.settings(tiny, 0, tmp_path, of_trl)
        if of_trl or field != "padding_free":  # which Trainer itself does not know
            assert getattr(found, field) == getattr(usual, field)


def test_prepare_does_nothing_on_a_cpu(monkeypatch):
    monkeypatch.setattr(unsloth, "first", lambda: pytest.fail("there is no GPU"))
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(loading.gpu_errors, "_card_there", lambda: False)
    models.prepare(TIERS["full"])
