"""What README says of the last rehearsal that passed whole: from data/results/rehearsal.json."""

from pathlib import Path

from readme.tables import read

RECORD = Path("data/results/rehearsal.json")


def line(root: Path) -> str:
    """How many notebooks on which tiers, with how much memory and on what machine; and which came later, or not yet.

    No minutes: a notebook that was stopped goes on where it was, so its minutes are not those of a whole run.
    """
    found = read(root, RECORD)
    tiers = " and ".join(f"`{name}`" for name in dict.fromkeys(run["tier"] for run in found["runs"]))
    notebooks = {run["notebook"] for run in found["runs"]}
    later = {run["notebook"] for run in found.get("later", [])}
    most = max(run["peak_gb"] for run in [*found["runs"], *found.get("later", [])])
    every = {path.stem for path in (root / "notebooks").glob("*.ipynb")}
    more = "".join(
        f" {said}: {', '.join(f'`{name}`' for name in sorted(names))}."
        for said, names in (("Since then, by themselves", later), ("Not yet rehearsed", every - notebooks - later))
        if names
    )
    return (
        f"The last rehearsal that passed whole: {len(notebooks)} notebooks on {tiers}, with "
        f"at most {most:.1f} GB, on {found['machine']}.{more} The figures of stand-ins mean nothing."
    )
