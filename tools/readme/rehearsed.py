"""What README says of the last rehearsal that passed whole: from data/results/rehearsal.json."""

from pathlib import Path

from readme.tables import read

RECORD = Path("data/results/rehearsal.json")


def line(root: Path) -> str:
    """How many notebooks on which tiers, with how much memory and on what machine; and which are newer.

    No minutes: a notebook that was stopped goes on where it was, so its minutes are not those of a whole run.
    """
    found = read(root, RECORD)
    tiers = " and ".join(f"`{name}`" for name in dict.fromkeys(run["tier"] for run in found["runs"]))
    notebooks = {run["notebook"] for run in found["runs"]}
    most = max(run["peak_gb"] for run in found["runs"])
    newer = [f"`{path.stem}`" for path in sorted((root / "notebooks").glob("*.ipynb")) if path.stem not in notebooks]
    more = f" Newer, and not yet rehearsed with them: {', '.join(newer)}." if newer else ""
    return (
        f"The last rehearsal that passed whole: {len(notebooks)} notebooks on {tiers}, with "
        f"at most {most:.1f} GB, on {found['machine']}.{more} The figures of stand-ins mean nothing."
    )
