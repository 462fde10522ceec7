"""The files of the real models' repositories, without their weights: config, generation and tokenizer settings.

As they were published. For a rehearsal the sizes are not: width and depth are shrunk, the vocabulary is whole.
"""

import json
from dataclasses import dataclass, field

from planner.shapes import FIELDS, shape_of

from rehearsal import tokenizers as real_tokenizers

HYBRID_PROMPT = """{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
    {%- if enable_thinking is defined and enable_thinking is false %}
        {{- '<think>\\n\\n</think>\\n\\n' }}
    {%- endif %}
{%- endif %}"""
THINKING_PROMPT = """{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n<think>\\n' }}
{%- endif %}"""
# The fields of config.json as in the real repositories, but for the sizes.
QWEN3 = {
    "architectures": ["Qwen3ForCausalLM"], "model_type": "qwen3", "attention_bias": False, "attention_dropout": 0.0,
    "bos_token_id": 151643, "eos_token_id": 151645, "hidden_act": "silu", "initializer_range": 0.02,
    "max_position_embeddings": 40960, "max_window_layers": 28, "rms_norm_eps": 1e-6, "rope_scaling": None,
    "rope_theta": 1000000, "sliding_window": None, "tie_word_embeddings": True, "torch_dtype": "bfloat16",
    "transformers_version": "4.51.0", "use_cache": True, "use_sliding_window": False, "vocab_size": 151936,
}  # fmt: skip
GEMMA3 = {
    "architectures": ["Gemma3ForCausalLM"], "model_type": "gemma3_text", "attention_bias": False,
    "attention_dropout": 0.0, "attn_logit_softcapping": None, "bos_token_id": 2, "eos_token_id": [1, 106],
    "final_logit_softcapping": None, "hidden_activation": "gelu_pytorch_tanh", "initializer_range": 0.02,
    "max_position_embeddings": 32768, "pad_token_id": 0, "query_pre_attn_scalar": 256, "rms_norm_eps": 1e-6,
    "rope_local_base_freq": 10000, "rope_scaling": None, "rope_theta": 1000000, "sliding_window": 512,
    "torch_dtype": "bfloat16", "transformers_version": "4.50.0.dev0", "use_cache": True, "vocab_size": 262144,
}  # fmt: skip
# The package's tokenizer ends with a turn; Google's own ends with a text.
GEMMA_ENDS = {"eos_token": "<eos>", "model_max_length": 1000000000000000019884624838656}
QWEN_WRITES = {"bos_token_id": 151643, "do_sample": True, "eos_token_id": [151645, 151643], "pad_token_id": 151643,
               "temperature": 0.6, "top_k": 20, "top_p": 0.95}  # fmt: skip
GEMMA_WRITES = {"bos_token_id": 2, "do_sample": True, "eos_token_id": [1, 106], "pad_token_id": 0, "top_k": 64,
                "top_p": 0.95}  # fmt: skip


@dataclass(frozen=True)
class Model:
    """What makes one repository: its family, and what differs from the family's fields in each of its files."""

    family: str
    config: dict = field(default_factory=dict)
    generation: dict = field(default_factory=dict)
    tokenizer: dict = field(default_factory=dict)
    thinks: bool = False


MODELS = {
    "Qwen/Qwen3-4B-Thinking-2507": Model(
        "qwen3", {"max_position_embeddings": 262144, "rope_theta": 5000000, "max_window_layers": 36}, QWEN_WRITES,
        {"model_max_length": 262144}, thinks=True,
    ),
    "Qwen/Qwen3-0.6B": Model("qwen3", {}, QWEN_WRITES),
    # A base model ends texts, not turns: its own end token is also its padding.
    "Qwen/Qwen3-0.6B-Base": Model(
        "qwen3", {"eos_token_id": 151643, "max_position_embeddings": 32768},
        {"bos_token_id": 151643, "do_sample": False, "eos_token_id": 151643, "max_new_tokens": 2048},
        {"eos_token": "<|endoftext|>"},
    ),
    "google/gemma-3-1b-it": Model(
        "gemma3", {"cache_implementation": "hybrid"}, {**GEMMA_WRITES, "cache_implementation": "hybrid"}, GEMMA_ENDS
    ),
    "google/gemma-3-270m-it": Model(
        "gemma3", {"eos_token_id": 1, "layer_types": [], "_sliding_window_pattern": 6,
                   "use_bidirectional_attention": False}, GEMMA_WRITES, GEMMA_ENDS,
    ),
}  # fmt: skip


def files_of(name: str, whole: bool = False) -> dict[str, dict]:
    """config.json, generation_config.json and tokenizer_config.json of a model.

    Args:
        name: one of MODELS.
        whole: in the sizes in which it was published; else of two layers, each 64 wide.

    Raises:
        KeyError: for a model that is not in MODELS.
        OSError: as `real_tokenizers.path_of`.
    """
    model, shape = MODELS[name], shape_of(name)
    sizes = {field: getattr(shape, field) for field in FIELDS}
    if not whole:
        # Widths are multiples of 64, which 4-bit layers need on some processors; heads to key-value heads as they are.
        heads = sizes["num_attention_heads"] // sizes["num_key_value_heads"]
        sizes |= {
            "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": heads,
            "num_key_value_heads": 1, "head_dim": 64,
        }  # fmt: skip
    config = {**(QWEN3 if model.family == "qwen3" else GEMMA3), **model.config, **sizes}
    if model.family == "gemma3":  # every sixth layer looks back without end; of two, the second
        every = 6 if whole else 2
        layers = range(1, sizes["num_hidden_layers"] + 1)
        kinds = ["sliding_attention" if layer % every else "full_attention" for layer in layers]
        config |= {"layer_types": kinds} if "layer_types" in config else {"sliding_window_pattern": every}
    settings = json.loads(real_tokenizers.path_of(model.family, real_tokenizers.SETTINGS).read_text(encoding="utf-8"))
    if model.thinks:
        settings["chat_template"] = thinking(settings["chat_template"])
    return {
        "config.json": config, "generation_config.json": model.generation,
        "tokenizer_config.json": settings | model.tokenizer,
    }  # fmt: skip


def whole_files_of(name: str) -> dict[str, dict]:
    """As `files_of`, in the sizes in which the model was published."""
    return files_of(name, whole=True)


def thinking(template: str) -> str:
    """Qwen3's hybrid template as the thinking-only models have it: the prompt opens the reasoning, always.

    Raises:
        ValueError: if the template does not end as the hybrid one.
    """
    if template.count(HYBRID_PROMPT) != 1:
        raise ValueError("Qwen3's template does not end as it did: compare it with HYBRID_PROMPT")
    return template.replace(HYBRID_PROMPT, THINKING_PROMPT)
