"""What `make measure` found on a GPU, from data/results/gpu.json: the planner goes by it, and the texts say it."""

import json
from functools import cache
from pathlib import Path

from helpers.tiers import ROOT, Budget, Tier

FILE = ROOT / "data" / "results" / "gpu.json"


@cache
def summary(path: Path = FILE) -> dict | None:
    """The record's summary, None where no GPU was measured.

    card: its name; launch: seconds, compute: share, each from the lowest to the highest (`helpers.planning.cards`);
    off: how far the planner was off by what it is off in; tiers: of each {"peak_gb", "phase", "minutes", "state"}.
    """
    return json.loads(path.read_text(encoding="utf-8")).get("summary") if path.is_file() else None


def budget(tier: Tier) -> Budget:
    """What a tier takes: as measured where it was, else as the tier says.

    Measured are the teacher's traces, token distillation and the exam, at full shape with random weights.
    """
    found = (summary() or {"tiers": {}})["tiers"].get(tier.name)
    if found is None:
        return tier.budget
    return Budget(found["minutes"], round(found["peak_gb"]), found["state"])


def assumed(name: str, usual: tuple[float, float]) -> tuple[float, float]:
    """What the planner assumes, at best and at worst: as measured where it was, else the usual."""
    found = (summary() or {}).get(name)
    if found is None:
        return usual
    return (min(found), max(found)) if usual[0] < usual[1] else (max(found), min(found))


def told() -> str:
    """What stands under a plan: that it is arithmetic, and how far off it was where a card was measured."""
    found = summary()
    if found is None:
        return "Predicted from formulas; no GPU was used for any of these figures."
    off = "; ".join(f"{what} {low:+.0%} to {high:+.0%}" for what, (low, high) in found["off"].items())
    return (
        f"Predicted from formulas, whose speeds come from one {found['card']}. Planned over measured there, before "
        f"that: {off}. Other cards were not measured."
    )
