"""What was measured, beside what the planner says of the same: lines, and tables in Markdown."""

from planner.__main__ import contents

from helpers.evaluation import plans
from helpers.evaluation.tables import markdown
from measure import planned


def name_of(run: dict) -> str:
    """Such as "full/unsloth, 24 GB"."""
    return f"{run['tier']}/{run['engine']}" + (f", {run['cap_gb']} GB" if run["cap_gb"] else "")


def line(told: dict) -> str:
    """A phase in a line of the terminal."""
    if told["state"] != "ran":
        return f"{told['phase']}: {told['state']}: {told['error']}"
    parts = [f"{told['peak_gb']:.1f} GB"] if "peak_gb" in told else []
    for key, form in FORMS.items():
        if told.get(key) is not None:
            parts.append(form.format(told[key]))
    return f"{told['phase']}: " + ", ".join(parts)


FORMS = {
    "seconds_a_step": "{:.2f} s a step", "tokens_a_second": "{:,.0f} tokens a second",
    "tokens_written_a_second": "{:,.0f} tokens written a second", "tokens_read_a_second": "{:,.0f} read",
    "loss": "loss {:.3f}", "cosine": "cosine {:.4f}", "seconds": "{:.0f} s",
}  # fmt: skip


def tables(record: dict) -> str:
    """All that a record holds: a table a run, then what failed and how, and how far off the planner was."""
    card = record["card"]
    unlike = [f"{name} {record['versions'][name]} instead of {pin}" for name, pin in record["unlike_pins"].items()]
    torch = record["versions"].get("torch")
    head = (
        f"{card['name']}, {card['memory_gb']:.1f} GB, driver {card['driver']}; torch {torch}. "
        f"{'Not as pinned: ' + ', '.join(unlike) + '. ' if unlike else ''}"
        "Random weights at full shape: memory and speed are measured, quality is not. A smaller card is this one with "
        "less memory: its speed and its number formats are this one's."
    )
    runs: list[dict] = []
    for one in record["phases"]:
        run = {key: one[key] for key in ("tier", "engine", "cap_gb")}
        if run not in runs:
            runs.append(run)
    parts = [head]
    for run in runs:
        of_run = [one for one in record["phases"] if all(one[key] == value for key, value in run.items())]
        parts.append(f"## {name_of(run)}\n\n{_run(of_run)}")
    failed = [one for one in record["phases"] if one["state"] != "ran"]
    if failed:
        told = [f"- {name_of(one)}, {one['phase']}: {one['state']}: {one['error']}" for one in failed]
        parts.append("\n".join(["## What did not run", "", *told]))
    off = planned.off(record)
    if off:
        parts.append(off_line(off))
    found = contents()
    parts += [f"## Planned: {name}\n\n{plans.table(name, plans=found)}" for name in found["tiers"]]
    return "\n\n".join(parts)


def _run(phases: list[dict]) -> str:
    head = ["phase", "batch", "peak, GB", "planned, GB", "speed", "dtypes: head, states, adapters", "reached"]
    rows = []
    for one in phases:
        if one["state"] != "ran":
            rows.append([one["phase"], "–", one["state"], *["–"] * 4])
            continue
        plan = planned.gigabytes(one)
        batch = str(one.get("batch", "–"))
        if one["tried"] and one["tried"][-1] != one["wanted_batch"]:
            batch = f"{batch} (not {one['wanted_batch']})"
        types = ", ".join(one.get(key) or "–" for key in ("head_dtype", "states_dtype", "adapters_dtype"))
        speed = ", ".join(form.format(one[key]) for key, form in FORMS.items() if one.get(key) is not None)
        reached = f"{one['reached']} of {one['trained']}" if "reached" in one else "–"
        peak = f"{one['peak_gb']:.1f}" if "peak_gb" in one else "–"
        rows.append([one["phase"], batch, peak, "–" if plan is None else f"{plan:.1f}", speed, types, reached])
    return markdown(head, rows)


def off_line(off: dict[str, tuple[float, float]]) -> str:
    """How far the planner's memory and seconds were from what was measured."""
    said = [f"{what} {low:+.0%} to {high:+.0%}" for what, (low, high) in off.items()]
    return f"The planner was off by: {'; '.join(said)} (planned over measured, from the lowest to the highest)."
