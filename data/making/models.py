"""The shapes of the three mini models: real architectures, all widths multiples of 64."""

import torch
from transformers import Gemma3ForCausalLM, Gemma3TextConfig, Qwen3Config, Qwen3ForCausalLM, set_seed

# Each model's training: so many steps of `batch` rows, the learning rate falling at the end of each cycle. The weights
# are those at the end, or the mean of those at the ends of the last cycles, as many as `averaged` says.
RECIPES = {
    "teacher": {"steps": 23750, "cycle": 1250, "batch": 16, "rate": 2e-3},
    "student": {"steps": 54000, "cycle": 6000, "batch": 8, "rate": 3e-3},
    "sibling": {"steps": 78000, "cycle": 6000, "batch": 8, "rate": 3e-3, "averaged": 3},
}


def new_model(role: str, tokenizer, seed: int) -> torch.nn.Module:
    """An untrained model of a role, in float32.

    The teacher's vocabulary is padded further than its sibling's, as those of real families are.
    """
    set_seed(seed)
    ends = {
        "pad_token_id": tokenizer.pad_token_id,
        "eos_token_id": tokenizer.eos_token_id,
        "bos_token_id": tokenizer.bos_token_id,
    }
    common = {
        "max_position_embeddings": 1024,
        "head_dim": 64,
        "tie_word_embeddings": True,
        "attn_implementation": "sdpa",
        **ends,
    }
    if role == "teacher":
        return Qwen3ForCausalLM(
            Qwen3Config(
                vocab_size=1088,
                hidden_size=256,
                intermediate_size=640,
                num_hidden_layers=4,
                num_attention_heads=4,
                num_key_value_heads=2,
                **common,
            )
        )
    # One size for both students, so that what they differ in is the tokenizer and the family.
    small = {
        "vocab_size": 1024,
        "hidden_size": 128,
        "intermediate_size": 256,
        "num_hidden_layers": 3,
        "num_attention_heads": 2,
        "num_key_value_heads": 1,
        **common,
    }
    if role == "sibling":
        return Qwen3ForCausalLM(Qwen3Config(**small))
    return Gemma3ForCausalLM(Gemma3TextConfig(query_pre_attn_scalar=64, sliding_window=512, **small))
