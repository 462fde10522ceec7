"""A model's output head alone: what makes logits of hidden states, for some tokens at a time."""

from dataclasses import dataclass

import torch

from helpers import losses


@dataclass(frozen=True)
class Head:
    """What makes logits of hidden states: softcap · tanh((hidden @ weight.T + bias) / softcap).

    Args:
        weight: (vocabulary, width).
        bias: (vocabulary,) or None.
        softcap: None for none, as in Gemma 3.
    """

    weight: torch.Tensor
    bias: torch.Tensor | None = None
    softcap: float | None = None

    def logits(self, hidden: torch.Tensor) -> torch.Tensor:
        """(tokens, vocabulary), all at once, in float32. The product is taken in the weight's own dtype (`given`)."""
        return self.capped(torch.nn.functional.linear(self.given(hidden), self.weight, self.bias))

    def given(self, hidden: torch.Tensor) -> torch.Tensor:
        """Hidden states in the head's dtype: in mixed precision accelerate makes float32 of what a model gives."""
        return hidden.to(self.weight.dtype)

    def capped(self, logits: torch.Tensor) -> torch.Tensor:
        """What the head's matrix and bias give, in float32 and under the softcap."""
        logits = losses.wide(logits)
        return logits if self.softcap is None else self.softcap * torch.tanh(logits / self.softcap)


def head_of(model: torch.nn.Module, vocabulary: int | None = None) -> Head:
    """A model's output head, cut to its first `vocabulary` tokens.

    The first time the model is asked for the logits behind one token, and they are compared with the head's.

    Raises:
        ValueError: if the head has an adapter, is in 4 bits, or if the model does more with the logits, such as scaling
            them (Granite, Cohere, Falcon-H1): its weight alone would not give the model's logits.
    """
    layer = model.get_output_embeddings()
    if hasattr(layer, "base_layer"):
        raise ValueError(
            "the output layer has an adapter, and this loss reads the layer's weight alone, so it would neither hear "
            "nor train it: leave lm_head out of the adapter's targets"
        )
    if not layer.weight.is_floating_point():
        kind = layer.weight.dtype
        raise ValueError(f"the output layer's weight is {kind}, so it is quantized: load it with a whole lm_head")
    softcap = getattr(model.config.get_text_config(), "final_logit_softcapping", None)
    bias = getattr(layer, "bias", None)
    if not getattr(layer, "gives_the_logits", False):
        layer.gives_the_logits = _compare(model, Head(layer.weight, bias, softcap))
    return Head(layer.weight[:vocabulary], None if bias is None else bias[:vocabulary], softcap)


def _compare(model, head: Head) -> bool:
    """True, or raises ValueError as `head_of` says. One token is read, in the middle of the vocabulary: no padding."""
    with torch.no_grad():
        ids = torch.full((1, 1), len(head.weight) // 2, device=head.weight.device)
        given = model(input_ids=ids, output_hidden_states=True, use_cache=False)
        ours, own = head.logits(given.hidden_states[-1][0, -1]), losses.wide(given.logits[0, -1])
    # Mixed precision rounds what the model gives to bfloat16, whatever the head is in.
    if not torch.allclose(ours, own, rtol=0, atol=0.02 * float(own.abs().max())):
        raise ValueError(
            f"{type(model).__name__} does more with its logits than its output layer and a softcap: the layer alone "
            f"gives {float(ours.norm() / own.norm()):.3g} times as large ones (see logits_scaling, logit_scale or "
            "lm_head_multiplier in its config). This loss would not be of its distributions: choose another model"
        )
    return True
