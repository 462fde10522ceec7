"""What rounding breaks, layer by layer: in the weights, and in what the layer gives on real inputs."""

from contextlib import ExitStack
from dataclasses import dataclass

import torch

from helpers.models.kinds import Model
from helpers.quantization.fake import linears
from helpers.quantization.formats import Format


@dataclass(frozen=True)
class Errors:
    """What rounding changes in one layer, each as a share of what was there (a quotient of norms).

    Attributes:
        weight: ‖W - Ŵ‖ / ‖W‖.
        output: ‖X Wᵀ - X Ŵᵀ‖ / ‖X Wᵀ‖, where X is what the layer is given in the whole model: of this layer's rounding
            alone.
    """

    weight: float
    output: float


def errors(model: Model, form: Format, batch: dict[str, torch.Tensor]) -> dict[str, Errors]:
    """The errors of each layer that `fake` would round, by its name. The model stays as it is.

    Args:
        model: a whole model.
        form: how it would be rounded.
        batch: input_ids and attention_mask, (texts, length): what is padding does not count.

    Raises:
        ValueError: as `linears` and `Format.check`.
    """
    found: dict[str, Errors] = {}
    mask = batch["attention_mask"].bool()

    def look(name, layer):
        form.check(layer.weight, name)
        whole = layer.weight.detach().float()
        off = form.rounded(layer.weight).float() - whole
        weight = float(off.norm() / whole.norm())

        def seen(module, inputs, output):
            given = inputs[0][mask].float()
            found[name] = Errors(weight, float((given @ off.T).norm() / (given @ whole.T).norm()))

        return layer.register_forward_hook(seen)

    was_training = model.training
    layers = linears(model)
    with ExitStack() as hooks, torch.no_grad():
        for name, layer in layers.items():
            hooks.callback(look(name, layer).remove)
        model.eval()(**batch, use_cache=False)
    model.train(was_training)
    return {name: found[name] for name in layers}
