"""Models by tier: load, adapt, count, unload, and how a question is put to them."""

import math
from pathlib import Path

from helpers import memory
from helpers.models.kinds import Model, Tokenizer
from helpers.models.loading import load, prepare, tokenizer_alone
from helpers.models.lora import add_lora
from helpers.models.unpacking import unpacked
from helpers.models.unsloth import answering
from helpers.tiers import ModelSpec, Tier

__all__ = [
    "add_lora", "answering", "chat_prompt", "load_sibling", "load_student", "load_teacher",
    "load_tokenizer", "parameter_count", "prepare", "prompt_ids", "text_config", "unload", "unpacked",
]


def load_teacher(tier: Tier, four_bit: bool = False) -> tuple[Model, Tokenizer]:
    """The tier's teacher and its tokenizer. Not in 4 bits unless asked: its outputs are what is to be learned.

    Raises:
        OSError: as `load_student`.
    """
    return load(tier, tier.teacher, four_bit)


def load_student(
    tier: Tier, four_bit: bool = True, adapter: str | Path | None = None, trainable: bool = False
) -> tuple[Model, Tokenizer]:
    """The tier's student and its tokenizer.

    Args:
        tier: whose student.
        four_bit: its linear layers in 4 bits (NF4), the output layer whole.
        adapter: a folder that `save_pretrained` of an adapted student wrote.
        trainable: to go on training it.

    Raises:
        OSError: with the mend, where the Hub does not give the model; FileNotFoundError, which is one, for a missing
            folder or adapter. The others are those of `helpers.models.loading.load`.
    """
    return load(tier, tier.student, four_bit, adapter, trainable)


def load_sibling(
    tier: Tier, four_bit: bool = True, adapter: str | Path | None = None, trainable: bool = False
) -> tuple[Model, Tokenizer]:
    """As `load_student`, for the student that shares the teacher's tokenizer.

    Raises:
        ValueError: if there is none.
    """
    return load(tier, _sibling(tier), four_bit, adapter, trainable)


def load_tokenizer(tier: Tier, role: str) -> Tokenizer:
    """The tokenizer alone, padding on the left, of the tier's model in a role: "teacher", "student" or "sibling".

    Raises:
        OSError: with the mend, if it cannot be had.
        ValueError: for another role or a sibling that is not there.
        ImportError: where Unsloth is needed and missing.
    """
    if role not in ("teacher", "student", "sibling"):
        raise ValueError(f"no role called {role!r}; choose from teacher, student, sibling")
    return tokenizer_alone(tier, _sibling(tier) if role == "sibling" else getattr(tier, role), role)


def unload(*models: Model) -> None:
    """Gives a model's memory back, even where a variable of the notebook still names the model.

    The weights go at once; a call of the model then raises RuntimeError.
    """
    for model in models:
        for tensor in [*model.parameters(), *model.buffers()]:
            tensor.grad = None
            tensor.data = tensor.data.new_empty(0)
            if hasattr(tensor, "quant_state"):
                tensor.quant_state = None
        for module in model.modules():
            module.forward = _unloaded
            if hasattr(module, "quant_state"):
                module.quant_state = None
    memory.give_back()


def text_config(spec: ModelSpec):
    """What a model's settings say of its text part; its weights stay where they are."""
    from transformers import AutoConfig  # not at the top: see helpers.models.loading

    return AutoConfig.from_pretrained(spec.source, revision=spec.revision).get_text_config()


def parameter_count(model: Model, trainable: bool = False) -> int:
    """How many weights a model has, or with `trainable` those that training changes.

    Tied ones count once, and one in 4 bits counts as one.
    """
    return sum(_size(weight) for weight in model.parameters() if weight.requires_grad or not trainable)


def chat_prompt(tokenizer: Tokenizer, question: str) -> str:
    """The question in the tokenizer's chat template, up to where the model's answer begins.

    The text holds the template's special tokens already: tokenize it with add_special_tokens=False.
    """
    messages = [{"role": "user", "content": question}]
    return tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)


def opens_reasoning(tokenizer: Tokenizer, question: str = "How many?") -> bool:
    """Whether the chat template itself writes the `<think>` with which an answer begins."""
    return chat_prompt(tokenizer, question).rstrip().endswith("<think>")


def prompt_ids(tokenizer: Tokenizer, question: str) -> list[int]:
    """The token ids of `chat_prompt`.

    Raises:
        ValueError: if there is a BOS token and the template writes not exactly one: what the question itself says does
            not count.
    """
    ids = tokenizer(chat_prompt(tokenizer, question), add_special_tokens=False).input_ids
    bos = tokenizer.bos_token_id
    if bos is not None and ids.count(bos) != 1:
        count = ids.count(bos) - tokenizer(question, add_special_tokens=False).input_ids.count(bos)
        if count != 1:
            raise ValueError(f"the prompt has {count} BOS tokens and needs exactly one")
    return ids


def _sibling(tier: Tier) -> ModelSpec:
    if tier.sibling is None:
        raise ValueError(f"the {tier.name} tier has no sibling: no smaller model shares its teacher's tokenizer")
    return tier.sibling


def _size(weight) -> int:
    # Two 4-bit weights share a byte, so the tensor itself holds half as many entries as the layer has weights.
    state = getattr(weight, "quant_state", None)
    return math.prod(state.shape) if state is not None else weight.numel()


def _unloaded(*args, **kwargs):
    raise RuntimeError("this model was unloaded; load it again")
