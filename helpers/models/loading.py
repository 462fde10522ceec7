"""From a ModelSpec to a model and its tokenizer: Unsloth on a CUDA GPU, transformers elsewhere."""

import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

from helpers import provenance
from helpers.models import gpu_errors, hub_errors, threads, unsloth
from helpers.models.chat import end_with_the_turn
from helpers.models.kinds import Model, Tokenizer
from helpers.tiers import ModelSpec, Tier

# transformers, peft and unsloth are imported inside the functions: Unsloth speeds the other two up by
# changing them, and can do so only if it is imported before them.

# On some processors bitsandbytes looks for a faster kernel on the Hub and warns that it has none. It is not wanted:
# it would be code from the network.
logging.getLogger("bitsandbytes.backends.cpu.ops").setLevel(logging.ERROR)
# transformers imports torchao with the first model. Where there is no card, that warns of each of its kernels for one,
# and of a way to register constants that a later torch will not have.
for _name in ("torchao", "torch.utils._pytree"):
    logging.getLogger(_name).setLevel(logging.ERROR)


def load(
    tier: Tier, spec: ModelSpec, four_bit: bool, adapter: str | Path | None = None, trainable: bool = False
) -> tuple[Model, Tokenizer]:
    """The model in evaluation mode, and the tokenizer padding on the left.

    Args:
        tier: says through what it is loaded, and how long its sequences are.
        spec: which model.
        four_bit: whether its linear layers are held in 4 bits (NF4).
        adapter: a folder that `save_pretrained` of an adapted model wrote.
        trainable: whether the adapter is to be trained further.

    Raises:
        FileNotFoundError: for a missing folder or adapter.
        OSError: for a file that is not whole, and where the Hub does not give the model or the disk has no room for it.
        ImportError: where Unsloth is needed and missing.
        RuntimeError: where it comes too late, or where there is a card that PyTorch cannot use.
        ValueError: for a tokenizer whose padding hides the end.
    """
    prepare(tier)
    _check(spec)
    with gpu_errors.enough_memory("loading"), _told(spec):
        if unsloth.used(tier):
            longest = max(tier.max_length, 1024 + tier.max_new_tokens)
            model, tokenizer = unsloth.load(spec, four_bit, _dtype(), longest)
        else:
            model, tokenizer = _from_transformers(spec, four_bit)
        if adapter is not None:
            model = _with_adapter(model, Path(adapter), trainable)
    return model.eval(), _padded_on_the_left(tokenizer, spec)


def prepare(tier: Tier) -> None:
    """What must come before transformers, PEFT and TRL where the tier runs through Unsloth: its import.

    Raises:
        ImportError: if it is missing.
        RuntimeError: if it comes too late, or PyTorch cannot use the card that there is.
    """
    unseen = gpu_errors.unseen_card() if tier.engine == "unsloth" else None
    if unseen:
        raise RuntimeError(unseen)
    if unsloth.used(tier):
        unsloth.first()


def tokenizer_alone(tier: Tier, spec: ModelSpec, role: str) -> Tokenizer:
    """The tokenizer without its model.

    Raises:
        OSError: naming the role and the mend, if it cannot be had.
        ImportError: as `load`, and RuntimeError and ValueError too.
    """
    prepare(tier)  # before transformers, in case the model is loaded next
    from transformers import AutoTokenizer

    if spec.local:
        hub_errors.check_files(Path(spec.source))
    try:
        tokenizer = AutoTokenizer.from_pretrained(spec.source, revision=spec.revision)
    except (OSError, ValueError) as error:
        mend = provenance.how_to_get(spec) if spec.local else hub_errors.mend(error, spec.name) or str(error)
        raise OSError(f"the tokenizer of {spec.name}, the {role}, could not be loaded: {mend}") from error
    return _padded_on_the_left(tokenizer, spec)


