"""What a model holds inside while it reads a batch: hidden states, values or attention of some layers, in one pass."""

from collections.abc import Sequence
from contextlib import ExitStack

import torch

from helpers import losses
from helpers.models import unsloth


def read(
    model: torch.nn.Module, inputs: dict, signal: str, wanted: Sequence[int]
) -> tuple[torch.Tensor, list[torch.Tensor]]:
    """What the output head is given, and the signal of each wanted layer.

    Args:
        model: a causal language model, with an adapter or without.
        inputs: what the model is given, input_ids and attention_mask.
        signal: "hidden", (batch, length, width); "values", what a layer's value projection gives, (batch, length, key
            and value heads x head's width); "attention", (batch, length, heads, length), where each place looks.
        wanted: numbers of layers, as `losses.layer_maps` counts them. Asked for at each call, because Unsloth's models
            give hidden states only where a call asks.

    Returns:
        (batch, length, width), after the last norm; and for each wanted layer its signal.

    Raises:
        ValueError: if a model does not give what is asked for, with the mend.
    """
    if signal == "attention" and unsloth.loaded(model):
        raise ValueError("Unsloth's kernels never hold the attention: choose relations, or engine='transformers'")
    caught: dict[int, torch.Tensor] = {}
    with ExitStack() as hooks:
        for layer in set(wanted) if signal == "values" else ():
            hooks.callback(_catch(model, layer, caught).remove)
        # One place's logits instead of all: they are not used.
        given = model(
            **inputs, output_hidden_states=True, output_attentions=signal == "attention", logits_to_keep=1,
            use_cache=False,
        )  # fmt: skip
    if not given.hidden_states:
        raise ValueError(f"{type(model).__name__} gave no hidden states: see that nothing in it turns them off")
    if signal == "hidden":
        found = [given.hidden_states[layer] for layer in wanted]
    elif signal == "values":
        if set(caught) != set(wanted):
            raise ValueError("the value projections were never called, as with Unsloth's fused kernels: use relations")
        found = [caught[layer] for layer in wanted]
        if given.hidden_states[-1].requires_grad and not all(each.requires_grad for each in found):
            # Reentrant checkpointing, as Unsloth's: a hook sees the pass without gradients, so nothing would be learnt.
            raise ValueError(
                "the values have no gradient: checkpointing hides it, or no adapter lies before them; use relations, "
                "or train with gradient_checkpointing=False"
            )
    else:
        if not given.attentions or given.attentions[0] is None:
            raise ValueError('the model gives no attention: call model.set_attn_implementation("eager") first')
        found = [given.attentions[layer - 1].transpose(1, 2) for layer in wanted]
    return given.hidden_states[-1], found


def learnt(signal: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """The signal where the next token is learnt: (tokens, ...), in the order of `losses.targets`."""
    return losses.learnt(signal.flatten(2), labels).unflatten(-1, signal.shape[2:])


def sizes(labels: torch.Tensor) -> list[int]:
    """How many tokens of each text of (batch, length) labels are learnt, as `learnt` gives them."""
    return (labels[:, 1:] != losses.IGNORED).sum(1).tolist()


def _catch(model, layer: int, into: dict[int, torch.Tensor]):
    """Puts what the layer's value projection gives into a dictionary, until the handle that it returns is removed."""
    ending = f"layers.{layer - 1}.self_attn.v_proj"
    module = next((one for name, one in model.named_modules() if name.endswith(ending)), None)
    if module is None:
        raise ValueError(f"{type(model).__name__} has no module ...{ending}: layer {layer} has no values to compare")
    return module.register_forward_hook(lambda module, given, output: into.update({layer: output}))
