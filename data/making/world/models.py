"""The shapes of the open world's three mini models: real architectures, all widths multiples of 64."""

import torch
from transformers import Gemma3ForCausalLM, Gemma3TextConfig, Qwen3Config, Qwen3ForCausalLM, set_seed

# Each model's training: so many tokens read, padding not counted, and the plateau's learning rate of AdamW's part.
RECIPES = {
    "teacher": {"tokens": 100_000_000, "rate": 4e-3},
    "student": {"tokens": 60_000_000, "rate": 4e-3},
    "sibling": {"tokens": 60_000_000, "rate": 4e-3},
}
TEACHER = {
    "vocab_size": 2112,  # padded further than the sibling's, as in real families
    "hidden_size": 256,
    "intermediate_size": 768,
    "num_hidden_layers": 6,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
}
# One size for both students, so that what they differ in is the tokenizer and the family.
STUDENT = {
    "vocab_size": 2048,
    "hidden_size": 128,
    "intermediate_size": 256,
    "num_hidden_layers": 5,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
}


def new_model(role: str, tokenizer, seed: int, **changed) -> torch.nn.Module:
    """An untrained model of a role, in float32; changed: entries of its shape that are to be others."""
    set_seed(seed)
    shape = {
        "max_position_embeddings": 1024,
        "head_dim": 64,
        "tie_word_embeddings": True,
        "attn_implementation": "sdpa",
        "pad_token_id": tokenizer.pad_token_id,
        "eos_token_id": tokenizer.eos_token_id,
        "bos_token_id": tokenizer.bos_token_id,
        **(TEACHER if role == "teacher" else STUDENT),
        **changed,
    }
    if role == "student":
        return Gemma3ForCausalLM(Gemma3TextConfig(query_pre_attn_scalar=64, sliding_window=512, **shape))
    return Qwen3ForCausalLM(Qwen3Config(**shape))
