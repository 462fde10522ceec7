"""A tier that a JSON file describes, as a copy of another."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path


def of_file(path: Path, tiers: Mapping):
    """A copy of the tier that the file names as `like`, with the file's other settings.

    An object in the file, such as `"data": {"most": 24}`, changes these fields of that part and no others.
    """
    settings = json.loads(path.read_text(encoding="utf-8"))
    return _changed(tiers[settings.pop("like")], settings)


def _changed(old, settings: dict):
    parts = {name: _changed(getattr(old, name), value) for name, value in settings.items() if isinstance(value, dict)}
    return replace(old, **settings | parts)
