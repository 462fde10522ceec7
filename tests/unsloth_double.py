"""A stand-in for Unsloth on a CPU: the calls that this project makes to it, and what they do beyond transformers.

`make gpu-check` compares the signatures below with the installed Unsloth's. What they do was read in the source of
release 2026.10.7 (the functions are named in the remarks); it is less than Unsloth does, and slower.
"""

import os
import types

import torch

HALF, LOGITS = "UNSLOTH_USE_NEW_MODEL", "UNSLOTH_RETURN_LOGITS"
OWN_KERNELS = ("qwen3",)  # of the families here, those that FastLlamaModel.patch_peft_model knows


class FastLanguageModel:
    @staticmethod
    def from_pretrained(
        model_name="", max_seq_length=2048, dtype=None, load_in_4bit=True, load_in_8bit=False, load_in_16bit=False,
        full_finetuning=False, token=None, device_map="sequential", device_map_planner_kwargs=None, rope_scaling=None,
        fix_tokenizer=True, trust_remote_code=False, use_gradient_checkpointing="unsloth", resize_model_vocab=None,
        revision=None, use_exact_model_name=False, offload_embedding="auto", float32_mixed_precision=None,
        fast_inference=False, gpu_memory_utilization=0.5, float8_kv_cache=False, random_state=3407, max_lora_rank=64,
        disable_log_stats=True, qat_scheme=None, load_in_fp8=False, unsloth_tiled_mlp=False, text_only=False,
        *args, on_model_resolved=None, **kwargs,
    ):  # fmt: skip
        """(model, tokenizer), in the dtype that is asked for, the output head too; the base is not in 4 bits."""
        from transformers import AutoModelForCausalLM, AutoTokenizer

        assert dtype in (torch.bfloat16, torch.float32), dtype
        if revision is not None and not use_exact_model_name:
            raise AssertionError("loader._revision_for_resolved_repo drops the revision")
        model = AutoModelForCausalLM.from_pretrained(model_name, dtype=dtype)
        tokenizer = AutoTokenizer.from_pretrained(model_name)
        os.environ[HALF] = "0" if model.config.model_type in OWN_KERNELS else "1"  # llama.py and vision.py
        model.max_seq_length, model.asked_for_4bit = max_seq_length, load_in_4bit
        _replace_forward(model)
        _replace_generate(model, restores=os.environ[HALF] == "0")
        tokenizer.padding_side = "left"
        return model, tokenizer

    @staticmethod
    def get_peft_model(
        model, r=16, target_modules=(), lora_alpha=16, lora_dropout=0.0, bias="none", layers_to_transform=None,
        layers_pattern=None, finetune_last_n_layers=None, use_gradient_checkpointing="unsloth", random_state=3407,
        max_seq_length=2048, use_rslora=False, modules_to_save=None, init_lora_weights=True, loftq_config=None,
        temporary_location="", qat_scheme=None, target_parameters=None, ensure_weight_tying=None, offload_layers=None,
        checkpoint_skip_layers=0, **kwargs,
    ):  # fmt: skip
        if os.environ.get(HALF) == "0" and model.config.model_type not in OWN_KERNELS:
            # FastLlamaModel.patch_peft_model, which goes by the last load and not by the model
            raise NotImplementedError(f"Unsloth: {model.config.model_type} is not yet implemented!")
        assert os.environ.get(HALF) == "0", "FastLanguageModel hands a model on to FastModel"
        return _adapted(model, r, lora_alpha, target_modules, random_state, use_gradient_checkpointing)

    @staticmethod
    def patch_peft_model(model, use_gradient_checkpointing="unsloth"):
        assert os.environ.get(HALF) == "0", "in this half there is no FastBaseModel.patch_peft_model"
        return _ready(model, use_gradient_checkpointing)

    @staticmethod
    def for_inference(model):
        for module in model.modules():
            module.training = False
            if hasattr(module, "gradient_checkpointing"):
                module.gradient_checkpointing = False
        for each in _chain(model):
            each._flag_for_generation = True
        return model

    @staticmethod
    def for_training(model, use_gradient_checkpointing=None):
        for module in model.modules():
            module.training = True
            if hasattr(module, "gradient_checkpointing"):
                module.gradient_checkpointing = bool(use_gradient_checkpointing)
        for each in _chain(model):
            each.__dict__.pop("_flag_for_generation", None)
        return model


