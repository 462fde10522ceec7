"""A tier that a JSON file describes, as a copy of another."""

import inspect
import json
from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path

from helpers.tiers.own import own
from helpers.tiers.specs import EndpointSpec

MODELS = ("student", "teacher", "sibling")
OWN = {*inspect.signature(own).parameters} - {"like", "settings", *MODELS}  # a tier has no field for these


def of_file(path: Path, tiers: Mapping):
    """A copy of the tier that the file names as `like`, with the file's other settings.

    An object in the file, such as `"data": {"most": 24}`, changes these fields of that part and no others. What
    `tiers.own` takes stands there as it does in the call: `"questions": "mine.jsonl", "kind": "text"`, and models by
    their name, `"student": "NAME@COMMIT"`. A teacher may be {"base_url": ..., "model": ...}.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file is no JSON, names no tier as `like`, or has a setting that a tier does not have; and as
            `tiers.own`.
    """
    try:
        settings = json.loads(path.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise ValueError(f"{path} is not JSON: {error}") from None
    like = settings.pop("like", None) if isinstance(settings, dict) else None
    if like not in tiers:
        raise ValueError(f'{path} must name as "like" which tier it changes: one of {", ".join(tiers)}')
    told = {name: settings.pop(name) for name in OWN if name in settings}
    for role in MODELS:
        named = settings.get(role)
        if isinstance(named, str):
            told[role] = settings.pop(role)
        elif isinstance(named, dict) and named.keys() == {"base_url", "model"}:
            told[role] = EndpointSpec(**settings.pop(role))
    try:
        base = own(tiers[like], **told) if told else tiers[like]
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    return _changed(path, base, settings)


def _changed(path: Path, old, settings: dict):
    known = [one.name for one in fields(old)]
    unknown = sorted(set(settings) - set(known))
    if unknown:
        raise ValueError(f"{path}: {type(old).__name__} has no {', '.join(unknown)}; it has {', '.join(known)}")
    parts = {
        name: _changed(path, getattr(old, name), value) for name, value in settings.items() if isinstance(value, dict)
    }
    return replace(old, **settings | parts)
