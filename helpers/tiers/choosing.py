"""Which tier is meant where none is named: what the hardware allows, or what a JSON file describes."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import torch

FULL_TIER_BYTES = 20e9  # a card sold with "24 GB" reports a little less


def largest_that_fits() -> str:
    """The name of the largest tier that this computer can run."""
    if not torch.cuda.is_available():
        return "mini"
    return "full" if torch.cuda.get_device_properties(0).total_memory >= FULL_TIER_BYTES else "small"


def of_file(path: Path, tiers: Mapping):
    """The tier that a JSON file describes: a copy of the one of `tiers` that it names as `like`, with other settings.

    What is an object in the file, such as `"data": {"most": 24}`, changes these fields of that part and no others.
    """
    settings = json.loads(path.read_text(encoding="utf-8"))
    return _changed(tiers[settings.pop("like")], settings)


def _changed(old, settings: dict):
    parts = {name: _changed(getattr(old, name), value) for name, value in settings.items() if isinstance(value, dict)}
    return replace(old, **settings | parts)
