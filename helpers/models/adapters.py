"""Several adapters on one base: loaded, switched, fused into one, and how far a fused one is from their true sum."""

import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from helpers import models
from helpers.models import hub_errors
from helpers.models.kinds import Model, Tokenizer
from helpers.tiers import Tier

# What `PeftModel.add_weighted_adapter` can do with several adapters (0.21.2). The first four merge the A and the B of
# each layer apart, so their product has cross terms; `cat` is the weighed sum; `svd` is the nearest one of its rank.
WAYS = ("linear", "ties", "dare_linear", "dare_ties", "cat", "svd")
CONFIG = "adapter_config.json"
SPARSE = ("ties", "dare_linear", "dare_ties")


def load_adapters(tier: Tier, folders: Mapping[str, Path | str], role: str = "student") -> tuple[Model, Tokenizer]:
    """A base in 4 bits with several adapters, none of them trained further, and its tokenizer. The first one is heard.

    Args:
        tier: whose models.
        folders: of each adapter by its name, a folder that `save_pretrained` of an adapted model wrote.
        role: whose adapters they are, "student" or "sibling".

    Raises:
        ValueError: without an adapter.
        FileNotFoundError: for a folder without one.
        OSError: as `models.load_student`.
    """
    if not folders:
        raise ValueError("there are no adapters to load: name at least one")
    for folder in map(Path, folders.values()):
        if not (folder / "adapter_model.safetensors").is_file():
            raise FileNotFoundError(f"there is no adapter in {folder}: it needs adapter_model.safetensors")
        hub_errors.check_files(folder)
    model, tokenizer = {"student": models.load_student, "sibling": models.load_sibling}[role](tier)
    from peft import PeftModel  # not at the top: see helpers.models.loading

    for number, (name, folder) in enumerate(folders.items()):
        if not number:
            model = PeftModel.from_pretrained(model, folder, adapter_name=name)
        else:
            model.load_adapter(folder, name)
    return hear(model.eval(), next(iter(folders))), tokenizer


def hear(model: Model, name: str) -> Model:
    """The model with one of its adapters at work, and none of them trainable."""
    model.set_adapter(name)
    return model.requires_grad_(False)  # which the line before takes back


def fuse(
    model: Model, weights: Mapping[str, float], way: str, name: str, density: float = 0.5, rank: int | None = None,
    seed: int = 0,
) -> Model:  # fmt: skip
    """Adds an adapter made of others by PEFT's `add_weighted_adapter`, and lets it be heard.

    Args:
        model: with the adapters (`load_adapters`).
        weights: of each of them by its name.
        way: one of WAYS.
        name: of the new one.
        density: which share of the entries the sparse ways keep, between 0 and 1.
        rank: of "svd", the largest of the adapters' if None.
        seed: of what the `dare` ways draw.

    Raises:
        ValueError: for another way or density, and for a name that is there already: PEFT would leave that adapter as
            it is and say nothing. For adapters with rsLoRA or DoRA: PEFT 0.21.2 takes over the setting and computes
            the new weights as if it were not set, so the fused update would be another, and nothing would say so.
    """
    import torch

    if way not in WAYS:
        raise ValueError(f"there is no way called {way!r} to fuse adapters; choose from {', '.join(WAYS)}")
    if name in model.peft_config:
        raise ValueError(f"there is an adapter called {name!r} already, which would stay as it is: choose another name")
    if not 0 < density < 1:
        raise ValueError(f"density is {density}; it is the share of the entries that are kept, between 0 and 1")
    for each in weights:
        config = model.peft_config.get(each)  # of an unknown name PEFT says so
        if config and (config.use_rslora or config.use_dora):
            raise ValueError(f"{each} is an adapter with rsLoRA or DoRA, of which PEFT makes another sum: retrain it")
    more = {"density": density} if way in SPARSE else {}
    more |= {"svd_rank": rank, "svd_full_matrices": False} if way == "svd" else {}
    with torch.random.fork_rng():  # an adapter's first weights are drawn too, and set to 0 at once
        torch.manual_seed(seed)
        model.add_weighted_adapter(list(weights), list(weights.values()), name, combination_type=way, **more)
    return hear(model, name)