def _padded_on_the_left(tokenizer, spec):
    end_with_the_turn(tokenizer)  # before the padding is looked at: a base model pads with its old eos_token
    if tokenizer.pad_token_id is None or tokenizer.pad_token_id == tokenizer.eos_token_id:
        raise ValueError(
            f"{spec.name} has no padding token of its own. Padding with the end token would hide every end from the "
            "loss, and the model would never learn to stop: set tokenizer.pad_token to a token that it never writes"
        )
    tokenizer.padding_side = "left"  # an answer is written on from the right end of the prompt
    return tokenizer


def _from_transformers(spec, four_bit):
    from transformers import AutoModelForCausalLM, AutoTokenizer, BitsAndBytesConfig

    quantization = None
    if four_bit:
        quantization = BitsAndBytesConfig(
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_use_double_quant=True,
            bnb_4bit_compute_dtype=_dtype(),
            llm_int8_skip_modules=["lm_head"],
        )
    tokenizer = AutoTokenizer.from_pretrained(spec.source, revision=spec.revision)
    with provenance.no_bars() if spec.local else nullcontext():  # a folder is read at once
        model = AutoModelForCausalLM.from_pretrained(
            spec.source,
            revision=spec.revision,
            dtype=_dtype(),
            quantization_config=quantization,
            use_safetensors=True,
            device_map={"": _device()},
        )
    for module in model.modules():
        # On processors with AVX512-BF16, bitsandbytes packs a layer anew at its first evaluation. A packed
        # layer passes no gradient on, so a model that was scored once would no longer learn, and nothing would
        # say so. It also wants widths that are multiples of 64 and rounds to bfloat16.
        if hasattr(module, "support_avx512bf16_for_cpu"):
            module.support_avx512bf16_for_cpu = False
    threads.set_for(model)
    return model, tokenizer


def _device() -> str:
    """The card of this process: of several (torchrun, accelerate) each has its own, which LOCAL_RANK names."""
    import torch

    return f"cuda:{os.environ.get('LOCAL_RANK', 0)}" if torch.cuda.is_available() else "cpu"


def _dtype():
    """The format that the hardware computes in. Never float16: Gemma 3 overflows in it."""
    import torch

    if not torch.cuda.is_available():
        return torch.float32
    native = torch.cuda.is_bf16_supported(including_emulation=False)
    if not native:
        warnings.warn(gpu_errors.NO_BFLOAT16, stacklevel=2)
    return torch.bfloat16 if native else torch.float32


def _check(spec) -> None:
    """Raises, before anything large is loaded, if the model cannot be had, and says the mend."""
    if spec.local:
        folder = Path(spec.source)
        if not (folder / "config.json").is_file() or not any(folder.glob("*.safetensors")):
            raise FileNotFoundError(f"there is no model in {spec.name}: {provenance.how_to_get(spec)}")
        hub_errors.check_files(folder)
        return
    from transformers import AutoConfig

    with _told(spec):
        AutoConfig.from_pretrained(spec.source, revision=spec.revision)
    hub_errors.check_space(spec)


@contextmanager
def _told(spec) -> Iterator[None]:
    """What the Hub or the disk does in the middle of a download, with its mend; other errors as they are."""
    try:
        yield
    except (OSError, RuntimeError) as error:  # Unsloth makes a RuntimeError of some
        mend = None if spec.local else hub_errors.mend(error, spec.name)
        if mend is None:
            raise
        raise OSError(f"{spec.name} at revision {spec.revision} could not be loaded: {mend}") from error


def _with_adapter(model, folder, trainable):
    if not (folder / "adapter_model.safetensors").is_file():
        raise FileNotFoundError(f"there is no adapter in {folder}: it needs adapter_model.safetensors")
    hub_errors.check_files(folder)
    if unsloth.loaded(model):
        return unsloth.with_adapter(model, folder, trainable)
    from peft import PeftModel

    return PeftModel.from_pretrained(model, folder, is_trainable=trainable)
