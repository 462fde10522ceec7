"""What the notebooks found in their last run, held against the study over several seeds.

`make test` runs the notebooks before these tests; their figures lie in artifacts/mini/results.
"""

import json
from math import sqrt
from pathlib import Path
from statistics import stdev

import fewer
import pytest
from aggregate import SHARE

ROOT = Path(__file__).resolve().parents[1]
# Beside them lies search.json, which no notebook writes.
STUDIES = sorted((ROOT / "data" / "results" / "mini").glob("[0-9]*.json"))
SIGMAS = 4.0  # one healthy figure in 16,000 lies further off
LEAST_SPREAD = 0.01  # of a share between seeds and machines, where a few seeds happen to agree


def shares(figures: dict, key: str = ""):
    """Every share of a results file with its dotted key."""
    for name, value in figures.items():
        if isinstance(value, dict):
            yield from [(f"{key}{name}", value)] if value.keys() == SHARE else shares(value, f"{key}{name}.")


def at(figures: dict, key: str):
    for part in key.split("."):
        figures = figures.get(part, {})
    return figures


def implausible(live: dict, study: dict) -> list[str]:
    """The shares of a run that lie further from the study's mean than luck explains.

    Luck is the draw of the n questions and the spread between seeds, of which the mean has its part too.
    """
    found = []
    for key, share in shares({name: part for name, part in live.items() if name != "run"}):
        known = at(study, key)
        if "per_seed" not in known:
            found.append(f"{key}: the study does not have it")
            continue
        seeds, mean = known["per_seed"], known["mean"]
        spread = max(stdev(seeds) if len(seeds) > 1 else 0.0, LEAST_SPREAD)
        middle = (mean + share["value"]) / 2
        luck = sqrt(middle * (1 - middle) / share["n"] + spread**2 * (1 + 1 / len(seeds)))
        if abs(share["value"] - mean) > SIGMAS * luck:
            found.append(f"{key}: {share['value']:.3f} here, {mean:.3f} in the study, give or take {luck:.3f}")
    return found


@pytest.mark.parametrize("path", STUDIES, ids=lambda path: path.stem)
def test_this_run_is_plausible(path, request):
    live = ROOT / "artifacts" / "mini" / "results" / path.name
    ran = ROOT / "artifacts" / "executed" / f"{path.stem}.ipynb"
    if ran not in {item.path for item in request.session.items}:
        pytest.skip(f"{path.stem} was not run: `make test` runs it")
    if fewer.meant(path.stem):
        pytest.skip(f"{path.stem} ran with fewer of everything: `DISTILL_WHOLE=1 make test` runs it whole")
    assert live.exists(), f"{path.stem} ran and wrote no figures"
    study = json.loads(path.read_text(encoding="utf-8"))
    assert implausible(json.loads(live.read_text(encoding="utf-8")), study) == []


def one(value: float, n: int = 500) -> dict:
    return {"a": {"b": {"value": value, "n": n, "low": 0.0, "high": 1.0}}, "run": {"seed": 0}}


def over(*values: float) -> dict:
    return {"a": {"b": {"mean": sum(values) / len(values), "low": 0.0, "high": 1.0, "per_seed": list(values)}}}


@pytest.mark.parametrize(
    ("live", "study", "fine"),
    [
        (one(0.90), over(0.90, 0.91, 0.89), True),
        (one(0.86), over(0.90, 0.91, 0.89), True),
        (one(0.70), over(0.90, 0.91, 0.89), False),
        (one(1.00), over(0.90, 0.91, 0.89), False),
        (one(0.70, n=10), over(0.90, 0.91, 0.89), True),  # ten questions prove little
        (one(0.70), over(0.95, 0.65, 0.80), True),  # the seeds themselves lie that far apart
        (one(0.00), over(0.0, 0.0, 0.0), True),
        (one(0.20), over(0.0, 0.0, 0.0), False),
        (one(0.90), over(0.90), True),
        (one(0.90), {"a": {}}, False),
    ],
)
def test_figures_that_luck_does_not_explain_are_found(live, study, fine):
    assert bool(implausible(live, study)) is not fine
