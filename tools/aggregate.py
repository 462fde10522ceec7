"""Figures of several seeds to one: a number becomes its mean with the 95 % interval over the seeds.

What a figure is, its form and its name say. A share of problems has n and Wilson's interval: over seeds the two
intervals that it has, Student's over the seeds and Wilson's over all their problems, are taken together. Few seeds may
agree by chance, most of all near 0 and 1, and then Student's is too short. A whole number counts something:
it has a mean, and stands seed by seed instead of in an interval, which could hold what no count can be. A p-value, by
its name, stands seed by seed alone: the mean of several says nothing. An amount, by its name, cannot be below zero, nor
can its interval. All others are numbers that may have any sign and size; a ratio may be above 1.
"""

from collections.abc import Sequence
from math import isclose
from statistics import mean

from helpers.evaluation.statistics import repeated, wilson
from helpers.evaluation.tables import P_VALUES

SHARE = {"value", "n", "low", "high"}
# As P_VALUES: what the name of a figure, or of what it lies in, says of it.
AMOUNTS = {
    "balance", "bits", "bytes", "bytes_per_token", "degrees", "divergence", "far", "filling", "gradient_angle_degrees",
    "loss", "memory", "merge", "ratio", "retained", "seconds", "seconds_per_trace", "step_seconds", "tokens", "turned",
    "untrained",
}  # fmt: skip
# Shares of the validation problems, which are the same with each seed: three seeds do not make them more.
VALIDATION = {"sweep", "validation", "weights"}
MISSING = object()  # stands for a figure that a seed does not have; equal to nothing else


class LeftOut(Exception):
    """The seeds do not have this figure in one form, so there is nothing to take a mean of."""


def t_interval(values: Sequence[float]) -> tuple[float, float] | tuple[None, None]:
    """The ends of Student's 95 % interval for the mean, `statistics.repeated`; a single value has none."""
    if len(values) < 2:
        return None, None
    found = repeated(values)
    return found.low, found.high


def over_seeds(values: list, left_out: list[str], key: str = "") -> object:
    """One figure from each seed's: objects and lists by their parts, numbers and shares as means, texts one by one
    where they differ, the rest if equal.

    left_out: gets the dotted keys of what cannot be put together. Raises LeftOut where that is the whole figure.
    """
    first = values[0]
    if all(isinstance(value, dict) and value.keys() == SHARE for value in values):
        return share(values, set(key.split(".")))
    if all(isinstance(value, dict) for value in values):
        names = list(dict.fromkeys(name for value in values for name in value))
        return parts({name: [value.get(name, MISSING) for value in values] for name in names}, left_out, key)
    if all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
        return number(values, set(key.split(".")))
    if all(value == first and type(value) is type(first) for value in values):
        return first
    if all(isinstance(value, str) for value in values):
        return {"per_seed": values}  # what was said: there is no mean of it
    if all(isinstance(value, list) and len(value) == len(first) for value in values):
        return [over_seeds(list(items), left_out, key) for items in zip(*values, strict=True)]
    raise LeftOut(key)


def parts(named: dict[str, list], left_out: list[str], key: str) -> dict:
    found = {}
    for name, values in named.items():
        path = f"{key}.{name}" if key else name
        try:
            found[name] = over_seeds(values, left_out, path)
        except LeftOut:
            left_out.append(path)
    return found


def number(values: list[float], names: set[str]) -> dict:
    """A p-value, a count, an amount or another number. names: the parts of its dotted key."""
    if names & P_VALUES:
        return {"per_seed": values}
    if all(isinstance(value, int) for value in values):
        return {"mean": mean(values), "per_seed": values}
    low, high = t_interval(values)
    if names & AMOUNTS and low is not None:
        low = max(0.0, low)
    return {"mean": mean(values), "low": low, "high": high, "per_seed": values}


def share(values: list[dict], names: set[str]) -> dict:
    """A share, with an interval within [0, 1]. n is one number where all seeds have the same, else a list.

    Of problems, it also has the hits of each seed, and its interval ends where the lower and the higher of Student's
    and the pooled Wilson's do. Of repeated runs, whose n counts runs, it has Student's alone. names: as `number`.
    """
    found = number([float(value["value"]) for value in values], set())
    lows, highs = ([] if found[end] is None else [found[end]] for end in ("low", "high"))
    hits = [hits_of(value) for value in values]
    if None not in hits:
        again = len(values) if names & VALIDATION else 1
        pooled = wilson(round(sum(hits) / again), sum(value["n"] for value in values) // again)
        lows, highs, found["hits"] = [*lows, pooled.low], [*highs, pooled.high], hits
    if lows:
        found["low"], found["high"] = max(0.0, min(lows)), min(1.0, max(highs))
    return {**found, "n": same_or_all([value["n"] for value in values])}


def hits_of(value: dict) -> int | None:
    """How many of n problems a share counts; None where its interval is not Wilson's: then it is a mean over n runs."""
    known = wilson(round(value["value"] * value["n"]), value["n"])
    same = (isclose(value[key], getattr(known, key), abs_tol=1e-9) for key in ("value", "low", "high"))
    return known.hits if all(same) else None


def same_or_all(values: list) -> object:
    return values[0] if all(value == values[0] for value in values) else values


def aggregate(notebook: str, tier: str, runs: dict[int, tuple[dict, dict]]) -> dict:
    """The file's content. runs: for each seed, the results file of its run, and what was noted of the run."""
    results, noted = zip(*runs.values(), strict=True)
    left_out: list[str] = []
    figures = over_seeds([{k: v for k, v in result.items() if k != "run"} for result in results], left_out)
    how = {
        "notebook": notebook,
        "tier": tier,
        "seeds": list(runs),
        "machine": same_or_all([result["run"]["machine"] for result in results]),
        "versions": same_or_all([result["run"]["versions"] for result in results]),
        "commit": same_or_all([note["commit"] for note in noted]),
        "seconds": [note["seconds"] for note in noted],
    }
    if left_out:
        how["left_out"] = left_out
    return {**figures, "run": how}