def updates(model: Model, name: str) -> Iterator[tuple]:
    """What an adapter adds to each layer that it is on: the layer's name, and (outputs, inputs) in float32."""
    for layer, module in model.named_modules():
        if name in getattr(module, "lora_A", {}):
            a, b = (side[name].weight.detach().float() for side in (module.lora_A, module.lora_B))
            yield layer, module.scaling[name] * (b @ a)


def error_of(model: Model, name: str, weights: Mapping[str, float], at_best: bool = False) -> float:
    """How far an adapter is from the weighed sum of others, as a share of that sum.

    ‖ΔW - Σ wᵢ ΔWᵢ‖ / ‖Σ wᵢ ΔWᵢ‖ over all layers together, in the Frobenius norm: 0 for the same, 1 for one that adds
    nothing.

    Args:
        model: with all of them.
        name: of the adapter that is measured.
        weights: of the others.
        at_best: of ΔW times the one number that brings it nearest to the sum: what is left points elsewhere.

    Raises:
        ValueError: if the sum is 0, or if they are not on the same layers.
    """
    parts = [(weight, dict(updates(model, each))) for each, weight in weights.items()]
    found = dict(updates(model, name))
    if any(part.keys() != found.keys() for _, part in parts):
        raise ValueError("the adapters are not on the same layers")
    along = long = far = whole = 0.0
    for layer, update in found.items():
        wanted = sum(weight * part[layer] for weight, part in parts)
        far += float((update - wanted).square().sum())
        whole += float(wanted.square().sum())
        along += float((update * wanted).sum())
        long += float(update.square().sum())
    if not whole:
        raise ValueError("the weighed sum of the adapters is 0: they have learnt nothing, or cancel each other")
    if at_best:
        far = max(0.0, whole - (along**2 / long if long else 0.0))
    return (far / whole) ** 0.5


def linear_error(n: int, rank: int, width: int, alike: bool = False, seed: int = 0) -> float:
    """`error_of` PEFT's `linear` for n adapters whose A and B are drawn, standard normal.

    Args:
        n: how many.
        rank: of each.
        width: of a layer's inputs and outputs.
        alike: whether all have the same A.
        seed: of the drawing.
    """
    import torch

    draw = torch.Generator().manual_seed(seed)
    downs = [torch.randn(rank, width, generator=draw) for _ in range(1 if alike else n)] * (n if alike else 1)
    ups = [torch.randn(width, rank, generator=draw) for _ in range(n)]
    wanted = sum(b @ a for a, b in zip(downs, ups, strict=True))
    return float((sum(ups) @ sum(downs) - wanted).norm() / wanted.norm())


def save_adapter(model: Model, name: str, folder: Path | str) -> Path:
    """Writes one adapter of several as if it were the only one, so that everything that loads an adapter loads it.

    The same adapter gives the same files: PEFT writes the names of its layers in the order of a set, which differs from
    process to process, and a training that begins with the adapter would not be known again.
    """
    from peft import PeftModel  # not at the top: see helpers.models.loading

    folder = Path(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as part:
        PeftModel.save_pretrained(model, part, selected_adapters=[name])
        made = Path(part) / name if name != "default" else Path(part)
        settings = json.loads((made / CONFIG).read_text(encoding="utf-8"))
        if isinstance(settings["target_modules"], list):
            settings["target_modules"].sort()
        (made / CONFIG).write_text(json.dumps(settings, indent=2, sort_keys=True), encoding="utf-8")
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(made, folder)
    return folder


def relative_error(found: Sequence[float], wanted: Sequence[float]) -> float:
    """‖found - wanted‖ / ‖wanted‖: `error_of` of two updates that are written as lists of numbers."""
    far = sum((one - other) ** 2 for one, other in zip(found, wanted, strict=True))
    return (far / sum(one**2 for one in wanted)) ** 0.5


# `relative_error` as beginners write it, and what is wrong: for `check.function`.
ERROR_SLIPS = {
    lambda found, wanted: relative_error(wanted, found): "a share of what is *wanted*, not of what was found",
    lambda found, wanted: relative_error(found, wanted) ** 2: "the root is missing: above and below are squares",
    lambda found, wanted: abs(sum(found) - sum(wanted)) / abs(sum(wanted)): "entries that are off both ways cancel",
    lambda found, wanted: abs(sum(x * x for x in found) ** 0.5 / sum(x * x for x in wanted) ** 0.5 - 1): (
        "of the difference, not the difference of the lengths: two updates of one length can point elsewhere"
    ),
}
