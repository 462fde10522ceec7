"""Random models of both architectures, tiny and never trained, with tokenizers: what the unit tests load."""

import gc
from dataclasses import replace

import pytest
import torch
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import Gemma3ForCausalLM, Gemma3TextConfig, PreTrainedTokenizerFast, Qwen3Config, Qwen3ForCausalLM

from helpers.tiers import TIERS, ModelSpec, Tier

CORPUS = [
    "Sarah has 3 boxes of crayons. Each box has 24 crayons. She gives 10 crayons to her friend.",
    "How many crayons does Sarah have left? Sarah has 62 crayons left. There is a mistake in the problem.",
]
# Of very different lengths, so that a batch of them is padded.
QUESTIONS = [
    "How many?",
    "Sarah has 3 boxes of crayons. Each box has 24 crayons. She gives 10 crayons to her friend. How many are left?",
    "Tom has 5 pens. How many pens has Tom?",
    "Mia has 12 shells and finds 7 more. Then she gives 4 of them to Ben. How many shells does Mia have now?",
]
QWEN_TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n<think>\n{% endif %}"
)
GEMMA_TEMPLATE = (
    "<bos>{% for m in messages %}<start_of_turn>{{ 'model' if m.role == 'assistant' else m.role }}\n"
    "{{ m.content }}<end_of_turn>\n{% endfor %}"
    "{% if add_generation_prompt %}<start_of_turn>model\n{% endif %}"
)


def tokenizer_of(special: list[str], marks: list[str], template: str, **named: str) -> PreTrainedTokenizerFast:
    """A byte-level BPE tokenizer with a few merges, so that any text goes in and comes back."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    tokenizer.train_from_iterator(
        CORPUS, trainers.BpeTrainer(vocab_size=300, show_progress=False, initial_alphabet=alphabet)
    )
    tokenizer.add_special_tokens([AddedToken(token, special=True) for token in special])
    tokenizer.add_tokens([AddedToken(token, special=False) for token in marks])
    wrapped = PreTrainedTokenizerFast(tokenizer_object=tokenizer, padding_side="right", **named)
    wrapped.chat_template = template
    return wrapped


def save(path, model, tokenizer) -> ModelSpec:
    # Else the output, which is the embedding again, would mostly say the last token once more.
    model.get_input_embeddings().weight.data *= 0.1
    model.save_pretrained(path)
    tokenizer.save_pretrained(path)
    return ModelSpec(str(path))


def sizes(tokenizer) -> dict:
    """Widths are multiples of 64, and weights large enough for the output to depend on every token of the input."""
    return {
        "vocab_size": len(tokenizer), "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2,
        "num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 32, "initializer_range": 0.2,
        "max_position_embeddings": 512, "tie_word_embeddings": True, "pad_token_id": tokenizer.pad_token_id,
        "bos_token_id": tokenizer.bos_token_id, "eos_token_id": tokenizer.eos_token_id,
    }  # fmt: skip


@pytest.fixture(scope="session")
def tiny(tmp_path_factory) -> Tier:
    """The mini tier with random models: a Qwen 3 teacher that thinks, a Gemma 3 student, a Qwen 3 sibling."""
    tier = tier_in(tmp_path_factory.mktemp("models"))
    # The libraries are here to stay: to look through them for garbage takes as long as a tiny training itself.
    gc.collect()
    gc.freeze()
    return tier


def tier_in(folder) -> Tier:
    """What `tiny` gives, with its models in a folder."""
    qwen = tokenizer_of(
        ["<|endoftext|>", "<|im_start|>", "<|im_end|>"], ["<think>", "</think>"], QWEN_TEMPLATE,
        eos_token="<|im_end|>", pad_token="<|endoftext|>",
    )  # fmt: skip
    gemma = tokenizer_of(
        ["<pad>", "<bos>", "<eos>", "<start_of_turn>", "<end_of_turn>"], [], GEMMA_TEMPLATE,
        bos_token="<bos>", eos_token="<end_of_turn>", pad_token="<pad>",
    )  # fmt: skip
    torch.manual_seed(0)
    teacher, sibling = (Qwen3ForCausalLM(Qwen3Config(**sizes(qwen))) for _ in range(2))
    # The window is shorter than the prompts, so that padding and sliding attention meet.
    layers = ["sliding_attention", "full_attention"]
    student = Gemma3ForCausalLM(Gemma3TextConfig(**sizes(gemma), sliding_window=16, layer_types=layers))
    save(folder / "teacher", teacher, qwen), save(folder / "student", student, gemma)
    save(folder / "sibling", sibling, qwen)
    return tier_at(folder)


def tier_at(folder) -> Tier:
    """The tier on models that `tier_in` saved in a folder."""
    return replace(
        TIERS["mini"],
        **{role: ModelSpec(str(folder / role)) for role in ("teacher", "student", "sibling")},
        max_new_tokens=12,
        answer_tokens=12,
        generate_batch=4, answer_batch=3,
    )
