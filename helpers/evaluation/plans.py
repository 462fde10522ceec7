"""What a tier takes on GPU cards, as the planner predicts it: data/results/plan.json, which `make plan` writes."""

import json
from collections.abc import Iterable

from helpers.evaluation.tables import markdown
from helpers.tiers import ROOT, Budget, Tier

FILE = ROOT / "data" / "results" / "plan.json"


def read() -> dict:
    """The whole file: budgets by tier, cards, plans by tier and method (a cell of text a card), and notes."""
    return json.loads(FILE.read_text(encoding="utf-8"))


def budget(tier: Tier) -> Budget:
    """Minutes and gigabytes of a tier: as measured where they were, else as planned; of mini as the tier says."""
    found = read()["budgets"].get(tier.name)
    return Budget(**found) if found else tier.budget


def table(tier: str, methods: Iterable[str] | None = None, plans: dict | None = None) -> str:
    """Peak GB and hours of each method on each card, as Markdown.

    Args:
        tier: "small" or "full".
        methods: as `make plan` names them; without it, all.
        plans: what to show instead of the file, of the same form.
    """
    plans = plans or read()
    rows = [[method, *plans["tiers"][tier][method]] for method in methods or plans["tiers"][tier]]
    return "\n\n".join([markdown(["method", *plans["cards"]], rows), *plans["notes"]])
