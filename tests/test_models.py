"""helpers.models: counting, unloading, prompts."""

import math
from dataclasses import replace

import pytest
import torch
from tiny_models import QUESTIONS, save, tokenizer_of

from helpers import memory, models
from helpers.tiers import Lora

LORA = Lora(r=4, alpha=8, learning_rate=1e-2)


def logits(model, tokenizer, **settings) -> torch.Tensor:
    ids = torch.tensor([models.prompt_ids(tokenizer, QUESTIONS[1])])
    return model(input_ids=ids, **settings).logits


def linear_layers(model) -> dict[str, torch.nn.Module]:
    return {name: module for name, module in model.named_modules() if isinstance(module, torch.nn.Linear)}


def expected_parameters(vocabulary: int, gemma: bool) -> int:
    width, inner, heads = 64, 128, 32
    attention = width * 2 * heads * 2 + width * heads * 2 + 2 * heads  # q and o, k and v, the norms of q and k
    block = attention + 3 * width * inner + width * (4 if gemma else 2)
    return vocabulary * width + 2 * block + width  # the output layer is the embedding


@pytest.mark.parametrize("four_bit", [True, False])
def test_parameters_are_counted_and_not_bytes(tiny, four_bit):
    student, tokenizer = models.load_student(tiny, four_bit=four_bit)
    assert models.parameter_count(student) == expected_parameters(len(tokenizer), gemma=True)
    sibling, tokenizer = models.load_sibling(tiny, four_bit=four_bit)
    assert models.parameter_count(sibling) == expected_parameters(len(tokenizer), gemma=False)


def test_an_adapter_counts_on_top(tiny):
    student, _ = models.load_student(tiny)
    base = models.parameter_count(student)
    shapes = [math.prod(layer.weight.quant_state.shape) and layer.weight.quant_state.shape
              for name, layer in linear_layers(student).items() if name != "lm_head"]  # fmt: skip
    model = models.add_lora(student, LORA, seed=0)
    added = sum(LORA.r * (rows + columns) for rows, columns in shapes)
    assert models.parameter_count(model, trainable=True) == added
    assert models.parameter_count(model) == base + added


@pytest.fixture(scope="module")
def large(tiny, tmp_path_factory):
    """A student of 25 million weights, so that its memory stands out."""
    from transformers import Gemma3ForCausalLM

    small, tokenizer = models.load_student(tiny, four_bit=False)
    small.config.hidden_size, small.config.intermediate_size = 256, 16_384
    return replace(tiny, student=save(tmp_path_factory.mktemp("large"), Gemma3ForCausalLM(small.config), tokenizer))


@pytest.mark.parametrize(("four_bit", "megabytes"), [(True, 13), (False, 100)])
def test_unload_returns_memory_though_the_model_is_still_named(large, four_bit, megabytes):
    memory.give_back()
    before = memory.current()
    model, tokenizer = models.load_student(large, four_bit=four_bit)
    logits(model, tokenizer)  # on a CPU a weight takes memory from its first use on
    memory.give_back()
    held = memory.current() - before
    assert held > 0.8 * megabytes
    models.unload(model)
    assert memory.current() - before < 0.3 * held
    with pytest.raises(RuntimeError, match="load it again"):
        logits(model, tokenizer)


def test_unload_takes_adapted_models(tiny):
    student, tokenizer = models.load_student(tiny)
    adapted = models.add_lora(student, LORA, seed=0)
    models.unload(adapted)
    for model in (adapted, student):
        with pytest.raises(RuntimeError, match="load it again"):
            logits(model, tokenizer)


def test_the_prompt_ends_where_the_answer_begins(tiny):
    _, qwen = models.load_teacher(tiny)
    _, gemma = models.load_student(tiny)
    assert models.chat_prompt(qwen, "Why?") == "<|im_start|>user\nWhy?<|im_end|>\n<|im_start|>assistant\n<think>\n"
    assert models.chat_prompt(gemma, "Why?") == (
        "<bos><start_of_turn>user\nWhy?<end_of_turn>\n<start_of_turn>model\n"
    )


def test_the_ids_are_the_prompt_and_have_one_bos(tiny):
    for load in (models.load_teacher, models.load_student):
        _, tokenizer = load(tiny)
        ids = models.prompt_ids(tokenizer, QUESTIONS[1])
        assert tokenizer.decode(ids) == models.chat_prompt(tokenizer, QUESTIONS[1])
        assert tokenizer.bos_token_id is None or ids.count(tokenizer.bos_token_id) == 1


@pytest.mark.parametrize(("template", "count"), [("<bos><bos>{{ messages[0].content }}", 2), ("no bos", 0)])
def test_a_template_with_two_bos_or_none_is_refused(template, count):
    tokenizer = tokenizer_of(["<pad>", "<bos>", "<eos>"], [], template, bos_token="<bos>", eos_token="<eos>")
    with pytest.raises(ValueError, match=f"{count} BOS"):
        models.prompt_ids(tokenizer, "Why?")
