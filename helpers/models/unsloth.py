"""What Unsloth wants otherwise than transformers: its import, loading, adapters, and the change between modes.

Unsloth replaces what transformers, PEFT and TRL do while it is imported and while it loads a model, and keeps some of
what it then knows in environment variables. `make gpu-check` compares every call here with the installed Unsloth; the
remarks are on release 2026.10.7.
"""

import os
import random
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from helpers.models.kinds import Dtype, Model, Tokenizer
from helpers.tiers import Lora, ModelSpec, Tier

# By this variable Unsloth tells its halves apart. The last load writes here which of them loaded it: "0" the one that
# has kernels of its own for a family, such as Qwen 3, "1" the one that compiles what transformers has, such as Gemma 3.
HALF = "UNSLOTH_USE_NEW_MODEL"
LOGITS = "UNSLOTH_RETURN_LOGITS"  # "1": logits also where labels are given
REPLACED = ("trl", "transformers", "peft")
# Ours that derive from a trainer of a library. What Unsloth puts in its place does not reach what was derived before.
DERIVED = ("helpers.training.own_loss", "helpers.methods.preference")


def used(tier: Tier) -> bool:
    """Whether a tier's models come through Unsloth here."""
    import torch

    return tier.engine == "unsloth" and torch.cuda.is_available()


def loaded(model: Model) -> bool:
    """Whether a model, or the one under an adapter, came through Unsloth."""
    return getattr(model, "loaded_by_unsloth", None) is not None


def first() -> None:
    """Imports Unsloth, which must come before what it replaces.

    Warns where TRL, transformers or PEFT was imported before.

    Raises:
        RuntimeError: where a trainer was made of TRL's before.
        ImportError: if Unsloth is missing.
    """
    if "unsloth" not in sys.modules:
        # Without it a call with labels gives no logits. `without_logits` saves their memory where nobody looks at them.
        os.environ[LOGITS] = "1"
        # It would ask the Hub for a file at each load, to be counted there.
        os.environ.setdefault("UNSLOTH_DISABLE_STATISTICS", "1")
        if any(name in sys.modules for name in DERIVED):
            raise RuntimeError(
                "trainers of this project were imported before Unsloth and stand on what it replaces, and do not know "
                "its models: restart the kernel, and load a model or a tokenizer before anything else, or begin with "
                "models.prepare(tier)"
            )
        early = [name for name in REPLACED if name in sys.modules]
        if early:
            warnings.warn(
                f"{' and '.join(early)} came before Unsloth, which is then slower and needs more memory: restart the "
                "kernel, and load a model or a tokenizer before that import, or begin with models.prepare(tier)",
                stacklevel=2,
            )
    try:
        import unsloth  # noqa: F401
    except ImportError as error:
        raise ImportError("this tier needs Unsloth on a GPU: pip install -r requirements-gpu.txt") from error


def load(spec: ModelSpec, four_bit: bool, dtype: Dtype, longest: int) -> tuple[Model, Tokenizer]:
    """The model and its tokenizer.

    Args:
        spec: which model.
        four_bit: whether its linear layers are held in 4 bits.
        dtype: bfloat16 or float32, for Gemma 3 overflows in float16. On a card without bfloat16, Unsloth holds Gemma 3
            in bfloat16 whatever is asked, and computes in float16 where that is safe and in float32 elsewhere.
        longest: tokens of the longest sequence; a longer one would be cut off without an error.

    Raises:
        ValueError: for float16.
    """
    if str(dtype) == "torch.float16":
        raise ValueError("Gemma 3 overflows in float16: load in bfloat16, or in float32")
    from unsloth import FastLanguageModel

    model, tokenizer = FastLanguageModel.from_pretrained(
        spec.source,
        revision=spec.revision,
        use_exact_model_name=True,  # else Unsloth takes a copy of its own, to which the revision does not apply
        dtype=dtype,
        load_in_4bit=four_bit,
        use_safetensors=True,
        max_seq_length=longest,
    )
    model.loaded_by_unsloth = os.environ.get(HALF, "0")
    return model, tokenizer


def add_lora(model: Model, lora: Lora, targets: list[str], seed: int) -> Model:
    """The model with a fresh adapter. Everybody's random numbers go on as if nothing had been drawn.

    Through Unsloth and not through PEFT alone: it puts its kernels for LoRA into the layers, turns on its
    checkpointing, and gives the model the functions by which its trainers change modes.
    """
    with _set(HALF, model.loaded_by_unsloth), _undisturbed():
        return _half_of(model).get_peft_model(
            model,
            r=lora.r,
            lora_alpha=lora.alpha,
            lora_dropout=0,
            bias="none",
            target_modules=targets,
            use_gradient_checkpointing="unsloth",
            random_state=seed,
        )


def with_adapter(model: Model, folder: Path, trainable: bool) -> Model:
    """The model with a saved adapter: PEFT reads it, and if it is to be trained Unsloth gets it ready as its own."""
    from peft import PeftModel

    adapted = PeftModel.from_pretrained(model, folder, is_trainable=trainable)
    if not trainable:
        return adapted
    from unsloth import FastLanguageModel, FastModel

    with _set(HALF, model.loaded_by_unsloth):
        if model.loaded_by_unsloth == "1":
            return FastModel.post_patch_model(adapted, use_gradient_checkpointing="unsloth")
        return FastLanguageModel.patch_peft_model(adapted, use_gradient_checkpointing="unsloth")


@contextmanager
def answering(model: Model) -> Iterator[None]:
    """A model in evaluation mode for a moment, and then in the mode in which it was.

    At each `generate`, Unsloth switches its models to inference and turns checkpointing off. `model.train()` alone does
    not turn it on again: a training would go on from its first validation without it, and run out of memory.
    """
    was_training = model.training
    checkpointing = next(filter(None, (getattr(m, "gradient_checkpointing", False) for m in model.modules())), False)
    model.eval()
    try:
        yield
    finally:
        if was_training and loaded(model):
            _half_of(model).for_training(model, use_gradient_checkpointing=checkpointing)
        model.train(was_training)


def without_logits():
    """No logits for calls with labels, for a while: with 262,144 of them a batch would need more than a card has.

    No training here looks at them: the loss on tokens is Unsloth's own, which never holds them all, and the other
    losses read hidden states, from calls without labels.
    """
    return _set(LOGITS, "0")


def _half_of(model):
    """The half of Unsloth that loaded a model. FastLanguageModel would go by the last load instead.

    A Gemma student that was loaded before its Qwen teacher would be taken for a Qwen.
    """
    from unsloth import FastLanguageModel, FastModel

    return FastModel if model.loaded_by_unsloth == "1" else FastLanguageModel


@contextmanager
def _set(variable: str, value: str) -> Iterator[None]:
    """An environment variable with another value for a moment."""
    before = os.environ.get(variable)
    os.environ[variable] = value
    try:
        yield
    finally:
        os.environ.pop(variable)
        if before is not None:
            os.environ[variable] = before


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Unsloth sets the seed of Python, NumPy and PyTorch: put back what they were at."""
    import torch

    python, numpy = random.getstate(), np.random.get_state()
    with torch.random.fork_rng():
        try:
            yield
        finally:
            random.setstate(python)
            np.random.set_state(numpy)
