"""The settings that a search on validation problems chose for each method: `make search` makes them."""

import json

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
    path = ROOT / "data" / "results" / tier.name / "search.json"
    if not path.is_file():
        print(f"on the {tier.name} tier no settings of {name} were searched: {otherwise} is a guess")
        return otherwise
    found = json.loads(path.read_text(encoding="utf-8"))["methods"]
    if name not in found:
        raise ValueError(f"the search of the {tier.name} tier has no {name!r}; it has {', '.join(found)}")
    return dict(found[name]["chosen"])


def tried(tier: Tier, name: str) -> list[dict]:
    """All that a search tried for a method, in its order: settings, "hits" of each seed, "accuracy". Raises as above.

    Empty on a tier where nothing was searched.
    """
    path = ROOT / "data" / "results" / tier.name / "search.json"
    return json.loads(path.read_text(encoding="utf-8"))["methods"][name]["tried"] if path.is_file() else []
