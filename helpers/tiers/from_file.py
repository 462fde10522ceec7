"""A tier that a JSON file describes, as a copy of another."""

import json
from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path


def of_file(path: Path, tiers: Mapping):
    """A copy of the tier that the file names as `like`, with the file's other settings.

    An object in the file, such as `"data": {"most": 24}`, changes these fields of that part and no others.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file is no JSON, names no tier as `like`, or has a setting that a tier does not have.
    """
    try:
        settings = json.loads(path.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise ValueError(f"{path} is not JSON: {error}") from None
    like = settings.pop("like", None) if isinstance(settings, dict) else None
    if like not in tiers:
        raise ValueError(f'{path} must name as "like" which tier it changes: one of {", ".join(tiers)}')
    return _changed(path, tiers[like], settings)


def _changed(path: Path, old, settings: dict):
    known = [one.name for one in fields(old)]
    unknown = sorted(set(settings) - set(known))
    if unknown:
        raise ValueError(f"{path}: {type(old).__name__} has no {', '.join(unknown)}; it has {', '.join(known)}")
    parts = {
        name: _changed(path, getattr(old, name), value) for name, value in settings.items() if isinstance(value, dict)
    }
    return replace(old, **settings | parts)
