"""README's three sizes: what each is, what it needs, and whether it was ever measured on a GPU."""

from helpers.evaluation.tables import markdown

UNRUN = "not yet run on a GPU"


def table(record: dict | None) -> str:
    """What each size is and needs.

    Args:
        record: of `make measure`, None where no GPU was measured.
    """
    head = ["tier", "teacher", "student", "what you need", "state"]
    rows = [["`mini`", "Qwen3 architecture, trained here", "Gemma 3 architecture, trained here",
             "any CPU, 3 GB of memory, no network", _mini(record)]]  # fmt: skip
    for tier, teacher, student, card, planned in (
        ("small", "Qwen3-0.6B", "Gemma-3-270m-it", "a GPU such as a T4", 12),
        ("full", "Qwen3-4B-Thinking-2507", "Gemma-3-1b-it", "a GPU with 24 GB", 21),
    ):
        found = ((record or {}).get("summary") or {"tiers": {}})["tiers"].get(tier)
        if found:
            needs, state = f"{card}, {found['peak_gb']:.0f} GB measured ({found['phase']})", found["state"]
        else:
            needs, state = f"{card}, {planned} GB planned", UNRUN
        rows.append([f"`{tier}`", teacher, student, needs, state])
    return markdown(head, rows)


def _mini(record: dict | None) -> str:
    ran = [one["phase"].split()[1][:2] for one in (record or {"phases": []})["phases"]
           if one["phase"].startswith("notebook ") and one["state"] == "ran"]  # fmt: skip
    if ran:
        return f"runs, and is tested; notebooks {', '.join(sorted(ran))} also ran on one {record['card']['name']}"
    return "runs, and is tested; notebooks 00, 02 and 03 also ran once on an NVIDIA H100"


def in_one_line(record: dict | None) -> str:
    """What ran where, and what never did.

    Args:
        record: of `make measure`, None where no GPU was measured.
    """
    if record is None:
        return (
            "`mini` runs on CPUs, and a part of it ran on one NVIDIA H100; `small` and `full` ran on a CPU "
            "with stand-ins for the models and never with the real ones; Unsloth, vLLM and `make measure` never ran on "
            "a GPU."
        )
    phases = [one for one in record["phases"] if one["tier"] != "mini"]
    failed = [one for one in phases if one["state"] != "ran"]
    return (
        f"`mini` runs on CPUs; {len(phases) - len(failed)} of {len(phases)} phases of `small` and `full` ran on one "
        f"{record['card']['name']} at full shape with random weights, through Unsloth and without, and never with the "
        "real weights; vLLM never ran on a GPU. What failed, and how: `data/results/gpu.json`."
    )
