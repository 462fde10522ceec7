"""Figures to files: one JSON file a notebook and tier, with what is needed to get the same figures again."""

import json
import os
import platform
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path

import psutil

from helpers.evaluation.statistics import Estimate
from helpers.tiers import ROOT, TIERS, Tier

LIBRARIES = (
    "torch", "transformers", "trl", "peft", "bitsandbytes", "datasets", "accelerate", "math-verify", "unsloth",
)


def write(
    notebook: str,
    figures: Mapping[str, object],
    tier: Tier | str,
    seed: int,
    seconds: float | None = None,
    folder: Path | None = None,
) -> Path:
    """Writes figures to artifacts/<tier>/results/<notebook>.json and returns the path. A file is never half written.

    The file's "run" holds notebook, tier, seed, machine, versions, and seconds where given.

    Args:
        notebook: its name, without the ending.
        figures: dotted keys become nested objects: "teacher.accuracy" lies in "teacher". A value is a number, a
            string, a list, a mapping, or an Estimate, which becomes `share(value)`.
        tier: on which the notebook ran.
        seed: with which it ran.
        seconds: how long it took.
        folder: the folder to write to instead of the tier's. Without it, the environment variable DISTILL_RESULTS
            names one, where it is set: so a run of the series can keep its figures apart from another's.

    Raises:
        ValueError: for a key that is also the beginning of another, for the key "run", and for NaN.
    """
    from helpers import disk  # not at the top: it takes seconds

    nested = plain(figures)
    if "run" in nested:
        raise ValueError('"run" is where the file says how it was made; call the figure something else')
    run = {"notebook": notebook, "tier": _tier(tier).name, "seed": seed, "machine": machine(), "versions": versions()}
    if seconds is not None:
        run["seconds"] = round(seconds, 1)
    path = _path(notebook, tier, folder)
    made = json.dumps({**nested, "run": run}, indent=2, ensure_ascii=False, allow_nan=False)
    disk.write_whole(path, made + "\n")
    return path


def read(notebook: str, tier: Tier | str, folder: Path | None = None) -> dict:
    """What `write` wrote.

    Raises:
        FileNotFoundError: if there is nothing; it names the notebook to run.
    """
    path = _path(notebook, tier, folder)
    if not path.is_file():
        raise FileNotFoundError(f"there are no results of {notebook} on the {_tier(tier).name} tier yet: run it first")
    return json.loads(path.read_text(encoding="utf-8"))


def study(notebook: str, tier: Tier | str) -> dict | None:
    """A notebook's figures over several seeds, from data/results/<tier>/<notebook>.json; None where there are none.

    A number is {"mean", "low", "high", "per_seed"}: low and high end the 95 % t-interval over the seeds, None for
    a single seed. A share also has "n". One of problems has "hits", and its ends are the outer ones of that interval
    and of Wilson's over the problems of all seeds, since few seeds may agree by chance. A whole number counts something
    and has {"mean", "per_seed"}, a p-value {"per_seed"} alone. The rest is as `read` gives it; "run" holds seeds,
    machine, versions, commit and the seconds of each seed. `make study` writes the files.
    """
    path = ROOT / "data" / "results" / _tier(tier).name / f"{notebook}.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None


def real(part: str) -> dict:
    """The figures of a part of what `make real` measured on SmolLM2-135M: "qad", "pruned", "merged"; {} if not there.

    Without its "run", which says where and with what they were measured.
    """
    path = ROOT / "data" / "results" / "real.json"
    found = json.loads(path.read_text(encoding="utf-8")).get(part, {}) if path.is_file() else {}
    return {key: figures for key, figures in found.items() if key != "run"}


def studied(notebook: str, tier: Tier | str, key: str) -> dict[str, Estimate]:
    """The accuracies under a key of a notebook's `study`, name by name: mean, interval, problems of all seeds.

    Empty where there is no study on the tier, or where it does not have the key. What has no accuracy is passed over.
    """
    found = {}
    for name, each in (study(notebook, tier) or {}).get(key, {}).items():
        one = each.get("accuracy", {})
        if one.get("low") is not None:
            n = one["n"] * len(one["per_seed"])
            found[name] = Estimate(one["mean"], one["low"], one["high"], n, round(one["mean"] * n))
    return found


def seeds(notebook: str, tier: Tier | str, key: str) -> list[float]:
    """A figure of a notebook's `study`, seed by seed, by its dotted key; empty where the study does not have it."""
    found = study(notebook, tier) or {}
    for part in key.split("."):
        found = found.get(part, {})
    return found.get("per_seed", [])


def apart(part: Mapping[str, Mapping], base: str) -> dict[str, list[float]]:
    """How far each accuracy in a part of a `study` lies above that of a base, seed by seed.

    Args:
        part: by name what has an accuracy; where it is empty, so is what comes of it.
        base: the name of what the others are compared with.
    """
    each = {name: one["accuracy"]["per_seed"] for name, one in part.items() if "accuracy" in one}
    return {name: [value - zero for zero, value in zip(each[base], values, strict=True)]
            for name, values in each.items() if name != base}  # fmt: skip


def share(found: Estimate) -> dict[str, float | int]:
    """An Estimate as the files hold it: value, n, low and high."""
    return {"value": found.value, "n": found.n, "low": found.low, "high": found.high}


def machine() -> str:
    """What kind of machine this is, without its name: "CPU, 2 cores, 25 GB" or "NVIDIA L4, 24 GB"."""
    import torch  # not at the top: it takes seconds

    if torch.cuda.is_available():
        card = torch.cuda.get_device_properties(0)
        return f"{card.name}, {card.total_memory / 1e9:.0f} GB"
    return f"CPU ({platform.machine()}), {os.cpu_count()} cores, {psutil.virtual_memory().total / 1e9:.0f} GB"


def versions() -> dict[str, str]:
    """Python's version and those of the main libraries that are installed."""
    found = {"python": platform.python_version()}
    for name in LIBRARIES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def plain(value: object) -> object:
    """The value as JSON holds it: an Estimate as `share(value)`, a NumPy or PyTorch number as a number.

    Raises:
        ValueError: for two figures that lie in one place, by their dotted keys.
    """
    if isinstance(value, Estimate):
        return share(value)
    if isinstance(value, Mapping):
        nested: dict = {}
        for key, one in value.items():
            _put(nested, key, plain(one))
        return nested
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value.item() if hasattr(value, "item") else value


def _put(nested: dict, key: str, value: object) -> None:
    *parents, last = key.split(".")
    for parent in parents:
        nested = nested.setdefault(parent, {})
        if not isinstance(nested, dict):
            raise ValueError(f"{key!r} lies inside a figure that is already there")
    if last in nested:
        raise ValueError(f"{key!r} is already there, or is the beginning of another key")
    nested[last] = value


def _tier(tier: Tier | str) -> Tier:
    return tier if isinstance(tier, Tier) else TIERS[tier]


def _path(notebook: str, tier: Tier | str, folder: Path | None) -> Path:
    named = os.environ.get("DISTILL_RESULTS")
    return (folder or (Path(named) if named else _tier(tier).artifacts / "results")) / f"{notebook}.json"
