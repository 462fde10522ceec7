"""Where an answer ends: as published, some models' eos_token ends a text and not a turn."""

from dataclasses import replace

import pytest
from tiny_models import GEMMA_TEMPLATE, QWEN_TEMPLATE, save, sizes, tokenizer_of
from transformers import Qwen3Config, Qwen3ForCausalLM

from helpers import models
from helpers.models.chat import end_of_turn, end_with_the_turn
from helpers.tiers import ModelSpec


def gemma():
    special = ["<pad>", "<bos>", "<eos>", "<start_of_turn>", "<end_of_turn>"]
    return tokenizer_of(special, [], GEMMA_TEMPLATE, bos_token="<bos>", eos_token="<eos>", pad_token="<pad>")


def base():
    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    end = "<|endoftext|>"
    return tokenizer_of(special, ["<think>", "</think>"], QWEN_TEMPLATE, eos_token=end, pad_token=end)


@pytest.mark.parametrize(("made", "end"), [(gemma, "<end_of_turn>"), (base, "<|im_end|>")])
def test_a_turn_s_end_becomes_the_end(made, end):
    tokenizer = made()
    assert tokenizer.eos_token != end
    end_with_the_turn(tokenizer)
    assert tokenizer.eos_token == end and tokenizer.eos_token_id == end_of_turn(tokenizer)
    end_with_the_turn(tokenizer)  # a second time changes nothing
    assert tokenizer.eos_token == end


def test_without_a_template_nothing_changes():
    tokenizer = base()
    tokenizer.chat_template = None
    end_with_the_turn(tokenizer)
    assert tokenizer.eos_token == "<|endoftext|>"


def test_a_base_model_that_pads_with_its_end_can_be_a_sibling(tiny, tmp_path):
    """As published, Qwen3-0.6B-Base pads with its eos_token; what it learns here ends otherwise."""
    tokenizer = base()
    model = Qwen3ForCausalLM(Qwen3Config(**sizes(tokenizer)))
    tier = replace(tiny, sibling=save(tmp_path, model, tokenizer))
    _, loaded = models.load_sibling(tier, four_bit=False)
    alone = models.load_tokenizer(replace(tier, sibling=ModelSpec(str(tmp_path))), "sibling")
    for each in (loaded, alone):
        assert (each.eos_token, each.pad_token) == ("<|im_end|>", "<|endoftext|>")
