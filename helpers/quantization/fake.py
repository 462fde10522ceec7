"""Weights that are rounded at each use and learnt as if they were not: fake quantization, straight through.

The rounding is flat nearly everywhere, so its gradient would be zero. The straight-through estimator takes the rounding
for the identity in the backward pass (Bengio et al. 2013, arXiv 1308.3432).
"""

import torch
from torch.nn.utils import parametrize

from helpers.models.kinds import Model
from helpers.quantization.formats import Format


class _Through(torch.autograd.Function):
    """Rounds; the gradient passes as it is. So the forward pass has the levels exactly, as they will be stored."""

    @staticmethod
    def forward(ctx, weight, form):
        return form.rounded(weight)

    @staticmethod
    def backward(ctx, upstream):
        return upstream, None


class Rounding(torch.nn.Module):
    """A parametrization (`torch.nn.utils.parametrize`): a layer's weight is its original, rounded."""

    def __init__(self, form: Format):
        super().__init__()
        self.form = form

    def forward(self, weight: torch.Tensor) -> torch.Tensor:
        """(rows, columns), rounded. The scales are chosen anew for the weight as it is now."""
        return _Through.apply(weight, self.form)


def linears(model: Model) -> dict[str, torch.nn.Linear]:
    """The linear layers that are quantized, by name: all but the output layer, which mostly is the embedding again.

    Raises:
        ValueError: where there is none.
    """
    output = model.get_output_embeddings()
    found = {
        name: one for name, one in model.named_modules() if isinstance(one, torch.nn.Linear) and one is not output
    }
    if not found:
        raise ValueError(f"{type(model).__name__} has no linear layer but its output: there is nothing to quantize")
    return found


def fake(model: Model, form: Format) -> Model:
    """The model with its linear layers rounded at each use; what is trained are the whole weights behind them.

    Who asks it many times while its weights stay as they are puts `torch.nn.utils.parametrize.cached()` around that.

    Raises:
        ValueError: as `linears` and `Format.check`, for a model with an adapter, and for hqq, whose search takes longer
            than a step.
    """
    if form.kind == "hqq":
        raise ValueError("hqq searches for its levels, which is too long for each step: round with it once (`rounded`)")
    for one in _checked(model, form).values():
        # Unsafe means here: not tried out once more with each layer. The shape stays, as `Format.check` knows.
        parametrize.register_parametrization(one, "weight", Rounding(form), unsafe=True)
    return model


def settled(model: Model) -> Model:
    """A model of `fake` as an ordinary one, whose weights are the rounded ones."""
    for one in linears(model).values():
        if parametrize.is_parametrized(one, "weight"):
            parametrize.remove_parametrizations(one, "weight", leave_parametrized=True)
    return model


def rounded(model: Model, form: Format) -> Model:
    """The model with its linear layers rounded once, in place: quantized after its training (PTQ). Raises as `fake`."""
    with torch.no_grad():
        for one in _checked(model, form).values():
            one.weight.copy_(form.rounded(one.weight))
    return model


def _checked(model: Model, form: Format) -> dict[str, torch.nn.Linear]:
    """The layers to quantize; all of them are looked at before the first is changed."""
    if hasattr(model, "peft_config"):
        raise ValueError("the model has an adapter: quantize the base, or merge the adapter first (`export.merged`)")
    found = linears(model)
    for name, one in found.items():
        if parametrize.is_parametrized(one, "weight"):
            raise ValueError(f"{name} is rounded at each use already: settle the model first (`settled`)")
        form.check(one.weight, name)
    return found