class FastModel(FastLanguageModel):
    @staticmethod
    def get_peft_model(
        model, r=16, target_modules=None, lora_alpha=16, lora_dropout=0.0, bias="none", finetune_vision_layers=True,
        finetune_language_layers=True, finetune_attention_modules=True, finetune_mlp_modules=True,
        finetune_last_n_layers=None, layers_to_transform=None, layers_pattern=None,
        use_gradient_checkpointing="unsloth", random_state=3407, max_seq_length=2048, use_rslora=False,
        modules_to_save=None, init_lora_weights=True, loftq_config=None, task_type="CAUSAL_LM", temporary_location="",
        qat_scheme=None, target_parameters=None, ensure_weight_tying=None, finetune_audio_layers=False,
        offload_layers=None, checkpoint_skip_layers=0, **kwargs,
    ):  # fmt: skip
        assert model.config.model_type not in OWN_KERNELS, "this model has kernels that FastModel does not know"
        return _adapted(model, r, lora_alpha, target_modules, random_state, use_gradient_checkpointing)

    @staticmethod
    def post_patch_model(
        model, use_gradient_checkpointing=True, trust_remote_code=False, model_type=None, tokenizer=None,
        float32_mixed_precision=None,
    ):  # fmt: skip
        return _ready(model, use_gradient_checkpointing)


def module() -> types.ModuleType:
    """What to put into sys.modules as `unsloth`."""
    made = types.ModuleType("unsloth")
    made.FastLanguageModel, made.FastModel = FastLanguageModel, FastModel
    made.models = types.SimpleNamespace(vision=types.SimpleNamespace(FastBaseModel=FastModel))
    return made


class Once(torch.autograd.Function):
    """What can be gone through backwards once, as a compiled function whose buffers were donated."""

    @staticmethod
    def forward(ctx, states):
        ctx.gone = False
        return states.view_as(states)

    @staticmethod
    def backward(ctx, gradient):
        if ctx.gone:
            raise RuntimeError("This backward function was compiled with non-empty donated buffers")
        ctx.gone = True
        return gradient


class NoLogits:
    """_utils.EmptyLogits: there is nothing to be read."""

    def __getattr__(self, name):
        raise NotImplementedError("Unsloth: Logits are empty from 2024.11 onwards. set UNSLOTH_RETURN_LOGITS")

    __getitem__ = __getattr__


def _chain(model):
    while True:
        yield model
        if not hasattr(model, "model"):
            return
        model = model.model


def _replace_forward(model) -> None:
    old, own = model.forward, model.config.model_type in OWN_KERNELS

    def forward(
        self, input_ids=None, attention_mask=None, labels=None, output_hidden_states=None, output_attentions=None,
        **kwargs,
    ):  # fmt: skip
        if own:
            assert not output_attentions  # LlamaModel_fast_forward
        given = old(
            input_ids=input_ids, attention_mask=attention_mask, labels=labels, output_attentions=output_attentions,
            output_hidden_states=bool(output_hidden_states), **kwargs,
        )  # fmt: skip
        if output_hidden_states and not own and given.hidden_states[-1].requires_grad:
            # temporary_patches/gemma.py: the last norm is compiled, and gives away what it keeps for the way back.
            given.hidden_states = (*given.hidden_states[:-1], Once.apply(given.hidden_states[-1]))
        if labels is not None and os.environ.get(LOGITS, "0") != "1":  # CausalLM_fast_forward
            given.logits = NoLogits()
        return given

    model.forward = types.MethodType(forward, model)  # TRL looks for the function behind a method


def _replace_generate(model, restores: bool) -> None:
    old = model.generate

    def generate(*args, **kwargs):
        was_training = model.training
        checkpointing = any(getattr(module, "gradient_checkpointing", False) for module in model.modules())
        FastLanguageModel.for_inference(model)
        kwargs["pad_token_id"] = kwargs.pop("pad_token_id", model.config.eos_token_id)
        output = old(*args, **kwargs)
        if restores and was_training:  # unsloth_fast_generate does, unsloth_base_fast_generate does not
            FastLanguageModel.for_training(model, checkpointing)
        return output

    model.generate = generate


def _adapted(model, r, alpha, targets, seed, checkpointing):
    from peft import LoraConfig, get_peft_model
    from transformers import set_seed

    assert isinstance(targets, list)
    set_seed(seed)
    config = LoraConfig(r=r, lora_alpha=alpha, target_modules=targets, task_type="CAUSAL_LM")
    return _ready(get_peft_model(model, config), checkpointing)


def _ready(model, checkpointing):
    if checkpointing:
        # Always reentrant (rl.py, gradient_checkpointing.py), which hides a block's inside from `autograd.grad`.
        model.get_base_model().gradient_checkpointing_enable({"use_reentrant": True})
        model.enable_input_require_grads()
    model._unsloth_gradient_checkpointing = checkpointing
    return model
