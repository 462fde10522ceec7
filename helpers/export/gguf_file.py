"""From a merged model to one GGUF file, for llama.cpp and Ollama: Qwen 3 and Gemma 3 (text), nothing else."""

import os
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from helpers import disk
from helpers.export.vocabulary import add_tokenizer
from helpers.provenance import no_bars

# The kinds of numbers, and what llama.cpp calls a file of them. Norms stay in 32 bits.
KINDS = {"f32": "ALL_F32", "f16": "MOSTLY_F16", "bf16": "MOSTLY_BF16", "q8_0": "MOSTLY_Q8_0"}
FAMILIES = {"qwen3": "qwen3", "gemma3_text": "gemma3"}  # what transformers calls them, and what llama.cpp does
EVERY = 6  # Gemma 3: every sixth layer looks back without end, which llama.cpp has by heart


def check_kind(kind: str) -> None:
    """Looks whether a file of this kind of numbers can be written, before anything is made for it.

    Raises:
        ValueError: for another kind than KINDS.
        ImportError: where the package that writes the files is missing, with the mend.
    """
    if find_spec("gguf") is None:
        mend = "pip install --no-deps -r requirements-smollm2.txt"
        raise ImportError(f"gguf is not installed, which GGUF files are written with: {mend}")
    if kind not in KINDS:
        raise ValueError(f"kind is {kind!r}: choose from {', '.join(KINDS)}")


def write(folder: Path, path: Path, kind: str) -> None:
    """Writes a model's weights, settings, tokenizer, chat template and end of turn to one GGUF file, whole or not.

    Args:
        folder: a merged model, as `save_pretrained` wrote it.
        path: of the file.
        kind: one of KINDS. A matrix whose width is no multiple of 32 stays in f16 in a file of q8_0.

    Raises:
        ValueError: for an architecture that is not in FAMILIES, for settings that the format cannot say, and as
            `check_kind` and `vocabulary.add_tokenizer`.
        ImportError: as `check_kind`.
    """
    check_kind(kind)
    import gguf
    from transformers import AutoConfig, AutoTokenizer

    config, tokenizer = AutoConfig.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)
    check(config)
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = gguf.GGUFWriter(part, FAMILIES[config.model_type], use_temp_file=True)
    try:
        writer.add_type(gguf.GGUFType.MODEL)
        writer.add_name(folder.name)
        writer.add_file_type(gguf.LlamaFileType[KINDS[kind]])
        writer.add_quantization_version(gguf.GGML_QUANT_VERSION)
        _settings(writer, config)
        add_tokenizer(writer, folder, tokenizer, config.vocab_size)
        for name, data, form in _tensors(folder, config, kind):
            writer.add_tensor(name, data, raw_dtype=form)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        with no_bars():
            writer.write_tensors_to_file()
        writer.close()
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def check(config) -> None:
    """Looks whether a GGUF file can say how a model computes.

    Args:
        config: as transformers gives it.

    Raises:
        ValueError: naming what it cannot say.
    """
    mend = "Keep the merged model, which transformers reads, or convert it with llama.cpp's own convert_hf_to_gguf.py"
    if config.model_type not in FAMILIES:
        raise ValueError(f"{config.model_type} is neither Qwen 3 nor Gemma 3 (text), which can be written here. {mend}")
    ropes = config.rope_parameters
    kinds = {rope["rope_type"] for rope in (ropes.values() if "rope_theta" not in ropes else [ropes])}
    faults = {
        f"positions of the kind {', '.join(map(repr, sorted(kinds)))}": kinds != {"default"},
        "attention with a bias": config.attention_bias,
    }
    if config.model_type == "gemma3_text":
        layers = range(1, config.num_hidden_layers + 1)
        usual = ["full_attention" if i % EVERY == 0 else "sliding_attention" for i in layers]
        scale, width = config.query_pre_attn_scalar, config.head_dim
        faults |= {
            f"layers {config.layer_types}, where llama.cpp takes every {EVERY}th for full attention":
                config.layer_types != usual,
            f"query_pre_attn_scalar {scale} beside head_dim {width}": scale != width,
            "logits with a soft cap": config.final_logit_softcapping or config.attn_logit_softcapping,
        }  # fmt: skip
    else:
        faults["sliding attention in Qwen 3"] = "sliding_attention" in config.layer_types
    if any(faults.values()):
        raise ValueError(f"a GGUF file cannot say: {'; '.join(what for what, so in faults.items() if so)}. {mend}")


def _settings(writer, config) -> None:
    writer.add_block_count(config.num_hidden_layers)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_key_length(config.head_dim)
    writer.add_value_length(config.head_dim)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    ropes = config.rope_parameters
    writer.add_rope_freq_base(ropes.get("full_attention", ropes)["rope_theta"])
    if config.model_type == "gemma3_text":
        writer.add_sliding_window(config.sliding_window)
        writer.add_rope_freq_base_swa(ropes["sliding_attention"]["rope_theta"])


def _tensors(folder: Path, config, kind: str) -> Iterator[tuple]:
    """Name, data and form of each tensor, one at a time."""
    import gguf
    import torch
    from safetensors import safe_open

    family = next(arch for arch, name in gguf.MODEL_ARCH_NAMES.items() if name == FAMILIES[config.model_type])
    names = gguf.get_tensor_name_map(family, config.num_hidden_layers)
    for file in sorted(folder.glob("*.safetensors")):
        with safe_open(file, "pt") as tensors:
            for name in tensors.keys():  # noqa: SIM118  (no dictionary: it has nothing but keys)
                weight = tensors.get_tensor(name).to(torch.float32)
                to = names.get_name(name, try_suffixes=(".weight", ".bias"))
                if to is None:
                    raise ValueError(f"{disk.shown(file)} has {name}, unknown to GGUF in {config.model_type}")
                if config.model_type == "gemma3_text" and name.endswith("norm.weight"):
                    weight = weight + 1  # Gemma multiplies by 1 + weight, llama.cpp by the weight
                form = kind if weight.ndim > 1 else "f32"
                form = "f16" if form == "q8_0" and weight.shape[-1] % 32 else form
                form = gguf.GGMLQuantizationType[form.upper()]
                yield to, gguf.quants.quantize(weight.numpy(), form), form
