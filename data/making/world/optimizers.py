"""What moves the weights: Muon for the matrices of the layers, AdamW for the embedding and the norms."""

import torch

# Muon's plateau rate; a matrix's step is the nearest orthogonal one, so that rate and decay fit all widths.
MUON, MOMENTUM, DECAY = 0.02, 0.95, 0.05


class Optimizers:
    """Muon (Jordan et al. 2024; Liu et al. 2025, arXiv 2502.16982) and AdamW as one optimizer.


    Attributes:
        parameters: all that are moved, the matrices first.
    """

    def __init__(self, model: torch.nn.Module, rate: float):
        """rate: AdamW's, per step, on the plateau."""
        inside = set(map(id, model.model.layers.parameters()))
        matrices = [one for one in model.parameters() if id(one) in inside and one.ndim == 2]
        chosen = set(map(id, matrices))
        rest = [one for one in model.parameters() if id(one) not in chosen]
        self.parameters = matrices + rest
        self._parts = (
            torch.optim.Muon(matrices, lr=MUON, momentum=MOMENTUM, weight_decay=DECAY),
            torch.optim.AdamW(rest, lr=rate, betas=(0.9, 0.95), weight_decay=0.0, fused=True),
        )

    def step(self, share: float) -> None:
        """One step at this share of the plateau's rates; the gradients are gone after it."""
        for part in self._parts:
            for group in part.param_groups:
                group["lr"] = part.defaults["lr"] * share
            part.step()
            part.zero_grad()

    def state_dict(self) -> dict:
        """The states of all parameters under their places in `parameters`."""
        first, second = (part.state_dict()["state"] for part in self._parts)
        shift = len(self._parts[0].param_groups[0]["params"])
        return {"state": first | {shift + place: state for place, state in second.items()}, "param_groups": []}

    def load_state_dict(self, stored: dict) -> None:
        """Takes what `state_dict` gave."""
        shift = 0
        for part in self._parts:
            own = part.state_dict()["param_groups"]
            count = len(own[0]["params"])
            state = {place - shift: one for place, one in stored["state"].items() if shift <= place < shift + count}
            part.load_state_dict({"state": state, "param_groups": own})
            shift += count
