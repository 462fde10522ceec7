"""Checkpoints of a training: weights and the optimizer's state, written whole or not at all, readable on any device."""

from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

NAME = "checkpoint.safetensors"


def weights_of(model) -> dict[str, torch.Tensor]:
    # The output head is the embedding itself (tied), so it is not stored.
    return {name: tensor for name, tensor in model.state_dict().items() if name != "lm_head.weight"}


def keep(model, optimizer, folder: Path, **counts: int) -> None:
    """Writes the state with its counts; a run killed meanwhile leaves the checkpoint before."""
    tensors = {f"model.{name}": tensor for name, tensor in weights_of(model).items()}
    for index, state in optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer.{index}.{key}": torch.as_tensor(value) for key, value in state.items()}
    folder.mkdir(parents=True, exist_ok=True)
    write(tensors, folder / NAME, **counts)


def write(tensors: dict[str, torch.Tensor], path: Path, **counts: int) -> None:
    """Writes tensors as safetensors, whole or not at all."""
    partial = path.with_suffix(".partial")
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    save_file(tensors, partial, metadata={key: str(value) for key, value in counts.items()} or None)
    partial.replace(path)


def restore(model, optimizer, folder: Path) -> dict[str, int]:
    """Loads the checkpoint onto the model's own device; gives its counts, {} where there is no checkpoint."""
    path = folder / NAME
    if not path.exists():
        return {}
    tensors = load_file(path)
    own = {name.removeprefix("model."): tensor for name, tensor in tensors.items() if name.startswith("model.")}
    missing = set(weights_of(model)) ^ set(own)
    if missing:
        raise RuntimeError(f"{path} is of another model: {sorted(missing)[:3]} are not in both")
    model.load_state_dict(own, strict=False)
    state: dict = {}
    for name, tensor in tensors.items():
        if name.startswith("optimizer."):
            _, index, key = name.split(".")
            state.setdefault(int(index), {})[key] = tensor
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})
    with safe_open(path, "pt") as file:
        return {key: int(value) for key, value in file.metadata().items()}
