"""Markdown tables of figures, as README and `make run` show them."""

import json
from pathlib import Path

MINUTES = Path("data/results/minutes.json")  # how long each notebook takes: tools/series.py writes it
LIMITS = Path("data/results/limits.json")  # what the other figures leave out: tools/limits.py writes it

DASH = "–"  # stands where nothing was measured
# What the brackets of a share over seeds are: tools/aggregate.py makes them.
BRACKETS = (
    "in brackets, 95 % intervals, whose ends are the outer ones of two: Student's of the mean over the seeds, and "
    "Wilson's over the problems of all seeds together, since few seeds may agree by chance"
)


def read(root: Path, path: Path | str) -> dict:
    """A file of figures in the project."""
    return json.loads((root / path).read_text(encoding="utf-8"))


def percent(share: dict) -> str:
    """A share with its 95 % interval: `96.1 % (94.7–97.1)`."""
    middle = f"{100 * share['value' if 'value' in share else 'mean']:.1f} %"
    low, high = share["low"], share["high"]
    return middle if low == high else f"{middle} ({100 * low:.1f}–{100 * high:.1f})"


def shown(figures: dict, key: str) -> str:
    """The share under a dotted key as `percent` writes it; a dash where it was not measured."""
    try:
        return percent(figure(figures, key))
    except KeyError:
        return DASH


def ratio(found: dict) -> str:
    """One score as a part of another, over seeds, with what its interval is: `97.1 % (94.0–100.2, ...)`."""
    ends = f"{100 * found['low']:.1f}–{100 * found['high']:.1f}"
    return f"{100 * found['mean']:.1f} % ({ends}: Student's interval of a ratio, which may pass 100 %)"


def measured(*runs: dict) -> str:
    """At which commits figures were measured, from their "run", and whether what ran was in them."""
    named = {}
    for run in runs:
        commits = run.get("commit")
        for commit in commits if isinstance(commits, list) else [commits]:
            named.setdefault(commit, []).append(str(run.get("notebook", ""))[:2])
    if not any(named):
        return "At which commit this was measured was not noted."
    told = []
    for commit, notebooks in named.items():
        digest, _, dirty = (commit or "").partition(" ")
        name = f"commit {digest[:7]}" if digest else "a commit that was not noted"
        which = f" ({', '.join(dict.fromkeys(notebooks))})" if len(named) > 1 else ""
        told.append(f"{name}{which}{', with changes that no commit has' if dirty else ''}")
    return f"Measured at {'; '.join(told)}: what changed later is not in these figures."


def figure(figures: dict, key: str) -> dict:
    """The figure under a dotted key."""
    for part in key.split("."):
        figures = figures[part]
    return figures
