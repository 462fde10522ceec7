"""How many threads a model on a CPU is worth."""

import os
from functools import cache

from helpers.models.kinds import Model

FEW = 20_000_000  # weights, below which a layer is done before a second thread has begun


def set_for(model: Model) -> None:
    """One thread for a model of few weights, else as many as PyTorch takes by itself, from now on.

    On two cores the mini models write two to three times as fast on one thread, and learn no slower; what they say and
    learn is the same. Where someone has set OMP_NUM_THREADS, and for a model on a card, nothing is changed.
    """
    import torch  # not at the top: it takes two seconds

    everything = _by_itself()
    if "OMP_NUM_THREADS" not in os.environ and model.device.type == "cpu":
        few = sum(weight.numel() for weight in model.parameters()) < FEW
        torch.set_num_threads(1 if few else everything)


@cache
def _by_itself() -> int:
    import torch

    return torch.get_num_threads()  # asked once, before any was taken away
