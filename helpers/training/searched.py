"""The settings that a search on validation problems chose for each method: `make search` makes them."""

import json
from pathlib import Path

from helpers.evaluation.statistics import wilson
from helpers.tiers import ROOT, Tier


def searched(tier: Tier, name: str, **otherwise) -> dict[str, object]:
    """What was chosen for a method on validation problems, and never on a test.

    Args:
        tier: the tier; each has a search of its own, or none.
        name: what the search calls it: a key of "methods" in data/results/<tier>/search.json.
        otherwise: what is taken on a tier where nothing was searched, which is printed.

    Returns:
        "epochs" and the method's own settings, ready for `dataclasses.replace` and the method.

    Raises:
        ValueError: the tier was searched, and not for a method of this name.
    """
    found = of(tier, name)
    if found is None:
        print(f"on the {tier.name} tier no settings of {name} were searched: {otherwise} is a guess")
        return otherwise
    return dict(found["chosen"])


def tried(tier: Tier, name: str) -> list[dict]:
    """All that a search tried for a method, in its order. Empty on a tier where nothing was searched.

    Returns:
        Of each: its settings, "hits" and "accuracy" as the file has them; "seeds", the share of each seed; and "share",
        their mean as an Estimate over the validation problems, which are the same for all seeds.

    Raises:
        ValueError: as `searched`.
    """
    found = of(tier, name) or {"tried": []}
    return [one | _shares(one["hits"], found["run"]["problems"]) for one in found["tried"]]


def _shares(hits: list[int], problems: int) -> dict:
    each = [hit / problems for hit in hits]
    return {"seeds": each, "share": wilson(round(sum(hits) / len(hits)), problems)}


def of(tier: Tier, name: str) -> dict | None:
    """What the tier's search holds of a method; None on a tier where nothing was searched. Raises as `searched`."""
    path = file_of(tier)
    if not path.is_file():
        return None
    found = json.loads(path.read_text(encoding="utf-8"))["methods"]
    if name not in found:
        raise ValueError(f"the search of the {tier.name} tier has no {name!r}; it has {', '.join(found)}")
    return found[name]


def file_of(tier: Tier) -> Path:
    """Where the search of a tier lies."""
    return ROOT / "data" / "results" / tier.name / "search.json"
