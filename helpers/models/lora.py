"""Low-rank adapters: a fresh one on the linear layers of a frozen model."""

from helpers.models import unsloth
from helpers.models.kinds import Model
from helpers.tiers import Lora


def add_lora(model: Model, lora: Lora, seed: int) -> Model:
    """The model with a fresh adapter on its linear layers; only the adapter is trainable. Same seed, same adapter.

    Raises:
        ValueError: as `lora_targets`.
    """
    targets = lora_targets(model, lora.targets)
    if unsloth.loaded(model):
        return unsloth.add_lora(model, lora, targets, seed)
    import torch
    from peft import LoraConfig, get_peft_model, prepare_model_for_kbit_training

    if getattr(model, "is_loaded_in_4bit", False):
        # Freezes the base and turns what is in 16 bits into float32. Checkpointing is the trainer's to choose.
        model = prepare_model_for_kbit_training(model, use_gradient_checkpointing=False)
    config = LoraConfig(r=lora.r, lora_alpha=lora.alpha, target_modules=targets, task_type="CAUSAL_LM")
    with torch.random.fork_rng():  # the random numbers of whoever calls go on as if nothing had been drawn
        torch.manual_seed(seed)
        return get_peft_model(model, config)


def lora_weights(n_in: int, n_out: int, r: int) -> int:
    """How many weights an adapter of rank r adds to a linear layer of n_in inputs and n_out outputs.

    Source: Hu et al. 2021, "LoRA: Low-Rank Adaptation of Large Language Models" (arXiv 2106.09685), section 4.1.
    """
    return r * n_in + n_out * r


# `lora_weights` as beginners write it, and what is wrong with it: for `check.function`.
SLIPS = {
    lambda n_in, n_out, r: n_in * n_out: "that is the frozen matrix itself",
    lambda n_in, n_out, r: n_in * r: "and the second matrix?",
    lambda n_in, n_out, r: n_out * r: "and the first matrix?",
    lambda n_in, n_out, r: n_in * n_out * r: "the two are not one product",
    lambda n_in, n_out, r: n_in * n_out + r * (n_in + n_out): "the frozen matrix is there already: only what is added",
}


def lora_targets(model: Model, wanted: str | tuple[str, ...]) -> list[str]:
    """The names of the linear layers to adapt, each of which the model really has.

    Args:
        model: with its output layer.
        wanted: as `Lora.targets`.

    Raises:
        ValueError: if one names no linear layer of the model, or the output layer, or if there is none.
    """
    from torch.nn import Linear

    output = model.get_output_embeddings()
    layers = [name for name, one in model.named_modules() if isinstance(one, Linear) and one is not output]
    names = sorted({name.rpartition(".")[2] for name in layers})
    targets = names if wanted == "all-linear" else [wanted] if isinstance(wanted, str) else list(wanted)
    if not targets:
        raise ValueError(f"no layer is to get an adapter, so nothing would be trained; there are {', '.join(names)}")
    for target in targets:
        if target.rpartition(".")[2] == "lm_head":
            raise ValueError("lm_head takes no adapter: losses that never hold all logits read its weight directly")
        # As PEFT matches: a whole name, or its end from a dot on. PEFT itself passes over a name without a match.
        if not any(name == target or name.endswith(f".{target}") for name in layers):
            raise ValueError(
                f"no linear layer of {type(model).__name__} is called {target!r}, so it would get no adapter; "
                f"there are {', '.join(names)}"
            )
    return targets
