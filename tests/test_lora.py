"""helpers.models.lora: only the adapter learns, on the layers that are named, the same for a seed."""

from dataclasses import replace

import pytest
import torch
from tiny_models import QUESTIONS

from helpers import models
from helpers.models import lora
from helpers.tiers import Lora

LORA = Lora(r=4, alpha=8, learning_rate=1e-2)
LINEAR = {"q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"}


def logits(model, tokenizer, **settings) -> torch.Tensor:
    ids = torch.tensor([models.prompt_ids(tokenizer, QUESTIONS[1])])
    return model(input_ids=ids, **settings).logits


def adapted_layers(model) -> list[str]:
    return [name.partition(".lora_A")[0] for name, _ in model.named_parameters() if "lora_A" in name]


@pytest.mark.parametrize("four_bit", [True, False])
@pytest.mark.parametrize("load", [models.load_student, models.load_sibling])
def test_only_the_adapter_learns(tiny, load, four_bit):
    base, tokenizer = load(tiny, four_bit=four_bit)
    frozen = {name: weight.clone() for name, weight in base.named_parameters()}
    model = models.add_lora(base, LORA, seed=0).train()
    optimizer = torch.optim.SGD([p for p in model.parameters() if p.requires_grad], lr=1.0)
    ids = torch.tensor([models.prompt_ids(tokenizer, QUESTIONS[1])])
    for _ in range(2):  # the adapter's A gets a gradient once B is no longer zero
        optimizer.zero_grad()
        model(input_ids=ids, labels=ids).loss.backward()
        optimizer.step()
    with_gradient = {name for name, weight in model.named_parameters() if weight.grad is not None}
    assert with_gradient == {name for name, _ in model.named_parameters() if "lora_" in name}
    assert all(weight.grad.abs().sum() > 0 for weight in model.parameters() if weight.grad is not None)
    after = dict(base.named_parameters())
    assert all(torch.equal(after[name.replace("_proj.", "_proj.base_layer.")], old) for name, old in frozen.items())


def test_a_model_in_four_bits_still_learns_after_it_was_scored(tiny):
    """bitsandbytes packs layers at the first evaluation on some processors; packed layers passed no gradient on."""
    student, tokenizer = models.load_student(tiny)
    model = models.add_lora(student, LORA, seed=0)

    def gradients() -> dict[str, torch.Tensor]:
        model.zero_grad()
        logits(model.train(), tokenizer).sum().backward()
        return {name: weight.grad.clone() for name, weight in model.named_parameters() if weight.grad is not None}

    before = gradients()
    with torch.no_grad():
        trained = logits(model.train(), tokenizer)
        assert torch.equal(logits(model.eval(), tokenizer), trained), "evaluation must not round differently"
    after = gradients()
    assert before.keys() == after.keys() and all(torch.equal(after[name], grad) for name, grad in before.items())


def test_a_fresh_adapter_changes_nothing_yet(tiny):
    student, tokenizer = models.load_student(tiny)
    before = logits(student, tokenizer)
    assert torch.equal(logits(models.add_lora(student, LORA, seed=0).eval(), tokenizer), before)


def test_the_seed_makes_the_adapter_and_nothing_else(tiny):
    def weights(seed):
        model = models.add_lora(models.load_student(tiny)[0], LORA, seed)
        return torch.cat([p.flatten() for name, p in model.named_parameters() if "lora_A" in name])

    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    first = weights(0)
    assert torch.equal(torch.rand(3), expected), "the caller's random numbers were disturbed"
    assert torch.equal(first, weights(0))
    assert not torch.equal(first, weights(1))


def test_all_linear_layers_are_all_but_the_output(tiny):
    model = models.add_lora(models.load_student(tiny)[0], LORA, seed=0)
    assert {name.rpartition(".")[2] for name in adapted_layers(model)} == LINEAR


def test_named_targets_get_an_adapter_each(tiny):
    lora = replace(LORA, targets=("q_proj", "layers.1.mlp.up_proj"))
    model = models.add_lora(models.load_student(tiny)[0], lora, seed=0)
    names = [name.partition("layers.")[2] for name in adapted_layers(model)]
    assert sorted(names) == ["0.self_attn.q_proj", "1.mlp.up_proj", "1.self_attn.q_proj"]


def test_a_target_that_is_not_there_is_refused_by_name(tiny):
    """Gemma 3 has gate_proj and up_proj. PEFT takes gate_up_proj beside names that match and leaves both out."""
    student, _ = models.load_student(tiny)
    with pytest.raises(ValueError, match=r"'gate_up_proj'.*down_proj, gate_proj, k_proj"):
        models.add_lora(student, replace(LORA, targets=("q_proj", "gate_up_proj")), seed=0)


@pytest.mark.parametrize("target", ["lm_head", "model.lm_head"])
def test_the_output_layer_gets_no_adapter(tiny, target):
    with pytest.raises(ValueError, match="lm_head takes no adapter"):
        models.add_lora(models.load_student(tiny)[0], replace(LORA, targets=("q_proj", target)), seed=0)


def test_one_target_may_be_a_word_and_none_is_refused(tiny):
    student, _ = models.load_student(tiny)
    assert lora.lora_targets(student, "q_proj") == ["q_proj"]
    with pytest.raises(ValueError, match="no layer is to get an adapter"):
        lora.lora_targets(student, ())
    with pytest.raises(ValueError, match="is called 'qproj'"):
        lora.lora_targets(student, "qproj")


def test_an_adapter_has_as_many_weights_as_are_counted(tiny):
    student, _ = models.load_student(tiny, four_bit=False)
    layers = [
        module for name, module in student.named_modules() if isinstance(module, torch.nn.Linear) and name != "lm_head"
    ]
    wanted = sum(lora.lora_weights(layer.in_features, layer.out_features, tiny.lora.r) for layer in layers)
    assert models.parameter_count(models.add_lora(student, tiny.lora, 0), trainable=True) == wanted


def test_while_it_writes_a_model_in_four_bits_reads_copies_and_says_the_same(tiny, monkeypatch):
    from bitsandbytes.nn import Linear4bit

    student, tokenizer = models.load_student(tiny)
    model = models.add_lora(student, LORA, seed=0).eval()
    packed = [layer for layer in model.modules() if isinstance(layer, Linear4bit)]
    own = Linear4bit.forward
    asked = []

    def counted(layer, x):
        asked.append(layer)
        return own(layer, x)

    monkeypatch.setattr(Linear4bit, "forward", counted)
    with torch.no_grad():
        before = logits(model, tokenizer)
        assert asked and set(asked) == set(packed)
        asked.clear()
        with models.unpacked(model):
            assert torch.equal(logits(model, tokenizer), before) and not asked
            with models.unpacked(model):
                assert torch.equal(logits(model, tokenizer), before)
            assert not asked, "the inner one must leave the outer one's copies"
        assert torch.equal(logits(model, tokenizer), before) and set(asked) == set(packed)


def test_a_layer_that_fails_while_it_writes_gets_its_own_weights_back(tiny):
    student, _ = models.load_student(tiny)
    with pytest.raises(ZeroDivisionError), models.unpacked(student):
        raise ZeroDivisionError
    assert not any("forward" in vars(layer) for layer in student.modules())
